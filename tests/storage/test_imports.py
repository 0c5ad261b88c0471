from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage import imports, room
from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_series
from storage.errors import DatabaseUnavailable
from storage.imports import import_paths
from storage.room import Disk
from storage.studies import find_series
from tests.storage.rows import make_institution

ROOT = Path(__file__).resolve().parents[2]


def folder_of_slices(folder: Path, count: int = 20, side: int = 16) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    array = np.random.default_rng(2).integers(-1000, 1000, (count, side, side)).astype(np.int16)
    for z, data in enumerate(write_series(array, np.eye(4))):
        (folder / f"{z}.dcm").write_bytes(data)
    return folder


async def test_a_folder_comes_in_once_and_its_summary_says_what_did_not(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH_INSTANCES", 7)
    here = await make_institution(database, "Here")
    arrival = Arrival(database, BlobStore(tmp_path / "blobs"))
    folder = folder_of_slices(tmp_path / "in")
    (folder / "notes.txt").write_text("hello")
    (folder / "cut.dcm").write_bytes((folder / "3.dcm").read_bytes()[:-100])
    steps: list[int] = []
    summary = await import_paths(arrival, [folder], here, lambda so_far: steps.append(so_far.files))
    assert summary.outcomes == {Outcome.NEW: 20}
    assert summary.left_out == {"not_dicom": 1, "the file ends within the pixel data": 1}
    assert summary.examples["not_dicom"] == ["notes.txt"]
    assert steps[-1] == summary.files == 22
    again = await import_paths(arrival, [folder], here)
    assert again.outcomes == {Outcome.SAME: 20}


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
async def test_the_hostile_files_crash_nothing_and_each_refusal_has_a_reason(
    database: Database, tmp_path: Path, test_data: Path
) -> None:
    here = await make_institution(database, "Here")
    arrival = Arrival(database, BlobStore(tmp_path / "blobs"))
    summary = await import_paths(arrival, [test_data / "08_hostile/pwnlab_fuzz_corpus_v2_cat01-09.tar.xz"], here)
    assert summary.files == 240
    assert summary.outcomes[Outcome.NEW] > 150
    assert summary.left_out.total() < 60
    assert all(reason and summary.examples[reason] for reason in summary.left_out)
    async with database.acting([here]) as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM series")]
        for series_id in ids:
            stacks_of((await find_series(connection, series_id)).instances)


CHILD = """
import asyncio, sys
from pathlib import Path
from storage.arrival import Arrival
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage import imports

async def main(url, blobs, folder, institution):
    imports.BATCH_INSTANCES = 5
    arrival = Arrival(await Database.connect(DatabaseTarget.external(url)), BlobStore(Path(blobs)))
    await imports.import_paths(arrival, [Path(folder)], int(institution), lambda s: print(s.files, flush=True))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("batches", [0, 1, 3, 7])
async def test_killed_in_an_import_and_begun_again_nothing_is_lost_and_nothing_twice(
    database: Database, database_target: DatabaseTarget, tmp_path: Path, batches: int
) -> None:
    here = await make_institution(database, "Here")
    folder = folder_of_slices(tmp_path / "in", 60, 64)
    blobs = tmp_path / "blobs"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        database_target.application,
        str(blobs),
        str(folder),
        str(here),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    for _ in range(batches):
        await child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    await child.wait()
    summary = await import_paths(Arrival(database, BlobStore(blobs)), [folder], here)
    assert summary.outcomes.total() == 60
    assert summary.outcomes[Outcome.CONFLICT] == 0
    async with database.acting([here]) as connection:
        stored = await find_series(connection, await connection.fetchval("SELECT min(id) FROM series"))
        assert await connection.fetchval("SELECT count(*) FROM instances") == 60
    (stack,) = stacks_of(stored.instances)
    assert len(stack.frames) == 60 and stack.refusal is None
    assert all(BlobStore(blobs).read(here, frame.blob_sha256) for frame in stack.frames)


async def test_an_archive_that_cannot_be_stored_ends_its_reading(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of_slices(tmp_path / "in", 40)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "in", "in")
    monkeypatch.setattr(imports, "BATCH_INSTANCES", 4)

    async def full(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Arrival, "receive_all", full)
    with pytest.raises(OSError, match="Input/output"):
        await import_paths(Arrival(database, BlobStore(tmp_path / "blobs")), [tmp_path / "a.tar"], 1)


async def test_a_full_disk_stops_the_import_and_says_how_many_were_left_out(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await make_institution(database, "Here")
    folder_of_slices(tmp_path / "in", 12)
    monkeypatch.setattr(imports, "BATCH_INSTANCES", 4)
    free = [1 << 30]
    monkeypatch.setattr(room, "disk_of", lambda _: Disk(free[0], 1 << 40))
    blobs = BlobStore(tmp_path / "blobs", reserve_bytes=1 << 20)
    arrival = Arrival(database, blobs)
    store = arrival.receive_all

    async def fill(*arguments: Any) -> Any:
        outcomes = await store(*arguments)
        free[0] = 1 << 20  # somebody else took the rest
        return outcomes

    monkeypatch.setattr(arrival, "receive_all", fill)
    summary = await import_paths(arrival, [tmp_path / "in"], owner)
    assert summary.outcomes[Outcome.NEW] == 4
    assert summary.left_out == {imports.DISK_FULL: 8}  # the batch that met it, and the one that was read meanwhile
    assert sum(1 for path in blobs.root.rglob("*") if path.is_file()) == 4
    free[0] = 1 << 30
    again = await import_paths(Arrival(database, blobs), [tmp_path / "in"], owner)
    assert (again.outcomes[Outcome.NEW], again.outcomes[Outcome.SAME]) == (8, 4)


async def test_an_import_goes_on_when_the_database_is_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await make_institution(database, "Here")
    folder_of_slices(tmp_path / "in", 4)
    monkeypatch.setattr(imports, "RETRY_S", 0)
    arrival, away = Arrival(database, BlobStore(tmp_path / "blobs")), [3]
    store = arrival.receive_all

    async def go_away(*arguments: Any) -> Any:
        away[0] -= 1
        if away[0] >= 0:
            raise DatabaseUnavailable("started again")
        return await store(*arguments)

    monkeypatch.setattr(arrival, "receive_all", go_away)
    assert (await import_paths(arrival, [tmp_path / "in"], owner)).outcomes[Outcome.NEW] == 4
    monkeypatch.setattr(imports, "WAIT_FOR_DATABASE_S", -1)
    away[0] = 1
    with pytest.raises(DatabaseUnavailable):
        await import_paths(arrival, [tmp_path / "in"], owner)
