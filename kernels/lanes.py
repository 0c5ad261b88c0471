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

cache.lock_saving()

intrinsic: Any = numba.extending.intrinsic  # untyped: what it decorates is called without its first argument

f32 = np.float32
i32 = np.int32

LANES = 16
TILE_WIDTH = 4  # a packet is a small tile of pixels, so that its rays stay in the same voxels
TILE_HEIGHT = LANES // TILE_WIDTH

# "contract" and "reassoc" change last bits only; "nnan" and "ninf" are why OUTSIDE is a finite number.
OPTIONS: dict[str, Any] = {"fastmath": True, "error_model": "numpy", "nogil": True}

# For what only compiled functions call: ways in from Python and C took an eighth of the compile time. Python must not.
INNER: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# For what allocates nothing, too: without it every access to an array counts its users up and down, with locked
# instructions that took a third of a volume rendering.
PURE: dict[str, Any] = {**INNER, "_nrt": False}

# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────

_FLOAT, INT, _BIT = ir.FloatType(), ir.IntType(32), ir.IntType(1)
VECTOR_F, VECTOR_I, VECTOR_M = (ir.VectorType(kind, LANES) for kind in (_FLOAT, INT, _BIT))
FAST = ("fast",)


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


_register(_RealsType, VECTOR_F)
_register(_IntegersType, VECTOR_I)
_register(_MaskType, VECTOR_M)


def _broadcast(builder: Any, value: Any, vector: Any) -> Any:
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(INT, 0))
    zeros = ir.Constant(ir.VectorType(INT, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def lift(context: Any, builder: Any, value: Any, given: Any, wanted: Any) -> Any:
    """A number becomes the same number in every lane; lanes stay as they are."""
    if given is wanted:
        return value
    scalar, vector = (types.float32, VECTOR_F) if wanted is Reals else (types.int32, VECTOR_I)
    return _broadcast(builder, context.cast(builder, value, given, scalar), vector)


def call(builder: Any, name: str, result: Any, arguments: list[Any], fastmath: tuple[str, ...] = ()) -> Any:
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
                a, b = (lift(context, builder, x, t, lanes) for x, t in zip(args, sig.args, strict=True))
                return lower(builder, a, b)

            lower_builtin(op, left, right)(low)
    infer_global(op)(type(f"Lanes_{op.__name__}", (ConcreteTemplate,), {"cases": cases}))


_operator(operator.add, lambda b, x, y: b.fadd(x, y, flags=FAST), lambda b, x, y: b.add(x, y))
_operator(operator.sub, lambda b, x, y: b.fsub(x, y, flags=FAST), lambda b, x, y: b.sub(x, y))
_operator(operator.mul, lambda b, x, y: b.fmul(x, y, flags=FAST), lambda b, x, y: b.mul(x, y))
# Not FAST: a reciprocal estimate would make 167 / 1 166.99998, and a mean of equal values differ from them.
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
            a, b = (lift(context, builder, v, t, lanes) for v, t in zip(args, sig.args, strict=True))
            if lanes is Reals:
                return builder.select(builder.fcmp_ordered(sign, a, b, flags=FAST), a, b)
            return builder.select(builder.icmp_signed(sign, a, b), a, b)

        return lanes(x, y), generate

    return intrinsic(primitive)


minimum = _smaller_or_larger("<")
maximum = _smaller_or_larger(">")


def _unary(name: str) -> Any:
    def primitive(typing, x):
        def generate(context, builder, sig, args):
            return call(builder, f"llvm.{name}.v{LANES}f32", VECTOR_F, [args[0]], FAST)

        return Reals(x), generate

    return intrinsic(primitive)


floor, ceil, sqrt, absolute = (_unary(name) for name in ("floor", "ceil", "sqrt", "fabs"))


@intrinsic
def integer(typing, x):
    """Towards zero; the caller keeps x within ±2³¹."""
    return Integers(x), lambda context, builder, sig, args: builder.fptosi(args[0], VECTOR_I)


@intrinsic
def real(typing, x):
    return Reals(x), lambda context, builder, sig, args: builder.sitofp(args[0], VECTOR_F)


@intrinsic
def splat(typing, value, like):
    """`value` in every lane, as many as `like` has."""
    return Reals(value, like), lambda context, builder, sig, args: lift(context, builder, args[0], sig.args[0], Reals)


@intrinsic
def where(typing, mask, x, y):
    lanes = Integers if all(t is Integers or isinstance(t, types.Integer) for t in (x, y)) else Reals

    def generate(context, builder, sig, args):
        a, b = (lift(context, builder, v, t, lanes) for v, t in zip(args[1:], sig.args[1:], strict=True))
        return builder.select(args[0], a, b)

    return lanes(mask, x, y), generate


@intrinsic
def any_lane(typing, mask):
    def generate(context, builder, sig, args):
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], bits), ir.Constant(bits, 0))

    return types.boolean(mask), generate


@intrinsic
def quotient(typing, x, y):
    """x / y for pictures: an estimate of the reciprocal and one step of Newton's, where that is faster."""

    def generate(context, builder, sig, args):
        a, b = (lift(context, builder, v, t, Reals) for v, t in zip(args, sig.args, strict=True))
        return builder.fdiv(a, b, flags=FAST)

    return Reals(x, y), generate


def _reduction(name: str) -> Any:
    def primitive(typing, x):
        def generate(context, builder, sig, args):
            return call(builder, f"llvm.vector.reduce.{name}.v{LANES}f32", _FLOAT, [args[0]], ("nnan",))

        return types.float32(x), generate

    return intrinsic(primitive)


lowest, highest = _reduction("fmin"), _reduction("fmax")


SHARED: list[Any] = []  # every function that is written over lanes


def shared(function: Callable[..., Any]) -> Any:
    """Compile a formula for all lanes; `scalars.scalar_variant` compiles the same source for one."""
    # forceinline halves the compile time of inline="always" at equal speed.
    dispatcher = njit(function, forceinline=True, **PURE)
    SHARED.append(dispatcher)
    return dispatcher


def apart(function: Callable[..., Any]) -> Any:
    """Like `shared`, but the compiler may call it instead of inlining it: for what is rarely needed in a loop."""
    dispatcher = njit(function, **PURE)
    SHARED.append(dispatcher)
    return dispatcher
