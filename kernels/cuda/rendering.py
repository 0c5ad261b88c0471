"""`kernels.rendering` on a card: one thread per ray."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import march, rays
from kernels.arrays import module_of
from kernels.bricks import Occupancy
from kernels.cuda.device import fast_device, fast_kernel, launch, variant
from kernels.cuda.grid import from_middle, reals
from kernels.cuda.tables import on_card
from kernels.lanes import f32
from kernels.layers import LayerTables
from kernels.light import Optics
from kernels.picture import Band
from kernels.rays import Camera, View
from kernels.slices import Slices
from kernels.transfer import Table

aim = variant(rays.aim, fast=True)
cut = variant(rays.cut, fast=True)
follow = variant(march.march, fast=True)
finished = variant(march.finished, fast=True)


@fast_device
def ray(u, v, array, size, slices, counted, middle, right, down, view, occupancy, table, optics, layers):
    """Red, green, blue and alpha of one pixel."""
    across = f32(u - counted[0])
    along = f32(v - counted[1])
    x = middle[0] + across * right[0] + along * down[0]
    y = middle[1] + across * right[1] + along * down[1]
    z = middle[2] + across * right[2] + along * down[2]
    x, y, z, dx, dy, dz, path = aim(view, optics, size, x, y, z)
    near, far = cut(view, x, y, z, dx, dy, dz)
    red, green, blue, through = follow(
        array, size, slices, x, y, z, dx, dy, dz, path, near, far, occupancy, table, optics, layers, 0, 0
    )
    return finished(red, green, blue, through, optics.early_exit)


@fast_device
def put(red, green, blue, out, u, v):
    """Colours as bytes."""
    out[v, u, 0] = np.uint8(min(red, f32(1)) * f32(255) + f32(0.5))
    out[v, u, 1] = np.uint8(min(green, f32(1)) * f32(255) + f32(0.5))
    out[v, u, 2] = np.uint8(min(blue, f32(1)) * f32(255) + f32(0.5))


@fast_kernel
def spread_cuda(array, size, slices, counted, middle, right, down, view, occupancy, table, optics, top, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        red, green, blue, _ = ray(
            u, v + top, array, size, slices, counted, middle, right, down, view, occupancy, table, optics, None
        )
        put(red, green, blue, out, u, v)


@fast_kernel
def spread_layers_cuda(
    array, size, slices, counted, middle, right, down, view, occupancy, table, optics, layers, top, out
):  # fmt: skip
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        red, green, blue, _ = ray(
            u, v + top, array, size, slices, counted, middle, right, down, view, occupancy, table, optics, layers
        )
        put(red, green, blue, out, u, v)


@fast_kernel
def spread_rgba_cuda(array, size, slices, counted, middle, right, down, view, occupancy, table, optics, top, rgba):
    u, v = cuda.grid(2)
    if u < rgba.shape[1] and v < rgba.shape[0]:
        red, green, blue, alpha = ray(
            u, v + top, array, size, slices, counted, middle, right, down, view, occupancy, table, optics, None
        )
        rgba[v, u, 0] = red
        rgba[v, u, 1] = green
        rgba[v, u, 2] = blue
        rgba[v, u, 3] = alpha


@fast_kernel
def spread_rgba_layers_cuda(
    array, size, slices, counted, middle, right, down, view, occupancy, table, optics, layers, top, rgba
):  # fmt: skip
    u, v = cuda.grid(2)
    if u < rgba.shape[1] and v < rgba.shape[0]:
        red, green, blue, alpha = ray(
            u, v + top, array, size, slices, counted, middle, right, down, view, occupancy, table, optics, layers
        )
        rgba[v, u, 0] = red
        rgba[v, u, 1] = green
        rgba[v, u, 2] = blue
        rgba[v, u, 3] = alpha


def spread(
    array: Any,
    size: Any,
    slices: Slices,
    camera: Camera,
    view: View,
    occupancy: Occupancy,
    table: Table,
    optics: Optics,
    layers: LayerTables | None,
    rows: Band,
    out: Any,
    rgba: Any,
) -> None:
    """The same arguments as the CPU's `spread_cpu`, but either `out` or `rgba` is filled: the one that has pixels."""
    filled = out if out.size else rgba
    plain, layered = (spread_cuda, spread_layers_cuda) if out.size else (spread_rgba_cuda, spread_rgba_layers_cuda)
    rays_ = from_middle(camera.origin, camera.right, camera.down, rows.width, rows.height)
    # A few numbers among the arguments are no arrays to send.
    numbers: dict[str, Any] = {name: reals(getattr(view, name)) for name in ("point", "direction")}
    forms: dict[str, Any] = {"metric": reals(optics.metric), "inverse": reals(optics.inverse)}
    planes = module_of(array).empty(view.planes.shape, np.float32)
    planes.set(view.planes)
    there = (on_card(slices, array), *rays_, view._replace(planes=planes, **numbers), occupancy, on_card(table, array))
    where = (np.int32(rows.top), filled)
    how = (rows.width, rows.bottom - rows.top, array, size, *there, optics._replace(**forms))
    if layers is None:
        launch(plain, *how, *where)
    else:
        launch(layered, *how, layers, *where)
