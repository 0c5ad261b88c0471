"""How an instance comes in: its bytes durably first, then its rows in one transaction, then success.

Identity is the SOP Instance UID within an institution. Killed at any moment and begun again, nothing is lost and
nothing is there twice: bytes without a row are found by their content, rows without bytes cannot exist.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum

from storage.blobs import SYNC_THREADS, BlobStore
from storage.database import Connection, Database
from storage.dicom.contrast import with_contrast
from storage.dicom.equality import Content, read_content, same
from storage.dicom.identity import Identity
from storage.errors import DamagedFile, InvalidDataset, NotFound, TryAgain
from storage.instances import (
    ExistingInstance,
    NewInstance,
    Patient,
    Series,
    Study,
    find_existing,
    insert_conflict,
    insert_instances,
    place,
)

TRIES = 4


class Outcome(StrEnum):
    """What an arrival changed."""

    NEW = "new"
    SAME = "same"  # nothing: the institution has this instance
    CONFLICT = "conflict"  # other content, or another patient's: the first stays shown, this is kept for a person


@dataclass(frozen=True, slots=True)
class _Arriving:
    """An instance that could be read."""

    data: bytes
    digest: str
    identity: Identity
    row: NewInstance  # with series_id and blob_sha256 still empty


class Arrival:
    """Takes instances in. One for a process; all methods run in its event loop, the work in threads."""

    def __init__(self, database: Database, blobs: BlobStore, series: set[tuple[str, str]] | None = None) -> None:
        """series: collects the UIDs of study and series of all that could be read, new or not."""
        self._database = database
        self._blobs = blobs
        self._series = series

    async def receive(self, data: bytes, institution_id: int, origin: str) -> Outcome:
        """Take one instance in. origin: the calling AE title, or "import".

        Raises:
            InvalidDataset: it cannot be kept; the message says why.
            DatabaseUnavailable, DiskFull, OSError: it could not be kept now; the same call may succeed later.
        """
        outcome = (await self.receive_all([data], institution_id, origin))[0]
        if isinstance(outcome, InvalidDataset):
            raise outcome
        return outcome

    async def receive_all(
        self, files: Sequence[bytes], institution_id: int, origin: str
    ) -> list[Outcome | InvalidDataset]:
        """Take many instances in with one transaction; when this returns all of them are durable. See `receive`."""
        read = await asyncio.to_thread(lambda: [_read(data) for data in files])
        arriving = [one for one in read if isinstance(one, _Arriving)]
        for attempt in range(TRIES):
            try:
                outcomes = iter(await self._store(arriving, institution_id, origin))
                break
            except TryAgain:
                if attempt == TRIES - 1:
                    raise
        if self._series is not None:
            self._series.update(map(_series_key, arriving))
        return [next(outcomes) if isinstance(one, _Arriving) else one for one in read]

    async def _store(self, arriving: list[_Arriving], institution_id: int, origin: str) -> list[Outcome]:
        uids = list({one.row.sop_instance_uid for one in arriving})
        async with self._database.acting([institution_id]) as connection:
            known = await find_existing(connection, institution_id, uids)
        first: dict[str, _Arriving] = {}
        for one in arriving:
            if one.row.sop_instance_uid not in known:
                first.setdefault(one.row.sop_instance_uid, one)
        fresh = list(first.values())
        sha256s = await asyncio.to_thread(self._write_blobs, fresh, institution_id)
        new: set[str] = set()
        refused: set[str] = set()
        async with self._database.acting([institution_id]) as connection:
            rows = []
            series: dict[tuple[str, ...], int | None] = {}
            # In the order of their UIDs, so that two transactions wait in turn instead of for each other.
            for one, sha256 in sorted(zip(fresh, sha256s, strict=True), key=lambda pair: _series_key(pair[0])):
                key = (*_series_key(one), one.identity.issuer, one.identity.patient_id)
                if key not in series:
                    series[key] = await place(connection, institution_id, *_parents(one.identity))
                if (series_id := series[key]) is not None:
                    rows.append(_with(one.row, series_id, sha256))
                else:
                    refused.add(one.row.sop_instance_uid)
                    await _keep(connection, institution_id, None, one, sha256, origin)
            if rows:
                new = await insert_instances(connection, institution_id, rows)
            # Between the two transactions somebody else may have brought what was fresh.
            known = await find_existing(connection, institution_id, uids)
        outcomes: list[Outcome] = []
        for one in arriving:
            uid = one.row.sop_instance_uid
            if first.get(uid) is one and (uid in new or uid in refused):
                outcomes.append(Outcome.NEW if uid in new else Outcome.CONFLICT)
            elif uid in known:
                outcomes.append(await self._compare(one, known[uid], institution_id, origin))
            else:  # the first of this UID was refused, another of this batch may be the right patient's
                outcomes += await self._store([one], institution_id, origin)
        return outcomes

    async def _compare(self, one: _Arriving, existing: ExistingInstance, institution_id: int, origin: str) -> Outcome:
        """What it is that came under a UID which the institution has."""
        if await asyncio.to_thread(self._has, one, institution_id, existing):
            return Outcome.SAME
        sha256 = await asyncio.to_thread(self._blobs.write, institution_id, one.data)
        async with self._database.acting([institution_id]) as connection:
            await _keep(connection, institution_id, existing, one, sha256, origin)
        return Outcome.CONFLICT

    def _has(self, one: _Arriving, institution_id: int, existing: ExistingInstance) -> bool:
        """Whether the institution has this content, its file included: the sender deletes its own after our success."""
        if one.digest == existing.dataset_sha256:
            if self._blobs.is_whole(institution_id, existing.blob_sha256):
                return True
            if hashlib.sha256(one.data).hexdigest() == existing.blob_sha256:
                # A disk or a person has lost or damaged the file, and here it is again.
                self._blobs.mend(institution_id, one.data)
                return True
        return self._same(one.data, institution_id, existing.blob_sha256)

    def _same(self, data: bytes, institution_id: int, existing_sha256: str) -> bool:
        try:
            return same(self._blobs.read(institution_id, existing_sha256), data)
        except (NotFound, DamagedFile):
            # The first cannot be compared any more: the second may be all that is left, so it is kept.
            return False

    def _write_blobs(self, arriving: list[_Arriving], institution_id: int) -> list[str]:
        # All or nothing: a batch that cannot be kept leaves no bytes without a row behind.
        self._blobs.check_room(sum(len(one.data) for one in arriving))
        with self._blobs.batch() as batch:
            if len(arriving) == 1:
                return [batch.write(institution_id, arriving[0].data)]
            with ThreadPoolExecutor(SYNC_THREADS, "blobs") as pool:
                return list(pool.map(lambda one: batch.write(institution_id, one.data), arriving))


def _read(data: bytes) -> _Arriving | InvalidDataset:
    try:
        content = read_content(data)
        # The digest reads the pixels, which may be refused too.
        return _Arriving(data, digest := content.digest, content.identity, _row(content, digest, len(data)))
    except InvalidDataset as error:
        return error


def _row(content: Content, digest: str, size: int) -> NewInstance:
    identity = content.identity
    return NewInstance(
        series_id=0,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        instance_number=identity.instance_number,
        transfer_syntax_uid=content.parsed.transfer_syntax_uid,
        blob_sha256="",
        size_bytes=size,
        dataset_sha256=digest,
        header=with_contrast(content.header, content.frame).to_json(),
    )


async def _keep(  # noqa: PLR0917
    connection: Connection,
    institution_id: int,
    existing: ExistingInstance | None,
    one: _Arriving,
    sha256: str,
    origin: str,
) -> None:
    row = _with(one.row, 0, sha256)
    await insert_conflict(connection, institution_id, existing, row, one.identity.study_instance_uid, origin)


def _with(row: NewInstance, series_id: int, sha256: str) -> NewInstance:
    return replace(row, series_id=series_id, blob_sha256=sha256)


def _series_key(one: _Arriving) -> tuple[str, str]:
    return one.identity.study_instance_uid, one.identity.series_instance_uid


def _parents(identity: Identity) -> tuple[Patient, Study, Series]:
    return (
        Patient(
            patient_id=identity.patient_id,
            issuer=identity.issuer,
            name=identity.patient_name,
            sex=identity.patient_sex,
            birth_date=identity.patient_birth_date,
        ),
        Study(
            study_instance_uid=identity.study_instance_uid,
            study_date=identity.study_date,
            study_time=identity.study_time,
            accession=identity.accession,
            description=identity.study_description,
            patient_age=identity.patient_age,
        ),
        Series(
            series_instance_uid=identity.series_instance_uid,
            number=identity.series_number,
            modality=identity.modality,
            description=identity.series_description,
            body_part=identity.body_part,
        ),
    )
