"""The story of a batch reformat: a CT is imported, oblique slabs of it are asked for and stored, and others read them.

The truth is the formula of the body in acquisitions.py and two programs that are not ours: dcm2niix says where the new
voxels are, dciodvfy whether the instances are valid.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from kernels.picture import Picture
from kernels.plane import slab
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd.assemble import Assembly
from renderd.protocol import Reformat
from storage.blobs import BlobStore
from storage.dicom.header import read_header
from storage.dicom.stacks import stacks_of
from storage.home import Home
from tests.flows.acquisitions import BALLS, classic, planes
from tests.flows.house import House
from tests.renderd.stacks import Instance
from tests.storage.dicom.nifti import Nifti, converter
from tests.storage.dicom.validity import complaints

pytestmark = [pytest.mark.long, pytest.mark.slow]

ANSWER_S = 300  # the machine may have a lot to do
NAME = "Wang^XiaoDong=王^小东"
RIGHT, DOWN = np.array([0.8, 0.6, 0.0]), np.array([0.36, -0.48, -0.8])
NORMAL = np.cross(RIGHT, DOWN)
# All four balls lie within these images.
PIXEL_MM, SPACING_MM, THICKNESS_MM, WIDTH, HEIGHT, COUNT = 1.0, 2.0, 6.0, 96, 90, 34
MIDDLE = np.array([10.0, -20.0, 30.0])
ORIGIN = MIDDLE - (WIDTH - 1) / 2 * RIGHT - (HEIGHT - 1) / 2 * DOWN - (COUNT - 1) / 2 * SPACING_MM * NORMAL


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = House()
    try:
        made.start()
        made.sign_in()
        yield made
    finally:
        made.close()


def volume_of(files: list[bytes], folder: Path) -> Volume:
    """As it opens."""
    # Sockets need a short path, which a test's own folder need not have.
    with tempfile.TemporaryDirectory(prefix="fv-") as short:
        return _opened(files, Home(folder, Path(short)))


def _opened(files: list[bytes], home: Home) -> Volume:
    home.prepare()
    blobs = BlobStore(home.blobs)
    instances = []
    for data in files:
        header, identity = read_header(data)
        instances.append(Instance(identity.sop_instance_uid, blobs.write(1, data), header.to_json()))
    (stack,) = stacks_of(instances)
    assembly = Assembly(home, blobs, 1, stack)
    assembly.run()
    assert assembly.volume is not None
    return assembly.volume


async def answer(house: House, asked: Reformat) -> dict[str, Any]:
    """What a page of its own is told. A connection that is lost, as on a machine that is busy, is made anew."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            try:
                async with house.page() as page:
                    await page.send(asked)
                    while True:
                        told = await page.receive()
                        if isinstance(told, dict) and told["t"] == "reformatted":
                            return told
            except (ConnectionClosed, InvalidHandshake, OSError):  # TimeoutError is an OSError
                await asyncio.sleep(1)


def logs_with(house: House, words: str) -> str:
    """All logs, when they have these words. One that is rotated meanwhile is read under its next name."""
    found = ""
    for path in (house.home / "logs").iterdir():
        with suppress(FileNotFoundError):
            found += path.read_text("utf-8", "replace")
    return found if words in found else ""


def test_a_ct_is_reformatted_and_the_new_series_is_read_by_others(house: House, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    source = classic(
        planes(),
        BodyPartExamined="CHEST",
        RescaleType="HU",
        SpecificCharacterSet="GB18030",
        PatientName=NAME,
        SeriesDescription="胸部",
        Manufacturer="ACME",
    )
    (tmp_path / "in").mkdir(mode=0o755)
    for z, data in enumerate(source):
        (tmp_path / "in" / f"{z}.dcm").write_bytes(data)
    imported = house.farview("import", tmp_path / "in")
    assert imported.returncode == 0, imported.stdout + imported.stderr

    # The page asks; the connection is lost after the answer, and it asks again.
    (study,) = house.studies()
    status, opened = house.ask(f"/api/studies/{study['id']}")
    (before,) = opened["series"]
    asked = Reformat(
        viewport=1,
        request="0123456789abcdef",
        series=before["id"],
        stack=before["stacks"][0]["digest"],
        origin=tuple(ORIGIN.tolist()),
        right=tuple(RIGHT.tolist()),
        down=tuple(DOWN.tolist()),
        pixel_mm=PIXEL_MM,
        width=WIDTH,
        height=HEIGHT,
        spacing_mm=SPACING_MM,
        count=COUNT,
        projection="max",
        thickness_mm=THICKNESS_MM,
        description="斜位 MIP 6 mm",
    )
    told = [asyncio.run(answer(house, asked)) for _ in range(2)]
    assert told[0]["series"] and told[0] == told[1], told

    # The study has one series more, with a Volume.
    status, opened = house.ask(f"/api/studies/{study['id']}")
    assert status == 200 and opened["study"]["patient_name"] == NAME
    (after,) = [one for one in opened["series"] if one["id"] == told[0]["series"]]
    assert (len(opened["series"]), after["images"], after["description"]) == (2, COUNT, "斜位 MIP 6 mm")
    assert after["stacks"][0]["volume"]["shape"] == [COUNT, HEIGHT, WIDTH]
    sql = "SELECT blob_sha256 FROM instances WHERE series_id = {} ORDER BY instance_number"
    files = [house.blob(sha256) for (sha256,) in house.rows(sql.format(after["id"]))]
    assert len(files) == COUNT and all(house.blobs().values()) and len(house.blobs()) == len(source) + COUNT
    logs = house.until(lambda: logs_with(house, '"event": "reformatted"'), "the log tells of it")
    assert "XiaoDong" not in logs and "小东" not in logs and "斜位" not in logs

    # Valid; and theirs, byte for byte.
    for data in (files[0], files[COUNT // 2], files[-1]):
        assert complaints(data, tmp_path) == []
        assert NAME.encode("gb18030") in data and "斜位".encode("gb18030") in data

    # Its voxels are what the kernel makes of the source, to the unit that they are rounded to.
    old, new = volume_of(source, tmp_path / "old"), volume_of(files, tmp_path / "new")
    assert new.array.dtype == np.int16
    for k in range(COUNT):
        picture = Picture(ORIGIN + k * SPACING_MM * NORMAL, RIGHT * PIXEL_MM, DOWN * PIXEL_MM, WIDTH, HEIGHT)
        values = slab(old, picture, "max", THICKNESS_MM)
        assert np.array_equal(new.array[k], np.where(values == OUTSIDE, -1024, np.rint(values)))

    # Somebody else finds every voxel in the same place, and the balls in the places that they have by their formula.
    (tmp_path / "out").mkdir(mode=0o755)
    for k, data in enumerate(files):
        (tmp_path / "out" / f"{k:03}.dcm").write_bytes(data)
    command = [converter(), "-b", "y", "-z", "n", "-f", "v", "-o", tmp_path, tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)
    nifti = Nifti.read(tmp_path / "v.nii")
    corners = np.array(list(np.ndindex(2, 2, 2))) * [WIDTH - 1, HEIGHT - 1, COUNT - 1]
    for x, y, z in corners:
        point = ORIGIN + x * PIXEL_MM * RIGHT + y * PIXEL_MM * DOWN + z * SPACING_MM * NORMAL
        assert np.abs(nifti.affine[:3, :3] @ nifti.index_of(point) + nifti.affine[:3, 3] - point).max() < 0.01
    for truth, height in BALLS.values():
        at = np.rint(np.linalg.solve(nifti.affine, [*truth, 1])[:3]).astype(int)
        seen = float(nifti.voxels[tuple(at)][0]) * nifti.slope + nifti.intercept
        # The maximum over a slab about the centre: next to the whole height, sampled every three millimetres.
        assert 0.9 * height < seen < 1.05 * height
        x, y, z = at
        around = nifti.voxels[x - 8 : x + 9, y - 8 : y + 9, z, 0]
        assert np.abs(np.argwhere(around == around.max()) - 8).max() * PIXEL_MM <= 3.0
    said = json.loads((tmp_path / "v.json").read_text())
    assert said["ImageType"][:3] == ["DERIVED", "SECONDARY", "REFORMATTED"] and said["SliceThickness"] == THICKNESS_MM


def test_what_was_derived_can_be_sent_like_anything_else(house: House, tmp_path: Path) -> None:
    if shutil.which("storescu") is None:
        pytest.skip("needs DCMTK: on Debian `apt-get install dcmtk`")
    sql = "SELECT blob_sha256 FROM instances JOIN series ON series.id = series_id WHERE description LIKE '斜位%'"
    tmp_path.chmod(0o755)
    paths = []
    for k, (sha256,) in enumerate(house.rows(sql)):
        paths.append(tmp_path / f"{k}.dcm")
        paths[-1].write_bytes(house.blob(sha256))
    assert len(paths) == COUNT
    to = ["127.0.0.1", str(house.dicom_port)]
    sent = subprocess.run(["storescu", "-v", *to, *paths], capture_output=True, text=True, check=False)
    assert (sent.stdout + sent.stderr).count("Received Store Response (Success)") == COUNT
    assert house.rows("SELECT count(*) FROM conflicts") == [["0"]]
