"""Whether the frames of a Stack are the slices of a regular grid in the patient, and in which order they lie.

Tolerances: a slice may lie 2 % of the slice spacing, but at least 0.06 mm (rounding to 0.1 mm makes 0.05), from
its place on the regular grid, along the normal and across it. Lean of the slice direction up to 0.5 degrees is kept in
the affine, exact to that distance; more is a tilted gantry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.dicom.header import Header

MODALITIES = ("CT", "MR", "PT")
MIN_SLICES = 3
RELATIVE_TOLERANCE = 0.02
LEAST_TOLERANCE_MM = 0.06
LEAN_DEGREES = 0.5
SAME_PLACE_MM = 0.01

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeriesGeometry:
    """A regular grid of voxels.

    affine: 4×4, maps the index (x, y, z) of a voxel centre to patient LPS millimetres. z is the frame's place in the
    Stack, so the third column follows the Stack's order and the affine may be left-handed.
    shape: (z, y, x). frame_of_reference: its UID, or "".
    """

    affine: Array
    shape: tuple[int, int, int]
    frame_of_reference: str


def order_of(headers: Sequence[Header]) -> list[int]:
    """The order in which the images lie: along row × column where all have a place, else by instance number.

    Of the two directions along the normal it is the one in which instance numbers grow.
    """
    numbers = np.array([h.instance_number if h.instance_number is not None else np.nan for h in headers], float)
    distances = distances_of(headers)
    by_number = np.where(np.isnan(numbers), np.inf, numbers)
    if distances is None or np.ptp(distances) < SAME_PLACE_MM:
        return [int(i) for i in np.argsort(by_number, kind="stable")]
    known = ~np.isnan(numbers)
    if known.sum() > 1:
        d, n = distances[known], numbers[known]
        if float(np.dot(d - d.mean(), n - n.mean())) < 0:
            distances = -distances
    return [int(i) for i in np.lexsort((by_number, np.round(distances, 3)))]


def distances_of(headers: Sequence[Header]) -> Array | None:
    """Distance of each image along the common normal, mm; None where one has no place or they are not parallel."""
    if any(h.position is None or h.orientation is None for h in headers):
        return None
    orientations = np.array([h.orientation for h in headers])
    if np.abs(orientations - orientations[0]).max() > 2e-3:
        return None
    normal = np.cross(orientations[0, :3], orientations[0, 3:])
    return np.asarray(np.array([h.position for h in headers]) @ normal)


def refusal_of(headers: Sequence[Header]) -> tuple[SeriesGeometry | None, str | None]:
    """The grid of images in their order, or the word for why they make no Volume (a key of the viewer's dictionary)."""
    refusal = unsuitable(headers) or without_place(headers) or uneven(_positions(headers), normal_of(headers[0]))
    return (None, refusal) if refusal else (_geometry(headers), None)


def unsuitable(headers: Sequence[Header]) -> str | None:
    """Why these are not the grey values of a body."""
    first = headers[0]
    assert first.pixels is not None
    if first.pixels.colour:
        return "colour"
    if first.pixels.frames > 1:
        return "multiframe"
    if first.modality not in MODALITIES:
        return "not_ct_or_mr"
    return "mixed_pixels" if len({(h.inverted, h.unit, h.modality) for h in headers}) > 1 else None


def without_place(headers: Sequence[Header]) -> str | None:
    """Why these do not say where they stand, or are too few to enclose anything."""
    pixels = headers[0].pixels
    assert pixels is not None
    if distances_of(headers) is None or headers[0].spacing is None or min(pixels.rows, pixels.columns) < 2:
        return "no_geometry"
    return "too_few_slices" if len(headers) < MIN_SLICES else None


def _positions(headers: Sequence[Header]) -> Array:
    return np.array([h.position for h in headers])


def normal_of(header: Header) -> Array:
    """row × column."""
    assert header.orientation is not None
    return np.cross(header.orientation[:3], header.orientation[3:])


def uneven(positions: Array, normal: Array) -> str | None:
    """Why slices in their order do not stand in regular steps; None when they do. positions: [n, 3], mm."""
    gaps = np.abs(np.diff(positions @ normal))
    spacing = float(np.median(gaps))
    if gaps.min() < max(SAME_PLACE_MM, 0.05 * spacing):
        return "duplicate_positions"
    counts = np.rint(gaps / spacing)
    # A hole must not shift the judgement on the rest: place every slice at its own multiple of the step.
    places = np.concatenate([[0.0], np.cumsum(np.maximum(counts, 1))])
    start, step = np.polynomial.polynomial.polyfit(places, positions, 1)
    along = float(step @ normal)
    lean_mm = float(np.linalg.norm(step - along * normal))
    # Positions rounded to a hundredth of a millimetre make no tilt.
    if lean_mm > max(abs(along) * math.tan(math.radians(LEAN_DEGREES)), 0.01):
        return "tilted"
    offsets = positions - (start + places[:, None] * step)
    if np.abs(offsets).max() > max(RELATIVE_TOLERANCE * abs(along), LEAST_TOLERANCE_MM) or counts.min() < 1:
        return "uneven_spacing"
    return "missing_slices" if counts.max() > 1 else None


def _geometry(headers: Sequence[Header]) -> SeriesGeometry:
    first = headers[0]
    assert first.pixels is not None and first.spacing is not None and first.orientation is not None
    positions, count = _positions(headers), len(headers)
    affine = np.eye(4)
    affine[:3, 0] = np.array(first.orientation[:3]) * first.spacing[1]
    affine[:3, 1] = np.array(first.orientation[3:]) * first.spacing[0]
    affine[:3, 2] = (positions[-1] - positions[0]) / (count - 1)
    affine[:3, 3] = positions[0]
    # De-identification may give every image another one (a TCIA chest CT does); then it links to no other series.
    references = {h.frame_of_reference for h in headers}
    reference = references.pop() if len(references) == 1 else ""
    return SeriesGeometry(affine, (count, first.pixels.rows, first.pixels.columns), reference)
