"""What lies over a volume's voxels, on the same grid: which are shown, which label they have, and a second volume.

    mask      uint8: 255 where a voxel is shown, 0 where it is hidden. Half way between two voxels is the border, w = ½:
              p = clip(2w − ½, 0, 1) of a ray's step is shown (w trilinear), and a sample of a projection where w ≥ ½
    labels    uint8: colours take the part `tints` of the nearest voxel's label
    heat      uint8: the second volume's place in its palette, trilinear; `heats` has colour and extinction, unlit

Where both volumes absorb, a step's light is shared out by their optical depths. A mask hides nothing of the second one.
Source: our own. Axes: see volume.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from kernels.arrays import module_of, on_device, to_host
from kernels.bricks import STRIDE, Bricks, Occupancy, bricks_of, occupancy_of
from kernels.errors import InvalidParameter
from kernels.lane_memory import load
from kernels.lanes import apart, f32, floor, i32, integer, maximum, minimum, shared
from kernels.sampling import reference_value, slice_at, trilinear
from kernels.transfer import Table
from kernels.volume import Volume

LABELS = 256
COLUMNS = 4  # red, green, blue, 0 … 1, and the part of a tint or the extinction per mm of heat
SHOWN = 255
HALF = 127.5  # of `mask`


class LayerTables(NamedTuple):
    """What kernels read: flat arrays; of a layer that is not there one element, which nobody reads."""

    mask: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    tints: NDArray[np.float32]  # [LABELS · COLUMNS]
    heat: NDArray[np.uint8]
    heats: NDArray[np.float32]  # [LABELS · COLUMNS]
    has_mask: np.int32
    has_labels: np.int32
    has_heat: np.int32
    hiding: NDArray[np.uint8]  # of the mask, see `Layer.hiding`,
    hiding_y: np.int32  # and how many bricks there are along y and x
    hiding_x: np.int32


@dataclass(frozen=True, eq=False)
class Layer:
    """One uint8 array [z, y, x] on a volume's grid; what is known of its bricks stays with it."""

    array: NDArray[Any]

    @cached_property
    def _extremes(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        found = bricks_of(self.array)
        return to_host(found.lowest), to_host(found.highest)

    @cached_property
    def highest(self) -> NDArray[np.uint8]:
        """The largest of each brick, in this machine's memory."""
        return self._extremes[1]

    @cached_property
    def hiding(self) -> NDArray[np.uint8]:
        """Of a mask: 1 where a brick or one beside it hides anything, uint8 [bz, by, bx]."""
        hides = (self._extremes[0] < SHOWN).astype(np.uint8)
        return np.asarray(maximum_filter(hides, 3))


@dataclass(frozen=True, eq=False)
class Layers:
    """Layers over one volume, each uint8 [z, y, x] of its shape, where its voxels lie; None: there is no such layer.

    Args:
        tints: float32 [256, 4], red, green and blue of each label and how much of it a colour takes, all 0 … 1.
        heats: float32 [256, 4], red, green and blue, 0 … 1, and the extinction per millimetre of each place.

    Raises:
        InvalidParameter: a layer of another shape, type or layout, or without its table; numbers out of range.
    """

    volume: Volume
    mask: Layer | None = None
    labels: Layer | None = None
    tints: NDArray[np.float32] | None = None
    heat: Layer | None = None
    heats: NDArray[np.float32] | None = None
    _known: list[Occupancy] = field(default_factory=list, repr=False)  # the volume's last, and what it became
    _masked: list[Bricks] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        shape = self.volume.array.shape
        for layer in (self.mask, self.labels, self.heat):
            if layer is None:
                continue
            if on_device(layer.array) != on_device(self.volume.array):
                raise InvalidParameter("layers lie in the memory where the voxels lie")
            if layer.array.shape != shape or layer.array.dtype != np.uint8 or not layer.array.flags.c_contiguous:
                raise InvalidParameter(f"a layer is C-contiguous uint8 of the volume's shape {shape}")
        if (self.labels is None) != (self.tints is None) or (self.heat is None) != (self.heats is None):
            raise InvalidParameter("labels come with tints, and heat with heats")
        if self.tints is not None:
            object.__setattr__(self, "tints", _table(self.tints, most=1))
        if self.heats is not None:
            object.__setattr__(self, "heats", _table(self.heats, most=1000))

    @cached_property
    def tables(self) -> LayerTables:
        """As kernels take them."""
        module = module_of(self.volume.array)
        nothing = module.asarray(np.zeros(1, np.uint8))
        layers = (self.mask, self.labels, self.heat)
        flat = [nothing if layer is None else layer.array.reshape(-1) for layer in layers]
        tables = [
            module.asarray(np.zeros(1, np.float32) if t is None else t.reshape(-1)) for t in (self.tints, self.heats)
        ]
        has_mask, has_labels, has_heat = (np.int32(layer is not None) for layer in layers)
        hiding = np.zeros((1, 1, 1), np.uint8) if self.mask is None else self.mask.hiding
        deep, across = (np.int32(count) for count in hiding.shape[1:])
        there = module.asarray(hiding.reshape(-1))
        voxels = (flat[0], flat[1], tables[0], flat[2], tables[1])
        return LayerTables(*voxels, has_mask, has_labels, has_heat, there, deep, across)

    def masked(self, bricks: Bricks) -> Bricks:
        """The volume's bricks without those that are hidden altogether, for projections; the last is kept."""
        if not self._masked or self._masked[0] is not bricks:
            hidden = np.zeros(bricks.lowest.shape, bool) if self.mask is None else self.mask.highest == 0
            self._masked[:] = [bricks, bricks.without(hidden)]
        return self._masked[1]

    def occupancy(self, bricks: Bricks, table: Table) -> Occupancy:
        """Where the table shows something that is not hidden, or heat is; the last is kept."""
        plain = bricks.occupancy(table)
        if not self._known or self._known[0] is not plain:
            near = to_host(plain.near).reshape(bricks.lowest.shape)
            if self.mask is not None:
                near = near & (self.mask.highest > 0)
            if self.heat is not None and self.heats is not None:
                shown = np.flatnonzero(self.heats[:, 3])
                near = near | (self.heat.highest >= (shown[0] if len(shown) else LABELS))
            self._known[:] = [plain, occupancy_of(near.astype(np.uint8), self.volume.array)]
        return self._known[1]


def _table(values: Any, most: float) -> NDArray[np.float32]:
    table = np.ascontiguousarray(values, np.float32)
    last = np.array([1, 1, 1, most], np.float32)
    if table.shape != (LABELS, COLUMNS) or not ((table >= 0) & (table <= last)).all():
        raise InvalidParameter(f"a layer's table has {LABELS} rows: three colours 0 to 1 and a number 0 to {most}")
    return table


def reference_layers(
    layers: Layers, index: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """At index points (x, y, slice) [..., 3]: the part that is shown [...], tints [..., 4] and heats [..., 4]."""
    shape = index.shape[:-1]
    part, tints, heats = np.ones(shape), np.zeros((*shape, COLUMNS)), np.zeros((*shape, COLUMNS))
    if layers.mask is not None:
        part = np.clip(2 * reference_value(layers.mask.array, index) / 255 - 0.5, 0, 1)
    if layers.labels is not None and layers.tints is not None:
        last = np.array(layers.labels.array.shape[::-1]) - 1
        x, y, z = np.moveaxis(np.clip(np.floor(index + 0.5).astype(int), 0, last), -1, 0)
        tints = layers.tints.astype(np.float64)[layers.labels.array[z, y, x]]
    if layers.heat is not None and layers.heats is not None:
        place = np.floor(reference_value(layers.heat.array, index) + 0.5).astype(int)
        heats = layers.heats.astype(np.float64)[place]
    return part, tints, heats


@apart
def shown_part(layers, size, slices, x, y, z):
    """How much is shown at lanes of positions, 0 to 1; z is a place."""
    w = trilinear(layers.mask, size, x, y, slice_at(slices, z))
    return minimum(maximum(w * f32(2 / 255) - f32(0.5), f32(0)), f32(1))


@shared
def near_hidden(layers, size, x, y, z):
    """Whether anything may be hidden within a brick's side of lanes of positions (x, y, slice)."""
    nx, ny, nz = size
    part = f32(1 / STRIDE)
    bx = integer(minimum(maximum(x, f32(0)), f32(nx - 2)) * part)
    by = integer(minimum(maximum(y, f32(0)), f32(ny - 2)) * part)
    bz = integer(minimum(maximum(z, f32(0)), f32(nz - 2)) * part)
    return load(layers.hiding, 0, (bz * layers.hiding_y + by) * layers.hiding_x + bx) > f32(0)


@shared
def is_unmasked(mask, size, x, y, z):
    """Whether samples at (x, y, slice) are shown."""
    return trilinear(mask, size, x, y, z) >= f32(HALF)


@apart
def tint_at(layers, size, slices, x, y, z):
    """Red, green and blue of the nearest voxel's label, and the part that it has of a colour; z is a place."""
    nx, ny, nz = size
    z = slice_at(slices, z)
    ix = integer(floor(minimum(maximum(x, f32(0)), f32(nx - 1)) + f32(0.5)))
    iy = integer(floor(minimum(maximum(y, f32(0)), f32(ny - 1)) + f32(0.5)))
    iz = integer(floor(minimum(maximum(z, f32(0)), f32(nz - 1)) + f32(0.5)))
    label = integer(load(layers.labels, 0, (iz * i32(ny) + iy) * i32(nx) + ix)) * i32(COLUMNS)
    table = layers.tints
    return load(table, 0, label), load(table, 1, label), load(table, 2, label), load(table, 3, label)


@apart
def heat_at(layers, size, slices, x, y, z):
    """Red, green and blue of the second volume, and its extinction per millimetre; z is a place."""
    value = trilinear(layers.heat, size, x, y, slice_at(slices, z))
    place = integer(minimum(value + f32(0.5), f32(LABELS - 1))) * i32(COLUMNS)
    table = layers.heats
    return load(table, 0, place), load(table, 1, place), load(table, 2, place), load(table, 3, place)
