"""Voxels that lanes choose from rows which are read at once, instead of each lane its own: the CPU's, of a slice.

A *window* is WINDOW voxels of one row. A *patch* is PATCH voxels each of four, six or eight rows: as much of a slice as
a packet of neighbouring rays needs. Where a processor chooses words from a register, a patch is half a dozen reads and
two such choices instead of twice sixteen reads; that took a quarter off maxima through a volume.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.lane_memory import LONG, WIDE, WORDS, address, generate_between, mix, read, weigh, weights
from kernels.lanes import INT, LANES, VECTOR_F, VECTOR_I, Integers, Reals, call, intrinsic

WINDOW = 2 * LANES  # voxels that `between_within` chooses from
PATCH = 8  # voxels of each row of a patch
_ROW = ir.VectorType(ir.IntType(16), PATCH)
_NEXT = 1 << 16  # in the upper word


@intrinsic
def packed(typing, array, index, part):
    """An index and a part as `between_within` takes them, two Integers."""
    result = types.UniTuple(Integers, 2)

    def generate(context, builder, sig, args):
        _, index, part = args
        if WIDE and sig.args[0].dtype == types.int16:  # two words a lane: the voxel and the one after it
            both = builder.mul(index, ir.Constant(VECTOR_I, [1 + (1 << 16)] * LANES))
            index = builder.add(both, ir.Constant(VECTOR_I, [1 << 16] * LANES))
            return context.make_tuple(builder, result, [index, weights(builder, part)])
        return context.make_tuple(builder, result, [index, builder.bitcast(part, VECTOR_I)])

    return result(array, index, part), generate


@intrinsic
def between_within(typing, array, offset, index, part):
    """`between` of what is `packed`: every index is 0 … WINDOW − 2, and the array goes on for WINDOW from offset."""

    def generate(context, builder, sig, args):
        array, offset, index, part = args
        base = address(context, builder, sig.args[0], array, offset)
        if WIDE and sig.args[0].dtype == types.int16:
            words = read(builder, base, WORDS, 1)
            chosen = [words, builder.bitcast(index, WORDS)]
            return weigh(builder, call(builder, "llvm.x86.avx512.permvar.hi.512", WORDS, chosen), part)
        part = builder.bitcast(part, VECTOR_F)
        if not WIDE:
            return generate_between(context, builder, sig.args[0], array, offset, index, part)
        halves = [read(builder, builder.gep(base, [ir.Constant(INT, skipped)]), VECTOR_F, 4) for skipped in (0, LANES)]
        after = builder.add(index, ir.Constant(VECTOR_I, [1] * LANES))
        low, high = (
            call(builder, "llvm.x86.avx512.vpermi2var.ps.512", VECTOR_F, [halves[0], which, halves[1]])
            for which in (index, after)
        )
        return mix(builder, low, high, part)

    return Reals(array, offset, index, part), generate


@intrinsic
def has_patches(typing, array):
    """Whether lanes of such an array can choose from patches, on this processor: a constant of the compiled code."""
    there = int(WIDE and array.dtype == types.int16)
    return types.boolean(array), lambda context, builder, sig, args: ir.Constant(ir.IntType(1), there)


def _joined(builder: Any, parts: list[Any]) -> Any:
    while len(parts) > 1:
        width = 2 * parts[0].type.count
        every = ir.Constant(ir.VectorType(INT, width), list(range(width)))
        parts = [builder.shuffle_vector(a, b, every) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _choose(builder: Any, rows: list[Any], words: Any) -> Any:
    """Words by their number in four, six or eight rows."""
    if len(rows) == 4:
        return call(builder, "llvm.x86.avx512.permvar.hi.512", WORDS, [_joined(builder, rows), words])
    missing = [ir.Constant(_ROW, [0] * PATCH)] * (8 - len(rows))  # nobody chooses from them
    upper, lower = _joined(builder, rows[:4]), _joined(builder, rows[4:] + missing)
    return call(builder, "llvm.x86.avx512.vpermi2var.hi.512", WORDS, [upper, words, lower])


def _between_rows(count: int) -> Any:
    def generate(context, builder, sig, args):
        array, offset, across, index, part = args
        if not (WIDE and sig.args[0].dtype == types.int16):  # never called, see `has_patches`
            return ir.Constant(context.get_value_type(sig.return_type), ir.Undefined)
        place = address(context, builder, sig.args[0], array, offset)
        rows = []
        for _ in range(count):
            rows.append(read(builder, place, _ROW, 1))
            place = builder.gep(place, [builder.sext(across, LONG) if across.type != LONG else across])
        # Two words a lane, as `weights` has them: the voxel and the one after it.
        pairs = builder.mul(index, ir.Constant(VECTOR_I, [_NEXT + 1] * LANES))
        mixed = []
        for first in (0, PATCH):
            numbers = builder.add(pairs, ir.Constant(VECTOR_I, [_NEXT * (first + 1) + first] * LANES))
            chosen = _choose(builder, rows, builder.bitcast(numbers, WORDS))
            mixed.append(weigh(builder, chosen, weights(builder, part)))
        return context.make_tuple(builder, sig.return_type, mixed)

    return generate


@intrinsic
def between_four_rows(typing, array, offset, across, index, part):
    """`between` in the rows of a patch, and in the row after each: index is PATCH · row + the voxel within it.

    The rows begin at array[offset + n · across]. Only where `has_patches`.
    """
    return types.UniTuple(Reals, 2)(array, offset, across, index, part), _between_rows(4)


@intrinsic
def between_six_rows(typing, array, offset, across, index, part):
    """`between_four_rows` of six."""
    return types.UniTuple(Reals, 2)(array, offset, across, index, part), _between_rows(6)


@intrinsic
def between_eight_rows(typing, array, offset, across, index, part):
    """`between_four_rows` of eight."""
    return types.UniTuple(Reals, 2)(array, offset, across, index, part), _between_rows(8)
