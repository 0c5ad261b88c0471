"""From stored to modality values by slope and intercept, and whether the header says so at all (PS3.3 C.11.1).

A slope that is left out is a slope of 1 only where the standard lets it be left out, and "0,5" is no number. Where
nobody knows what stored values mean they are shown as they are, without a unit, and make no Volume.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import is_said, items_of, number_of, text_of

# Whose images must say slope and intercept. Values of other classes are the stored ones where they say none.
CT_CLASSES = {f"1.2.840.10008.5.1.4.1.1.2{tail}" for tail in ("", ".1", ".2")}  # classic, enhanced, converted
PET_CLASSES = {f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("128", "128.1", "130")}
ABSENT, UNREADABLE = "absent", "unreadable"
UNSPECIFIED = "US"  # PS3.3 C.11.1.1.2
_HOUNSFIELD = ("HU", "HOUNSFIELD")
# What a PET's Units (PS3.3 C.8.9.1.1.3) is called under a picture. Counts, proportions and NONE have no unit to show.
_PET_UNITS = {
    "CM2": "cm²", "CM2ML": "cm²/ml", "PCNT": "%", "CPS": "cps", "BQML": "Bq/ml", "MGMINML": "mg/min/ml",
    "UMOLMINML": "µmol/min/ml", "MLMING": "ml/min/g", "MLG": "ml/g", "1CM": "1/cm", "UMOLML": "µmol/ml",
    "MLMINML": "ml/min/ml", "MLML": "ml/ml", "GML": "g/ml",
}  # fmt: skip


def read_rescale(dataset: Dataset, sop_class_uid: str, has_lut: bool = False) -> dict[str, Any]:
    """slope, intercept and rescale of an instance, or of an item that transforms the values of a frame.

    rescale: "absent", "unreadable", or else what the values are as RescaleType has it, in capitals, "" where that is
    silent. Slope and intercept are 1 and 0 where they are not known. has_lut: a table was read that replaces both.
    """
    slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    says_slope, says_intercept = is_said(dataset, "RescaleSlope"), is_said(dataset, "RescaleIntercept")
    if not says_slope and sop_class_uid not in CT_CLASSES | PET_CLASSES:
        slope = 1.0
    if not says_intercept and sop_class_uid not in CT_CLASSES:  # of a PET it is always 0 (PS3.3 C.8.9.4)
        intercept = 0.0
    tables = items_of(dataset, "ModalityLUTSequence")
    if tables and has_lut:
        said = text_of(tables[0], "ModalityLUTType").upper() or UNSPECIFIED
    elif tables:
        said = UNREADABLE
    elif not says_slope and not says_intercept:
        said = ABSENT
    elif not slope or intercept is None:
        said = UNREADABLE
    else:
        said = text_of(dataset, "RescaleType").upper()
    if said in (ABSENT, UNREADABLE):
        slope, intercept = 1.0, 0.0
    return {"slope": slope or 1.0, "intercept": intercept or 0.0, "rescale": said[:16]}


def unit_of(rescale: str, sop_class_uid: str, modality: str, is_scout: bool, units: str) -> str:
    """As it is shown beside a value: "HU", a PET's as "Bq/ml", or "" where nobody knows it.

    A CT that names nothing is in Hounsfield units, unless it is a scout: that is a projection. `units` is the element
    Units of a PET, in which its values are once they are rescaled; an enhanced PET has none.
    """
    if modality == "PT" and sop_class_uid in PET_CLASSES and rescale not in (ABSENT, UNREADABLE):
        return _PET_UNITS.get(units, "")
    if modality != "CT" or sop_class_uid not in CT_CLASSES:
        return ""  # a picture of a report, or a map of something else, may carry along what its source said
    return "HU" if rescale in _HOUNSFIELD or (rescale == "" and not is_scout) else ""


def kind_of(rescale: str, modality: str) -> str:
    """What a CT shows instead of Hounsfield units, as MGML or Z_EFF, where it says so; else ""."""
    silent = (ABSENT, UNREADABLE, UNSPECIFIED, "", *_HOUNSFIELD)
    return rescale if modality == "CT" and rescale not in silent else ""


def is_unknown(rescale: str, sop_class_uid: str) -> bool:
    """Whether nobody knows what the stored values mean."""
    return rescale == UNREADABLE or (rescale == ABSENT and sop_class_uid in CT_CLASSES | PET_CLASSES)
