"""What is kept without a picture, in words that people know: the kinds of DICOM objects by their SOP class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydicom.uid import UID

# By the beginning of what is behind "1.2.840.10008.5.1.4."; PS3.4 B.5. The longest that fits counts.
KINDS = {
    "1.1.88": "report",
    "1.1.88.59": "key_objects",
    "1.1.11": "presentation_state",
    "1.1.481": "radiotherapy",
    "34": "radiotherapy",  # RT ion, beams delivery instruction, brachy application setup
    "1.1.9": "waveform",
    "1.1.104": "document",
    "1.1.66.4": "segmentation",
    "1.1.66.5": "segmentation",  # surfaces
    "1.1.66.7": "segmentation",  # label maps
    "1.1.66": "raw_data",
    "1.1.66.1": "other",  # registration, fiducials, deformation
    "1.1.66.2": "other",
    "1.1.66.3": "other",
    "1.1.66.6": "other",  # tracts
    "1.1.67": "other",  # real-world values
}
_ROOT = "1.2.840.10008.5.1.4."
_PRESENT_IMAGE = ("transfer_syntax", "pixel_format", "no_palette")


class Instance(Protocol):
    """What is asked of a stored instance; storage.studies.StoredInstance has it."""

    @property
    def header(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """Instances of one kind that have no picture. name: what DICOM calls them, "" for what it does not know."""

    kind: str
    name: str
    count: int


def kept_without_pictures(instances: Sequence[Instance]) -> list[Kept]:
    """What a series keeps that cannot be shown, the most frequent first."""
    counts = Counter(_kind(instance.header) for instance in instances if instance.header["pixels"] is None)
    return [Kept(*kind, count) for kind, count in counts.most_common()]


def _kind(header: dict[str, Any]) -> tuple[str, str]:
    sop_class_uid = header["sop_class_uid"]
    name = UID(sop_class_uid).name
    name = "" if name == sop_class_uid else name.removesuffix(" Storage")
    if header["reason"] == "video":
        return "video", name
    if header["reason"] in _PRESENT_IMAGE:
        return "unreadable", name
    return kind_of(sop_class_uid), name


def kind_of(sop_class_uid: str) -> str:
    """The kind of objects of a SOP class, as the viewer's dictionary names it; "other" for those it does not know."""
    parts = sop_class_uid.removeprefix(_ROOT).split(".") if sop_class_uid.startswith(_ROOT) else []
    while parts:
        if kind := KINDS.get(".".join(parts)):
            return kind
        parts.pop()
    return "other"
