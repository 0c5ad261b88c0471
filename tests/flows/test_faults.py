"""What a house goes through: a port that is taken, a database that goes, a full disk. And that it comes back."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.service import LOGIN, PASSWORD
from renderd.protocol import PlaneView, Show
from storage.dicom.write import write_series
from storage.home import Home
from storage.postgres import EmbeddedPostgres
from tests.flows.house import House
from tests.flows.sender import send_files

pytestmark = [pytest.mark.long, pytest.mark.slow]  # processes, started and killed

SHAPE = (20, 64, 64)
OUT_OF_RESOURCES = 0xA700


def files(seed: str, shape: tuple[int, int, int] = SHAPE) -> list[bytes]:
    array = np.random.default_rng(list(seed.encode())).integers(-1000, 2000, shape).astype(np.int16)
    return list(write_series(array, np.diag([1.0, 1, 2, 1]), seed=seed, attributes={"PatientID": seed}))


def folder_of(path: Path, seed: str) -> Path:
    path.mkdir(mode=0o755)
    for z, data in enumerate(files(seed)):
        (path / f"{z}.dcm").write_bytes(data)
    return path


def state(house: House, name: str) -> dict[str, Any]:
    status, system = house.ask("/api/system")
    assert status == 200, system
    found: dict[str, Any] = next(process for process in system["processes"] if process["name"] == name)
    return found


def well(house: House) -> bool:
    status, system = house.ask("/api/system")
    return status == 200 and bool(system["ok"])


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    try:
        house.start(timeout_s=600)
        house.sign_in()
        house.until(lambda: well(house), "all is well")
        yield house
    finally:
        house.close()


def bound(taken: socket.socket, port: int) -> bool:
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def test_a_process_that_fails_forever_is_named_and_waits_while_the_others_work(house: House) -> None:
    assert house.process is not None
    supervisor = psutil.Process(house.process.pid)
    supervisor.suspend()  # so that the port is ours before the next receiver wants it
    house.kill_one("storage.dicom.receive")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        house.until(lambda: bound(taken, house.dicom_port), "the killed receiver has left its port")
        taken.listen()
        supervisor.resume()
        house.until(lambda: state(house, "receive")["failures"] >= 4, "the receiver failed four times")
        house.until(lambda: state(house, "receive")["state"] == "waiting", "the receiver waits")
        said = state(house, "receive")
        assert "in use" in said["reason"] and said["last_exit"] == "2"
        assert said["log"].endswith("receive.log")
        assert house.ask("/api/system")[1]["ok"] is False
        # Everybody else works, and a person reads.
        assert house.ask("/api/health")[0] == 200
        assert house.studies() == []
        assert {state(house, name)["state"] for name in ("postgresql", "renderd", "api")} == {"running"}
    house.until(lambda: well(house), "the receiver is back by itself")
    assert send_files(house.dicom_port, files("back")[:1]) == [0]


def series_of(house: House, seed: str) -> tuple[int, str]:
    (found,) = [study for study in house.studies() if study["patient_id"] == seed]
    _, info = house.ask(f"/api/studies/{found['id']}")
    (series,) = info["series"]
    return series["id"], series["stacks"][0]["digest"]


def plane(series: int, digest: str, number: int) -> Show:
    view = PlaneView(
        series=series, stack=digest, centre=(30.0, 30.0, float(number)), right=(1.0, 0.0, 0.0), down=(0.0, 1.0, 0.0),
        extent_mm=60.0, window=(500.0, 3000.0),
    )  # fmt: skip
    return Show(viewport=1, input=number, view=view, width=64, height=64, moving=False)


async def test_while_the_database_is_away_open_pictures_go_on_and_the_rest_says_so_and_comes_back(house: House) -> None:
    assert house.process is not None
    for seed in ("open", "closed"):
        assert set(await asyncio.to_thread(send_files, house.dicom_port, files(seed))) == {0}
    series, digest = series_of(house, "open")
    other, other_digest = series_of(house, "closed")
    async with house.page() as page, house.page() as late:
        await page.send(plane(series, digest, 1))
        await page.final()
        await late.receive()
        supervisor = psutil.Process(house.process.pid)
        supervisor.suspend()  # nobody starts it again
        try:
            house.kill_one("postgres")
            # What is open goes on, plane after plane.
            for number in (2, 3, 4):
                await page.send(plane(series, digest, number))
                assert (await page.final(number=number)).header.input == number
            # What is not is told, and stays wanted.
            await late.send(plane(other, other_digest, 1))
            assert (await late.message("trouble"))["code"] == "database_unavailable"
            for path, body in (
                ("/api/studies", None),
                ("/api/sign-in", {"login": LOGIN, "password": PASSWORD}),
            ):
                status, answer = await asyncio.to_thread(house.ask, path, body)
                assert (status, answer["code"]) == (503, "database_unavailable"), path
            assert (await asyncio.to_thread(house.ask, "/api/health")) == (503, {"ok": False})
            # Whoever looks after the house sees what is wrong.
            status, system = await asyncio.to_thread(house.ask, "/api/system")
            assert (status, system["ok"], system["database"]) == (200, False, None)
            (status,) = await asyncio.to_thread(send_files, house.dicom_port, files("refused")[:1])
            assert status == OUT_OF_RESOURCES
        finally:
            supervisor.resume()
        # Nobody touches anything: the picture comes, the list is there, the session is the same one.
        assert (await late.final()).header.input == 1
        await asyncio.to_thread(house.until, lambda: well(house), "the database is back")
        assert state(house, "postgresql")["last_exit"] == "SIGKILL"
        assert send_files(house.dicom_port, files("refused")[:1]) == [0]
        # renderd listens to the database again: a sign-out is heard at once.
        await page.silence()
        assert (await asyncio.to_thread(house.ask, "/api/sign-out", {}))[0] == 204
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(6):
                while True:
                    await page.receive()
    house.sign_in()


def test_an_import_outlives_the_database(house: House, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = folder_of(tmp_path / "in", "outlives")
    command = [sys.executable, "-m", "farview", "import", str(folder)]
    process = subprocess.Popen(command, env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for _ in range(3):
        time.sleep(0.7)
        house.kill_one("postgres")
    said, _ = process.communicate(timeout=120)
    if process.returncode:  # it went while the import was still connecting: one sentence, and once more
        assert b"Traceback" not in said and b"database" in said
        house.until(lambda: well(house), "the database is back")
        assert house.farview("import", folder).returncode == 0
    house.until(lambda: well(house), "the database is back")
    assert house.rows("SELECT count(*) FROM patients WHERE patient_id = 'outlives'") == [["1"]]
    (found,) = [study for study in house.studies() if study["patient_id"] == "outlives"]
    assert found["images"] == SHAPE[0]


async def test_another_database_may_be_started_again_under_a_running_house(
    open_folder: Path, postgres_programs: Path
) -> None:
    home = Home(open_folder / "elsewhere", open_folder / "e")
    home.prepare()
    postgres = EmbeddedPostgres(home, postgres_programs)
    target = await postgres.start()
    house = House(FARVIEW_DATABASE_URL=target.owner)
    try:
        await asyncio.to_thread(house.start, timeout_s=600)
        house.sign_in()
        assert [process["name"] for process in house.ask("/api/system")[1]["processes"]] == [
            "receive",
            "renderd",
            "api",
        ]
        for _ in range(2):
            await postgres.stop()
            status, answer = await asyncio.to_thread(house.ask, "/api/studies")
            assert (status, answer["code"]) == (503, "database_unavailable")
            await postgres.start()
            await asyncio.to_thread(house.until, lambda: well(house), "all is well")
            assert house.studies() == []
    finally:
        await asyncio.to_thread(house.close)
        await postgres.stop()


# ── a full disk ──────────────────────────────────────────────────────────────────────────────────────────────────

DISK_MB, RESERVE_MB = 700, 100


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """A disk of its own that can really be filled."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root on Linux can make a small disk to fill")
    folder = Path(tempfile.mkdtemp(prefix="fv-disk-", dir="/tmp"))
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "tmpfs", str(folder)], check=False
    )
    if mount.returncode:
        folder.rmdir()
        pytest.skip("this machine does not let us make a small disk to fill")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture(scope="module")
def small(disk: Path) -> Iterator[House]:
    """A house on the small disk."""
    house = House(disk / "home", FARVIEW_DISK_RESERVE=str(RESERVE_MB << 20))
    house.home.mkdir(mode=0o755)
    try:
        house.start(timeout_s=600)
        house.sign_in()
        house.until(lambda: well(house), "all is well")
        yield house
    finally:
        house.close()


def fill(disk: Path, leave_mb: int) -> None:
    """Somebody else takes the disk, but for so many megabytes."""
    with (disk / "somebody-else").open("ab") as file:
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - (leave_mb << 20)) > 0:
            try:
                file.write(bytes(min(free, 8 << 20)))
                file.flush()
            except OSError:
                return


def make_room(disk: Path) -> None:
    (disk / "somebody-else").unlink(missing_ok=True)


async def test_a_disk_that_is_nearly_full_takes_nothing_and_shows_everything(
    small: House, disk: Path, open_folder: Path
) -> None:
    assert set(send_files(small.dicom_port, files("there"))) == {0}
    series, digest = series_of(small, "there")
    fill(disk, RESERVE_MB - 10)
    before = small.blobs()
    # The sender is told to try later, and so is whoever imports.
    assert set(send_files(small.dicom_port, files("late")[:3])) == {OUT_OF_RESOURCES}
    done = small.farview("import", folder_of(open_folder / "in", "imported"))
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert f"unreadable {SHAPE[0]}" in done.stdout and "disk is full" in done.stdout, done.stdout
    assert small.blobs() == before and small.unfinished() == []
    _, system = small.ask("/api/system")
    assert (system["disk"]["state"], system["ok"]) == ("full", False)
    assert {process["restarts"] for process in system["processes"]} == {0}
    # A volume whose file cannot be kept is shown all the same.
    async with small.page() as page:
        await page.send(plane(series, digest, 1))
        await page.final()
    assert small.volume_files() == []
    make_room(disk)
    assert set(send_files(small.dicom_port, files("late"))) == {0}
    assert small.farview("import", open_folder / "in").returncode == 0
    small.until(lambda: well(small), "all is well again")
    assert {study["patient_id"]: study["images"] for study in small.studies()} == dict.fromkeys(
        ("there", "late", "imported"), SHAPE[0]
    )


def test_a_disk_without_a_byte_left_stops_the_database_at_worst_and_all_comes_back(small: House, disk: Path) -> None:
    assert set(send_files(small.dicom_port, files("before"))) == {0}
    before, server = state(small, "postgresql")["restarts"], small.pids()["postgres"]
    fill(disk, 0)
    assert small.process is not None

    def ended() -> bool:
        # Write-ahead log that has no place ends PostgreSQL; nothing else makes it need any.
        with suppress(subprocess.CalledProcessError):  # whoever asks for it is cut off
            small.rows("SELECT pg_switch_wal(); SELECT pg_logical_emit_message(true, 'x', repeat('x', 20000000))")
        return small.pids().get("postgres") != server

    small.until(ended, "PostgreSQL ends")
    assert set(send_files(small.dicom_port, files("full")[:2])) == {OUT_OF_RESOURCES}
    assert small.process.poll() is None
    assert set(small.pids()) >= {"storage.dicom.receive", "renderd", "api"}
    assert small.unfinished() == []
    make_room(disk)
    small.until(lambda: well(small), "everything is back without a hand", 120)
    assert state(small, "postgresql")["restarts"] > before
    assert "PANIC" in (small.home / "logs" / "postgresql.log").read_text(errors="replace")
    assert set(send_files(small.dicom_port, files("full"))) == {0}
    images = {study["patient_id"]: study["images"] for study in small.studies()}
    assert images["before"] == images["full"] == SHAPE[0]
    assert all(small.blobs().values())
