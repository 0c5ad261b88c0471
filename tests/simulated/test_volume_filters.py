"""The filters of volumes on a card, as far as threads are ours; what cupyx does there, scipy does here."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.bilateral import bilateral
from kernels.cuda.check_filters import filter_checks
from kernels.vesselness import reference, vesselness
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume
from tests.kernels.standin import Array
from tests.kernels.standin_ndimage import put_cupyx

GRID = np.diag([0.6, 0.8, 1.1, 1.0])


def test_every_filter_agrees_with_its_reference(monkeypatch):
    found = list(filter_checks(put_cupyx(monkeypatch)))
    assert {check.kernel for check in found} == {
        "gaussian",
        "unsharp",
        "gradient",
        "median3d",
        "bilateral",
        "vesselness",
        "masks",
    }
    assert not [check for check in found if not check.passed]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 2, 2), (9, 3, 4), (17, 2, 5)])
def test_thin_volumes_and_regions_agree_with_the_cpu(dtype, shape, monkeypatch):
    card = put_cupyx(monkeypatch)
    volume = random_volume(dtype, shape, GRID)
    there = Volume(card.asarray(volume.array), GRID)
    for region in (None, (slice(1, 2), slice(0, 2), slice(1, None))):
        found = bilateral(there, 0.8, 900.0, region=region)
        assert isinstance(found, Array)
        assert np.abs(found.get() - bilateral(volume, 0.8, 900.0, region=region)).max() <= 2e-4 * 4095
        for bright in (True, False):
            found = vesselness(there, [0.7, 1.1], bright, region=region)
            assert np.abs(found.get() - vesselness(volume, [0.7, 1.1], bright, region=region)).max() <= 1e-4


def test_a_tube_is_found_by_threads(monkeypatch):
    """One that is no mere noise: the answer is not nothing."""
    _, y, x = np.indices((9, 11, 12)).astype(np.float64)
    tube = 300 * np.exp(-((0.8 * (y - 5)) ** 2 + (0.6 * (x - 6)) ** 2) / 2)
    volume = Volume(tube.astype(np.float32), GRID)
    found = vesselness(Volume(put_cupyx(monkeypatch).asarray(volume.array), GRID), [1.0]).get()
    assert found[4, 5, 6] > 0.7
    assert np.abs(found - reference(volume, [1.0])).max() <= 1e-4
