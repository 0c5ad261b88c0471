"""A body with known anatomy: trunk from shoulders to hips in contrast-enhanced CT, for the demo, tests and benchmarks.

Everything is painted analytically in patient millimetres about the middle of a 358 × 358 × 400 mm field, slice by
slice, each shape with an edge about one millimetre wide; then noise, slightly smooth within the slice as a scanner's
kernel makes it. Not an anatomical atlas: shapes are simple, but sides are right.

Axes: array [z, y, x] in HU; x towards the patient's left, y towards the back, z towards the head (LPS of a patient
lying head first, supine), so the affine is diagonal. The heart lies to the left, the spine behind, the liver right.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

FIELD_MM = (358.4, 358.4, 400.0)  # x, y, z
NOISE_HU = 18.0
AIR_NOISE = 0.45  # of the noise in tissue
LENGTH = FIELD_MM[2]

Plane = NDArray[np.float32]
Corner = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Ellipsoid:
    """A solid ellipsoid; `edge` is the width of its rim, all in mm."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    hu: float
    edge: float = 1.2
    within_tissue: bool = False  # leaves lungs and air as they are


LUNG_RADII = (52.0, 72.0, LENGTH * 0.30)
ORGANS = (
    Ellipsoid((58, 38, -LENGTH * 0.17), (26, 20, 50), 150),  # kidneys
    Ellipsoid((-58, 38, -LENGTH * 0.18), (26, 20, 50), 150),
    Ellipsoid((-62, -8, -LENGTH * 0.05), (62, 66, 62), 115, within_tissue=True),  # liver
    Ellipsoid((82, 12, -LENGTH * 0.03), (28, 36, 44), 125, within_tissue=True),  # spleen
    Ellipsoid((22, -28, LENGTH * 0.19), (46, 42, 54), 90, 1.5),  # heart muscle
    Ellipsoid((-4, -40, LENGTH * 0.20), (19, 22, 30), 260, 1.5),  # right ventricle
    Ellipsoid((33, -30, LENGTH * 0.18), (24, 23, 35), 330, 1.5),  # left ventricle
    Ellipsoid((12, 4, LENGTH * 0.26), (22, 13, 16), 320, 1.5),  # left atrium
    Ellipsoid((32, -52, -LENGTH * 0.22), (18, 14, 34), -950, 1.5),  # gas in the bowel
    Ellipsoid((-40, -58, -LENGTH * 0.27), (13, 11, 22), -940, 1.5),
    Ellipsoid((0, -20, -LENGTH * 0.44), (36, 30, 32), 12, 1.5),  # bladder
)


@dataclass(frozen=True)
class Vessel:
    """A capsule from one point to another, tapering."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    radii: tuple[float, float]
    hu: float


@dataclass(frozen=True)
class Canvas:
    """One slice being painted."""

    x: Plane  # [1, nx], mm
    y: Plane  # [ny, 1]
    z: float
    values: Plane  # [ny, nx], HU

    def within(self, low: Corner, high: Corner) -> Canvas:
        """The part between two corners (x, y), sharing its values; perhaps empty."""
        i = np.searchsorted(self.x[0], (low[0], high[0]))
        j = np.searchsorted(self.y[:, 0], (low[1], high[1]))
        return Canvas(self.x[:, i[0] : i[1]], self.y[j[0] : j[1]], self.z, self.values[j[0] : j[1], i[0] : i[1]])

    def paint(self, distance: Plane, hu: float | Plane, edge: float = 1.0, mask: Plane | None = None) -> None:
        """Blend `hu` in where the signed distance to a surface is negative."""
        share = np.clip(0.5 - distance / edge, 0, 1)
        if mask is not None:
            share = share * mask
        self.values[...] += share * (hu - self.values)

    def shell(self, distance: Plane, cortex: float, marrow: float | Plane, thickness: float) -> None:
        """Bone: a dense surface `thickness` deep about softer marrow."""
        self.paint(distance, cortex)
        self.paint(distance + thickness, marrow, 1.2)


def _sin(values: Plane | float) -> Plane:
    return np.sin(np.asarray(values, np.float32))


def _ellipsoid_distance(canvas: Canvas, centre: Sequence[float], radii: Sequence[float]) -> Plane:
    """Roughly the distance to an ellipsoid's surface: right at the surface, where it is seen."""
    q = (
        ((canvas.x - centre[0]) / radii[0]) ** 2
        + ((canvas.y - centre[1]) / radii[1]) ** 2
        + ((canvas.z - centre[2]) / radii[2]) ** 2
    )
    return np.asarray((np.sqrt(q) - 1) * min(radii), np.float32)


def _about(canvas: Canvas, centre: Sequence[float], radii: Sequence[float], margin: float = 6.0) -> Canvas | None:
    """The part of the slice an ellipsoid can reach, or None."""
    if abs(canvas.z - centre[2]) > radii[2] + margin:
        return None
    reach = [r + margin for r in radii]
    return canvas.within((centre[0] - reach[0], centre[1] - reach[1]), (centre[0] + reach[0], centre[1] + reach[1]))


def _outline(z: float) -> tuple[float, float]:
    """Half the width and half the depth of the trunk at a height."""
    t = z / (LENGTH / 2)
    return 155 + 12 * math.cos(2.2 * t), 105 + 8 * math.cos(1.7 * t + 0.4)


def _superellipse(canvas: Canvas, half_x: float, half_y: float, power: float, shift_y: float = 0.0) -> Plane:
    """1 on the curve |x/a|ᵖ + |y/b|ᵖ = 1, less inside."""
    across = (np.abs(canvas.x) / half_x) ** power
    along = (np.abs(canvas.y + shift_y) / half_y) ** power
    return np.asarray((across + along) ** np.float32(1 / power), np.float32)


def _paint_trunk(canvas: Canvas) -> None:
    """Table, skin, fat, muscle and the soft mixture inside."""
    half_x, half_y = _outline(canvas.z)
    table = canvas.within((-176, half_y - 25), (176, half_y + 15))
    top = half_y + 9 - 0.0006 * table.x**2
    table.paint(np.asarray(np.abs(table.y - top) - 1.2, np.float32), 35, 1.0)

    radius = _superellipse(canvas, half_x, half_y, 2.4)
    depth = (radius - 1) * half_y
    canvas.paint(depth, 50)
    canvas.paint(depth + 2.2, -100)
    fibres = 55 + 8 * _sin(canvas.x * 0.11) * _sin(canvas.y * 0.13 + canvas.z * 0.05)
    canvas.paint(np.asarray((radius - 0.86) * half_y, np.float32), fibres, 2.0)
    inner = (_superellipse(canvas, half_x * 0.74, half_y * 0.66, 2.1, 8) - 1) * 60
    loops = (
        60 * _sin(canvas.x * 0.09 + 3 * math.sin(canvas.z * 0.04)) * _sin(canvas.y * 0.1) * math.sin(canvas.z * 0.07)
    )
    canvas.paint(inner, -85 + loops, 4.0)


def _paint_organs(canvas: Canvas) -> None:
    for side in (-1, 1):
        centre = (side * 66.0, -4.0, LENGTH * 0.27)
        part = _about(canvas, centre, LUNG_RADII)
        if part is not None:
            texture = 25 * _sin(part.x * 0.3) * _sin(part.y * 0.27) * math.sin(part.z * 0.23)
            part.paint(_ellipsoid_distance(part, centre, LUNG_RADII), np.asarray(-860 + texture, np.float32), 1.2)
    for organ in ORGANS:
        part = _about(canvas, organ.centre, organ.radii)
        if part is not None:
            mask = (part.values > -300).astype(np.float32) if organ.within_tissue else None
            part.paint(_ellipsoid_distance(part, organ.centre, organ.radii), organ.hu, organ.edge, mask)
    # The windpipe down to where it divides.
    if canvas.z > LENGTH * 0.27:
        part = canvas.within((-16, -2), (16, 30))
        distance = np.sqrt(part.x**2 + (part.y - 14) ** 2)
        part.paint(distance - 9, 40)
        part.paint(distance - 7.5, -990)


def _paint_spine(canvas: Canvas) -> None:
    """A vertebra every 30 mm: body, arch around the canal, spinous and transverse processes."""
    middle = 52
    level = abs(canvas.z / 30 - math.floor(canvas.z / 30) - 0.5)  # 0 in the middle of a vertebra, 0.5 between two
    part = canvas.within((-45, 25), (45, 118))
    x, y = part.x, part.y
    body = np.maximum(np.sqrt((x / 1.25) ** 2 + (y - middle) ** 2) - 17, np.float32((level - 0.41) * 30))
    spongy = 210 + 70 * _sin(x * 1.1) * _sin(y * 1.3) * math.sin(canvas.z * 1.2)
    part.shell(body, 720, np.asarray(spongy, np.float32), 2.0)
    arch = np.abs(np.sqrt(x**2 + (y - middle - 25) ** 2) - 12) - 3
    part.paint(np.maximum(arch, np.float32((level - 0.36) * 30)), 650)
    behind = np.maximum(np.abs(x) - 3, np.abs(y - middle - 48) - 14)
    part.paint(np.maximum(behind, np.float32((level - 0.25) * 30)), 600)
    aside = np.maximum(np.abs(x) - 40, np.abs(y - middle - 22) - 4)
    part.paint(np.maximum(aside, np.float32((level - 0.14) * 30)), 560)


def _paint_ribs(canvas: Canvas) -> None:
    """Rings 26 mm apart that fall towards the front, open there; and the breastbone."""
    half_x, half_y = _outline(canvas.z)
    if canvas.z > -LENGTH * 0.12:
        radius = _superellipse(canvas, half_x * 0.83, half_y * 0.83, 2.3)
        level = (canvas.z + 0.315 * (half_y - canvas.y)) / 26
        along = (level - np.floor(level) - 0.5) * 26
        across = (radius - 1) * half_y
        rib = (np.sqrt((across / 3.8) ** 2 + (along / 5.2) ** 2) - 1) * 3.8
        closed = ((canvas.y > -half_y * 0.72) | (np.abs(canvas.x) > 30)).astype(np.float32)
        rib = rib + (1 - closed) * 100
        canvas.shell(np.asarray(rib, np.float32), 780, 260, 1.6)
    if canvas.z > 0:
        part = canvas.within((-20, -half_y - 5), (20, -half_y * 0.81 + 12))
        bone = np.maximum(np.abs(part.x) - 16, np.abs(part.y + half_y * 0.81) - 5.5)
        bone = np.maximum(bone, np.float32(abs(canvas.z - LENGTH * 0.24) - LENGTH * 0.2))
        part.shell(np.asarray(bone, np.float32), 600, 220, 1.6)


def _paint_pelvis(canvas: Canvas) -> None:
    """The iliac wings: half shells open to the front and middle; and the sacrum between them."""
    for side in (-1, 1):
        centre, radii = (side * 78.0, 30.0, -LENGTH * 0.40), (52.0, 46.0, LENGTH * 0.17)
        part = _about(canvas, centre, radii, 10)
        if part is None:
            continue
        wing = np.abs(_ellipsoid_distance(part, centre, radii)) - 4.5
        outward = side * 0.6 * (part.x - centre[0]) + 0.8 * (part.y - centre[1])
        part.shell(np.asarray(np.maximum(wing, -18 - outward), np.float32), 800, 280, 2.0)
    if canvas.z < -LENGTH * 0.34:
        centre, radii = (0.0, 68.0, -LENGTH * 0.46), (42.0, 16.0, 46.0)
        part = _about(canvas, centre, radii)
        if part is not None:
            part.shell(_ellipsoid_distance(part, centre, radii), 650, 240, 2.0)


def _vessels(random: np.random.Generator) -> list[Vessel]:
    """Aorta with iliac and renal arteries, the coronary on the left ventricle, and three trees."""
    vessels: list[Vessel] = []

    def chain(points: Sequence[tuple[float, float, float]], first: float, last: float, hu: float) -> None:
        radii = np.linspace(first, last, len(points))
        for i in range(len(points) - 1):
            ends = np.array(points[i], np.float64), np.array(points[i + 1], np.float64)
            vessels.append(Vessel(*ends, (float(radii[i]), float(radii[i + 1])), hu))

    def tree(
        start: NDArray[np.float64], towards: NDArray[np.float64], radius: float, length: float, depth: int
    ) -> None:
        direction = towards / np.linalg.norm(towards)
        end = start + direction * length
        vessels.append(Vessel(start, end, (radius, radius * 0.85), 345.0))
        for _ in range(2 if depth else 0):
            tree(end, direction + random.normal(0, 0.55, 3), radius * 0.74, length * 0.82, depth - 1)

    # Rises from the left ventricle, arches to the left and back, descends before the spine.
    root, top = LENGTH * 0.24, LENGTH * 0.38
    chain([(14, -20, root), (6, -14, LENGTH * 0.30), (6, -6, LENGTH * 0.35), (10, 6, top)], 13, 12.5, 380)
    chain([(10, 6, top), (16, 18, LENGTH * 0.37), (19, 26, LENGTH * 0.33)], 12.5, 11.5, 380)
    down = np.linspace(0, 1, 14)
    aorta = [(15 + 4 * np.cos(3 * t), 26 + 4 * np.cos(4 * t) - 4, LENGTH * (0.33 - 0.61 * t)) for t in down]
    chain(aorta, 11.5, 7, 380)
    fork = aorta[-1]
    for side in (-1, 1):
        chain(
            [(fork[0] + side * 52 * t, fork[1] - 34 * t, fork[2] - LENGTH * 0.2 * t) for t in down[::3]], 5.5, 4.5, 370
        )
        chain([(14, 27, -LENGTH * 0.13), (side * 42, 36, -LENGTH * 0.17)], 3.2, 2.8, 360)
        tree(np.array([side * 18.0, 0, LENGTH * 0.24]), np.array([side, -0.1, 0.15]), 5.0, 20, 6)
    tree(np.array([14.0, 20, -LENGTH * 0.06]), np.array([-1, -0.5, 0.1]), 3.4, 24, 5)
    tree(np.array([14.0, 18, -LENGTH * 0.12]), np.array([0.1, -1, -0.8]), 3.4, 26, 5)
    turn = np.linspace(0, 1, 9)
    coronary = [(22 - 20 * np.cos(2.6 * t), -30 - 41 * np.sin(2.6 * t), LENGTH * 0.26 - 62 * t) for t in turn]
    chain(coronary, 2.0, 1.2, 360)
    return vessels


def _paint_vessels(canvas: Canvas, vessels: Sequence[Vessel]) -> None:
    for vessel in vessels:
        a, b = vessel.start, vessel.end
        reach = max(vessel.radii) + 1
        if not min(a[2], b[2]) - reach < canvas.z < max(a[2], b[2]) + reach:
            continue
        part = canvas.within(np.minimum(a, b)[:2] - reach, np.maximum(a, b)[:2] + reach)
        dx, dy, dz = b - a
        along = (part.x - a[0]) * dx + (part.y - a[1]) * dy + np.float32((part.z - a[2]) * dz)
        t = np.clip(along / np.float32(dx * dx + dy * dy + dz * dz), 0, 1)
        squared = (part.x - a[0] - t * dx) ** 2 + (part.y - a[1] - t * dy) ** 2 + (part.z - a[2] - t * dz) ** 2
        radius = vessel.radii[0] + t * (vessel.radii[1] - vessel.radii[0])
        part.paint(np.asarray(np.sqrt(squared) - radius, np.float32), vessel.hu)


def _noise(shape: tuple[int, int], seed: int, number: int) -> Plane:
    """Gaussian noise, correlated over about a pixel, of the standard deviation NOISE_HU."""
    random = np.random.default_rng([seed, number])
    kernel = np.exp(-0.5 * (np.arange(-2, 3) / 0.7) ** 2)
    kernel /= np.linalg.norm(kernel)  # so that filtering along an axis leaves the standard deviation as it is
    values = random.standard_normal(shape, dtype=np.float32) * np.float32(NOISE_HU)
    return np.asarray(correlate1d(correlate1d(values, kernel, axis=0, mode="wrap"), kernel, axis=1, mode="wrap"))


def body(slices: int, side: int, seed: int = 7) -> tuple[NDArray[np.int16], tuple[float, float, float]]:
    """The phantom as int16 HU [slices, side, side] and its spacing (x, y, z) in mm; the same for the same arguments.

    The field stays the same, so fewer voxels are larger ones: 500 × 512² has 0.7 × 0.7 × 0.8 mm.
    """
    if slices < 2 or side < 2:
        raise ValueError("a phantom has at least two slices of 2×2 pixels")
    spacing = (FIELD_MM[0] / side, FIELD_MM[1] / side, FIELD_MM[2] / slices)
    x = ((np.arange(side) - (side - 1) / 2) * spacing[0]).astype(np.float32)
    y = ((np.arange(side) - (side - 1) / 2) * spacing[1]).astype(np.float32)
    vessels = _vessels(np.random.default_rng(seed))
    out = np.empty((slices, side, side), np.int16)

    def paint(number: int) -> None:
        z = (number - (slices - 1) / 2) * spacing[2]
        canvas = Canvas(x[None, :], y[:, None], z, np.full((side, side), -1000, np.float32))
        _paint_trunk(canvas)
        _paint_organs(canvas)
        _paint_spine(canvas)
        _paint_ribs(canvas)
        _paint_pelvis(canvas)
        _paint_vessels(canvas, vessels)
        strength = np.where(canvas.values < -950, np.float32(AIR_NOISE), 1)
        noisy = canvas.values + strength * _noise((side, side), seed, number)
        out[number] = np.clip(np.rint(noisy), -1024, 3071)

    # numpy lets go of the interpreter in long operations, so threads share the slices.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        list(pool.map(paint, range(slices)))
    return out, spacing
