"""What a frame really reads: the kernels compiled once more, with every read of a voxel counted.

What is skipped is not read, what lights a surface is: only counting says how near a kernel comes to what the machine
can do. The copy stands beside the kernels that are timed, and nothing of it is kept on disk; compiling it takes
minutes, so counts are (bench.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher

from kernels import lane_memory, lane_windows
from kernels.lanes import LANES, PURE, SHARED, intrinsic
from kernels.volume import Volume

LINE_SHIFT = 6  # cache lines are 64 bytes
VOXEL_BYTES = 2  # int16, as every subject has them; what else is read is no voxel
SAMPLE_VOXELS = 8  # that a trilinear sample reads; one on a slice reads four, a value with its gradient 32
# The types of lanes exist once; every other module is loaded again.
COMMON = {"kernels.cache", "kernels.lanes", "kernels.lane_memory", "kernels.lane_windows"}
OURS = "benchmarks.ours"

# How many voxels were read; the first cache line of the voxels, how many there are, and where they are ticked off.
_state = np.zeros(4, np.int64)
_I64 = ir.IntType(64)


class Work(NamedTuple):
    """What one frame reads: voxels, as trilinear samples of eight, and bytes, each cache line once."""

    samples: float
    touched: float


def counted(volume: Volume, draw: Callable[[Any], object]) -> Work:
    """The work of draw(ours), given a module like `ours` whose kernels count; of an int16 volume in memory."""
    copy = _copy()
    first = volume.array.ctypes.data >> LINE_SHIFT
    ticks = np.zeros(((volume.array.ctypes.data + volume.array.nbytes - 1) >> LINE_SHIFT) - first + 1, np.uint8)
    _state[:] = 0, first, ticks.size, ticks.ctypes.data
    try:
        draw(copy)
        return Work(float(_state[0]) / SAMPLE_VOXELS, float(np.count_nonzero(ticks)) * (1 << LINE_SHIFT))
    finally:
        _state[:] = 0


@cache
def _copy() -> ModuleType:
    """`ours` over kernels of its own, which count."""
    with _apart():
        real = {(module, name): getattr(module, name) for module, names in READS.items() for name in names}
        try:
            for (module, name), read in real.items():
                setattr(module, name, _counting(name, read))
            return import_module(OURS)
        finally:
            for (module, name), read in real.items():
                setattr(module, name, read)


PATCH_ROWS = {"between_four_rows": 4, "between_six_rows": 6, "between_eight_rows": 8}

# Whatever reads voxels, by the module in which kernels find it.
READS: dict[ModuleType, tuple[str, ...]] = {
    lane_memory: ("pair", "quad", "between"),
    lane_windows: ("between_within", *PATCH_ROWS),
}


def _counting(name: str, read: Any) -> Any:
    """A read that is counted."""
    if name == "between_within":

        @njit(forceinline=True, **PURE)
        def counting_within(array, offset, index, part):
            _row_is_read(array, offset, lane_windows.WINDOW)
            _voxels_are_chosen(array, 2)
            return read(array, offset, index, part)

        return counting_within
    if name in PATCH_ROWS:
        rows = PATCH_ROWS[name]

        @njit(forceinline=True, **PURE)
        def counting_rows(array, offset, across, index, part):
            for row in range(rows):
                _row_is_read(array, offset + row * across, lane_windows.PATCH)
            _voxels_are_chosen(array, 4)
            return read(array, offset, across, index, part)

        return counting_rows
    if name == "between":

        @njit(forceinline=True, **PURE)
        def counting_between(array, offset, index, part):
            _neighbours_are_read(array, offset, index, 2)
            return read(array, offset, index, part)

        return counting_between
    before, voxels = (1, 4) if name == "quad" else (0, 2)

    @njit(forceinline=True, **PURE)
    def counting(array, offset, index):
        _neighbours_are_read(array, offset - before, index, voxels)
        return read(array, offset, index)

    return counting


@contextmanager
def _apart() -> Iterator[None]:
    """Modules are loaded anew, and forgotten; what they compile must never be taken for the code of the real ones."""
    mine = {name: sys.modules[name] for name in _copied()}
    enable_caching, shared = Dispatcher.enable_caching, len(SHARED)
    try:
        Dispatcher.enable_caching = lambda self: None  # type: ignore[method-assign]
        _forget(mine)
        yield
    finally:
        Dispatcher.enable_caching = enable_caching  # type: ignore[method-assign]
        del SHARED[shared:]
        _forget(_copied())
        sys.modules.update(mine)
        for name, module in mine.items():
            package, _, attribute = name.rpartition(".")
            setattr(sys.modules[package], attribute, module)


def _copied() -> list[str]:
    """What is loaded of the kernels, but for a card's: they read nothing here."""
    kernels = [name for name in sys.modules if name.startswith("kernels.") and not name.startswith("kernels.cuda")]
    return [name for name in (OURS, *kernels) if name in sys.modules and name not in COMMON]


def _forget(names: Iterable[str]) -> None:
    for name in names:
        package, _, attribute = name.rpartition(".")
        del sys.modules[name]
        delattr(sys.modules[package], attribute)  # where `from kernels import plane` looks first


def _is_voxels(array: Any) -> bool:
    return bool(array.dtype == types.int16)


def _word(builder: Any, number: int) -> Any:
    place = ir.Constant(_I64, _state.ctypes.data + 8 * number).inttoptr(_I64.as_pointer())
    return builder.load(place)


def _tick(builder: Any, address: Any) -> None:
    line = builder.sub(builder.lshr(address, ir.Constant(_I64, LINE_SHIFT)), _word(builder, 1))
    with builder.if_then(builder.icmp_unsigned("<", line, _word(builder, 2))):
        tick = builder.inttoptr(builder.add(_word(builder, 3), line), ir.IntType(8).as_pointer())
        builder.store(ir.Constant(ir.IntType(8), 1), tick)


@njit(**PURE)
def _neighbours_are_read(array, offset, index, voxels):
    """Not inlined: sixteen lanes of it beside every read would take an hour to compile."""
    _note_neighbours(array, offset, index, voxels)
    _voxels_are_chosen(array, voxels)


@njit(**PURE)
def _row_is_read(array, offset, voxels):
    _note_row(array, offset, voxels)


@njit(**PURE)
def _voxels_are_chosen(array, voxels):
    _note_voxels(array, voxels)


@intrinsic
def _note_neighbours(typing, array, offset, index, voxels):
    """Tick the lines of the first and last of `voxels` in a row, in every lane."""

    def generate(context, builder, sig, args):
        if _is_voxels(sig.args[0]):
            first = _address(context, builder, sig, args)
            with cgutils.for_range(builder, ir.Constant(_I64, LANES)) as loop:
                number = builder.sext(builder.extract_element(args[2], loop.index), _I64)
                _tick_both(builder, builder.add(first, builder.mul(number, ir.Constant(_I64, VOXEL_BYTES))), args[3])
        return context.get_dummy_value()

    return types.void(array, offset, index, types.int64), generate


@intrinsic
def _note_row(typing, array, offset, voxels):
    def generate(context, builder, sig, args):
        if _is_voxels(sig.args[0]):
            _tick_both(builder, _address(context, builder, sig, args), args[2])
        return context.get_dummy_value()

    return types.void(array, offset, types.int64), generate


@intrinsic
def _note_voxels(typing, array, voxels):
    """Count as many voxels in every lane."""

    def generate(context, builder, sig, args):
        if _is_voxels(sig.args[0]):
            place = ir.Constant(_I64, _state.ctypes.data).inttoptr(_I64.as_pointer())
            builder.atomic_rmw("add", place, builder.mul(args[1], ir.Constant(_I64, LANES)), "monotonic")
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _address(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.ptrtoint(lane_memory.address(context, builder, sig.args[0], args[0], args[1]), _I64)


def _tick_both(builder: Any, first: Any, voxels: Any) -> None:
    """The lines in which so many voxels begin and end."""
    _tick(builder, first)
    further = builder.mul(builder.sub(voxels, ir.Constant(_I64, 1)), ir.Constant(_I64, VOXEL_BYTES))
    _tick(builder, builder.add(first, further))
