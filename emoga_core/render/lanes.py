"""Sixteen numbers at once in numba kernels: an explicit vector type.

Loops that numba vectorises by itself fall back to scalar code for small reasons (a computed index, two
arrays that might overlap) and then cost several times as much. `Lanes` is one LLVM vector of 16 floats;
arithmetic, comparisons and the functions below act on all of them, and scalars are spread. LLVM maps it to
one AVX-512 register, two of AVX or four of NEON.

Inside a kernel::

    x = load(buffer, offset)            # buffer: 1-D contiguous float array
    y = select(x > 0.5, x * a, fill(a))
    store(buffer, offset, y)
    total += add_up(y)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

COUNT = 16
_intrinsic: Any = intrinsic  # calls inside kernels lack the first parameter of the definitions below
_FLAGS = ("reassoc", "contract", "nsz", "arcp")
_EXACT = ("nsz",)  # for steps that rely on rounding; also keeps numba from adding its own flags


class Lanes(types.Type):
    """Sixteen float32 or float64."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


class LanesMask(types.Type):
    """Sixteen truth values, the result of comparing lanes."""

    def __init__(self) -> None:
        super().__init__(name="LanesMask")


_mask = LanesMask()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, _vector(fe_type.dtype))


@register_model(LanesMask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), COUNT))


def _scalar(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def _vector(dtype: types.Float) -> ir.VectorType:
    return ir.VectorType(_scalar(dtype), COUNT)


def _constant(dtype: types.Float, value: float) -> ir.Constant:
    return ir.Constant(_vector(dtype), [value] * COUNT)


def _spread(builder: ir.IRBuilder, value: Any, dtype: types.Float) -> Any:
    """The vector itself, or a scalar in every lane."""
    if isinstance(value.type, ir.VectorType):
        return value
    if value.type != _scalar(dtype):
        value = builder.fptrunc(value, _scalar(dtype))
    undefined = ir.Constant(_vector(dtype), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), COUNT), [0] * COUNT)
    return builder.shuffle_vector(first, undefined, zeros)


def _lanes_of(*args: Any) -> Lanes | None:
    """The lane type among operands when all the others are lanes of that type or floats that it can hold."""
    found = next((a for a in args if isinstance(a, Lanes)), None)
    if found is not None and all(a == found or isinstance(a, types.Float) for a in args):
        return found
    return None


def _register_operator(function: Callable, emit: Callable, result: types.Type | None = None) -> None:
    """Makes operators work on (Lanes, Lanes), (Lanes, float) and (float, Lanes)."""

    @type_callable(function)
    def _type(context):
        def typer(a, b):
            lanes = _lanes_of(a, b)
            return None if lanes is None else (result or lanes)

        return typer

    def lower(context, builder, signature, args):
        lanes = _lanes_of(*signature.args)
        assert lanes is not None
        return emit(builder, *(_spread(builder, a, lanes.dtype) for a in args))

    for pair in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(function, *pair)(lower)


def _register_arithmetic(name: str, instruction: str) -> None:
    def emit(builder, a, b):
        return getattr(builder, instruction)(a, b, flags=_FLAGS)

    _register_operator(getattr(operator, name), emit)
    _register_operator(getattr(operator, "i" + name), emit)


def _register_comparison(function: Callable, symbol: str) -> None:
    _register_operator(
        function, lambda builder, a, b: builder.fcmp_ordered(symbol, a, b, flags=("nsz",)), _mask
    )


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul"), ("truediv", "fdiv")):
    _register_arithmetic(_name, _instruction)
for _function, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")):
    _register_comparison(_function, _symbol)


@type_callable(operator.and_)
def _type_and(context):
    return lambda a, b: _mask if isinstance(a, LanesMask) and isinstance(b, LanesMask) else None


@lower_builtin(operator.and_, LanesMask, LanesMask)
def _lower_and(context, builder, signature, args):
    return builder.and_(*args)


def _call_elementwise(builder: ir.IRBuilder, name: str, value: ir.Value, dtype: types.Float) -> ir.Value:
    """LLVM's `name` on every lane."""
    kind = ir.FunctionType(_vector(dtype), [_vector(dtype)])
    function = cgutils.get_or_insert_function(builder.module, kind, f"{name}.v{COUNT}f{dtype.bitwidth}")
    return builder.call(function, [value])


def _pointer(context, builder, array_type, array, index, index_type):
    struct = context.make_array(array_type)(context, builder, array)
    offset = context.cast(builder, index, index_type, types.intp)
    address = builder.gep(struct.data, [offset])
    return builder.bitcast(address, ir.PointerType(_vector(array_type.dtype)))


def _bytes(dtype: types.Float) -> int:
    return dtype.bitwidth // 8


@_intrinsic
def load(typingctx, array, index):
    """Sixteen values of a 1-D contiguous array from `index` on."""

    def generate(context, builder, signature, args):
        pointer = _pointer(context, builder, array, args[0], args[1], index)
        return builder.load(pointer, align=_bytes(array.dtype))

    return Lanes(array.dtype)(array, index), generate


@_intrinsic
def store(typingctx, array, index, value):
    """Writes sixteen values to a 1-D contiguous array from `index` on."""

    def generate(context, builder, signature, args):
        pointer = _pointer(context, builder, array, args[0], args[1], index)
        builder.store(args[2], pointer, align=_bytes(array.dtype))
        return context.get_dummy_value()

    return types.void(array, index, value), generate


@_intrinsic
def fill(typingctx, value):
    """The same float in every lane."""

    def generate(context, builder, signature, args):
        return _spread(builder, args[0], value)

    return Lanes(value)(value), generate


@_intrinsic
def select(typingctx, mask, a, b):
    """a where the mask is true, else b; either may be a scalar."""
    lanes = _lanes_of(a, b)
    if lanes is None:
        return None

    def generate(context, builder, signature, args):
        yes, no = (_spread(builder, v, lanes.dtype) for v in args[1:])
        return builder.select(args[0], yes, no)

    return lanes(mask, a, b), generate


def _extremum(name: str, symbol: str) -> Any:
    @_intrinsic
    def function(typingctx, a, b):
        lanes = _lanes_of(a, b)
        if lanes is None:
            return None

        def generate(context, builder, signature, args):
            x, y = (_spread(builder, v, lanes.dtype) for v in args)
            return builder.select(builder.fcmp_ordered(symbol, x, y, flags=("nsz",)), x, y)

        return lanes(a, b), generate

    return function


smaller = _extremum("smaller", "<")
larger = _extremum("larger", ">")


@_intrinsic
def minus_magnitude(typingctx, a):
    """-|a|."""

    def generate(context, builder, signature, args):
        return builder.fneg(_call_elementwise(builder, "llvm.fabs", args[0], a.dtype))

    return a(a), generate


@_intrinsic
def add_up(typingctx, a):
    """Sum of the lanes, always in the same order."""

    def generate(context, builder, signature, args):
        scalar, vector = _scalar(a.dtype), _vector(a.dtype)
        name = f"llvm.vector.reduce.fadd.v{COUNT}f{a.dtype.bitwidth}"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(scalar, [scalar, vector]), name
        )
        return builder.call(function, [ir.Constant(scalar, -0.0), args[0]], fastmath=("reassoc", "nsz"))

    return a.dtype(a), generate


@_intrinsic
def any_lane(typingctx, mask):
    """Whether the mask is true in some lane."""

    def generate(context, builder, signature, args):
        bits = builder.bitcast(args[0], ir.IntType(COUNT))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(COUNT), 0))

    return types.boolean(mask), generate


@_intrinsic
def lowest_bit(typingctx, value):
    """Index of the lowest set bit of an integer that is not 0."""

    def generate(context, builder, signature, args):
        wide = context.cast(builder, args[0], value, types.int64)
        return builder.cttz(wide, ir.Constant(ir.IntType(1), 1))

    return types.int64(value), generate


# 2^f on [-1/2, 1/2], relative error 8e-8 (least squares, reweighted towards the largest error)
_EXP2 = (1.00000007, 0.693146967, 0.240221197, 0.0555071327, 0.00967554133, 0.00132764715)


@_intrinsic
def exp_negative(typingctx, a):
    """exp(-a). float32: a in [0, 80], relative error below 5e-7; float64: any a, to machine precision."""

    def exact(context, builder, signature, args):
        return _call_elementwise(builder, "llvm.exp", builder.fneg(args[0]), a.dtype)

    def split(context, builder, signature, args):
        """2^n 2^f: adding 1.5 x 2^23 leaves the integer n in the low bits of the sum."""

        def constant(value):
            return _constant(a.dtype, value)

        exponent = builder.fmul(args[0], constant(-1.4426950408889634), flags=_EXACT)
        shifted = builder.fadd(exponent, constant(12582912.0), flags=_EXACT)
        whole = builder.fsub(shifted, constant(12582912.0), flags=_EXACT)
        part = builder.fsub(exponent, whole, flags=_EXACT)
        power = constant(_EXP2[-1])
        for coefficient in _EXP2[-2::-1]:
            product = builder.fmul(power, part, flags=_FLAGS)
            power = builder.fadd(product, constant(coefficient), flags=_FLAGS)
        integers = ir.VectorType(ir.IntType(32), COUNT)
        scale = builder.shl(builder.bitcast(shifted, integers), ir.Constant(integers, [23] * COUNT))
        return builder.bitcast(builder.add(builder.bitcast(power, integers), scale), _vector(a.dtype))

    return a(a), split if a.dtype == types.float32 else exact
