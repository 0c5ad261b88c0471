"""Eigenvalues of a symmetric 3×3 matrix in closed form, for a whole packet of matrices at once.

    q = tr A / 3,  p² = ‖A − q I‖² / 6,  B = (A − q I) / p,  C = B² − 2 I
    λ = q + 2 p cos(θ + 2πk/3),  k = 0, 1, 2          3θ the angle between B and C: cos 3θ = ⟨B, C⟩ / 6 = det B / 2
    sin² 3θ/2 = ‖B − C‖² / 24,  cos² 3θ/2 = ‖B + C‖² / 24

The usual form takes θ from an arc cosine of det B / 2, which where two eigenvalues are nearly equal (in every vessel)
loses half of float32's digits. The angle of two vectors of equal length, from their sum and difference, loses none.
Source: own; that the usual form loses digits: Habera and Zilian, "Symbolic spectral decomposition of 3x3 matrices",
2021 (its abstract opened).
Tolerance: 2e-6 of the largest absolute eigenvalue, against numpy.linalg.eigvalsh, equal eigenvalues included, where
entries are below 1e9 (fourth powers stay finite); below 1e-9 of absolute size nothing is told apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.lanes import f32, maximum, minimum, shared, sqrt, where

TINY = 1e-37
ROOT3 = 3**0.5

# sin(⅔ atan t) / t as a polynomial of t², t in 0 … 1, within 2e-8: Chebyshev's interpolation.
SINE = (
    0.6666666475310428,
    -0.2716016917461085,
    0.18372169526347823,
    -0.14215159655342097,
    0.11333627599111615,
    -0.0833805936254756,
    0.048680044304741425,
    -0.018596571700142932,
    0.0033258043927741556,
)


def reference(xx: ArrayLike, yy: ArrayLike, zz: ArrayLike, xy: ArrayLike, xz: ArrayLike, yz: ArrayLike) -> NDArray[Any]:
    """The formulas above in float64: [3, …], the largest first."""
    rows = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]
    a = np.moveaxis(np.array([[np.asarray(one, np.float64) for one in row] for row in rows]), (0, 1), (-2, -1))
    q = np.trace(a, axis1=-2, axis2=-1) / 3
    b = a - q[..., None, None] * np.eye(3)
    p = np.sqrt((b**2).sum((-2, -1)) / 6)
    b = b / np.where(p > 0, p, 1)[..., None, None]
    c = b @ b - 2 * np.eye(3)
    theta = 2 / 3 * np.arctan2(np.linalg.norm(b - c, axis=(-2, -1)), np.linalg.norm(b + c, axis=(-2, -1)))
    return np.array([q + 2 * p * np.cos(theta + 2 * np.pi / 3 * k) for k in (0, 2, 1)])


@shared
def eigenvalues(xx, yy, zz, xy, xz, yz):
    """The largest, the middle and the smallest eigenvalue."""
    q = (xx + yy + zz) * f32(1 / 3)
    a, b, c = xx - q, yy - q, zz - q
    aa, bb, cc, dd, ee, ff = a * a, b * b, c * c, xy * xy, xz * xz, yz * yz
    twice = (aa + bb + cc + f32(2) * (dd + ee + ff)) * f32(1 / 3)
    p = sqrt(twice * f32(0.5))
    # p² C and p² B: a division less. Elements of C off the diagonal are this short since a + b + c = 0.
    ca, cb, cc = aa + dd + ee - twice, bb + dd + ff - twice, cc + ee + ff - twice
    cd, ce, cf = xz * yz - c * xy, xy * yz - b * xz, xy * xz - a * yz
    a, b, c, d, e, f = a * p, b * p, c * p, xy * p, xz * p, yz * p
    near = _square(a - ca, b - cb, c - cc, d - cd, e - ce, f - cf)
    far = _square(a + ca, b + cb, c + cc, d + cd, e + ce, f + cf)
    # Where B is nearer to −C the eigenvalues are those of −A, negated: so t stays within 0 … 1.
    u = minimum(near, far) / maximum(maximum(near, far), f32(TINY))
    sine = sqrt(u) * _sine(u)
    cosine = sqrt(f32(1) - sine * sine)
    single, middle, apart = f32(2) * p * cosine, p * cosine, f32(ROOT3) * p * sine
    flipped = near > far
    largest = where(flipped, middle + apart, single)
    smallest = where(flipped, f32(0) - single, f32(0) - middle - apart)
    return q + largest, q + where(flipped, middle - apart, apart - middle), q + smallest


@shared
def _square(a, b, c, d, e, f):
    """The squared norm of a symmetric matrix."""
    return a * a + b * b + c * c + f32(2) * (d * d + e * e + f * f)


@shared
def _sine(u):
    h = f32(SINE[7]) + u * f32(SINE[8])
    h = f32(SINE[4]) + u * (f32(SINE[5]) + u * (f32(SINE[6]) + u * h))
    return f32(SINE[0]) + u * (f32(SINE[1]) + u * (f32(SINE[2]) + u * (f32(SINE[3]) + u * h)))
