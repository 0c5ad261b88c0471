"""The rows of what arrived: patient, study, series, instance, conflict.

All of it runs in the caller's transaction, `Database.acting([institution_id])`. What is there stays as it is: the
first arrival names the study with its patient and the series, and later ones only find them. Every study keeps the
name that its own images carry, whatever other studies of the same PatientID say.
Several studies in one transaction: place them in the order of their UIDs, so that two transactions wait in turn
instead of for each other (else storage.errors.TryAgain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from storage.database import Connection
from storage.sql import load

SQL = load(__file__)


@dataclass(frozen=True, slots=True)
class Patient:
    """Who was imaged. `patient_id` "" means that the images do not say, and never merges two studies."""

    patient_id: str
    issuer: str = ""
    name: str = ""  # the whole PN value, decoded
    sex: str = ""
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """One examination."""

    study_instance_uid: str
    study_date: date | None = None
    study_time: time | None = None
    accession: str = ""
    description: str = ""
    patient_age: str = ""  # as stored: 045Y


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a study."""

    series_instance_uid: str
    number: int | None = None
    modality: str = ""
    description: str = ""
    body_part: str = ""


@dataclass(frozen=True, slots=True)
class NewInstance:
    """One instance whose bytes are stored already. `header` is what storage.dicom.header.Header serialises to."""

    series_id: int
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    transfer_syntax_uid: str
    blob_sha256: str
    size_bytes: int
    dataset_sha256: str
    header: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExistingInstance:
    """What a second arrival is compared with."""

    id: int
    sop_instance_uid: str
    dataset_sha256: str
    blob_sha256: str


async def place(
    connection: Connection, institution_id: int, patient: Patient, study: Study, series: Series
) -> int | None:
    """The id of this series, with its study and patient; each is made if it is not there.

    None, and nothing is made, when the institution has this study under another patient.
    """
    study_id = await _study(connection, institution_id, patient, study)
    if study_id is None:
        return None
    key = (study_id, series.series_instance_uid)
    values = (institution_id, *key, _number(series.number), series.modality, series.description, series.body_part)
    series_id: int = (
        await connection.fetchval(SQL["find_series"], *key)
        or await connection.fetchval(SQL["insert_series"], *values)
        or await connection.fetchval(SQL["find_series"], *key)
    )
    return series_id


async def _study(connection: Connection, institution_id: int, patient: Patient, study: Study) -> int | None:
    key = (institution_id, study.study_instance_uid)
    found = await connection.fetchrow(SQL["find_study"], *key)
    if found is None:
        await connection.execute(SQL["lock_study"], *key)
        found = await connection.fetchrow(SQL["find_study"], *key)
    study_id: int
    if found is not None:
        study_id, patient_id, issuer = found
        return study_id if is_same_person(patient, patient_id, issuer) else None
    study_id = await connection.fetchval(
        SQL["insert_study"],
        institution_id,
        await _patient(connection, institution_id, patient),
        study.study_instance_uid,
        patient.name,
        patient.sex,
        patient.birth_date,
        study.study_date,
        study.study_time,
        study.accession,
        study.description,
        study.patient_age,
    )
    return study_id


def is_same_person(patient: Patient, patient_id: str, issuer: str) -> bool:
    """Whether an image of one study may join the others: nothing that identifies its patient says otherwise.

    Names are not compared: one person's is written in many ways. An issuer that one side leaves out contradicts none.
    """
    return patient.patient_id == patient_id and (patient.issuer == issuer or not (patient.issuer and issuer))


async def _patient(connection: Connection, institution_id: int, patient: Patient) -> int:
    key = (institution_id, patient.issuer, patient.patient_id or None)
    # With patient_id NULL the look-up finds nothing and the insertion always makes a row.
    patient_id: int = (
        await connection.fetchval(SQL["find_patient"], *key)
        or await connection.fetchval(SQL["insert_patient"], *key)
        or await connection.fetchval(SQL["find_patient"], *key)
    )
    return patient_id


async def find_existing(
    connection: Connection, institution_id: int, sop_instance_uids: Sequence[str]
) -> dict[str, ExistingInstance]:
    """Those of these instances that the institution has, by UID."""
    rows = await connection.fetch(SQL["find_existing"], institution_id, list(sop_instance_uids))
    return {row["sop_instance_uid"]: ExistingInstance(**row) for row in rows}


async def insert_instances(connection: Connection, institution_id: int, instances: Sequence[NewInstance]) -> set[str]:
    """Store those that are not there yet, one statement for all; the answer holds the UIDs that are new.

    A UID that is missing from the answer is there already, perhaps since a moment ago: ask `find_existing` and compare.
    Of a UID that is twice among `instances` one is stored.
    """
    # In the order of their UIDs: two transactions that bring the same instances wait in turn, not for each other.
    ordered = sorted(instances, key=lambda instance: instance.sop_instance_uid)
    rows = await connection.fetch(
        SQL["insert_instances"],
        institution_id,
        [instance.series_id for instance in ordered],
        [instance.sop_instance_uid for instance in ordered],
        [instance.sop_class_uid for instance in ordered],
        [_number(instance.instance_number) for instance in ordered],
        [instance.transfer_syntax_uid for instance in ordered],
        [instance.blob_sha256 for instance in ordered],
        [instance.size_bytes for instance in ordered],
        [instance.dataset_sha256 for instance in ordered],
        [instance.header for instance in ordered],
    )
    return {row["sop_instance_uid"] for row in rows}


def _number(number: int | None) -> int | None:
    """PS3.5 6.2: an IS value lies within 32 bits. One beyond is damage, and an instance is not lost for it."""
    return number if number is not None and -(1 << 31) <= number < 1 << 31 else None


async def insert_conflict(  # noqa: PLR0917
    connection: Connection,
    institution_id: int,
    first: ExistingInstance | None,
    other: NewInstance,
    study_instance_uid: str,
    origin: str,
) -> bool:
    """Keep an instance that contradicts what is there for a person to decide; True when it is seen for the first time.

    first: the instance whose content is another; None: `other` came for a study of another patient.
    study_instance_uid: which study it came for. origin: the calling AE title, or "import".
    """
    new: bool = await connection.fetchval(
        SQL["insert_conflict"],
        institution_id,
        "other_content" if first else "other_patient",
        first.id if first else None,
        study_instance_uid,
        other.sop_instance_uid,
        other.blob_sha256,
        other.size_bytes,
        other.dataset_sha256,
        origin,
    )
    return new
