from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage import rereading
from storage.arrival import Arrival
from storage.blobs import BlobStore
from storage.database import Database
from storage.dicom.header import VERSION
from storage.dicom.write import write_series
from storage.rereading import read_all_again, with_current_headers
from storage.studies import StoredSeries, find_series
from tests.storage.rows import make_institution

SLICES = 7


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


async def arrive(database: Database, blobs: BlobStore, name: str = "A") -> int:
    """A CT whose rows say that an earlier version has read them, without what that did not know; its series."""
    institution = await make_institution(database, name)
    files = list(write_series(np.zeros((SLICES, 8, 8), np.int16), np.eye(4), seed=name))
    await Arrival(database, blobs).receive_all(files, institution, "test")
    async with database.acting([institution]) as connection:
        await connection.execute(
            """UPDATE instances SET header = (header - 'separators' - 'mosaic') || '{"version": 1, "slope": 7}'"""
        )
        series: int = await connection.fetchval("SELECT id FROM series")
    return series


async def fetch(database: Database, series: int) -> StoredSeries:
    async with database.acting(None) as connection:
        return await find_series(connection, series)


def said(series: StoredSeries) -> set[tuple[int, float]]:
    return {(instance.header["version"], instance.header["slope"]) for instance in series.instances}


async def test_what_is_opened_is_read_again_first_and_kept(database: Database, blobs: BlobStore) -> None:
    stale = await fetch(database, await arrive(database, blobs))
    assert said(stale) == {(1, 7)}
    (fresh,) = await with_current_headers(database, blobs, [stale])
    assert said(fresh) == {(VERSION, 1)}
    assert await fetch(database, stale.id) == fresh


async def test_what_is_current_is_not_read(
    database: Database, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = await fetch(database, await arrive(database, blobs))
    (fresh,) = await with_current_headers(database, blobs, [stale])
    monkeypatch.setattr(rereading, "read_content", None)
    assert await with_current_headers(database, blobs, [fresh]) == [fresh]
    assert await read_all_again(database, blobs) == 0


async def test_the_whole_house_is_read_again_in_batches(
    database: Database, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = [await arrive(database, blobs, name) for name in ("A", "B")]
    monkeypatch.setattr(rereading, "BATCH", 3)
    assert await read_all_again(database, blobs) == 2 * SLICES
    assert {pair for one in series for pair in said(await fetch(database, one))} == {(VERSION, 1)}


async def test_killed_in_the_middle_the_rest_is_read_at_the_next_start(
    database: Database, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = await arrive(database, blobs)
    monkeypatch.setattr(rereading, "BATCH", 3)
    keep, kept = rereading._keep, 0

    async def dies(*arguments: object) -> None:
        nonlocal kept
        if kept == 2:
            raise KeyboardInterrupt
        kept += 1
        await keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rereading, "_keep", dies)
    with pytest.raises(KeyboardInterrupt):
        await read_all_again(database, blobs)
    assert said(await fetch(database, series)) == {(1, 7), (VERSION, 1)}
    monkeypatch.setattr(rereading, "_keep", keep)
    assert await read_all_again(database, blobs) == SLICES - 6
    assert said(await fetch(database, series)) == {(VERSION, 1)}


async def test_a_header_whose_bytes_are_gone_stays_and_holds_up_nobody(database: Database, blobs: BlobStore) -> None:
    stale = await fetch(database, await arrive(database, blobs))
    lost = stale.instances[2]
    blobs.path(stale.institution_id, lost.blob_sha256).unlink()
    assert await read_all_again(database, blobs) == SLICES - 1
    (fresh,) = await with_current_headers(database, blobs, [await fetch(database, stale.id)])
    assert [one.header["version"] for one in fresh.instances] == [VERSION] * 2 + [1] + [VERSION] * (SLICES - 3)
    assert replace(fresh.instances[2], header={}) == replace(lost, header={})
