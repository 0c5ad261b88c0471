"""Where a spline comes nearest to points: the roots of (P(t) − p)·P′(t), of degree five in each of its pieces.

With a line, of the lines through the spline along it that which comes nearest: the same of the vectors across it.

Axes: patient points (x, y, z), LPS, millimetres.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.arc import Numbers, Points, across

AT_ONCE = 2**14  # points times pieces
EQUAL_MM = 1e-7  # lines that are nearer to each other than this coincide


def nearest_parameters(spline: Any, lengths: Numbers, points: Points, line: Points | None = None) -> Numbers:
    """The parameters [...] for points [..., 3]; of lines that coincide, that through the nearer point of the spline.

    lengths: of the spline's pieces, millimetres.
    """
    flat = points.reshape(-1, 3)
    found = np.empty(len(flat))
    share = max(1, AT_ONCE // len(lengths))
    for first in range(0, len(flat), share):
        found[first : first + share] = _nearest(spline, lengths, flat[first : first + share], line)
    return found.reshape(points.shape[:-1])


def _nearest(spline: Any, lengths: Numbers, points: Points, line: Points | None) -> Numbers:
    away = np.linalg.norm(across(points[:, None] - spline(spline.x), line), axis=-1)
    # Nothing of a piece is nearer than where it begins, without its length.
    which, k = np.nonzero(away[:, :-1] - lengths <= away.min(axis=1, keepdims=True) + EQUAL_MM)
    widths = np.diff(spline.x)[k]
    cubic, square, linear, start = spline.c[:, k] * widths[:, None] ** np.array([3, 2, 1, 0])[:, None, None]
    start = start - points[which]
    a, b, c, d = (across(vectors, line) for vectors in (cubic, square, linear, start))
    quintic = [3 * _dot(a, a), 5 * _dot(a, b), 4 * _dot(a, c) + 2 * _dot(b, b)]
    quintic += [3 * _dot(b, c) + 3 * _dot(a, d), _dot(c, c) + 2 * _dot(b, d), _dot(c, d)]
    ends = np.broadcast_to([0.0, 1.0], (len(k), 2))
    part = np.concatenate([_roots(np.stack(quintic, axis=-1)), ends], axis=-1)
    ways = _polynomial(np.stack([cubic, square, linear, start])[:, :, None], part[..., None])
    apart, far = np.linalg.norm(across(ways, line), axis=-1), np.linalg.norm(ways, axis=-1)
    nearest = np.full(len(points), np.inf)
    np.minimum.at(nearest, which, apart.min(axis=1))
    far = np.where(apart <= nearest[which, None] + EQUAL_MM, far, np.inf)
    t = spline.x[k] + np.take_along_axis(part, far.argmin(axis=1)[:, None], axis=1)[:, 0] * widths
    order = np.lexsort([far.min(axis=1), which])
    return np.asarray(t[order][np.searchsorted(which[order], np.arange(len(points)))])


def _dot(one: Points, other: Points) -> Numbers:
    return np.asarray((one * other).sum(axis=-1))


def _roots(quintic: Numbers) -> Numbers:
    """Roots [n, 5] of polynomials [n, 6], the highest power first; of complex ones the real part; held to 0 … 1.

    The eigenvalues of the companion matrix, and two of Newton's steps where they come nearer to zero.
    """
    most = np.abs(quintic).max(axis=-1)
    lead = np.maximum(1e-13 * most, np.where(most > 0, 0, 1))  # of a straight piece: its other roots are far away
    lead = np.where(np.abs(quintic[..., 0]) > lead, quintic[..., 0], lead)
    companion = np.zeros((len(most), 5, 5))
    companion[..., 0, :] = -quintic[..., 1:] / lead[..., None]
    companion[..., [1, 2, 3, 4], [0, 1, 2, 3]] = 1
    t = np.clip(np.linalg.eigvals(companion).real, 0, 1)
    q = quintic.T[..., None]
    steps = np.array([5, 4, 3, 2, 1])[:, None, None] * q[:-1]
    for _ in range(2):
        value, slope = _polynomial(q, t), _polynomial(steps, t)
        better = np.clip(t - value / np.where(slope == 0, np.inf, slope), 0, 1)
        t = np.where(np.abs(_polynomial(q, better)) < np.abs(value), better, t)
    return np.asarray(t)


def _polynomial(coefficients: Numbers, t: Numbers) -> Numbers:
    value = coefficients[0]
    for q in coefficients[1:]:
        value = value * t + q
    return np.asarray(value)
