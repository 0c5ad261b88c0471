"""Whether the frames of a Stack are the slices of one Volume, in which order they lie, and what is between them.

Only positions and orientations are believed, never a gantry tilt, a slice location or a spacing between slices. Slices
stack along a straight line, whatever its angle to them: the lean of a tilted gantry stays in the affine as shear. A
slice may lie 2 % of the step, but at least 0.1 mm, beside that line: rounding to 0.1 mm moves a point by 0.05 mm along
each axis, so by up to 0.087. Slices more than 1 % of the step, or than rounding makes along the normal, away from
regular places keep the places that they have. Why holes are never bridged: docs/decisions/0003.

What is no body's geometry (beyond a kilometre, finer than a cell, more voxels than kernels count) is refused here,
before anything is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.dicom.geometry import SLICED_XA
from storage.dicom.holes import are_shreds, holes_of, steps_of
from storage.dicom.rescale import ABSENT
from storage.dicom.runs import are_mixed
from storage.dicom.sources import FrameSource

MODALITIES = ("CT", "MR", "PT", "NM")  # NM: a reconstruction says where its slices are, a projection does not
MIN_SLICES = 3
PARALLEL = 2e-3  # of direction cosines
STRAIGHT = 0.02  # of the step
EVEN = 0.01  # of the step
MOST_OFF = 0.2  # of the step, whatever rounding makes
LEAST_BESIDE_MM = 0.1
ROUNDING_MM = 0.05  # of each coordinate
MARGIN_MM = 0.01
SAME_PLACE_MM = 0.01
SAME_PLACE = 0.05  # of the step: a table that comes back to a place
MOST_SAME_PLACE_MM = 0.5
TILT_DEGREES = 0.5  # less is not worth a word

MOST_MM = 1e6  # from the origin of the patient's coordinates
LEAST_SPACING_MM = 1e-4
MOST_LEAN = 10.0  # mm beside the normal for each along it; no gantry tilts by 84°
# What kernels.volume takes, which is no part of this package.
MOST_VOXELS = 2**31 - 1
MOST_STEPS = 2**16
LEAST_STEP = 1e-3

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeriesGeometry:
    """The grid of voxels of a Volume.

    affine: 4×4, maps (x, y, place) of a voxel centre to patient LPS millimetres. Slices follow the Stack's order, so
    the affine may be left-handed; shear is kept.
    shape: (z, y, x). frame_of_reference: its UID, or "".
    places: where each slice lies, counted in the affine's third column from 0 upward; None: slice z at place z.
    holes: the slices k for which images between k and k + 1 are missing.
    """

    affine: Array
    shape: tuple[int, int, int]
    frame_of_reference: str
    places: Array | None = None
    holes: tuple[int, ...] = ()

    @property
    def tilt_degrees(self) -> float:
        """The angle between the line of the slices and their normal."""
        x, y, step = self.affine[:3, 0], self.affine[:3, 1], self.affine[:3, 2]
        normal = np.cross(x, y)
        return math.degrees(math.atan2(float(np.linalg.norm(np.cross(normal, step))), abs(float(normal @ step))))

    @property
    def is_uneven(self) -> bool:
        """Whether slices lie off the regular places, holes aside."""
        if self.places is None:
            return False
        kept = np.ones(len(self.places) - 1, bool)
        kept[list(self.holes)] = False
        return bool((np.abs(np.diff(self.places)[kept] - 1) > 1e-9).any())

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of it, as keys of the viewer's dictionary."""
        told = {
            "note_tilted": self.tilt_degrees > TILT_DEGREES,
            "note_uneven": self.is_uneven,
            "note_missing_slices": bool(self.holes),
        }
        return tuple(note for note, is_so in told.items() if is_so)


def same_place_mm(gaps: Array) -> float:
    """How far apart images of one place may lie. gaps: between neighbours, mm, in any order.

    By the wide gaps: between two scans whose places differ by a tenth of a millimetre half of the gaps are so narrow.
    """
    steps = np.sort(gaps[gaps > SAME_PLACE_MM])
    if not steps.size:
        return SAME_PLACE_MM
    step = float(steps[int(0.9 * (len(steps) - 1))])
    return max(SAME_PLACE_MM, min(SAME_PLACE * step, MOST_SAME_PLACE_MM))


def place_codes(distances: Array) -> NDArray[np.int64]:
    """A number for each place, growing with the distance."""
    order = np.argsort(distances, kind="stable")
    gaps = np.diff(distances[order])
    codes = np.empty(len(distances), np.int64)
    codes[order] = np.concatenate([[0], np.cumsum(gaps > same_place_mm(gaps))])
    return codes


def has_place(frame: FrameSource) -> bool:
    """Whether it says where in a patient it is."""
    return frame.position is not None and all(abs(x) <= MOST_MM for x in frame.position)


def distances_of(frames: Sequence[FrameSource]) -> Array | None:
    """Distance of each frame along the common normal, mm; None where one has no place or they are not parallel."""
    orientations = [frame.orientation for frame in frames]
    positions = [frame.position for frame in frames]
    if any(o is None for o in orientations) or not all(map(has_place, frames)):
        return None
    directions = np.array(orientations)
    if np.abs(directions - directions[0]).max() > PARALLEL:
        return None
    return np.asarray(np.array(positions) @ np.cross(directions[0, :3], directions[0, 3:]))


def geometry_of(frames: Sequence[FrameSource]) -> tuple[SeriesGeometry | None, str | None]:
    """The grid of frames in their order, or the word for why they make no Volume (a key of the viewer's dictionary)."""
    if refusal := unsuitable(frames):
        return None, refusal
    distances = distances_of(frames)
    first = frames[0]
    if distances is None or first.spacing is None or min(first.rows, first.columns) < 2:
        return None, "no_geometry"
    return _grid(frames, distances) if len(frames) >= MIN_SLICES else (None, "too_few_slices")


def unsuitable(frames: Sequence[FrameSource]) -> str | None:
    """Why these are not the grey values of a body's slices."""
    first = frames[0].header
    assert first.pixels is not None
    if first.pixels.colour:
        return "colour"
    if "MOSAIC" in first.image_type and frames[0].tile is None:
        return "mosaic"
    if not all(frame.placed for frame in frames):
        return "multiframe"
    if first.modality not in MODALITIES and first.sop_class_uid not in SLICED_XA:
        return "not_ct_or_mr"
    return _values_unsuitable(frames)


def _values_unsuitable(frames: Sequence[FrameSource]) -> str | None:
    own = ((f.header.inverted, f.header.modality, f.header.modality_lut is None, f.unit, f.is_unknown) for f in frames)
    if len(set(own)) > 1:
        return "mixed_pixels"
    if frames[0].is_unknown:
        return "no_rescale"
    # Where silence means the stored values, it is the same as saying 1 and 0; not so beside images that say more.
    rescales = {frame.rescale for frame in frames}
    silent = {said == ABSENT for _, _, said in rescales}
    rescaled = any((slope, intercept) != (1, 0) for slope, intercept, _ in rescales)
    return "mixed_pixels" if len(silent) > 1 and rescaled else None


def _grid(frames: Sequence[FrameSource], along: Array) -> tuple[SeriesGeometry | None, str | None]:
    first, count = frames[0], len(frames)
    orientation, spacing = first.orientation, first.spacing
    assert orientation is not None and spacing is not None
    positions = np.array([frame.position for frame in frames])
    gaps = np.abs(np.diff(along))
    if gaps.min() <= same_place_mm(gaps):
        return None, "duplicate_positions"
    line = line_of(positions, along)
    if refusal := _unlike_a_scan(frames, gaps, line, positions - (along - along.mean())[:, None] * line):
        return None, refusal
    holes = holes_of(gaps, [frame.thickness_mm for frame in frames], steps_of(frames))
    # Twice: where many are rounded the same way, the line nearest to all of them is off by as much.
    rounding_mm = 2 * ROUNDING_MM * float(np.abs(np.cross(orientation[:3], orientation[3:])).sum()) + MARGIN_MM
    places, step_mm = places_of(gaps, holes, rounding_mm)
    beyond = places is not None and (places[-1] > MOST_STEPS or np.diff(places).min() < LEAST_STEP)
    if beyond or are_shreds(gaps, holes):
        return None, "scattered_slices"
    affine = np.eye(4)
    affine[:3, 0] = np.array(orientation[:3]) * spacing[1]
    affine[:3, 1] = np.array(orientation[3:]) * spacing[0]
    affine[:3, 2] = line * math.copysign(step_mm, along[-1] - along[0])
    affine[:3, 3] = positions[0]
    # De-identification may give every image another one (a TCIA chest CT does); then it links to no other series.
    references = {frame.header.frame_of_reference for frame in frames}
    reference = references.pop() if len(references) == 1 else ""
    return SeriesGeometry(affine, (count, first.rows, first.columns), reference, places, holes), None


def _unlike_a_scan(frames: Sequence[FrameSource], gaps: Array, line: Array, beside: Array) -> str | None:
    """Why slices at different places make no Volume all the same. beside: positions, moved together along the line."""
    first = frames[0]
    assert first.spacing is not None
    if len(frames) * first.rows * first.columns > MOST_VOXELS:
        return "volume_too_large"
    if min(first.spacing) < LEAST_SPACING_MM:
        return "invalid_volume"
    most_mm = max(STRAIGHT * float(np.median(gaps)), LEAST_BESIDE_MM)
    if np.linalg.norm(beside - beside.mean(axis=0), axis=1).max() > most_mm or np.linalg.norm(line) > MOST_LEAN:
        return "misaligned_slices"
    numbers = np.array([np.nan if frame.number is None else frame.number[0] for frame in frames])
    # An MR scan takes its slices in packages, the odd ones first; frames of one instance come in any order.
    is_mixed = first.header.frames == 1 and are_mixed(numbers, can_be_packages=first.header.modality == "MR")
    return "scattered_slices" if is_mixed else None


def line_of(positions: Array, along: Array) -> Array:
    """What a millimetre along the normal is on the line nearest to all slices; the first and last are rounded too."""
    d = along - along.mean()
    return np.asarray(d @ (positions - positions.mean(axis=0)) / (d @ d))


def places_of(gaps: Array, holes: Sequence[int], rounding_mm: float) -> tuple[Array | None, float]:
    """The places of slices in steps, None where slice z lies at place z; and the step, mm."""
    kept = np.ones(len(gaps), bool)
    kept[list(holes)] = False
    step = float(np.median(gaps[kept])) if kept.any() else float(gaps.min())
    distances = np.concatenate([[0.0], np.cumsum(gaps)])
    for missing in (np.maximum(np.rint(gaps / step), 2), gaps / step):
        regular = np.concatenate([[0.0], np.cumsum(np.where(kept, 1.0, missing))])
        # Least squares: positions rounded to a tenth of a millimetre lie on both sides of the regular ones.
        centred = regular - regular.mean()
        slope = float(centred @ distances / (centred @ centred))
        off = distances - distances.mean() - slope * centred
        if np.abs(off).max() <= max(EVEN * slope, min(rounding_mm, MOST_OFF * slope)):
            return (regular if len(holes) else None), float(distances[-1] / regular[-1])
        if not len(holes):
            break
    return distances / step, step
