"""What an enhanced multi-frame instance says of each frame (PS3.3 C.7.6.16)."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import item_of, items_of, number_of, numbers_of, text_of
from storage.dicom.geometry import pair_of, positive, unit_orientation
from storage.dicom.luts import read_windows, window_function_of
from storage.dicom.real_world import read_real_world
from storage.dicom.rescale import ABSENT, read_rescale
from storage.dicom.separators import free_dimensions, read_frame_separators
from storage.dicom.shutters import read_shutter


def read_groups(dataset: Dataset, frames: int) -> list[dict[str, Any]] | None:
    """For each frame what its functional groups say, the shared ones underneath; None without functional groups."""
    if "SharedFunctionalGroupsSequence" not in dataset and "PerFrameFunctionalGroupsSequence" not in dataset:
        return None
    known = text_of(dataset, "SOPClassUID"), free_dimensions(dataset)
    shared = read_group(item_of(dataset, "SharedFunctionalGroupsSequence"), *known)
    items = items_of(dataset, "PerFrameFunctionalGroupsSequence")
    if len(items) != frames:
        # Nobody knows which frame an item means then.
        return [shared] * frames if shared else None
    return [_over(shared, read_group(item, *known)) for item in items]


def _over(under: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """One entry over another; what separates frames may stand partly in each."""
    separators = under.get("separators", {}) | entry.get("separators", {})
    return under | entry | ({"separators": separators} if separators else {})


def completed(entries: list[dict[str, Any]], common: dict[str, Any]) -> list[dict[str, Any]]:
    """Each frame with everything that any frame says, from `common` where it is silent: never another frame's value."""
    names = {name for entry in entries for name in entry}
    defaults = {name: common[name] for name in names}
    return [_over(defaults, entry) for entry in entries]


def read_group(group: Dataset, sop_class_uid: str, dimensions: list[int]) -> dict[str, Any]:
    """The fields of Header that one item of functional groups gives. dimensions: see read_frame_separators."""
    found: dict[str, Any] = {}
    if position := numbers_of(item_of(group, "PlanePositionSequence"), "ImagePositionPatient", 3):
        found["position"] = position
    orientation = item_of(group, "PlaneOrientationSequence")
    if unit := unit_orientation(numbers_of(orientation, "ImageOrientationPatient", 6)):
        found["orientation"] = unit
    measures = item_of(group, "PixelMeasuresSequence")
    if spacing := pair_of(measures, "PixelSpacing"):
        found["spacing"] = spacing
    if thickness := positive(number_of(measures, "SliceThickness")):
        found["thickness"] = thickness
    rescale = read_rescale(item_of(group, "PixelValueTransformationSequence"), sop_class_uid)
    if rescale["rescale"] != ABSENT:
        found |= rescale
    voi = item_of(group, "FrameVOILUTSequence")
    if windows := read_windows(voi):
        found |= {"windows": windows, "window_function": window_function_of(voi)}
    if shutter := read_shutter(item_of(group, "FrameDisplayShutterSequence")):
        found["shutter"] = shutter
    if real_world := read_real_world(group, rescale["slope"], rescale["intercept"]):
        found["real_world"] = real_world
    if separators := read_frame_separators(group, dimensions):
        found["separators"] = separators
    return found
