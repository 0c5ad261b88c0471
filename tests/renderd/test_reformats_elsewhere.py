"""Series of reformats in another program: dcm2niix says where their voxels are and which values they have."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.picture import Picture
from kernels.plane import reference
from kernels.window import OUTSIDE
from storage.dicom.stacks import stacks_of
from tests.flows.acquisitions import Storing, classic, planes
from tests.renderd.conftest import House
from tests.renderd.page import Page
from tests.renderd.test_reformats import ABOUT, DOWN, RIGHT, ask, mr, request, stored, tilted, uneven, volume_of
from tests.storage.dicom.nifti import Nifti, converter
from tests.storage.dicom.test_derived import PET

pytestmark = pytest.mark.slow


def pet() -> list[bytes]:
    """Each image with a slope of its own, as scanners write them."""
    return classic(planes(), storing=lambda z: Storing(slope=0.5 + z / 10, intercept=0), **PET)


KINDS: dict[str, Callable[[], list[bytes]]] = {
    "MR": mr,
    "PET": pet,
    "CT with a tilted gantry": tilted,
    "uneven CT": uneven,
}
COUNT, SPACING_MM = 9, 3.5
STEPS = np.array(RIGHT) * 1.1, np.array(DOWN) * 1.1


def origin_of(k: int) -> NDArray[np.float64]:
    """The first pixel of image k."""
    return np.asarray(np.array(ABOUT["origin"]) + k * SPACING_MM * np.cross(RIGHT, DOWN))


@pytest.mark.parametrize("kind", KINDS)
async def test_another_program_finds_every_voxel_where_we_do(
    kind: str, house: House, page: Page, tmp_path: Path
) -> None:
    program = converter()
    source = await house.add(KINDS[kind]())
    how: dict[str, Any] = {"thickness_mm": 6.0, "projection": "mean", "spacing_mm": SPACING_MM}
    told = await ask(page, request(house, source, **ABOUT, **how, count=COUNT))
    assert told["series"], told
    derived = await stored(house, told["series"])
    (stack,) = stacks_of(derived.instances)
    volume = volume_of(house, derived.institution_id, stack)
    (tmp_path / "dicom").mkdir()
    for k, one in enumerate(derived.instances):
        (tmp_path / "dicom" / f"{k}.dcm").write_bytes(house.blobs.read(derived.institution_id, one.blob_sha256))
    command = [program, "-b", "n", "-z", "n", "-f", "v", "-o", tmp_path, tmp_path / "dicom"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221 - nothing else goes on
    made = sorted(name for name in os.listdir(tmp_path) if name.endswith(".nii"))  # noqa: PTH208
    assert made == ["v.nii"]  # one volume, its slices evenly apart
    nifti = Nifti.read(tmp_path / "v.nii")
    pictures = [Picture(origin_of(k), *STEPS, 90, 80) for k in range(COUNT)]
    institution_id, (from_, *_) = derived.institution_id, stacks_of((await stored(house, source)).instances)
    truth = [reference(volume_of(house, institution_id, from_), one, "mean", 6.0) for one in pictures]
    compared = 0
    rng = np.random.default_rng(0)
    for x, y, z in [*np.ndindex(2, 2, 2), *rng.random((200, 3)).tolist()]:
        column, row, k = round(x * 89), round(y * 79), round(z * (COUNT - 1))
        i, j, slice_ = nifti.index_of(origin_of(k) + column * STEPS[0] + row * STEPS[1])
        if truth[k][row, column] == OUTSIDE:  # which every program shows in its own way
            continue
        compared += 1
        value = float(nifti.voxels[i, j, slice_, 0]) * nifti.slope + nifti.intercept
        assert value == pytest.approx(float(volume.array[k, row, column]), rel=1e-4, abs=1e-4)
    assert compared > 50
