from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import structlog.testing
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from storage import errors
from storage.arrival import Arrival
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom import receive
from storage.dicom.receive import Receiver, status_of
from storage.dicom.write import write_series
from storage.errors import DatabaseUnavailable, InvalidDataset
from storage.institutions import assign_ae_title
from storage.studies import find_studies
from tests.flows.sender import Sender, split
from tests.storage.rows import make_institution

pytestmark = pytest.mark.slow  # real processes, started and stopped


def slices() -> list[bytes]:
    array = np.random.default_rng(1).integers(-1000, 1000, (5, 32, 32)).astype(np.int16)
    return list(write_series(array, np.eye(4), seed="receive"))


@pytest_asyncio.fixture
async def receiver(database: Database, tmp_path: Path) -> AsyncIterator[tuple[Receiver, int]]:
    made = Receiver(database, Arrival(database, BlobStore(tmp_path / "blobs")), "Here")
    yield made, made.listen("127.0.0.1", 0, "FARVIEW")
    await asyncio.to_thread(made.close)


def send(port: int, files: list[bytes], title: str = "SCANNER", sop_class: str = CTImageStorage) -> list[int]:
    """Store files over one association with pynetdicom; the status of each."""
    entity = AE(title)
    entity.add_requested_context(sop_class)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    statuses = [association.send_c_store(dcmread(DicomBytesIO(data), force=True)).Status for data in files]
    association.release()
    return statuses


async def count(database: Database, table: str) -> int:
    async with database.acting(None) as connection:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def test_an_echo_is_answered(receiver: tuple[Receiver, int]) -> None:
    def echo() -> int:
        entity = AE("SCANNER")
        entity.add_requested_context(Verification)
        association = entity.associate("127.0.0.1", receiver[1])
        status: int = association.send_c_echo().Status
        association.release()
        return status

    assert await asyncio.to_thread(echo) == 0


async def test_what_is_sent_is_stored_for_the_default_institution(
    receiver: tuple[Receiver, int], database: Database
) -> None:
    assert await asyncio.to_thread(send, receiver[1], slices()) == [0] * 5
    async with database.acting(None) as connection:
        (study,), _ = await find_studies(connection)
    assert (study.institution, study.images) == ("Here", 5)


async def test_the_calling_title_chooses_the_institution(receiver: tuple[Receiver, int], database: Database) -> None:
    there = await make_institution(database, "There")
    async with database.plain() as connection:
        await assign_ae_title(connection, "THEIRS", there)
    await asyncio.to_thread(send, receiver[1], slices(), "THEIRS")
    async with database.acting(None) as connection:
        (study,), _ = await find_studies(connection)
    assert study.institution == "There"


async def test_an_instance_that_is_too_large_is_refused_and_the_next_one_is_stored(
    receiver: tuple[Receiver, int], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "MAX_DATASET", 300_000)
    array = np.random.default_rng(1).integers(-1000, 1000, (1, 1024, 1024)).astype(np.int16)
    (large,) = write_series(array, np.eye(4), seed="large")
    sent = [slices()[0], large, slices()[1]]
    assert await asyncio.to_thread(send, receiver[1], sent) == [0, 0xA700, 0]
    assert await count(database, "instances") == 2


async def test_sending_again_succeeds_and_changes_nothing(receiver: tuple[Receiver, int], database: Database) -> None:
    for _ in range(2):
        assert await asyncio.to_thread(send, receiver[1], slices()) == [0] * 5
    assert await count(database, "instances") == 5
    assert await count(database, "conflicts") == 0


async def test_the_log_counts_what_is_kept_and_not_shown(receiver: tuple[Receiver, int], database: Database) -> None:
    array = np.zeros((5, 32, 32), np.int16)
    with structlog.testing.capture_logs() as lines:
        await asyncio.to_thread(send, receiver[1], slices())
        assert lines == []
        await asyncio.to_thread(send, receiver[1], list(write_series(array, np.eye(4), seed="receive")))
    assert await count(database, "conflicts") == 5
    said = [(line["event"], line["sender"], line["of_association"]) for line in lines]
    assert said == [("kept_as_conflict", "SCANNER", number) for number in range(1, 6)]


async def test_a_private_sop_class_is_stored(receiver: tuple[Receiver, int], database: Database) -> None:
    private = "1.3.46.670589.11.0.0.12.1"
    array = np.zeros((1, 8, 8), np.int16)
    files = list(write_series(array, np.eye(4), attributes={"SOPClassUID": private}))
    assert await asyncio.to_thread(send, receiver[1], files, "SCANNER", private) == [0]
    assert await count(database, "instances") == 1


async def test_a_dataset_that_cannot_be_kept_is_refused_with_c000(
    receiver: tuple[Receiver, int], database: Database
) -> None:
    array = np.zeros((1, 8, 8), np.int16)
    files = list(write_series(array, np.eye(4), attributes={"StudyInstanceUID": None}))
    assert await asyncio.to_thread(send, receiver[1], files) == [0xC000]
    assert await count(database, "instances") == 0


async def test_a_store_without_a_dataset_is_answered(receiver: tuple[Receiver, int], database: Database) -> None:
    def store() -> list[int]:
        sender = Sender(receiver[1])
        statuses = [sender.send(dataset) for dataset in (b"", split(slices()[0])[1])]
        sender.close()
        return statuses

    assert await asyncio.to_thread(store) == [0xC000, 0]
    assert await count(database, "instances") == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(DatabaseUnavailable("away"), 0xA700), (OSError(28, "No space left"), 0xA700), (KeyError(), 0x0110)],
)
async def test_a_failure_of_ours_is_told_so_that_the_sender_tries_again(
    receiver: tuple[Receiver, int], monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Arrival, "receive", fail)
    assert await asyncio.to_thread(send, receiver[1], slices()[:1]) == [status]


def test_every_error_of_storage_has_a_status() -> None:
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.StorageError):
            error = value.__new__(value)
            expected = 0xC000 if issubclass(value, InvalidDataset) else 0xA700
            assert status_of(error) == expected, value


def environment(database_target: DatabaseTarget, folder: Path) -> dict[str, str]:
    return {
        "FARVIEW_HOME": str(folder),
        "FARVIEW_RUNTIME": str(folder),
        "FARVIEW_DATABASE_APPLICATION": database_target.application,
        "FARVIEW_INSTITUTION": "Here",
        "FARVIEW_DICOM_PORT": "0",
    }


async def test_it_waits_for_a_database_that_is_not_there_yet(
    database_target: DatabaseTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    connect = Database.connect

    async def late(target: DatabaseTarget, size: int) -> Database:
        tries.append(size)
        if len(tries) < 3:
            raise DatabaseUnavailable("not yet")
        return await connect(target, size)

    monkeypatch.setattr(Database, "connect", late)
    monkeypatch.setattr(receive, "WAIT_FOR_DATABASE_S", 0.01)
    opened = await receive.connect(database_target, asyncio.Event())
    assert opened and len(tries) == 3
    await opened.close()


async def start(database_target: DatabaseTarget, folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """The receiver as its own process, and the port that it says it listens on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "storage.dicom.receive",
        env={**os.environ, **environment(database_target, folder)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    return process, str(json.loads(await process.stderr.readline())["port"])


async def test_the_process_ends_cleanly_on_sigterm(database_target: DatabaseTarget, tmp_path: Path) -> None:
    process, port = await start(database_target, tmp_path)
    assert await asyncio.to_thread(send, int(port), slices()) == [0] * 5
    process.terminate()
    assert await process.wait() == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK's storescu is not installed")
@pytest.mark.parametrize("options", [[], ["-xi"], ["-xb"]])
async def test_storescu_stores_into_the_process_and_again_changes_nothing(
    database: Database, database_target: DatabaseTarget, tmp_path: Path, options: list[str]
) -> None:
    files = []
    for number, data in enumerate(slices()):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        files.append(str(path))
    process, port = await start(database_target, tmp_path)
    for _ in range(2):
        sender = await asyncio.create_subprocess_exec("storescu", *options, "127.0.0.1", port, *files)
        assert await sender.wait() == 0
    assert await count(database, "instances") == 5
    assert await count(database, "conflicts") == 0
    process.terminate()
    assert await process.wait() == 0
