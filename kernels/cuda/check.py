"""Every kernel on a card against its float64 reference, on small volumes and pictures of odd sizes.

The renderer asks this before it trusts a card, `make gpu-check` prints it, and the tests run it under the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import (
    bricks,
    compose,
    curved,
    cut,
    image,
    labelmap,
    picture_bilateral,
    picture_edge,
    picture_gamma,
    picture_gaussian,
    picture_median,
    picture_threshold,
    picture_unsharp,
    plane,
    rendering,
    window,
)
from kernels.arrays import module_of, to_host
from kernels.curved_picture import CurvedPicture
from kernels.cut import Lasso
from kernels.layers import Layer, Layers
from kernels.picture import Picture
from kernels.samples import Projection, projection_samples, ways
from kernels.transfer import TransferFunction
from kernels.volume import Volume

SHEARED = np.array([[0.7, 0.12, 0.2, 3.0], [0.02, 0.8, -0.1, -4.0], [0.05, 0.0, 1.3, 5.0], [0, 0, 0, 1]])
LEFT_HANDED = np.array([[0.9, 0, 0, -20.0], [0, 0.9, 0, 7.0], [0, 0, -1.7, 40.0], [0, 0, 0, 1]])
RANGE = 4095  # between the extreme values of a random volume: its steepest step
GREY = 1 / 255
WARM = TransferFunction(((50.0, (0.2, 0.1, 0.1), 0.0), (150.0, (0.9, 0.3, 0.2), 0.3), (400.0, (1.0, 1.0, 0.9), 0.8)))
# Cells of 2.5 from −1024.3 on; the border between two of them is −23.05. A value's cell decides whether it is seen, the
# highest of a brick where only what lies above is, the lowest where only what lies below is.
LOW, BORDER, HIGH = -1024.3, -23.05, 9213.2
WHITE = (1.0, 1.0, 1.0)
OCCUPANCIES = (
    (
        "seen above",
        TransferFunction(((LOW, WHITE, 0.0), (BORDER, WHITE, 0.0), (BORDER + 1, WHITE, 1.0), (HIGH, WHITE, 1.0))),
        (-1000, -24, -23),
    ),
    (
        "seen below",
        TransferFunction(((LOW, WHITE, 1.0), (BORDER - 1, WHITE, 1.0), (BORDER, WHITE, 0.0), (HIGH, WHITE, 0.0))),
        (3000, -23, -24),
    ),
)
# right, down and normal of an oblique view
OBLIQUE = np.linalg.qr(np.array([[0.8, 0.3, -0.5], [-0.2, 0.9, 0.4], [0.6, -0.3, 0.7]]))[0].T


@dataclass(frozen=True)
class Check:
    """How far a kernel is from its reference in one case, and how far it may be."""

    kernel: str
    case: str
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.error <= self.tolerance


def checks(module: Any, scale: int = 1) -> Iterator[Check]:
    """One after the other; `module` makes the card's arrays (cupy), `scale` enlarges volumes and pictures."""
    for cases in (_windows, _images, _filters, _bricks, _planes, _curves, _renderings, _layers, _labels, _colours):
        yield from cases(module, scale)


def on_card(volume: Volume, module: Any) -> Volume:
    """The same volume in a card's memory."""
    return Volume(module.asarray(volume.array), volume.affine, volume.places, volume.holes)


def _windows(module: Any, scale: int) -> Iterator[Check]:
    values = np.random.default_rng(3).normal(40, 300, (7, 37 * scale)).astype(np.float32)
    values[0, 0] = window.OUTSIDE
    functions: tuple[window.Function, ...] = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
    for function in functions:
        for invert in (False, True):
            greys = to_host(window.window(module.asarray(values), 40.3, 400.7, invert, function))
            truth = window.reference(values, 40.3, 400.7, invert, function)
            case = f"{function}, inverted" if invert else function
            yield Check("window", case, float(np.abs(greys.astype(int) - truth).max()), 1)


def _images(module: Any, scale: int) -> Iterator[Check]:
    turned = np.array([[0.43, 0.11, -1.7], [-0.12, 0.51, 2.3]])
    shrunk = np.array([[2.7, 0.2, -1.3], [-0.3, 2.6, 0.4]])
    rng = np.random.default_rng(2)
    for dtype in image.DTYPES:
        pixels = rng.integers(0, 200, (13 * scale, 17 * scale)).astype(dtype)
        for name, matrix in (("turned", turned), ("shrunk", shrunk)):
            size = (19 * scale, 11 * scale) if name == "turned" else (7 * scale, 5 * scale)
            values = to_host(image.sample(module.asarray(pixels), matrix, *size))
            truth = image.reference(pixels, matrix, *size)
            yield Check("image", f"{dtype.name}, {name}", _error(values, truth), 0.2)
        values = to_host(image.sample(module.asarray(pixels), np.eye(2, 3), pixels.shape[1], pixels.shape[0]))
        yield Check("image", f"{dtype.name}, one to one", float(np.abs(values - pixels).max()), 0)
    colours = rng.integers(0, 200, (13 * scale, 17 * scale, 3)).astype(np.uint8)
    values = to_host(image.sample(module.asarray(colours), turned, 19 * scale, 11 * scale))
    truth = image.reference(colours, turned, 19 * scale, 11 * scale)
    yield Check("image, colour", "turned", float(np.abs(values - truth).max()), 0.51)


# By name: the public function, its reference, its amounts, and how far it may be off for values within ±2048.
FILTERS: dict[str, tuple[Any, Any, tuple[Any, ...], float]] = {
    "gaussian": (picture_gaussian.gaussian, picture_gaussian.reference, (1.7,), 0.01),
    "unsharp": (picture_unsharp.unsharp, picture_unsharp.reference, (1.2, 2.0), 0.03),
    "median": (picture_median.median, picture_median.reference, (2,), 1e-3),
    "bilateral": (picture_bilateral.bilateral, picture_bilateral.reference, (2.5, 300.0), 0.1),
    "edge": (picture_edge.edge, picture_edge.reference, (0.7,), 0.01),
    "gamma": (picture_gamma.gamma, picture_gamma.reference, (-160.0, 240.0, 0.6), 0.01),
    "threshold": (picture_threshold.threshold, picture_threshold.reference, (-160.0, 240.0), 0.0),
}


def _filters(module: Any, scale: int) -> Iterator[Check]:
    rng = np.random.default_rng(5)
    whole = rng.integers(-1024, 1024, (11 * scale, 13 * scale)).astype(np.float32)
    torn = np.where(rng.random(whole.shape) < 0.3, window.OUTSIDE, whole)
    for name, (function, reference, amounts, tolerance) in FILTERS.items():
        for case, picture in (("whole", whole), ("with holes", torn)):
            values = to_host(function(module.asarray(picture), *amounts))
            yield Check(name, case, _error(values, reference(picture, *amounts)), tolerance)


def _bricks(module: Any, scale: int) -> Iterator[Check]:
    for dtype in (np.int16, np.float32):
        volume = random_volume(dtype, (9 * scale, 10 * scale, 19 * scale), SHEARED)
        grid, truth = bricks.bricks(on_card(volume, module)), bricks.reference(volume)
        lowest, highest = to_host(grid.lowest), to_host(grid.highest)
        error = np.abs(lowest - truth.lowest).max() + np.abs(highest - truth.highest).max()
        yield Check("bricks", np.dtype(dtype).name, float(error), 0)
        for name, transfer, values in OCCUPANCIES:
            volume = sparse_volume(dtype, (9 * scale, 10 * scale, 43 * scale), *values)
            grid, table = bricks.bricks(on_card(volume, module)), transfer.table()
            occupied = bricks.reference_near(bricks.reference(volume), table).reshape(-1)
            assert 0 < occupied.mean() < 1  # else a wrong answer could not be seen
            missed = to_host(grid.occupancy(table).near) != occupied
            yield Check("bricks, occupancy", f"{np.dtype(dtype).name}, {name}", float(missed.sum()), 0)


def _planes(module: Any, scale: int) -> Iterator[Check]:
    for name, volume in _volumes(random_volume, scale):
        device = on_card(volume, module)
        picture = oblique(volume, 13 * scale, 9 * scale, 0.77 / scale)
        projections: tuple[Projection, ...] = ("max", "min", "mean")
        for projection in projections:
            values = to_host(plane.slab(device, picture, projection, 4.0))
            truth = plane.reference(volume, picture, projection, 4.0)
            yield Check("plane", f"{name}, {projection} of 4 mm", _error(values, truth), 1e-3 * RANGE)
            clip = _between_samples(volume, picture, projection)
            values = to_host(plane.project(device, picture, projection, clip=clip))
            truth = plane.reference_projection(volume, picture, projection, clip)
            yield Check("plane", f"{name}, {projection} through a part", _error(values, truth), 1e-3 * RANGE)
        nz, ny, nx = volume.array.shape
        middle = float(volume.place_of(nz // 2))
        axes = volume.affine[:3, :3]
        slice_ = Picture(volume.to_patient((0, 0, middle)), axes[:, 0], axes[:, 1], nx, ny)
        values = to_host(plane.plane(device, slice_))
        yield Check("plane", f"{name}, slice", float(np.abs(values - volume.array[nz // 2]).max()), 0)


def _curves(module: Any, scale: int) -> Iterator[Check]:
    for name, volume in _volumes(random_volume, scale):
        device = on_card(volume, module)
        picture = curled(volume, 13 * scale, 9 * scale, 0.77 / scale)
        slabs: tuple[tuple[Projection, float], ...] = (("max", 0.0), ("max", 4.0), ("min", 4.0), ("mean", 4.0))
        for projection, thickness_mm in slabs:
            values = to_host(curved.reformat(device, picture, projection, thickness_mm))
            truth = curved.reference(volume, picture, projection, thickness_mm)
            yield Check("curved", f"{name}, {projection} of {thickness_mm:g} mm", _error(values, truth), 1e-3 * RANGE)


def _between_samples(volume: Volume, picture: Picture, projection: Projection) -> NDArray[np.float64]:
    """Two half-spaces across the axis that rays follow, between their samples: no rounding brings one to a face."""
    samples = projection_samples(volume, picture, projection)
    axis = int(np.abs(samples.grid[3]).argmax()) if samples.axis < 0 else samples.axis
    across = volume.inverse[axis] / np.linalg.norm(volume.inverse[axis])
    t = ways(samples, volume)
    faces = samples.grid[0, axis] + samples.grid[3, axis] * np.array([t[1] + t[2], t[-3] + t[-2]]) / 2
    first, last = sorted(across @ volume.to_patient(np.eye(3)[axis] * at) for at in faces)
    return np.array([[*across, first], [*-across, -last]])


def _renderings(module: Any, scale: int) -> Iterator[Check]:
    for name, volume in _volumes(smooth_volume, scale):
        device = on_card(volume, module)
        grid = bricks.bricks(device)
        for how, fine, step, exit_, tolerance in (
            ("still", True, 0.4, rendering.STILL_EXIT, 2 * GREY),
            ("coarse", False, 0.8, rendering.STILL_EXIT, 4 * GREY),
            # What comes behind the exit may have any colour.
            ("moving", False, 0.8, rendering.MOVING_EXIT, rendering.MOVING_EXIT + 2 * GREY),
        ):
            picture = oblique(volume, 9 * scale, 7 * scale, 1.1 / scale)
            truth = rendering.reference(volume, picture, WARM, 0.1)
            rgba = to_host(rendering.volume_rendering_rgba(device, picture, WARM, grid, step, exit_, fine))
            case = f"{name}, {how}"
            yield Check("rendering", case, float(np.abs(rgba - truth).max()), tolerance)
            if fine:
                rgb = to_host(rendering.volume_rendering(device, picture, WARM, grid, step, exit_, fine))
                greys = np.floor(np.minimum(rgba[..., :3], 1) * 255 + 0.5)
                yield Check("rendering", f"{case}, in bytes", float(np.abs(rgb - greys).max()), 1)


def layered(volume: Volume) -> Layers:
    """A mask, labels with tints, and heat over a volume, where it lies."""
    z, y, x = np.indices(volume.array.shape)
    mask = np.where(x + 0.5 * y - 0.3 * z < 0.7 * volume.array.shape[2], 255, 0)
    tints, heats = np.zeros((256, 4), np.float32), np.zeros((256, 4), np.float32)
    tints[3], heats[:, 0], heats[40:, 3] = (0, 1, 0, 0.8), np.linspace(0, 1, 256), np.linspace(0, 0.5, 216)
    heat = 230 * np.exp(-((z - 3) ** 2 + (y - 3) ** 2 + (x - 4) ** 2) / 12)
    module = module_of(volume.array)
    there = [Layer(module.asarray(np.asarray(layer, np.uint8))) for layer in (mask, np.where(z > 2, 3, 0), heat)]
    return Layers(volume, there[0], there[1], tints, there[2], heats)


def lasso(volume: Volume) -> Lasso:
    """A star across the middle of a volume, along none of its axes."""
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    reach = (1 + 0.5 * np.cos(5 * angles)) * np.linalg.norm(volume.corners_mm[-1] - volume.centre_mm) / 2
    corners = reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return Lasso(volume.centre_mm + OBLIQUE[2] * 0.1, OBLIQUE[0], OBLIQUE[1], corners)


def _layers(module: Any, scale: int) -> Iterator[Check]:
    for name, volume in _volumes(smooth_volume, scale):
        device, host = on_card(volume, module), layered(volume)
        over, grid = layered(device), bricks.bricks(device)
        picture = oblique(volume, 9 * scale, 7 * scale, 1.1 / scale)
        truth = rendering.reference(volume, picture, WARM, 0.1, layers=host)
        how = (0.4, rendering.STILL_EXIT, True)
        rgba = to_host(rendering.volume_rendering_rgba(device, picture, WARM, grid, *how, layers=over))
        # A step has one label: at a label's border it is up to half a step too early or too late.
        yield Check("rendering, layers", name, float(np.abs(rgba - truth).max()), 8 * GREY)
        values = to_host(plane.project(device, picture, "max", layers=over))
        expected = plane.reference_projection(volume, picture, "max", layers=host)
        # A sample on the mask's border may count in one and not in the other.
        far = (np.abs(values - expected) > 1).mean()
        yield Check("plane, mask", name, float(far), 0.02)


def _labels(module: Any, scale: int) -> Iterator[Check]:
    every = np.ones(256, bool)
    for name, volume in _volumes(smooth_volume, scale):
        device = on_card(volume, module)
        labels = np.random.default_rng(5).integers(0, 4, volume.array.shape).astype(np.uint8)
        there = module.asarray(labels)
        picture = oblique(volume, 13 * scale, 9 * scale, 0.77 / scale)
        for what, thickness_mm in (("plane", 0.0), ("slab", 4.0), ("projection", None)):
            seen = to_host(labelmap.labels_seen(device, there, picture, every, thickness_mm))
            truth = labelmap.reference(volume, labels, picture, every, thickness_mm)
            yield Check("labelmap", f"{name}, {what}", float((seen != truth).mean()), 0.02)
        changed = cut.cut(device, there, lasso(volume), 9)
        behind = cut.reference(volume, lasso(volume))
        yield Check("cut", name, float(((to_host(there) == 9) != behind).sum() + abs(changed - behind.sum())), 0)


def _colours(module: Any, scale: int) -> Iterator[Check]:
    rng = np.random.default_rng(7)
    greys = rng.integers(0, 256, (9 * scale, 13 * scale)).astype(np.uint8)
    values = rng.uniform(-2, 12, greys.shape).astype(np.float32)
    values[0] = window.OUTSIDE
    palette = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    made = to_host(compose.fused(module.asarray(greys), module.asarray(values), palette, 1.0, 9.0, 0.4))
    truth = compose.reference_fused(greys, values, palette, 1.0, 9.0, 0.4)
    yield Check("compose", "fused", float(np.abs(made.astype(int) - truth).max()), 1)
    labels = rng.integers(0, 3, (greys.shape[0] + 2, greys.shape[1])).astype(np.uint8)
    styles = np.zeros((256, 5), np.float32)
    styles[1], styles[2] = (1, 0, 0.2, 0.3, 0), (0, 1, 0, 0.5, 1)
    out = module.asarray(truth)
    compose.labelled(module.asarray(labels), styles, out, 1)
    expected = compose.reference_labelled(truth, labels, styles, 1)
    yield Check("compose", "labelled", float(np.abs(to_host(out).astype(int) - expected).max()), 1)


def _volumes(make: Callable[..., Volume], scale: int) -> Iterator[tuple[str, Volume]]:
    shape = (9 * scale, 7 * scale, 11 * scale)
    for dtype in (np.int16, np.float32):
        yield f"{np.dtype(dtype).name}, sheared", make(dtype, shape, SHEARED)
    yield "int16, left-handed", make(np.int16, shape, LEFT_HANDED)
    even = make(np.int16, shape, SHEARED)
    places = np.cumsum(np.concatenate([[0], np.tile((0.6, 1.0, 1.7), shape[0])[: shape[0] - 1]]))
    yield "int16, uneven with a hole", Volume(even.array, even.affine, places, (shape[0] // 3,))


def random_volume(dtype: Any, shape: tuple[int, int, int], affine: NDArray[np.float64]) -> Volume:
    values = np.random.default_rng(1).integers(-1024, 3071, shape)
    return Volume(values.astype(dtype), affine)


def sparse_volume(dtype: Any, shape: tuple[int, int, int], nothing: int, unseen: int, seen: int) -> Volume:
    """Nothing but three voxels more than a brick apart: one that is just not seen, one that just is, and again one."""
    values = np.full(shape, nothing, dtype)
    values[4, 5, 4] = values[4, 5, 36] = unseen
    values[4, 5, 20] = seen
    return Volume(values, SHEARED)


def smooth_volume(dtype: Any, shape: tuple[int, int, int], affine: NDArray[np.float64]) -> Volume:
    """A bright ball with a soft edge, 0 to 400."""
    z, y, x = np.indices(shape).astype(np.float64)
    q = sum(((c - (n - 1) / 2) / (n / 2)) ** 2 for c, n in zip((z, y, x), shape, strict=True))
    return Volume((400 * np.exp(-3 * q)).astype(dtype), affine)


def oblique(volume: Volume, width: int, height: int, pixel_mm: float) -> Picture:
    """A picture about the volume's middle, along none of its axes."""
    right, down = OBLIQUE[0] * pixel_mm, OBLIQUE[1] * pixel_mm
    origin = volume.centre_mm - right * (width - 1) / 2 - down * (height - 1) / 2
    return Picture(origin, right, down, width, height)


def curled(volume: Volume, width: int, height: int, pixel_mm: float) -> CurvedPicture:
    """Lines about the volume's middle, each turned a little further about an oblique axis; the first is missing."""
    angle = np.linspace(0, 2, height)[:, None]
    right = np.cos(angle) * OBLIQUE[0] + np.sin(angle) * OBLIQUE[2]
    normal = np.cos(angle) * OBLIQUE[2] - np.sin(angle) * OBLIQUE[0]
    down = (np.arange(height) - (height - 1) / 2)[:, None] * pixel_mm * OBLIQUE[1]
    origin = volume.centre_mm + down - right * pixel_mm * (width - 1) / 2
    return CurvedPicture(origin, right * pixel_mm, normal, np.arange(height) > 0, width)


def _error(values: NDArray[Any], truth: NDArray[np.float64]) -> float:
    """The largest difference; infinite where one has a value and the other says `OUTSIDE`."""
    outside = truth == window.OUTSIDE
    if ((values == window.OUTSIDE) != outside).any():
        return float("inf")
    return float(np.abs(values - truth)[~outside].max(initial=0))
