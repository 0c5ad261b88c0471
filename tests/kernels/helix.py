"""A helix whose every length is known: what the tests of curves are measured with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from kernels.volume import Volume

RADIUS, PITCH = 14.0, 26.0  # mm
RISE = PITCH / (2 * np.pi)
PER_RADIAN = float(np.hypot(RADIUS, RISE))  # mm of arc
TORSION = RISE / PER_RADIAN**2  # radians a mm
TURNS = 3
LENGTH = 2 * np.pi * TURNS * PER_RADIAN
CENTRE = np.array([-31.0, 12.5, 840.0])


def helix(arc_mm: Any) -> NDArray[np.float64]:
    """Its points at arc lengths."""
    angle = np.asarray(arc_mm) / PER_RADIAN
    way = [RADIUS * np.cos(angle), RADIUS * np.sin(angle), RISE * angle - PITCH * TURNS / 2]
    return np.stack(way, axis=-1) + CENTRE


def clicked(per_turn: int) -> NDArray[np.float64]:
    """So many points a turn, evenly, both ends among them."""
    return helix(np.linspace(0, LENGTH, TURNS * per_turn + 1))


def trihedron(arc_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tangent, normal and binormal as Frenet has them, [n, 3, 3]."""
    angle = arc_mm / PER_RADIAN
    nothing = np.zeros_like(angle)
    tangent = np.stack([-RADIUS * np.sin(angle), RADIUS * np.cos(angle), nothing + RISE], axis=-1) / PER_RADIAN
    normal = np.stack([-np.cos(angle), -np.sin(angle), nothing], axis=-1)
    return np.stack([tangent, normal, np.cross(tangent, normal)], axis=-2)


def tube(radius_mm: float = 2.5, edge_mm: float = 1.2) -> Volume:
    """A lumen of 400 about the helix in −50, its edge soft and half-way at the radius; voxels of 0.6 × 0.7 × 0.9 mm."""
    spacing = np.array([0.6, 0.7, 0.9])
    low = np.array([-22.0, -22.0, -PITCH * TURNS / 2 - 8]) + CENTRE
    counts = np.ceil(2 * (CENTRE - low) / spacing).astype(int) + 1
    z, y, x = np.meshgrid(*(low[i] + spacing[i] * np.arange(counts[i]) for i in (2, 1, 0)), indexing="ij")
    near = np.abs(np.hypot(x - CENTRE[0], y - CENTRE[1]) - RADIUS) < radius_mm + edge_mm
    distance = np.full(x.shape, np.inf)
    tree = cKDTree(helix(np.arange(0, LENGTH, 0.05)))
    distance[near] = tree.query(np.stack([x[near], y[near], z[near]], axis=-1), distance_upper_bound=2 * radius_mm)[0]
    inside = np.clip((radius_mm - distance) / edge_mm + 0.5, 0, 1)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = low
    return Volume(np.rint(450 * inside - 50).astype(np.int16), affine)
