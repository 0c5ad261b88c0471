"""The study list, one study with its series, one series with its instances. Rows of other institutions do not exist."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from storage.database import Connection
from storage.errors import NotFound
from storage.sql import load

SQL = load(__file__)


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """One line of the study list. Dates are None where the images do not say."""

    id: int
    institution_id: int
    institution: str
    study_instance_uid: str
    patient_name: str  # the whole PN value, decoded
    patient_id: str  # "" when the images carry none
    issuer: str
    sex: str
    birth_date: date | None
    patient_age: str
    study_date: date | None
    study_time: time | None
    accession: str
    description: str
    received_at: datetime
    modalities: list[str]
    body_part: str
    series: int
    images: int


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One instance. `header` is what storage.dicom.header.Header serialises to."""

    id: int
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    transfer_syntax_uid: str
    blob_sha256: str
    header: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """One series with all its instances, by InstanceNumber, those without one last. patient: the row of `patients`."""

    id: int
    institution_id: int
    study_id: int
    series_instance_uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    instances: list[StoredInstance]
    patient: int = 0


async def find_studies(
    connection: Connection, query: str = "", offset: int = 0, limit: int = 50
) -> tuple[list[StoredStudy], int]:
    """One page of the studies that match, the newest study date first, and how many match in all.

    Every word of `query` must stand in the patient's name or identifier, the accession number or the description;
    upper and lower case, and full and half width, are the same.
    """
    patterns = patterns_of(query)
    page = [row["id"] for row in await connection.fetch(SQL["find_page"], patterns, limit, offset)]
    total = await connection.fetchval(SQL["count"], patterns)
    return [StoredStudy(**row) for row in await connection.fetch(SQL["find_lines"], page)], total


def patterns_of(query: str) -> list[str]:
    """What LIKE takes for each word of a query, exactly as typed but for width, upper case and brackets."""
    # PostgreSQL's text holds no zero byte.
    text = unicodedata.normalize("NFKC", query).lower().replace("\0", " ")
    # The list shows a name as 王小东 (Wang XiaoDong), and people copy what they see.
    words = text.replace("(", " ").replace(")", " ").split() or text.split()
    return [f"%{_literal(word)}%" for word in words]


def _literal(word: str) -> str:
    for special in "\\%_":
        word = word.replace(special, f"\\{special}")
    # The components of a DICOM name are stored with blanks between them.
    return word.replace("^", " ").replace("=", " ")


async def find_study(connection: Connection, study_id: int) -> tuple[StoredStudy, list[StoredSeries]]:
    """One study and its series, by SeriesNumber, or NotFound."""
    lines = await connection.fetch(SQL["find_lines"], [study_id])
    if not lines:
        raise NotFound(f"study {study_id}")
    series = await connection.fetch(SQL["find_series_of_study"], study_id)
    return StoredStudy(**lines[0]), await _with_instances(connection, series)


async def count_conflicts(connection: Connection, study_id: int) -> int:
    """How many instances are kept and not shown that came for this study, or under the UIDs of its own, and contradict.

    They have another content than the instance that is shown, or another patient than the study.
    """
    count: int = await connection.fetchval(SQL["count_conflicts"], study_id)
    return count


async def find_series(connection: Connection, series_id: int) -> StoredSeries:
    """One series with all its instances, or NotFound."""
    found = await _with_instances(connection, await connection.fetch(SQL["find_series"], series_id))
    if not found:
        raise NotFound(f"series {series_id}")
    return found[0]


async def _with_instances(connection: Connection, series: list[Any]) -> list[StoredSeries]:
    instances: dict[int, list[StoredInstance]] = defaultdict(list)
    for series_id, *values in await connection.fetch(SQL["find_instances"], [row["id"] for row in series]):
        instances[series_id].append(StoredInstance(*values))
    return [StoredSeries(**row, instances=instances[row["id"]]) for row in series]
