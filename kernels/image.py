"""Sampling a single image: zoom, pan, turn and flip of a Stack's frame.

    I(u, v) = Σ w·image(p),   p = A·(u, v, 1),   w bilinear over the four pixels around p
    Where one output pixel covers at least 2 image pixels: the mean of n×n such samples spread over it, n = ⌈scale⌉.

Source: bilinear interpolation; box filtering by regular sub-samples.
Axes: image [row, column], p = (x, y) = (column, row), pixel centres at integers. The image reaches half a pixel beyond
the outermost centres and is constant there. Outside: `OUTSIDE`, black for colour; sub-samples outside do not count.
Tolerance: 1e-3 of the steepest step between neighbours; exact where samples fall on pixel centres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import driver, module_of, on_device
from kernels.errors import InvalidParameter, InvalidPicture
from kernels.lane_memory import load, ramp, store
from kernels.lanes import (
    INNER,
    LANES,
    OPTIONS,
    TILE_HEIGHT,
    TILE_WIDTH,
    any_lane,
    f32,
    i32,
    integer,
    maximum,
    minimum,
    real,
    shared,
    splat,
    where,
)
from kernels.picture import check_size, output, snap
from kernels.sampling import EDGE
from kernels.tiles import SHARES, block_at, block_count, put, take
from kernels.window import OUTSIDE

DTYPES = (np.dtype(np.float32), np.dtype(np.int16), np.dtype(np.uint16), np.dtype(np.uint8))
MAX_SAMPLES = 64  # a side; a picture that shrinks its image further leaves pixels out


def sub_samples(matrix: NDArray[np.float64]) -> int:
    """How many samples a side one output pixel takes."""
    scale = float(np.linalg.norm(matrix[:, :2], axis=0).max())
    return 1 if scale < 2 else min(int(np.ceil(scale - 1e-6)), MAX_SAMPLES)


def reference(image: NDArray[Any], matrix: ArrayLike, width: int, height: int) -> NDArray[np.float64]:
    """The formula in float64, grey [h, w] (OUTSIDE where nothing is) or colour [h, w, 3]."""
    a = snap(np.asarray(matrix, np.float64))
    rows, columns = image.shape[:2]
    pixels = image.astype(np.float64).reshape(rows, columns, -1)
    n = sub_samples(a)
    total = np.zeros((height, width, pixels.shape[2]))
    count = np.zeros((height, width, 1))
    for j, i in np.ndindex(n, n):
        u = np.arange(width)[None, :] + (i + 0.5) / n - 0.5
        v = np.arange(height)[:, None] + (j + 0.5) / n - 0.5
        x, y = (a[k, 0] * u + a[k, 1] * v + a[k, 2] for k in (0, 1))
        half = 0.5 + EDGE
        ok = ((x >= -half) & (x <= columns - 1 + half) & (y >= -half) & (y <= rows - 1 + half))[..., None]
        x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
        x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
        x1, y1 = np.minimum(x0 + 1, columns - 1), np.minimum(y0 + 1, rows - 1)
        fx, fy = (x - x0)[..., None], (y - y0)[..., None]
        upper = pixels[y0, x0] * (1 - fx) + pixels[y0, x1] * fx
        lower = pixels[y1, x0] * (1 - fx) + pixels[y1, x1] * fx
        total += np.where(ok, upper * (1 - fy) + lower * fy, 0)
        count += ok
    mean = total / np.maximum(count, 1)
    if image.ndim == 3:
        return mean
    return np.asarray(np.where(count > 0, mean, float(OUTSIDE))[..., 0])


@shared
def bilinear(image, columns, rows, channels, channel, x, y):
    """One channel at positions, which are clamped to the image."""
    x = minimum(maximum(x, f32(0)), f32(columns - 1))
    y = minimum(maximum(y, f32(0)), f32(rows - 1))
    ix = integer(x)
    iy = integer(y)
    fx = x - real(ix)
    fy = y - real(iy)
    # Neighbours beyond the last pixel are that pixel: images of one row or column are allowed.
    right = where(ix < i32(columns - 1), i32(channels), i32(0))
    down = where(iy < i32(rows - 1), i32(columns * channels), i32(0))
    index = (iy * i32(columns) + ix) * i32(channels)
    a = load(image, channel, index)
    b = load(image, channel, index + right)
    c = load(image, channel, index + down)
    d = load(image, channel, index + down + right)
    a = a + fx * (b - a)
    c = c + fx * (d - c)
    return a + fy * (c - a)


@shared
def pixel(image, columns, rows, channels, channel, x, y, axes, n):
    """The mean of n×n samples about (x, y), and how many of them count; axes are x and y per pixel right, per down."""
    low = f32(-0.5 - EDGE)
    total = splat(f32(0), x)
    count = splat(f32(0), x)
    share = f32(f32(1) / f32(n))
    for j in range(n):
        dv = f32((f32(j) + f32(0.5)) * share - f32(0.5))
        for i in range(n):
            du = f32((f32(i) + f32(0.5)) * share - f32(0.5))
            px = x + f32(du * axes[0] + dv * axes[2])
            py = y + f32(du * axes[1] + dv * axes[3])
            ok = (px >= low) & (py >= low) & (px <= f32(f32(columns) + low + f32(2 * EDGE)))
            ok = ok & (py <= f32(f32(rows) + low + f32(2 * EDGE)))
            if any_lane(ok):
                v = bilinear(image, columns, rows, channels, channel, px, py)
                total = total + where(ok, v, f32(0))
                count = count + where(ok, f32(1), f32(0))
    return total / where(count > f32(0), count, f32(1)), count


@njit(forceinline=True, **INNER)
def _tile(matrix, row, column):
    """Positions of one tile, and the axes as float32."""
    a = matrix
    x = ramp(f32(a[0, 0] * column + a[0, 1] * row + a[0, 2]), f32(a[0, 0]), f32(a[0, 1]))
    y = ramp(f32(a[1, 0] * column + a[1, 1] * row + a[1, 2]), f32(a[1, 0]), f32(a[1, 1]))
    return x, y, (f32(a[0, 0]), f32(a[1, 0]), f32(a[0, 1]), f32(a[1, 1]))


@njit(**INNER)
def _blocks(image, columns, rows, matrix, n, counter, out):
    """What one thread makes."""
    buffer = np.empty(LANES, np.float32)
    block = take(counter)
    while block < block_count(out.shape[0], out.shape[1]):
        row0, row1, column0, column1 = block_at(block, out.shape[0], out.shape[1])
        for row in range(row0, row1, TILE_HEIGHT):
            for column in range(column0, column1, TILE_WIDTH):
                x, y, axes = _tile(matrix, row, column)
                values, count = pixel(image, columns, rows, 1, 0, x, y, axes, n)
                put(where(count > f32(0), values, OUTSIDE), buffer, 0, out, row, column)
        block = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(image, columns, rows, matrix, n, out):
    counter = np.zeros(1, np.int64)
    for _ in prange(SHARES):
        _blocks(image, columns, rows, matrix, n, counter, out)


@njit(**INNER)
def _colour_blocks(image, columns, rows, matrix, n, counter, out):
    height, width = out.shape[0], out.shape[1]
    buffer = np.empty(LANES, np.float32)
    block = take(counter)
    while block < block_count(height, width):
        row0, row1, column0, column1 = block_at(block, height, width)
        for row in range(row0, row1, TILE_HEIGHT):
            for column in range(column0, column1, TILE_WIDTH):
                x, y, axes = _tile(matrix, row, column)
                for channel in range(3):
                    values, _ = pixel(image, columns, rows, 3, channel, x, y, axes, n)
                    store(values, buffer, 0)
                    for lane in range(LANES):
                        v = row + lane // TILE_WIDTH
                        u = column + lane % TILE_WIDTH
                        if v < height and u < width:
                            out[v, u, channel] = np.uint8(buffer[lane] + f32(0.5))
        block = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_colour_cpu(image, columns, rows, matrix, n, out):
    counter = np.zeros(1, np.int64)
    for _ in prange(SHARES):
        _colour_blocks(image, columns, rows, matrix, n, counter, out)


def sample(
    image: NDArray[Any], matrix: ArrayLike, width: int, height: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """The image on a grid: `matrix` [2, 3] maps pixel (u, v, 1) to image (x, y).

    Grey images, [rows, columns] of float32, int16, uint16 or uint8, give float32 [h, w] with `OUTSIDE`; colour images,
    [rows, columns, 3] of uint8, give uint8 [h, w, 3] with black.

    Raises:
        InvalidPicture: a size out of range, or a matrix that is not finite or maps all pixels onto a line.
        InvalidParameter: an image of another type or shape.
        NoBackend: the array is neither numpy's nor on a card.
    """
    is_device = on_device(image)
    colour = image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    if not (colour or (image.ndim == 2 and image.dtype.newbyteorder("=") in DTYPES)) or not 0 < image.size < 2**31:
        raise InvalidParameter(f"no image of shape {image.shape} and type {image.dtype} can be sampled")
    check_size(width, height)
    a = np.array(matrix, dtype=np.float64)
    if a.shape != (2, 3) or not np.isfinite(a).all() or np.abs(a).max() > 1e7 or abs(np.linalg.det(a[:, :2])) < 1e-12:
        raise InvalidPicture("the matrix from picture to image is 2×3, finite and invertible")
    a = snap(a)
    flat = module_of(image).ascontiguousarray(image).reshape(-1) if is_device else _flat(image)
    grey, coloured = (spread_cpu, spread_colour_cpu)
    if is_device:
        grey, coloured = driver("image").spread, driver("image").spread_colour
    rows, columns = np.int64(image.shape[0]), np.int64(image.shape[1])
    if colour:
        result = output(out, (height, width, 3), np.uint8, image)
        coloured(flat, columns, rows, a, sub_samples(a), result)
    else:
        result = output(out, (height, width), np.float32, image)
        grey(flat, columns, rows, a, sub_samples(a), result)
    return result


def _flat(image: NDArray[Any]) -> NDArray[Any]:
    # Numba compiles again for another layout or for read-only memory; a frame is small enough to be copied then.
    usable = image.flags.c_contiguous and image.flags.aligned and image.flags.writeable and image.dtype.isnative
    return (image if usable else np.array(image, image.dtype.newbyteorder("="), order="C")).reshape(-1)
