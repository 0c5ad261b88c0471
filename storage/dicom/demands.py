"""What the classes demand of a derived image beyond what was carried over (PS3.3 A.3, A.4, A.21).

What may be empty is there and empty where the source is silent. What must have a value gets one where the standard has
a word for "not known", else the images are refused.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from storage.dicom.elements import text_of, texts_of
from storage.dicom.encoded import Elements, tag_of
from storage.dicom.stacks import Stack
from storage.errors import NotDerivable

MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator", "AcquisitionNumber"),
)
OF_MODALITY = {
    "CT": ("PatientPosition", "KVP"),
    "MR": ("PatientPosition", "ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength"),
    "PT": (
        *("CorrectedImage", "CollimatorType", "AcquisitionDate", "AcquisitionTime", "ActualFrameDuration"),
        *("RadiopharmaceuticalInformationSequence", "PatientOrientationCodeSequence"),
        "PatientGantryRelationshipCodeSequence",
    ),
}
OF_PET = (
    *("SeriesDate", "SeriesTime", "Units", "CountsSource", "DecayCorrection"),
    *("FrameReferenceTime", "DecayFactor"),
)
HEART_GATED = {"CG", "PPG"}  # ScanOptions (PS3.3 C.8.3.1)
# PS3.16 L: parts of the body of which there is one. Laterality must be absent there, and for all others be there.
UNPAIRED = {
    *("ABDOMEN", "ABDOMENPELVIS", "AORTA", "BLADDER", "BRAIN", "CEREBELLUM", "CHEST", "CHESTABDOMEN"),
    *("CHESTABDPELVIS", "CIRCLEOFWILLIS", "COCCYX", "COLON", "CORONARYARTERY", "CSPINE", "CTSPINE", "ESOPHAGUS"),
    *("FACE", "GALLBLADDER", "HEAD", "HEADNECK", "HEART", "JAW", "LARYNX", "LIVER", "LSPINE", "LSSPINE"),
    *("MAXILLA", "MEDIASTINUM", "NECK", "NECKCHEST", "NECKCHESTABDOMEN", "NECKCHESTABDPELV", "NOSE", "PANCREAS"),
    *("PELVIS", "PHARYNX", "PROSTATE", "RECTUM", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "STOMACH"),
    *("THYMUS", "THYROID", "TLSPINE", "TONGUE", "TRACHEA", "TSPINE", "UTERUS", "WHOLEBODY"),
}


def meet(elements: Elements, stack: Stack, source: Dataset, modality: str) -> None:
    """Put what is demanded and not among the elements.

    Raises:
        NotDerivable: the source of a PET image does not say what one must, or its values are of different times.
    """
    if modality == "MR":
        _meet_mr(elements, stack, source)
    if modality == "PT":
        _meet_pet(elements, source)
    if modality == "PT":  # must say it by codes, and may not say it twice (PS3.3 C.7.3.1)
        elements.encoded.pop(tag_of("PatientPosition"), None)
    for keyword in (*MAY_BE_EMPTY, *OF_MODALITY[modality]):
        _leave_empty(elements, keyword)
    is_paired = text_of(source, "BodyPartExamined").upper() not in UNPAIRED
    if is_paired and "ImageLaterality" not in elements:
        _leave_empty(elements, "Laterality")


def _leave_empty(elements: Elements, keyword: str) -> None:
    if keyword not in elements:
        elements.put(keyword, [] if keyword.endswith("Sequence") else None)


def _meet_mr(elements: Elements, stack: Stack, source: Dataset) -> None:
    """What an enhanced image says in other words (PS3.3 C.8.13.4) and what depends on the sequence."""
    echo_time = stack.middle.separators.get("echo_time")
    if "EchoTime" not in elements and echo_time is not None:
        elements.put("EchoTime", f"{float(echo_time):.10g}")
    if "ScanningSequence" not in elements:
        kinds = {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}
        planar = ["EP"] if text_of(source, "EchoPlanarPulseSequence") == "YES" else []
        elements.put("ScanningSequence", [*kinds.get(text_of(source, "EchoPulseSequence"), []), *planar] or ["RM"])
    if "SequenceVariant" not in elements:
        elements.put("SequenceVariant", "NONE")
    if "IR" in texts_of(source, "ScanningSequence"):
        _leave_empty(elements, "InversionTime")
    if HEART_GATED.intersection(texts_of(source, "ScanOptions")):
        _leave_empty(elements, "TriggerTime")


def _meet_pet(elements: Elements, source: Dataset) -> None:
    if missing := [keyword for keyword in OF_PET if not text_of(source, keyword)]:
        raise NotDerivable(f"a PET image needs {', '.join(missing)}")
    if text_of(source, "DecayCorrection") == "NONE":
        # Beds that were scanned one after another would be mixed as if they had been at the same time.
        raise NotDerivable("the values are not corrected for decay")
    kind, *rest = texts_of(source, "SeriesType") or ["STATIC"]
    if "REPROJECTION" in rest:
        raise NotDerivable("the images are reprojections")
    # One time of a dynamic or gated series is a static one.
    elements.put("SeriesType", [kind if kind == "WHOLE BODY" else "STATIC", "IMAGE"])
