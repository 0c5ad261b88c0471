"""Who was imaged, in which study and series, and the name of the instance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from pydicom.dataset import Dataset

from storage.dicom.charset import decode_misdeclared
from storage.dicom.elements import date_of, integer_of, text_of, time_of, value_of
from storage.errors import InvalidDataset

# Identifiers are compared and indexed, so they are never cut: what is longer is refused.
MAX_PATIENT_ID = 256
# PS3.5 9.1 allows digits and dots. Letters, dashes and leading zeros occur and harm nobody.
_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """The attributes by which people find an instance, as text; "" or None where the instance does not say."""

    patient_id: str
    issuer: str
    patient_name: str  # the whole PN value, decoded: "Wang^XiaoDong=王^小东"
    patient_sex: str
    patient_birth_date: date | None
    patient_age: str
    study_instance_uid: str
    study_date: date | None
    study_time: time | None
    accession: str
    study_description: str
    series_instance_uid: str
    series_number: int | None
    modality: str
    series_description: str
    body_part: str
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None


def read_identity(dataset: Dataset) -> Identity:
    """Read who and what this is.

    Raises:
        InvalidDataset: a UID without which it can't be kept is missing or malformed.
    """
    decode_misdeclared(dataset)
    patient_id = text_of(dataset, "PatientID")
    if len(patient_id) > MAX_PATIENT_ID:
        raise InvalidDataset(f"PatientID is longer than {MAX_PATIENT_ID} characters")
    return Identity(
        patient_id=patient_id,
        issuer=text_of(dataset, "IssuerOfPatientID")[:MAX_PATIENT_ID],
        patient_name=text_of(dataset, "PatientName"),
        patient_sex=text_of(dataset, "PatientSex")[:16],
        patient_birth_date=date_of(dataset, "PatientBirthDate"),
        patient_age=text_of(dataset, "PatientAge")[:16],
        study_instance_uid=uid_of(dataset, "StudyInstanceUID"),
        study_date=date_of(dataset, "StudyDate"),
        study_time=time_of(dataset, "StudyTime"),
        accession=text_of(dataset, "AccessionNumber"),
        study_description=text_of(dataset, "StudyDescription"),
        series_instance_uid=uid_of(dataset, "SeriesInstanceUID"),
        series_number=integer_of(dataset, "SeriesNumber"),
        modality=text_of(dataset, "Modality")[:16],
        series_description=text_of(dataset, "SeriesDescription") or text_of(dataset, "ProtocolName"),
        body_part=text_of(dataset, "BodyPartExamined"),
        sop_instance_uid=uid_of(dataset, "SOPInstanceUID"),
        sop_class_uid=uid_of(dataset, "SOPClassUID"),
        instance_number=integer_of(dataset, "InstanceNumber"),
    )


def uid_of(dataset: Dataset, keyword: str) -> str:
    """A UID that can name a row.

    Raises:
        InvalidDataset: it is missing or malformed.
    """
    value = value_of(dataset, keyword)
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else text_of(dataset, keyword)
    text = text.strip(" \0")
    if not text:
        raise InvalidDataset(f"{keyword} is missing")
    if not _UID.fullmatch(text):
        raise InvalidDataset(f"{keyword} is not a UID of at most 64 characters")
    return text
