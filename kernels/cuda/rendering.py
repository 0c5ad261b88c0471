"""`kernels.rendering` on a card: one thread per ray."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import march, rendering
from kernels.cuda.device import fast_device, fast_kernel, launch, variant
from kernels.cuda.grid import from_middle, reals
from kernels.cuda.tables import on_card
from kernels.lanes import f32
from kernels.march import Optics
from kernels.rendering import Camera
from kernels.slices import Slices
from kernels.transfer import Table

follow = variant(march.march, fast=True)


@fast_device
def ray(u, v, array, size, slices, counted, middle, right, down, step, packet, occupancy, shape, table, optics):
    """Red, green, blue and alpha of one pixel."""
    across = f32(u - counted[0])
    along = f32(v - counted[1])
    x = middle[0] + across * right[0] + along * down[0]
    y = middle[1] + across * right[1] + along * down[1]
    z = middle[2] + across * right[2] + along * down[2]
    return follow(array, size, slices, x, y, z, x, y, z, step, packet, occupancy, shape, table, optics)


@fast_kernel
def spread_cuda(array, size, slices, counted, middle, right, down, step, packet, occupancy, shape, table, optics, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        red, green, blue, _ = ray(
            u, v, array, size, slices, counted, middle, right, down, step, packet, occupancy, shape, table, optics
        )
        out[v, u, 0] = np.uint8(min(red, f32(1)) * f32(255) + f32(0.5))
        out[v, u, 1] = np.uint8(min(green, f32(1)) * f32(255) + f32(0.5))
        out[v, u, 2] = np.uint8(min(blue, f32(1)) * f32(255) + f32(0.5))


@fast_kernel
def spread_rgba_cuda(
    array, size, slices, counted, middle, right, down, step, packet, occupancy, shape, table, optics, rgba
):
    u, v = cuda.grid(2)
    if u < rgba.shape[1] and v < rgba.shape[0]:
        red, green, blue, alpha = ray(
            u, v, array, size, slices, counted, middle, right, down, step, packet, occupancy, shape, table, optics
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
    packet: Any,
    occupancy: Any,
    shape: Any,
    table: Table,
    optics: Optics,
    out: Any,
    rgba: Any,
) -> None:
    """The same arguments as the CPU's `spread_cpu`, but either `out` or `rgba` is filled: the one that has pixels."""
    filled, function = (out, spread_cuda) if out.size else (rgba, spread_rgba_cuda)
    height, width = filled.shape[:2]
    rays = (*from_middle(camera.origin, camera.right, camera.down, width, height), reals(camera.step))
    alone = rendering._packet(camera._replace(right=np.zeros(3), down=np.zeros(3)))  # a packet of one ray
    bricks = (occupancy, shape)
    matrix: Any = reals(optics.to_camera)  # nine numbers among the arguments are no array to send
    light = (on_card(table, array), optics._replace(to_camera=matrix))
    launch(function, width, height, array, size, on_card(slices, array), *rays, alone, *bricks, *light, filled)
