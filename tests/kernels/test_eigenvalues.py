from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from kernels.eigenvalues import eigenvalues, reference
from kernels.lane_memory import store, vector
from kernels.lanes import LANES, OPTIONS
from kernels.scalars import scalar_variant

TOLERANCE = 2e-6


@njit(**OPTIONS)
def by_packets(a, out):
    for i in range(0, a.shape[1], LANES):
        parts = eigenvalues(
            vector(a[0], i), vector(a[1], i), vector(a[2], i), vector(a[3], i), vector(a[4], i), vector(a[5], i)
        )
        store(parts[0], out[0], i)
        store(parts[1], out[1], i)
        store(parts[2], out[2], i)


def found(a):
    """Of matrices [6, n]: eigenvalues [3, n], the largest first."""
    a = np.asarray(a, np.float32)
    padded = np.zeros((6, -(-a.shape[1] // LANES) * LANES), np.float32)
    padded[:, : a.shape[1]] = a
    out = np.empty((3, padded.shape[1]), np.float32)
    by_packets(padded, out)
    return out[:, : a.shape[1]]


def truth(a):
    xx, yy, zz, xy, xz, yz = np.asarray(a, np.float64)
    matrices = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).transpose(2, 0, 1)
    return np.linalg.eigvalsh(matrices)[:, ::-1].T


def matrices_of(values, seed=1, count=4000):
    """Float32 matrices with about these eigenvalues, turned every way, [6, n]."""
    turns = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, 3, 3)))[0]
    a = np.einsum("nij,nj,nkj->nik", turns, np.broadcast_to(values, (count, 3)), turns)
    parts = [a[:, 0, 0], a[:, 1, 1], a[:, 2, 2], a[:, 0, 1], a[:, 0, 2], a[:, 1, 2]]
    return np.array(parts).astype(np.float32)


def error(a):
    """The largest difference, of the largest eigenvalue of each matrix."""
    right = truth(a)
    return (np.abs(found(a) - right) / np.maximum(np.abs(right).max(axis=0), 1e-30)).max()


def test_any_matrix_has_the_eigenvalues_that_lapack_finds():
    rng = np.random.default_rng(2)
    assert error(rng.normal(0, 50, (6, 20000))) <= TOLERANCE
    assert error(rng.integers(-3, 4, (6, 20000))) <= TOLERANCE  # many with equal ones


@pytest.mark.parametrize(
    "values",
    [
        (0, -200, -200),  # a bright tube
        (0.01, -200, -200.001),
        (0, 0, -300),  # a plate
        (-100, -100, -100),  # a blob
        (300, 300, 0),
        (1, 0, -1),  # a saddle
        (1, -0.5, -0.5),
        (1000, 1000.01, -1000),
        (1e-3, 1e-3, 0),
        (5, 5, 5.0001),
    ],
)
def test_equal_and_nearly_equal_eigenvalues_keep_all_digits(values):
    """Where an arc cosine would lose half of them."""
    assert error(matrices_of(values)) <= TOLERANCE


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e4, 1e8])
def test_size_does_not_matter(scale):
    assert error(matrices_of((3, -1, -1)) * np.float32(scale)) <= TOLERANCE
    assert error(matrices_of((3, 2, -4)) * np.float32(scale)) <= TOLERANCE


def test_nothing_has_eigenvalues_of_nothing():
    assert (found(np.zeros((6, 16))) == 0).all()
    diagonal = found(np.array([[7.0], [7.0], [7.0], [0.0], [0.0], [0.0]]))
    assert diagonal.ravel().tolist() == [7, 7, 7]
    assert np.abs(found(np.full((6, 16), 1e-25))).max() < 1e-12


def test_diagonal_matrices_have_their_diagonal():
    values = found(np.array([[3.0, -2], [1, 5], [-4, 0], [0, 0], [0, 0], [0, 0]]))
    assert np.abs(values.T - [[3, 1, -4], [5, 0, -2]]).max() < 1e-5


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6))
def test_they_are_in_order_and_add_up_to_the_trace(parts):
    a = np.array(parts, np.float32)[:, None]
    values = found(a).ravel()
    size = np.abs(truth(a)).max() + 1e-6
    assert np.abs(values - truth(a).ravel()).max() <= TOLERANCE * size + 1e-8
    assert values[0] >= values[1] - 1e-6 * size and values[1] >= values[2] - 1e-6 * size


def test_the_reference_is_lapack_s_answer():
    a = np.concatenate([matrices_of((0, -200, -200)), matrices_of((3, 2, -4), seed=5)], axis=1)
    assert np.abs(reference(*a) - truth(a)).max() < 1e-11


def test_a_card_s_thread_finds_the_same():
    one = scalar_variant(eigenvalues, lambda source: source)
    for a in matrices_of((3, -1, -1), count=20).T:
        assert np.abs(np.array(one(*a)) - found(a[:, None]).ravel()).max() < 1e-5
        assert all(isinstance(value, np.float32) for value in one(*a))
