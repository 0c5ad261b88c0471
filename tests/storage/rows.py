"""Rows to put into a test's database."""

from __future__ import annotations

import hashlib
from typing import Any

from storage.database import Connection, Database
from storage.instances import NewInstance, Patient, Series, Study, insert_instances, place
from storage.institutions import find_or_create_institution


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def instance(series_id: int, uid: str, number: int | None = 1, content: str = "", **values: Any) -> NewInstance:
    """An instance whose digests depend on `content`, or on its UID."""
    return NewInstance(
        series_id=series_id,
        sop_instance_uid=uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_number=number,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        blob_sha256=sha256("blob" + (content or uid)),
        size_bytes=525_234,
        dataset_sha256=sha256(content or uid),
        header=values.get("header", {"rows": 512, "columns": 512}),
    )


async def make_institution(database: Database, name: str) -> int:
    async with database.plain() as connection:
        return (await find_or_create_institution(connection, name)).id


async def add_study(
    connection: Connection,
    institution_id: int,
    patient: Patient,
    study: Study,
    *,
    instances: int = 1,
    series: Series | None = None,
) -> int:
    """A study with one series of some instances; the answer is the series' id."""
    series = series or Series(f"{study.study_instance_uid}.1", 1, "CT")
    series_id = await place(connection, institution_id, patient, study, series)
    assert series_id is not None
    await insert_instances(
        connection,
        institution_id,
        [instance(series_id, f"{series.series_instance_uid}.{number}", number) for number in range(1, instances + 1)],
    )
    return series_id
