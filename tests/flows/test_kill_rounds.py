"""kill -9 at random moments, again and again, and afterwards everything is counted.

A few rounds of each kind; FARVIEW_KILL_ROUNDS=100 makes a hundred in all. The seed is printed, and FARVIEW_KILL_SEED
repeats one; the moments then are the same, the machine's own pace is not.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.exceptions import WebSocketException

from renderd.protocol import PlaneView, Show, VolumeView
from storage.dicom.header import read_header
from storage.dicom.write import write_series
from tests.flows.house import House
from tests.flows.sender import Sender, split

pytestmark = [pytest.mark.long, pytest.mark.slow]  # processes, started and killed

KINDS = 4
ROUNDS = max(2, int(os.environ.get("FARVIEW_KILL_ROUNDS", "8")) // KINDS)
SEED = int(os.environ.get("FARVIEW_KILL_SEED") or time.time())
SHAPE = (60, 128, 128)
AFFINE = np.diag([0.7, 0.7, 1.5, 1.0])


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    print(f"FARVIEW_KILL_SEED={SEED}, {ROUNDS} rounds of each kind")
    house = House()
    try:
        house.start(timeout_s=600)
        house.sign_in()
        yield house
    finally:
        house.close()


def study(seed: str) -> tuple[NDArray[np.int16], list[bytes]]:
    """A CT of sixty slices that differ, and its files."""
    noise = np.random.default_rng(list(seed.encode())).integers(-1000, 2000, SHAPE).astype(np.int16)
    return noise, list(write_series(noise, AFFINE, seed=seed, attributes={"PatientID": seed}))


def uid_of(data: bytes) -> str:
    return read_header(data)[1].sop_instance_uid


def up(house: House) -> None:
    """Wait until every process is there and says so."""

    def all_run() -> bool:
        status, system = house.ask("/api/system")
        return status == 200 and bool(system["ok"])

    house.until(all_run, "every process runs", 120)


def check_all(house: House, patient_id: str, files: list[bytes], acknowledged: list[bytes]) -> None:
    """Every row has its bytes, every file is what its name says, nothing is twice, nothing acknowledged is missing."""
    rows = house.rows(
        "SELECT instances.sop_instance_uid, instances.blob_sha256"
        "  FROM instances JOIN series ON series.id = instances.series_id JOIN studies ON studies.id = series.study_id"
        f"  JOIN patients ON patients.id = studies.patient_id WHERE patients.patient_id = '{patient_id}'"
    )
    there, sent = {uid: house.blob(sha256) for uid, sha256 in rows}, {uid_of(data): data for data in files}
    assert len(there) == len(rows)
    assert {uid_of(data) for data in acknowledged} <= there.keys() <= sent.keys()
    assert {uid for uid, data in there.items() if split(data)[1] != split(sent[uid])[1]} == set()
    blobs = house.blobs()
    assert {row[1] for row in rows} <= {name for name, right in blobs.items() if right}
    broken = [name for name, right in blobs.items() if not right and not name.startswith(".")]
    assert broken == []
    (counted,) = house.rows("SELECT count(*), count(DISTINCT sop_instance_uid) FROM instances")
    assert counted[0] == counted[1]
    assert house.rows("SELECT count(*) FROM conflicts") == [["0"]]


def whole(house: House, patient_id: str, files: list[bytes]) -> None:
    """After the last step all of the study is there, once, with its bytes."""
    check_all(house, patient_id, files, files)
    (found,) = [one for one in house.studies() if one["patient_id"] == patient_id]
    assert (found["images"], found["series"]) == (len(files), 1)


def no_leftovers(house: House) -> None:
    """The next start removes what killed processes left. Only old files go, so these are made old first."""
    for name in house.unfinished():
        os.utime(name, (0, 0))
    house.stop()
    house.start(timeout_s=600)
    up(house)
    house.until(lambda: not house.unfinished(), "temporary files are gone")


def test_an_import_that_is_killed(house: House, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} import")
    tmp_path.chmod(0o755)
    died, took = 0, 1.0
    for number in range(ROUNDS):
        name = f"KILL-IMPORT-{SEED}-{number}"
        array, files = study(name)
        folder = tmp_path / name
        folder.mkdir(mode=0o755)
        for z, data in enumerate(files):
            (folder / f"{z:03}.dcm").write_bytes(data)
        command = [sys.executable, "-m", "farview", "import", str(folder)]
        process = subprocess.Popen(
            command, env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        begun, before = time.monotonic(), house.stored()
        if number % 2:  # at any moment
            moment = chance.uniform(0.2, 1.1) * took
        else:  # while it stores
            house.until(lambda before=before: house.stored() != before, "the first image is stored")
            moment = chance.uniform(0.0, 0.15)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        if process.poll() is None:
            died += 1
            os.killpg(process.pid, signal.SIGKILL)
        else:
            took = time.monotonic() - begun
        process.communicate()
        check_all(house, name, files, [])
        done = house.farview("import", folder)
        assert done.returncode == 0, done.stdout + done.stderr
        whole(house, name, files)
        assert_volume(house, array, done.stdout)
    print(f"{died} of {ROUNDS} imports were killed before their end")
    assert died > 0
    no_leftovers(house)


def assert_volume(house: House, array: NDArray[np.int16], said: str) -> None:
    """Some volume file holds exactly these voxels."""
    wanted = hashlib.sha256(array.tobytes()).hexdigest()
    found = []
    for file in house.volume_files():
        if file.shape == array.shape:
            read = np.empty(file.shape, file.dtype)
            file.read(read)
            found.append(hashlib.sha256(read.tobytes()).hexdigest())
    assert wanted in found, said


@pytest.mark.parametrize("victim", ["storage.dicom.receive"])
def test_a_receiver_that_is_killed_while_a_sender_sends(house: House, victim: str) -> None:
    chance = random.Random(f"{SEED} store")
    lost = 0
    for number in range(ROUNDS):
        name = f"KILL-STORE-{SEED}-{number}"
        _, files = study(name)
        datasets = [split(data)[1] for data in files]
        # One in three rounds the database goes instead: what was acknowledged must be on the disk all the same.
        killed = "postgres" if number % 3 == 2 else victim
        timer, moment = (
            threading.Timer(chance.uniform(0.0, 0.05), house.kill_one, [killed]),
            chance.randrange(SHAPE[0] // 2),
        )
        acknowledged: list[bytes] = []
        sender = Sender(house.dicom_port)
        for z, (data, dataset) in enumerate(zip(files, datasets, strict=True)):
            if z == moment:
                timer.start()
            if sender.send(dataset) == 0:
                acknowledged.append(data)
        sender.close()
        timer.join()
        up(house)
        lost += len(files) - len(acknowledged)
        check_all(house, name, files, acknowledged)
        again = Sender(house.dicom_port)
        assert [again.send(dataset) for dataset in datasets] == [0] * len(datasets)
        again.close()
        whole(house, name, files)
    print(f"{lost} of {ROUNDS * SHAPE[0]} images were not acknowledged the first time")
    assert lost > 0
    no_leftovers(house)


async def test_a_renderer_that_is_killed_while_it_makes_a_volume(house: House) -> None:
    chance = random.Random(f"{SEED} volume")
    for number in range(ROUNDS):
        array, series, digest, _ = await arrived(house, f"KILL-VOLUME-{SEED}-{number}")
        timer = threading.Timer(chance.uniform(0.0, 0.6), house.kill_one, ["renderd"])
        with suppress(WebSocketException, OSError, TimeoutError):
            async with house.page() as page:
                await page.send(plane(series, digest))
                timer.start()
                while True:
                    await asyncio.wait_for(page.receive(), 10)
        await asyncio.to_thread(timer.join)
        await asyncio.to_thread(up, house)
        await final_of(house, series, digest)
        house.until(lambda array=array: has_volume(house, array), "the volume's file is there")
    await asyncio.to_thread(no_leftovers, house)


def has_volume(house: House, array: NDArray[np.int16]) -> bool:
    try:
        assert_volume(house, array, "")
    except AssertionError:
        return False
    return True


async def test_a_renderer_that_is_killed_while_somebody_drags(house: House) -> None:
    chance = random.Random(f"{SEED} drag")
    array, series, digest, files = await arrived(house, f"KILL-DRAG-{SEED}")
    expected = await final_of(house, series, digest)
    frames = 0
    for _ in range(ROUNDS):
        timer = threading.Timer(chance.uniform(0, 1.5), house.kill_one, ["renderd"])
        with suppress(WebSocketException, OSError, TimeoutError):
            async with house.page() as page:
                frames += await drag(page, series, digest, timer)
        await asyncio.to_thread(timer.join)
        await asyncio.to_thread(up, house)
        # The page sends its view again, and the picture is the same, to the last pixel.
        assert await final_of(house, series, digest) == expected
    whole(house, f"KILL-DRAG-{SEED}", files)
    assert_volume(house, array, "")
    print(f"{frames} frames were drawn in {ROUNDS} drags that were cut off")
    assert frames >= ROUNDS
    await asyncio.to_thread(no_leftovers, house)


async def drag(page: object, series: int, digest: str, timer: threading.Timer) -> int:
    """Turn a volume until the connection is cut, which the timer does, started by the first frame; how many came."""
    from tests.renderd.page import Page

    assert isinstance(page, Page)
    number = 0

    async def hear() -> None:
        while True:
            await page.receive()
            if page.frames and timer.ident is None:
                timer.start()

    hearing = asyncio.create_task(hear())
    try:
        # Who hears may find the connection cut, or who sends: what came before, came.
        with suppress(WebSocketException, OSError):
            async with asyncio.timeout(60):
                while not hearing.done():
                    number += 1
                    angle = number / 20
                    right = (math.cos(angle), math.sin(angle), 0.0)
                    view = VolumeView(
                        series=series, stack=digest, centre=(45.0, 45.0, 45.0), right=right, down=(0.0, 0.0, -1.0),
                        extent_mm=120.0, preset="ct_bone", window=(40.0, 400.0),
                    )  # fmt: skip
                    await page.send(Show(viewport=1, input=number, view=view, width=200, height=200, moving=True))
                    await asyncio.sleep(1 / 60)
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    return len(page.frames)


async def arrived(house: House, name: str) -> tuple[NDArray[np.int16], int, str, list[bytes]]:
    """A new study that came over C-STORE, without a volume file: voxels, series, digest of its stack, files."""
    array, files = study(name)

    def send() -> None:
        sender = Sender(house.dicom_port)
        assert {sender.send(split(data)[1]) for data in files} == {0}
        sender.close()

    await asyncio.to_thread(send)
    (found,) = [one for one in house.studies() if one["patient_id"] == name]
    _, info = house.ask(f"/api/studies/{found['id']}")
    (series,) = info["series"]
    return array, series["id"], series["stacks"][0]["digest"], files


def plane(series: int, digest: str, number: int = 1) -> Show:
    view = PlaneView(
        series=series, stack=digest, centre=(40.0, 40.0, 40.0), right=(1.0, 0.0, 0.0), down=(0.0, 0.0, -1.0),
        extent_mm=80.0, window=(500.0, 3000.0),
    )  # fmt: skip
    return Show(viewport=1, input=number, view=view, width=160, height=160, moving=False)


async def final_of(house: House, series: int, digest: str) -> bytes:
    """The SHA-256 that the server gives for the pixels of one plane at rest."""
    async with house.page() as page:
        await page.send(plane(series, digest))
        frame = await page.final()
        assert frame.digest is not None
        return bytes(frame.digest)
