"""Lanes and arrays: every lane its own address to read from, and what the CPU's drivers write.

`pair`, `quad`, `between`, `load`, `entry` and `mean_colour` have a scalar reading too (`scalars.py`); the rest belongs
to the CPU's drivers alone.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from kernels.cache import processor
from kernels.lanes import (
    FAST,
    INT,
    LANES,
    TILE_WIDTH,
    VECTOR_F,
    VECTOR_I,
    VECTOR_M,
    Integers,
    Reals,
    call,
    intrinsic,
    lift,
)

_FLOAT, LONG = ir.FloatType(), ir.IntType(64)
WORDS = ir.VectorType(ir.IntType(16), 2 * LANES)
_SHORT = {"float": "f32", "i32": "i32", "i64": "i64"}  # what gather instructions read


PROCESSOR, FEATURES = processor()
WIDE = "+avx512bw" in FEATURES
# 29 samples through 512² pixels, two threads. Emerald Rapids: gather instructions 205 ms, loads and insertions 279.
# Zen 3: 30 and 22; its makers' later processors have 512-bit gathers in microcode too.
GATHERS = WIDE and not PROCESSOR.startswith("znver")


class _Addresses(ir.instructions.Instruction):  # type: ignore[misc]  # untyped, as all of llvmlite
    """base + index in every lane; llvmlite's own getelementptr knows no vector of indices."""

    def __init__(self, builder: Any, base: Any, index: Any) -> None:
        kind = ir.VectorType(base.type, LANES)
        super().__init__(builder.block, kind, "getelementptr", [base, index], builder.function.scope.deduplicate("at"))
        self._pointee = base.type.pointee
        builder._insert(self)

    def descr(self, buf: list[str]) -> None:
        base, index = self.operands
        buf.append(
            f"getelementptr {self._pointee}, {base.type} {base.get_reference()}, {index.type} {index.get_reference()}\n"
        )


def address(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    """The address of array[offset]."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def _gather(builder: Any, base: Any, index: Any, element: Any) -> Any:
    """`element` read at base[index] in every lane, whatever the type base points to."""
    if GATHERS and str(element) in _SHORT:
        return _gather_at_once(builder, base, index, element)
    result = ir.Constant(ir.VectorType(element, LANES), ir.Undefined)
    for lane in range(LANES):
        number = ir.Constant(INT, lane)
        place = builder.gep(base, [builder.sext(builder.extract_element(index, number), LONG)])
        value = builder.load(builder.bitcast(place, element.as_pointer()))
        value.align = 1 if isinstance(element, ir.IntType) else 4
        result = builder.insert_element(result, value, number)
    return result


def _gather_at_once(builder: Any, base: Any, index: Any, element: Any) -> Any:
    kind = ir.VectorType(element, LANES)
    addresses = _Addresses(builder, base, index)
    everywhere = ir.Constant(VECTOR_M, [1] * LANES)
    name = f"llvm.masked.gather.v{LANES}{_SHORT[str(element)]}.v{LANES}p0"
    signature = ir.FunctionType(kind, [addresses.type, INT, VECTOR_M, kind])
    function = cgutils.get_or_insert_function(builder.module, signature, name)
    align = ir.Constant(INT, 1 if isinstance(element, ir.IntType) else 4)
    return builder.call(function, [addresses, align, everywhere, ir.Constant(kind, ir.Undefined)])


def _pair(builder: Any, base: Any, index: Any, dtype: Any) -> tuple[Any, Any]:
    if dtype == types.float32:
        return _halves(builder, _gather(builder, base, index, LONG), _FLOAT)
    if dtype == types.uint8:
        return _bytes(builder, _gather(builder, base, index, ir.IntType(16)))
    return _parted(builder, _gather(builder, base, index, INT))


def _halves(builder: Any, both: Any, element: Any) -> tuple[Any, Any]:
    """The lower and the upper half of every lane's 64 bits."""
    words = builder.bitcast(both, ir.VectorType(element, 2 * LANES))
    unused = ir.Constant(words.type, ir.Undefined)
    lanes = (ir.Constant(VECTOR_I, list(range(odd, 2 * LANES, 2))) for odd in (0, 1))
    low, high = (builder.shuffle_vector(words, unused, which) for which in lanes)
    return low, high


def _parted(builder: Any, both: Any) -> tuple[Any, Any]:
    """The two int16 of every lane."""
    sixteen = ir.Constant(VECTOR_I, [16] * LANES)
    before = builder.ashr(builder.shl(both, sixteen), sixteen)
    return builder.sitofp(before, VECTOR_F), builder.sitofp(builder.ashr(both, sixteen), VECTOR_F)


def _bytes(builder: Any, both: Any) -> tuple[Any, Any]:
    """The two uint8 of every lane."""
    words = builder.zext(both, VECTOR_I)
    before = builder.and_(words, ir.Constant(VECTOR_I, [255] * LANES))
    after = builder.lshr(words, ir.Constant(VECTOR_I, [8] * LANES))
    return builder.sitofp(before, VECTOR_F), builder.sitofp(after, VECTOR_F)


@intrinsic
def pair(typing, array, offset, index):
    """The neighbours array[offset + index] and the one after it, of an int16, float32 or uint8 array, as two Reals."""
    result = types.UniTuple(Reals, 2)

    def generate(context, builder, sig, args):
        base = address(context, builder, sig.args[0], args[0], args[1])
        low, high = _pair(builder, base, args[2], sig.args[0].dtype)
        return context.make_tuple(builder, result, [low, high])

    return result(array, offset, index), generate


@intrinsic
def has_quads(typing, array):
    """Whether `quad` is one read, and worth a second way through a formula: on a card that would cost registers."""
    there = int(array.dtype == types.int16)
    return types.boolean(array), lambda context, builder, sig, args: ir.Constant(ir.IntType(1), there)


@intrinsic
def quad(typing, array, offset, index):
    """Four in a row, as Reals: the one before array[offset + index], that, and the two after it. Where `has_quads`."""
    result = types.UniTuple(Reals, 4)

    def generate(context, builder, sig, args):
        dtype = sig.args[0].dtype
        base = address(context, builder, sig.args[0], args[0], args[1])
        begin = builder.gep(base, [ir.Constant(INT, -1)])
        if dtype != types.int16:  # never called
            return ir.Constant(context.get_value_type(result), ir.Undefined)
        pairs = _halves(builder, _gather(builder, begin, args[2], LONG), INT)
        four = [value for both in pairs for value in _parted(builder, both)]
        return context.make_tuple(builder, result, four)

    return result(array, offset, index), generate


def mix(builder: Any, low: Any, high: Any, part: Any) -> Any:
    """low + part · (high − low)."""
    return builder.fadd(low, builder.fmul(part, builder.fsub(high, low, flags=FAST), flags=FAST), flags=FAST)


def weights(builder: Any, part: Any) -> Any:
    """Two words a lane, that of the voxel before and that of the one after: −(2¹⁵ − w) and −w, w = 2¹⁵ · part.

    Negative, since a word ends before 2¹⁵, and both may be the whole.
    """
    one = ir.Constant(VECTOR_F, [float(1 << 15)] * LANES)
    half = ir.Constant(VECTOR_F, [0.5] * LANES)
    weight = builder.fptosi(builder.fadd(builder.fmul(part, one, flags=FAST), half, flags=FAST), VECTOR_I)
    before = builder.xor(weight, ir.Constant(VECTOR_I, [1 << 15] * LANES))
    return builder.sub(before, builder.shl(weight, ir.Constant(VECTOR_I, [16] * LANES)))


def weigh(builder: Any, pairs: Any, weights: Any) -> Any:
    """Pairs of words mixed: one instruction instead of seven that part them."""
    words = [builder.bitcast(x, WORDS) for x in (pairs, weights)]
    mixed = builder.sitofp(call(builder, "llvm.x86.avx512.pmaddw.d.512", VECTOR_I, words), VECTOR_F)
    return builder.fmul(mixed, ir.Constant(VECTOR_F, [-1.0 / (1 << 15)] * LANES), flags=FAST)


def generate_between(
    context: Any, builder: Any, array_type: Any, array: Any, offset: Any, index: Any, part: Any
) -> Any:
    base = address(context, builder, array_type, array, offset)
    if WIDE and array_type.dtype == types.int16:
        return weigh(builder, _gather(builder, base, index, INT), weights(builder, part))
    return mix(builder, *_pair(builder, base, index, array_type.dtype), part)


@intrinsic
def between(typing, array, offset, index, part):
    """From array[offset + index] to the one after it, `part` of the way (0 … 1), of an int16, float32 or uint8 array.

    Whole values come as they are where part is 0; of int16 the part is rounded to 2⁻¹⁵, as float32 does with positions.
    """

    def generate(context, builder, sig, args):
        return generate_between(context, builder, sig.args[0], *args)

    return Reals(array, offset, index, part), generate


@intrinsic
def load(typing, array, offset, index):
    """array[offset + index] in every lane, as Reals, from an array of any number type."""

    def generate(context, builder, sig, args):
        kind = sig.args[0].dtype
        base = address(context, builder, sig.args[0], args[0], args[1])
        values = _gather(builder, base, args[2], context.get_data_type(kind))
        if kind == types.float32:
            return values
        return builder.sitofp(values, VECTOR_F) if kind.signed else builder.uitofp(values, VECTOR_F)

    return Reals(array, offset, index), generate


RED_BITS, GREEN_BITS, BLUE_BITS = 11, 11, 10  # of one packed colour, from the highest bit


@intrinsic
def entry(typing, cumulated, colours, entries, index):
    """Cumulated extinction, Reals, and packed colour, Integers, of a table (see `transfer.Table`), in one read."""
    result = types.Tuple((Reals, Integers))

    def generate(context, builder, sig, args):
        base = address(context, builder, sig.args[2], args[2], ir.Constant(LONG, 0))
        sums, packed = _halves(builder, _gather(builder, base, args[3], LONG), INT)
        return context.make_tuple(builder, result, [builder.bitcast(sums, VECTOR_F), packed])

    return result(cumulated, colours, entries, index), generate


LOWEST_BITS = (1 << (GREEN_BITS + BLUE_BITS)) | (1 << BLUE_BITS) | 1  # of each channel


@intrinsic
def mean_colour(typing, one, other):
    """Red, green and blue, 0 … 1, in the middle of two packed colours (see `transfer.packed`)."""
    result = types.UniTuple(Reals, 3)

    def generate(context, builder, sig, args):
        # Channel by channel (a + b) / 2 = a & b + (a ^ b) / 2: what differs in a lowest bit would fall into the next.
        differing = builder.and_(builder.xor(*args), ir.Constant(VECTOR_I, [~LOWEST_BITS] * LANES))
        half = builder.lshr(differing, ir.Constant(VECTOR_I, [1] * LANES))
        packed = builder.add(builder.and_(*args), half)
        channels = []
        shift = 32
        for bits in (RED_BITS, GREEN_BITS, BLUE_BITS):
            shift -= bits
            moved = builder.lshr(packed, ir.Constant(VECTOR_I, [shift] * LANES))
            whole = builder.sitofp(builder.and_(moved, ir.Constant(VECTOR_I, [(1 << bits) - 1] * LANES)), VECTOR_F)
            channels.append(builder.fmul(whole, ir.Constant(VECTOR_F, [1 / ((1 << bits) - 1)] * LANES), flags=FAST))
        return context.make_tuple(builder, result, channels)

    return result(one, other), generate


# ── for the CPU's drivers alone ──────────────────────────────────────────────────────────────────────────────────


@intrinsic
def ramp(typing, origin, right, down):
    """origin + column·right + row·down for the pixels of one tile, row by row."""

    def generate(context, builder, sig, args):
        start, across, along = (lift(context, builder, v, t, Reals) for v, t in zip(args, sig.args, strict=True))
        columns = ir.Constant(VECTOR_F, [float(lane % TILE_WIDTH) for lane in range(LANES)])
        rows = ir.Constant(VECTOR_F, [float(lane // TILE_WIDTH) for lane in range(LANES)])
        step = builder.fadd(builder.fmul(columns, across, flags=FAST), builder.fmul(rows, along, flags=FAST), FAST)
        return builder.fadd(start, step, flags=FAST)

    return Reals(origin, right, down), generate


def read(builder: Any, place: Any, kind: Any, align: int) -> Any:
    read = builder.load(builder.bitcast(place, kind.as_pointer()))
    read.align = align
    return read


def _place(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, kind: Any) -> Any:
    return builder.bitcast(address(context, builder, array_type, array, offset), kind.as_pointer())


@intrinsic
def store(typing, values, array, offset):
    """Write all lanes, Reals or Integers, to array[offset], array[offset + 1], …"""

    def generate(context, builder, sig, args):
        kind = VECTOR_F if sig.args[0] is Reals else VECTOR_I
        builder.store(args[0], _place(context, builder, sig.args[1], args[1], args[2], kind)).align = 4
        return context.get_dummy_value()

    return types.void(values, array, offset), generate


@intrinsic
def vector(typing, array, offset):
    """The lanes array[offset], array[offset + 1], …: Reals of a float32 array, Integers of an int32 one."""
    lanes, kind = (Reals, VECTOR_F) if array.dtype == types.float32 else (Integers, VECTOR_I)

    def generate(context, builder, sig, args):
        read = builder.load(_place(context, builder, sig.args[0], args[0], args[1], kind))
        read.align = 4
        return read

    return lanes(array, offset), generate


@intrinsic
def append(typing, values, mask, array, offset):
    """Write the lanes of the mask, Reals or Integers, close together from array[offset] on; up to LANES are written."""

    def generate(context, builder, sig, args):
        kind = VECTOR_F if sig.args[0] is Reals else VECTOR_I
        element = kind.element
        place = _place(context, builder, sig.args[2], args[2], args[3], element)
        if WIDE:  # in a register, then all of it: compressed straight into memory it takes a hundred cycles on Zen 4
            short = "f32" if sig.args[0] is Reals else "i32"
            chosen = [args[0], ir.Constant(kind, [0] * LANES), args[1]]
            close = call(builder, f"llvm.x86.avx512.mask.compress.v{LANES}{short}", kind, chosen)
            builder.store(close, builder.bitcast(place, kind.as_pointer())).align = 4
            return context.get_dummy_value()
        # Every lane is written, and the next one over it unless it belongs to the mask: no branch to guess wrong.
        at = ir.Constant(INT, 0)
        for lane in range(LANES):
            number = ir.Constant(INT, lane)
            builder.store(builder.extract_element(args[0], number), builder.gep(place, [at])).align = 4
            at = builder.add(at, builder.zext(builder.extract_element(args[1], number), INT))
        return context.get_dummy_value()

    return types.void(values, mask, array, offset), generate


@intrinsic
def count_lanes(typing, mask):
    """How many lanes a mask has."""

    def generate(context, builder, sig, args):
        return builder.ctpop(builder.zext(builder.bitcast(args[0], ir.IntType(LANES)), INT))

    return types.int32(mask), generate


@intrinsic
def tile_numbers(typing, first, row_length):
    """The numbers of a tile's pixels, row by row, where its first is `first` and rows are `row_length` apart."""

    def generate(context, builder, sig, args):
        start, length = (lift(context, builder, v, t, Integers) for v, t in zip(args, sig.args, strict=True))
        rows = ir.Constant(VECTOR_I, [lane // TILE_WIDTH for lane in range(LANES)])
        columns = ir.Constant(VECTOR_I, [lane % TILE_WIDTH for lane in range(LANES)])
        return builder.add(builder.add(start, builder.mul(rows, length)), columns)

    return Integers(first, row_length), generate


@intrinsic
def store_bytes(typing, values, array, offset):
    """Write all lanes, whole numbers 0 … 255, as bytes to array[offset], array[offset + 1], …"""

    def generate(context, builder, sig, args):
        kind = ir.VectorType(ir.IntType(8), LANES)
        narrow = builder.trunc(builder.fptosi(args[0], VECTOR_I), kind)
        builder.store(narrow, _place(context, builder, sig.args[1], args[1], args[2], kind)).align = 1
        return context.get_dummy_value()

    return types.void(values, array, offset), generate


def _generate_prefetch(builder: Any, place: Any) -> None:
    hints = [ir.Constant(INT, hint) for hint in (0, 3, 1)]  # to read, into the nearest cache, data
    call(builder, "llvm.prefetch.p0", ir.VoidType(), [builder.bitcast(place, ir.IntType(8).as_pointer()), *hints])


@intrinsic
def prefetch(typing, array, offset):
    """Ask for the cache line of array[offset], which need not be there."""

    def generate(context, builder, sig, args):
        _generate_prefetch(builder, address(context, builder, sig.args[0], args[0], args[1]))
        return context.get_dummy_value()

    return types.void(array, offset), generate


@intrinsic
def prefetch_lanes(typing, array, index):
    """Ask for the cache lines of array[index], in every lane, which need not be there."""

    def generate(context, builder, sig, args):
        base = address(context, builder, sig.args[0], args[0], ir.Constant(LONG, 0))
        for lane in range(LANES):
            number = builder.extract_element(args[1], ir.Constant(INT, lane))
            _generate_prefetch(builder, builder.gep(base, [builder.sext(number, LONG)]))
        return context.get_dummy_value()

    return types.void(array, index), generate


@intrinsic
def store_tile(typing, values, array, offset, row_length):
    """Write the lanes of a whole tile, row by row, where its first pixel is array[offset]."""

    def generate(context, builder, sig, args):
        base = address(context, builder, sig.args[1], args[1], args[2])
        length = builder.sext(args[3], LONG) if args[3].type != LONG else args[3]
        place = base
        short = ir.VectorType(_FLOAT, TILE_WIDTH)
        for row in range(LANES // TILE_WIDTH):
            lanes = ir.Constant(ir.VectorType(INT, TILE_WIDTH), list(range(row * TILE_WIDTH, (row + 1) * TILE_WIDTH)))
            part = builder.shuffle_vector(args[0], ir.Constant(VECTOR_F, ir.Undefined), lanes)
            builder.store(part, builder.bitcast(place, short.as_pointer())).align = 4
            place = builder.gep(place, [length])
        return context.get_dummy_value()

    return types.void(values, array, offset, row_length), generate


@intrinsic
def first_lane(typing, mask):
    """The number of the first lane of a mask; LANES where it has none."""

    def generate(context, builder, sig, args):
        bits = ir.IntType(LANES)
        found = _zeros(builder, builder.bitcast(args[0], bits), bits)
        return builder.zext(found, INT)

    return types.int32(mask), generate


def _zeros(builder: Any, value: Any, bits: Any) -> Any:
    signature = ir.FunctionType(bits, [bits, ir.IntType(1)])
    function = cgutils.get_or_insert_function(builder.module, signature, f"llvm.cttz.i{LANES}")
    return builder.call(function, [value, ir.Constant(ir.IntType(1), 0)])
