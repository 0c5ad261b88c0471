"""Headers that an earlier version has read, read again from the stored bytes: newer ones say more of the same images.

Whoever opens a series reads its stale headers again first, so that nothing is ever shown by them; the rest follows in
the background. Killed at any moment, the next start goes on with what is left. A header whose bytes cannot be read
stays as it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from storage.blobs import BlobStore
from storage.database import Database
from storage.dicom.contrast import with_contrast
from storage.dicom.equality import read_content
from storage.dicom.header import VERSION
from storage.errors import StorageError
from storage.sql import load
from storage.studies import StoredSeries

SQL = load(__file__)
BATCH = 50

log = structlog.get_logger()


async def with_current_headers(
    database: Database, blobs: BlobStore, series: Sequence[StoredSeries]
) -> list[StoredSeries]:
    """The same series, with stale headers read again and kept. Costs nothing where there are none."""
    return [one if _is_current(one) else await _refresh(database, blobs, one) for one in series]


def _is_current(series: StoredSeries) -> bool:
    return all(instance.header.get("version", VERSION) >= VERSION for instance in series.instances)


async def _refresh(database: Database, blobs: BlobStore, series: StoredSeries) -> StoredSeries:
    stale = [one for one in series.instances if one.header.get("version", VERSION) < VERSION]
    rows = [(one.id, series.institution_id, one.blob_sha256) for one in stale]
    headers = await asyncio.to_thread(_read_again, blobs, rows)
    try:
        await _keep(database, series.institution_id, headers)
    except StorageError as error:  # these are shown all the same, and read again the next time
        log.warning("headers_not_kept", series=series.id, code=error.code)
    instances = [replace(one, header=headers.get(one.id, one.header)) for one in series.instances]
    return replace(series, instances=instances)


async def read_all_again(database: Database, blobs: BlobStore) -> int:
    """Every stale header of the house, gently: half of the time is left to others. How many were read again."""
    last, count = 0, 0
    while True:
        async with database.acting(None) as connection:
            rows = await connection.fetch(SQL["find_stale"], VERSION, last, BATCH)
        if not rows:
            if count:
                log.info("headers_read_again", count=count, version=VERSION)
            return count
        last = rows[-1]["id"]
        headers = await asyncio.to_thread(_read_again, blobs, [tuple(row) for row in rows], pause=True)
        for institution_id in {row["institution_id"] for row in rows}:
            own = {row["id"] for row in rows if row["institution_id"] == institution_id}
            await _keep(database, institution_id, {id_: header for id_, header in headers.items() if id_ in own})
        count += len(headers)


async def _keep(database: Database, institution_id: int, headers: dict[int, dict[str, Any]]) -> None:
    if headers:
        # In the order of their ids, so that two processes wait in turn instead of for each other.
        ids = sorted(headers)
        async with database.acting([institution_id]) as connection:
            await connection.execute(SQL["keep"], ids, [headers[id_] for id_ in ids], VERSION)


def _read_again(
    blobs: BlobStore, rows: Sequence[tuple[int, int, str]], pause: bool = False
) -> dict[int, dict[str, Any]]:
    """Row id → header, of those whose bytes can be read."""
    headers = {}
    for id_, institution_id, sha256 in rows:
        begun = time.monotonic()
        try:
            content = read_content(blobs.read(institution_id, sha256))
            headers[id_] = with_contrast(content.header, content.frame).to_json()
        except (StorageError, OSError) as error:
            log.warning("header_not_read_again", instance=id_, error=type(error).__name__)
        if pause:
            time.sleep(time.monotonic() - begun)
    return headers
