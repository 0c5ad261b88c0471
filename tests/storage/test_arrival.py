from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database
from storage.dicom.frames import read_frame
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_instance, write_series
from storage.errors import InvalidDataset
from storage.studies import count_conflicts, find_series, find_studies
from tests.storage.rows import make_institution

JPEG_LS, IMPLICIT, EXPLICIT = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def phantom() -> np.ndarray:
    return np.random.default_rng(3).integers(-1000, 1000, (4, 24, 32)).astype(np.int16)


def series(transfer_syntax: str = EXPLICIT, **attributes: Any) -> list[bytes]:
    return list(write_series(phantom(), np.eye(4), transfer_syntax=transfer_syntax, attributes=attributes))


@pytest.fixture
def arrival(database: Database, tmp_path: Path) -> Arrival:
    return Arrival(database, BlobStore(tmp_path / "blobs"))


async def count(database: Database, table: str) -> int:
    async with database.acting(None) as connection:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def test_what_arrived_is_found_and_its_pixels_are_the_same(
    database: Database, arrival: Arrival, tmp_path: Path
) -> None:
    here = await make_institution(database, "Here")
    files = series(PatientName="王^小东", AccessionNumber="A1")
    assert await arrival.receive_all(files, here, "import") == [Outcome.NEW] * 4
    async with database.acting([here]) as connection:
        (study,), total = await find_studies(connection, "小东")
        stored = await find_series(connection, await connection.fetchval("SELECT id FROM series"))
    assert (total, study.accession, study.images, study.modalities) == (1, "A1", 4, ["CT"])
    (stack,) = stacks_of(stored.instances)
    frames = [read_frame(BlobStore(tmp_path / "blobs"), here, frame) for frame in stack.frames]
    assert np.array_equal(frames, phantom())


async def test_the_same_bytes_again_change_nothing(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    files = series()
    await arrival.receive_all(files, here, "import")
    assert await arrival.receive_all(files + files, here, "SCANNER") == [Outcome.SAME] * 8
    assert await count(database, "instances") == 4
    assert await count(database, "conflicts") == 0


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT, JPEG_LS, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"])
async def test_the_same_instance_in_another_transfer_syntax_is_the_same(
    database: Database, arrival: Arrival, transfer_syntax: str
) -> None:
    here = await make_institution(database, "Here")
    await arrival.receive_all(series(), here, "import")
    assert await arrival.receive_all(series(transfer_syntax), here, "import") == [Outcome.SAME] * 4


async def test_another_content_under_the_same_uid_is_kept_once_for_a_person(
    database: Database, arrival: Arrival, tmp_path: Path
) -> None:
    here = await make_institution(database, "Here")
    await arrival.receive_all(series(), here, "import")
    other = series(PatientName="OTHER^NAME")[0]
    assert await arrival.receive(other, here, "SCANNER") == Outcome.CONFLICT
    assert await arrival.receive(other, here, "SCANNER") == Outcome.CONFLICT
    async with database.acting([here]) as connection:
        (conflict,) = await connection.fetch("SELECT * FROM conflicts")
        (study,), _ = await find_studies(connection)
    assert (conflict["reason"], conflict["origin"], conflict["arrivals"]) == ("other_content", "SCANNER", 2)
    assert BlobStore(tmp_path / "blobs").read(here, conflict["blob_sha256"]) == other
    assert study.patient_name == "PHANTOM^DEMO"


async def test_a_study_knows_how_many_images_came_for_it_and_are_not_shown(
    database: Database, arrival: Arrival
) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    # The same identifiers in a copy of the series, and in a copy of the study: readers of both have a right to know.
    copy = series(SeriesInstanceUID="1.2.99", SeriesDescription="COPY")
    moved = series(StudyInstanceUID="1.2.98", SeriesInstanceUID="1.2.97")
    (own,) = series(StudyInstanceUID="1.2.98", SeriesInstanceUID="1.2.97", SOPInstanceUID="1.2.96")[:1]
    await arrival.receive_all(series(), here, "import")
    for _ in range(2):
        assert await arrival.receive_all(copy, here, "import") == [Outcome.CONFLICT] * 4
    await arrival.receive_all([*moved, own], here, "import")
    await arrival.receive_all(series(), there, "import")
    found = {}
    async with database.acting([here, there]) as connection:
        for study in (await find_studies(connection))[0]:
            key = (study.institution, study.study_instance_uid == "1.2.98")
            found[key] = (study.images, await count_conflicts(connection, study.id))
    assert found == {("Here", False): (4, 8), ("Here", True): (1, 4), ("There", False): (4, 0)}
    async with database.acting([there]) as connection:
        for study_id in range(1, 4):
            assert await count_conflicts(connection, study_id) == 0


async def test_another_patients_image_never_joins_a_study(database: Database, arrival: Arrival, tmp_path: Path) -> None:
    here = await make_institution(database, "Here")
    own, other = series(PatientID="1", PatientName="A"), series(PatientID="2", PatientName="B")
    await arrival.receive_all(own[:2], here, "import")
    # The third under the right patient and another one's in one batch, the wrong one first; then all of it again.
    for outcome in (Outcome.NEW, Outcome.SAME):
        outcomes = await arrival.receive_all([other[3], other[2], own[2]], here, "SCANNER")
        assert outcomes == [Outcome.CONFLICT, Outcome.CONFLICT, outcome]
    async with database.acting([here]) as connection:
        conflicts = await connection.fetch("SELECT * FROM conflicts ORDER BY id")
        (study,), _ = await find_studies(connection)
        assert await count_conflicts(connection, study.id) == 2
    assert (study.patient_name, study.patient_id, study.images) == ("A", "1", 3)
    assert [(row["reason"], row["arrivals"]) for row in conflicts] == [("other_patient", 2)] * 2
    kept = {BlobStore(tmp_path / "blobs").read(here, row["blob_sha256"]) for row in conflicts}
    assert kept == {other[2], other[3]}
    # What came for the wrong study stays out of it, and the instance itself may still come.
    assert await arrival.receive(own[3], here, "SCANNER") == Outcome.NEW


async def test_one_changed_pixel_is_a_conflict(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    array = phantom()
    await arrival.receive_all(list(write_series(array, np.eye(4))), here, "import")
    array[2, 5, 5] += 1
    outcomes = await arrival.receive_all(list(write_series(array, np.eye(4), transfer_syntax=JPEG_LS)), here, "import")
    assert outcomes == [Outcome.SAME, Outcome.SAME, Outcome.CONFLICT, Outcome.SAME]


async def test_twice_in_one_batch_is_stored_once(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    first, other = series()[0], series(StudyDescription="OTHER")[0]
    assert await arrival.receive_all([first, first, other], here, "import") == [
        Outcome.NEW,
        Outcome.SAME,
        Outcome.CONFLICT,
    ]


async def test_two_institutions_have_the_same_instance_each_for_itself(database: Database, arrival: Arrival) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    assert await arrival.receive(series()[0], here, "A") == Outcome.NEW
    assert await arrival.receive(series()[0], there, "B") == Outcome.NEW


async def test_two_at_once_store_everything_once(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    files = series()
    a, b = await asyncio.gather(arrival.receive_all(files, here, "A"), arrival.receive_all(files[::-1], here, "B"))
    assert sorted([*a, *b]) == sorted([Outcome.NEW] * 4 + [Outcome.SAME] * 4)
    assert await count(database, "instances") == 4


async def test_a_report_without_pixels_is_kept(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    report = write_instance(None, 0, EXPLICIT, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR"})
    assert await arrival.receive(report, here, "A") == Outcome.NEW
    async with database.acting([here]) as connection:
        stored = await find_series(connection, await connection.fetchval("SELECT id FROM series"))
    assert stored.instances[0].header["reason"] == "no_pixels"
    assert stacks_of(stored.instances) == []


async def test_what_cannot_be_kept_does_not_hold_up_the_others(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    good = series()
    outcomes = await arrival.receive_all([b"no dicom", good[0], good[1][:-100]], here, "import")
    assert [isinstance(outcome, InvalidDataset) for outcome in outcomes] == [True, False, True]
    assert outcomes[1] == Outcome.NEW
    with pytest.raises(InvalidDataset):
        await arrival.receive(b"no dicom", here, "A")


async def test_bytes_without_rows_are_found_again(database: Database, arrival: Arrival, tmp_path: Path) -> None:
    """What a process leaves that is killed between the bytes and the rows."""
    here = await make_institution(database, "Here")
    (BlobStore(tmp_path / "blobs")).put(here, series()[0])
    assert await arrival.receive(series()[0], here, "A") == Outcome.NEW
    blobs = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) == 1


async def test_one_broken_instance_never_keeps_a_batch_from_arriving(database: Database, arrival: Arrival) -> None:
    here = await make_institution(database, "Here")
    good = series()[0]
    picture = np.zeros((8, 8, 3), np.uint8)
    odd = write_instance(picture[:, 1:], "odd", "1.2.840.10008.1.2.2", {"PhotometricInterpretation": "YBR_FULL_422"})
    place = odd.index(b"\x7f\xe0\x00\x10")
    odd = odd[:place] + b"\x7f\xe0\x00\x10OW\0\0" + (8 * 7 * 2).to_bytes(4, "big") + bytes(8 * 7 * 2)
    nul = write_instance(picture, "nul", EXPLICIT, {}).replace(b"1.2.840.10008.1.2.1\0", b"1.2\x00840.10008.1.2.1\0", 1)
    outcomes = await arrival.receive_all([odd, nul, good], here, "import")
    assert isinstance(outcomes[0], InvalidDataset)
    assert outcomes[1:] == [Outcome.NEW, Outcome.NEW]


async def test_a_lost_file_comes_back_with_the_next_sending(
    database: Database, arrival: Arrival, tmp_path: Path
) -> None:
    here = await make_institution(database, "Here")
    (data, *_), (other, *_) = series(), series(JPEG_LS)
    for again, outcome in ((data, Outcome.SAME), (other, Outcome.CONFLICT)):
        await arrival.receive(data, here, "A")
        for path in (tmp_path / "blobs").rglob("*"):
            if path.is_file():
                path.unlink()
        assert await arrival.receive(again, here, "A") == outcome
        (kept,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
        assert kept.read_bytes() == again
