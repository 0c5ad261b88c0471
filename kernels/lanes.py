"""One formula, many rays: the lane primitives every kernel is written over.

A *lane* is one ray or pixel. On the CPU a value of all lanes is an LLVM vector of `LANES` float32, int32 or booleans,
which Numba sees as the types `Reals`, `Integers` and `Mask`; the IR is portable, the code generator chooses the
instructions. On CUDA a lane is a thread, and the same names mean plain numbers: `scalars.py`.

A function decorated with `shared` uses arithmetic, comparisons and these primitives only, so both readings compile
from one source. Write every number as `f32(0.5)`: a bare 0.5 makes the scalar reading a float64 one.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels import cache

cache.ensure_cache()
# GNU OpenMP's threads spin for milliseconds after each kernel, unless told before they start. On two busy cores a tiny
# picture took 8.0 ms that way and 0.23 ms asleep, and encoders need those cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba.extending  # noqa: E402
from llvmlite import ir  # noqa: E402
from numba import njit, types  # noqa: E402
from numba.core import cgutils  # noqa: E402
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature  # noqa: E402
from numba.extending import lower_builtin, models, register_model  # noqa: E402

intrinsic: Any = numba.extending.intrinsic  # untyped: what it decorates is called without its first argument

f32 = np.float32
i32 = np.int32

LANES = 16
TILE_WIDTH = 4  # a packet is a small tile of pixels, so that its rays stay in the same voxels
TILE_HEIGHT = LANES // TILE_WIDTH

# "contract" and "reassoc" change last bits only; "nnan" and "ninf" are why OUTSIDE is a finite number.
OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy", "nogil": True}

# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────

_FLOAT, _INT, _BIT = ir.FloatType(), ir.IntType(32), ir.IntType(1)
_VECTOR_F, _VECTOR_I, _VECTOR_M = (ir.VectorType(kind, LANES) for kind in (_FLOAT, _INT, _BIT))
_FAST = ("fast",)


class _RealsType(types.Type):
    pass


class _IntegersType(types.Type):
    pass


class _MaskType(types.Type):
    pass


Reals, Integers, Mask = _RealsType("Reals"), _IntegersType("Integers"), _MaskType("Mask")


def _register(kind: type, vector: ir.VectorType) -> None:
    @register_model(kind)
    class Model(models.PrimitiveModel):
        def __init__(self, manager: Any, lane_type: Any) -> None:
            super().__init__(manager, lane_type, vector)


_register(_RealsType, _VECTOR_F)
_register(_IntegersType, _VECTOR_I)
_register(_MaskType, _VECTOR_M)


def _broadcast(builder: Any, value: Any, vector: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_INT, 0))
    zeros = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _lift(context: Any, builder: Any, value: Any, given: Any, wanted: Any) -> Any:
    """A number becomes the same number in every lane; lanes stay as they are."""
    if given is wanted:
        return value
    scalar, vector = (types.float32, _VECTOR_F) if wanted is Reals else (types.int32, _VECTOR_I)
    return _broadcast(builder, context.cast(builder, value, given, scalar), vector)


def _call(builder: Any, name: str, result: Any, arguments: list[Any], fastmath: tuple[str, ...] = ()) -> Any:
    signature_ = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(
        cgutils.get_or_insert_function(builder.module, signature_, name), arguments, fastmath=list(fastmath)
    )


# ── operators ────────────────────────────────────────────────────────────────────────────────────────────────────

_REAL_SCALARS = (types.float32, types.float64, types.int32, types.int64)
_INTEGER_SCALARS = (types.int32, types.int64)
_Lower = Callable[[Any, Any, Any], Any]


def _operator(op: Any, real: _Lower | None, integer: _Lower | None, result: Any = None) -> None:
    cases = []
    for lanes, lower, scalars in ((Reals, real, _REAL_SCALARS), (Integers, integer, _INTEGER_SCALARS)):
        if lower is None:
            continue
        for left, right in [(lanes, lanes)] + [(lanes, s) for s in scalars] + [(s, lanes) for s in scalars]:
            cases.append(signature(result or lanes, left, right))

            def low(context, builder, sig, args, lanes=lanes, lower=lower):
                a, b = (_lift(context, builder, x, t, lanes) for x, t in zip(args, sig.args, strict=True))
                return lower(builder, a, b)

            lower_builtin(op, left, right)(low)
    infer_global(op)(type(f"Lanes_{op.__name__}", (ConcreteTemplate,), {"cases": cases}))


_operator(operator.add, lambda b, x, y: b.fadd(x, y, flags=_FAST), lambda b, x, y: b.add(x, y))
_operator(operator.sub, lambda b, x, y: b.fsub(x, y, flags=_FAST), lambda b, x, y: b.sub(x, y))
_operator(operator.mul, lambda b, x, y: b.fmul(x, y, flags=_FAST), lambda b, x, y: b.mul(x, y))
# Not _FAST: a reciprocal estimate would make 167 / 1 166.99998, and a mean of equal values differ from them.
_operator(operator.truediv, lambda b, x, y: b.fdiv(x, y, flags=("nnan", "ninf", "nsz", "contract")), None)


def _comparison(op: Any, sign: str) -> None:
    _operator(op, lambda b, x, y: b.fcmp_ordered(sign, x, y), lambda b, x, y: b.icmp_signed(sign, x, y), result=Mask)


for _op, _sign in ((operator.gt, ">"), (operator.lt, "<"), (operator.ge, ">="), (operator.le, "<=")):
    _comparison(_op, _sign)


def _of_masks(op: Any, method: str) -> None:
    infer_global(op)(type(f"Masks_{method}", (ConcreteTemplate,), {"cases": [signature(Mask, Mask, Mask)]}))
    lower_builtin(op, Mask, Mask)(lambda context, builder, sig, args: getattr(builder, method)(*args))


_of_masks(operator.and_, "and_")
_of_masks(operator.or_, "or_")

# ── primitives: the same names stand in scalars.py ───────────────────────────────────────────────────────────────


def _smaller_or_larger(sign: str) -> Any:
    def primitive(typing, x, y):
        lanes = Reals if Reals in (x, y) else Integers

        def generate(context, builder, sig, args):
            a, b = (_lift(context, builder, v, t, lanes) for v, t in zip(args, sig.args, strict=True))
            if lanes is Reals:
                return builder.select(builder.fcmp_ordered(sign, a, b, flags=_FAST), a, b)
            return builder.select(builder.icmp_signed(sign, a, b), a, b)

        return lanes(x, y), generate

    return intrinsic(primitive)


minimum = _smaller_or_larger("<")
maximum = _smaller_or_larger(">")


def _unary(name: str) -> Any:
    def primitive(typing, x):
        def generate(context, builder, sig, args):
            return _call(builder, f"llvm.{name}.v{LANES}f32", _VECTOR_F, [args[0]], _FAST)

        return Reals(x), generate

    return intrinsic(primitive)


floor, ceil, sqrt, absolute = (_unary(name) for name in ("floor", "ceil", "sqrt", "fabs"))


@intrinsic
def integer(typing, x):
    """Towards zero; the caller keeps x within ±2³¹."""
    return Integers(x), lambda context, builder, sig, args: builder.fptosi(args[0], _VECTOR_I)


@intrinsic
def real(typing, x):
    return Reals(x), lambda context, builder, sig, args: builder.sitofp(args[0], _VECTOR_F)


@intrinsic
def splat(typing, value, like):
    """`value` in every lane, as many as `like` has."""
    return Reals(value, like), lambda context, builder, sig, args: _lift(context, builder, args[0], sig.args[0], Reals)


@intrinsic
def where(typing, mask, x, y):
    lanes = Integers if all(t is Integers or isinstance(t, types.Integer) for t in (x, y)) else Reals

    def generate(context, builder, sig, args):
        a, b = (_lift(context, builder, v, t, lanes) for v, t in zip(args[1:], sig.args[1:], strict=True))
        return builder.select(args[0], a, b)

    return lanes(mask, x, y), generate


@intrinsic
def any_lane(typing, mask):
    def generate(context, builder, sig, args):
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], bits), ir.Constant(bits, 0))

    return types.boolean(mask), generate


def _reduction(name: str) -> Any:
    def primitive(typing, x):
        def generate(context, builder, sig, args):
            return _call(builder, f"llvm.vector.reduce.{name}.v{LANES}f32", _FLOAT, [args[0]], ("nnan",))

        return types.float32(x), generate

    return intrinsic(primitive)


lowest, highest = _reduction("fmin"), _reduction("fmax")


def _data(context: Any, builder: Any, array_type: Any, array: Any, offset: Any) -> Any:
    """The address of array[offset]."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [offset])


def _gather(builder: Any, base: Any, index: Any, element: Any) -> Any:
    """`element` read at base[index] in every lane, whatever the type base points to.

    One load and one insertion per lane, not a gather instruction. 29 samples through 512² pixels on AMD Zen 3, two
    threads: 16 lanes with loads 22 ms, with vpgatherdd 30; 8 lanes with loads 25, with vpgatherdd 37. LLVM itself
    breaks the portable gather up for this processor, but computes 64-bit addresses in vectors first.
    """
    result = ir.Constant(ir.VectorType(element, LANES), ir.Undefined)
    for lane in range(LANES):
        number = ir.Constant(_INT, lane)
        place = builder.gep(base, [builder.sext(builder.extract_element(index, number), ir.IntType(64))])
        value = builder.load(builder.bitcast(place, element.as_pointer()))
        value.align = 1 if element is _INT else 4
        result = builder.insert_element(result, value, number)
    return result


@intrinsic
def pair(typing, array, offset, index):
    """The neighbours array[offset + index] and the one after it, of an int16 or float32 array, as two Reals."""
    result = types.UniTuple(Reals, 2)

    def generate(context, builder, sig, args):
        base = _data(context, builder, sig.args[0], args[0], args[1])
        if sig.args[0].dtype == types.float32:
            both = _gather(builder, base, args[2], ir.IntType(64))
            halves = builder.bitcast(both, ir.VectorType(_FLOAT, 2 * LANES))
            unused = ir.Constant(halves.type, ir.Undefined)
            low, high = (
                builder.shuffle_vector(
                    halves, unused, ir.Constant(_VECTOR_I, [2 * lane + odd for lane in range(LANES)])
                )
                for odd in (0, 1)
            )
        else:
            both = _gather(builder, base, args[2], _INT)
            sixteen = ir.Constant(_VECTOR_I, [16] * LANES)
            low = builder.sitofp(builder.ashr(builder.shl(both, sixteen), sixteen), _VECTOR_F)
            high = builder.sitofp(builder.ashr(both, sixteen), _VECTOR_F)
        return context.make_tuple(builder, result, [low, high])

    return result(array, offset, index), generate


@intrinsic
def load(typing, array, offset, index):
    """array[offset + index] in every lane, as Reals, from an array of any number type."""

    def generate(context, builder, sig, args):
        kind = sig.args[0].dtype
        base = _data(context, builder, sig.args[0], args[0], args[1])
        values = _gather(builder, base, args[2], context.get_data_type(kind))
        if kind == types.float32:
            return values
        return builder.sitofp(values, _VECTOR_F) if kind.signed else builder.uitofp(values, _VECTOR_F)

    return Reals(array, offset, index), generate


# ── between lanes and arrays: for the CPU drivers alone ──────────────────────────────────────────────────────────


@intrinsic
def ramp(typing, origin, right, down):
    """origin + column·right + row·down for the pixels of one tile, row by row."""

    def generate(context, builder, sig, args):
        start, across, along = (_lift(context, builder, v, t, Reals) for v, t in zip(args, sig.args, strict=True))
        columns = ir.Constant(_VECTOR_F, [float(lane % TILE_WIDTH) for lane in range(LANES)])
        rows = ir.Constant(_VECTOR_F, [float(lane // TILE_WIDTH) for lane in range(LANES)])
        step = builder.fadd(builder.fmul(columns, across, flags=_FAST), builder.fmul(rows, along, flags=_FAST), _FAST)
        return builder.fadd(start, step, flags=_FAST)

    return Reals(origin, right, down), generate


@intrinsic
def store(typing, values, array, offset):
    """Write all lanes to array[offset], array[offset + 1], …"""

    def generate(context, builder, sig, args):
        place = _data(context, builder, sig.args[1], args[1], args[2])
        written = builder.store(args[0], builder.bitcast(place, _VECTOR_F.as_pointer()))
        written.align = 4
        return context.get_dummy_value()

    return types.void(values, array, offset), generate


@intrinsic
def vector(typing, array, offset):
    """The lanes array[offset], array[offset + 1], …, float32."""

    def generate(context, builder, sig, args):
        place = _data(context, builder, sig.args[0], args[0], args[1])
        read = builder.load(builder.bitcast(place, _VECTOR_F.as_pointer()))
        read.align = 4
        return read

    return Reals(array, offset), generate


@intrinsic
def store_bytes(typing, values, array, offset):
    """Write all lanes, whole numbers 0 … 255, as bytes to array[offset], array[offset + 1], …"""

    def generate(context, builder, sig, args):
        kind = ir.VectorType(ir.IntType(8), LANES)
        place = _data(context, builder, sig.args[1], args[1], args[2])
        narrow = builder.trunc(builder.fptosi(args[0], _VECTOR_I), kind)
        builder.store(narrow, builder.bitcast(place, kind.as_pointer())).align = 1
        return context.get_dummy_value()

    return types.void(values, array, offset), generate


SHARED: list[Any] = []  # every function that is written over lanes


def shared(function: Callable[..., Any]) -> Any:
    """Compile a formula for all lanes; `scalars.scalar_variant` compiles the same source for one."""
    # forceinline halves the compile time of inline="always" at equal speed.
    dispatcher = njit(function, forceinline=True, **OPTIONS)
    SHARED.append(dispatcher)
    return dispatcher


def apart(function: Callable[..., Any]) -> Any:
    """Like `shared`, but the compiler may call it instead of inlining it: for what is rarely needed in a loop."""
    dispatcher = njit(function, **OPTIONS)
    SHARED.append(dispatcher)
    return dispatcher
