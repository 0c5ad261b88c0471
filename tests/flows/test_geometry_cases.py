"""Whatever the scanner and however it stores: a ball at known millimetres of the patient comes out at those.

From bytes through header, Stack and Volume to the pixels of a plane. The truth is the formula in acquisitions.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernels.picture import Picture
from kernels.plane import plane
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd.assemble import Assembly
from storage.blobs import BlobStore
from storage.dicom.header import read_header
from storage.dicom.stacks import Stack, stacks_of
from storage.home import Home
from tests.flows.acquisitions import BACK, BALLS, HEAD, RIGHT_LEFT, SIGMA
from tests.flows.geometry import multiframe, phases, volumes  # noqa: F401  each registers its cases
from tests.flows.geometry.case import CASES, Expected
from tests.renderd.stacks import Instance

pytestmark = pytest.mark.slow

TOLERANCE = 0.2  # voxels


def fit(points: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and height of a ball of known width from values at points [n, 3 or 2]: its logarithm is a parabola."""
    left = np.log(values) + (points**2).sum(1) / (2 * SIGMA**2)
    solution = np.linalg.lstsq(np.column_stack([points / SIGMA**2, np.ones(len(points))]), left, rcond=None)[0]
    centre = solution[:-1]
    return centre, float(np.exp(solution[-1] + (centre**2).sum() / (2 * SIGMA**2)))


def balls_in(volume: Volume, expected: Expected) -> dict[str, np.ndarray]:
    """Where the four balls are by the voxels; told apart by their brightness alone."""
    values = volume.array.astype(np.float64) - expected.offset
    z, y, x = np.indices(values.shape)
    points = volume.to_patient(np.stack([x, y, volume.place_of(z)], axis=-1))
    found = {}
    for name, (_, height) in sorted(BALLS.items(), key=lambda ball: -ball[1][1]):
        top = points[np.unravel_index(values.argmax(), values.shape)]
        distance = np.linalg.norm(points - top, axis=-1)
        near = (distance < 2.2 * SIGMA) & (values > 0.25 * values.max())
        centre, seen = fit(points[near] - top, values[near])
        found[name] = centre + top
        assert seen == pytest.approx(height * expected.factor, rel=0.06), name
        values[distance < 3.6 * SIGMA] = 0
    return found


def assert_close(volume: Volume, found: np.ndarray, truth: np.ndarray) -> None:
    """Within TOLERANCE voxels along each axis, slices counted where they stand."""
    a, b = volume.to_index(found), volume.to_index(truth)
    a[2], b[2] = volume.slice_of(a[2]), volume.slice_of(b[2])
    assert np.abs(a - b).max() <= TOLERANCE, (a, b)


PLANES = {"axial": (RIGHT_LEFT, BACK), "coronal": (RIGHT_LEFT, -HEAD), "sagittal": (BACK, -HEAD)}
PIXEL, SIDE = 0.7, 25


def assert_seen_in_planes(volume: Volume, truth: np.ndarray, height: float, offset: float) -> None:
    """A plane through the ball's centre, in each of the patient's directions, shows it in its middle."""
    row, column = np.indices((SIDE, SIDE)) - SIDE // 2
    pixels = np.stack([column, row], axis=-1) * PIXEL
    for right, down in PLANES.values():
        corner = truth - (right + down) * PIXEL * (SIDE // 2)
        values = plane(volume, Picture(corner, right * PIXEL, down * PIXEL, SIDE, SIDE)).astype(np.float64)
        # Background in holes and nowhere else.
        points = corner + (pixels[..., :1] / PIXEL + SIDE // 2) * right * PIXEL
        points = points + (pixels[..., 1:] / PIXEL + SIDE // 2) * down * PIXEL
        slices = volume.slice_of(volume.to_index(points)[..., 2])
        clear = np.abs(slices - np.rint(slices)) > 1e-3
        assert (np.isin(np.floor(slices), volume.holes) == (values == OUTSIDE))[clear].all()
        values -= offset
        assert values[SIDE // 2, SIDE // 2] == pytest.approx(height, rel=0.2)
        near = (np.linalg.norm(pixels, axis=-1) < 1.6 * SIGMA) & (values > 0.25 * height)
        centre, _ = fit(pixels[near], values[near])
        assert_close(volume, truth + right * centre[0] + down * centre[1], truth)


def assert_nothing_is_shown_in_holes(volume: Volume) -> None:
    places = volume.place_of(np.arange(len(volume.array)))
    for k in volume.holes:
        middle = [(n - 1) / 2 for n in volume.array.shape[:0:-1]]
        for part in (0.1, 0.5, 0.9):
            point = volume.to_patient([*middle, places[k] + part * (places[k + 1] - places[k])])
            right, down = volume.affine[:3, 0], volume.affine[:3, 1]
            assert (plane(volume, Picture(point - right, right, down, 3, 1)) == OUTSIDE).all()


def read(files: list[bytes], folder: Path) -> tuple[Home, BlobStore, list[Stack]]:
    home = Home(folder / "home", folder / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)
    instances = []
    for data in files:
        header, identity = read_header(data)
        instances.append(Instance(identity.sop_instance_uid, blobs.write(1, data), header.to_json()))
    return home, blobs, stacks_of(instances)


@pytest.mark.parametrize("name", CASES)
def test_balls_come_out_where_they_are_in_the_patient(name: str, tmp_path: Path) -> None:
    made = CASES[name]()
    home, blobs, stacks = read(made.files, tmp_path)
    with_volume = [stack for stack in stacks if stack.geometry is not None]
    assert len(with_volume) == len(made.volumes), [(len(s.frames), s.refusal) for s in stacks]
    for stack, expected in zip(with_volume, made.volumes, strict=True):
        assert (stack.refusal, stack.dtype, stack.notes) == (None, expected.dtype, expected.notes)
        told = (stack.phase.kind, stack.phase.value) if stack.phase else ("", None)
        assert told == (expected.kind, expected.value)
        assembly = Assembly(home, blobs, 1, stack)
        assembly.run()
        volume = assembly.volume
        assert volume is not None and len(volume.holes) == expected.holes
        for z, frame in enumerate(stack.frames):
            assert np.allclose(volume.to_patient([0, 0, volume.place_of(z)]), frame.position, atol=0.11)
        found = balls_in(volume, expected)
        # The side, spelt out: left has the larger x, the back the larger y, the head the larger z.
        assert found["left"][0] - found["right"][0] > 35
        assert found["behind"][1] - found["front"][1] > 35
        assert found["front"][2] - found["behind"][2] > 35
        for ball, (truth, height) in BALLS.items():
            assert_close(volume, found[ball], truth)
            assert_seen_in_planes(volume, truth, height * expected.factor, expected.offset)
        assert_nothing_is_shown_in_holes(volume)
    refusals = tuple(stack.refusal for stack in stacks if stack.geometry is None)
    assert refusals == made.refusals


def test_phases_share_a_group_and_run_the_same_way(tmp_path: Path) -> None:
    _, _, stacks = read(CASES["two echoes, each as magnitude and phase"]().files, tmp_path)
    groups = [stack.phase.group for stack in stacks if stack.phase]
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert [(stack.phase.number, stack.phase.count) for stack in stacks if stack.phase] == [(0, 2), (1, 2)] * 2
    assert len({tuple(frame.position for frame in stack.frames) for stack in stacks}) == 1
