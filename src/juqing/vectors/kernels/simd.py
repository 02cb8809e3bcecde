"""Products of a few short rows, written in LLVM's vectors of 16 floats.

Numba's own loops over several rows at once are not vectorized: LLVM cannot know that the rows do not overlap. Here the vectors are
said outright; LLVM splits them where a processor has narrower ones. Rows are given by their addresses (`array.ctypes.data`), are
64-byte aligned and a multiple of 16 floats long; nothing is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba.extending
from llvmlite import ir
from numba import types

from juqing.vectors.kernels import LANES, ROWS

intrinsic: Any = numba.extending.intrinsic  # its functions are called without their first argument

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INT = ir.IntType(64)
_ALIGN = 64


def _loop(builder: ir.IRBuilder, n: ir.Value, start: list[Any], body: Callable) -> list[Any]:
    """`for offset in range(0, n * 64, 64): values = body(offset, values)`; n is 1 or more."""
    before = builder.basic_block
    loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(_INT)
    k.add_incoming(ir.Constant(_INT, 0), before)
    values = []
    for value in start:
        phi = builder.phi(value.type)
        phi.add_incoming(value, before)
        values.append(phi)
    results = body(builder.mul(k, ir.Constant(_INT, LANES * 4)), values)
    following = builder.add(k, ir.Constant(_INT, 1))
    k.add_incoming(following, builder.basic_block)
    for phi, result in zip(values, results, strict=True):
        phi.add_incoming(result, builder.basic_block)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, after)
    builder.position_at_end(after)
    return results


def _pointer(builder: ir.IRBuilder, row: ir.Value, offset: ir.Value) -> Any:
    return builder.inttoptr(builder.add(row, offset), _VECTOR.as_pointer())


def _load(builder: ir.IRBuilder, row: ir.Value, offset: ir.Value) -> ir.Value:
    return builder.load(_pointer(builder, row, offset), align=_ALIGN)


def _store(builder: ir.IRBuilder, value: ir.Value, row: ir.Value, offset: ir.Value) -> None:
    builder.store(value, _pointer(builder, row, offset), align=_ALIGN)


def _fma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    name = f"llvm.fma.v{LANES}f32"
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), name
    )
    return builder.call(function, (a, b, c))


def _sum(builder: ir.IRBuilder, vector: ir.Value) -> ir.Value:
    name = f"llvm.vector.reduce.fadd.v{LANES}f32"
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(_FLOAT, [_FLOAT, _VECTOR]), name
    )
    return builder.call(function, (ir.Constant(_FLOAT, -0.0), vector), fastmath=("reassoc",))


def _spread(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A float in all lanes."""
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


@intrinsic
def prefetch(typingctx, row, n_lines):
    """Ask for the first `n_lines` cache lines of a row, to be read and written soon. Changes nothing."""

    def codegen(context, builder, signature, args):
        name = "llvm.prefetch.p0"
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), *[ir.IntType(32)] * 3])
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (1, 3, 1)]  # to write, keep in all caches, data

        def body(offset, values):
            pointer = builder.inttoptr(builder.add(args[0], offset), ir.IntType(8).as_pointer())
            builder.call(function, [pointer, *flags])
            return values

        _loop(builder, args[1], [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def dots(typingctx, xs, rows, n_vectors):
    """The products of one or two rows with six others.

    Args:
        xs: Tuple of the addresses of one or two rows.
        rows: Tuple of the addresses of six rows.
        n_vectors: Length of a row in vectors of 16 floats.

    Returns:
        Six float32 for each of the first rows.
    """
    n = len(xs)
    result = types.UniTuple(types.float32, ROWS * n)

    def codegen(context, builder, signature, args):
        mine = [builder.extract_value(args[0], k) for k in range(n)]
        others = [builder.extract_value(args[1], k) for k in range(ROWS)]

        def body(offset, sums):
            vectors = [_load(builder, row, offset) for row in mine]
            following: list[ir.Value] = []
            for k, row in enumerate(others):
                other = _load(builder, row, offset)
                following += [_fma(builder, x, other, sums[n * k + i]) for i, x in enumerate(vectors)]
            return following

        sums = _loop(builder, args[2], [ir.Constant(_VECTOR, [0.0] * LANES)] * ROWS * n, body)
        packed = ir.Constant(context.get_value_type(result), ir.Undefined)
        for place in range(ROWS * n):
            packed = builder.insert_value(packed, _sum(builder, sums[n * (place % ROWS) + place // ROWS]), place)
        return packed

    return result(xs, types.UniTuple(types.int64, ROWS), types.int64), codegen


@intrinsic
def spread_errors(typingctx, xs, to, rows, sums, factors, n_vectors):
    """For one or two rows x: to += factors @ rows, and for each of six rows sums += factor * x.

    Args:
        xs: Tuple of the addresses of one or two rows.
        to: Tuple of the addresses of the rows to change, which may be those of `xs`.
        rows: Tuple of the addresses of six rows.
        sums: Address of six rows, one after the other, to change.
        factors: Tuple of six float32 for each row of `xs`.
        n_vectors: Length of a row in vectors of 16 floats.
    """
    n = len(xs)

    def codegen(context, builder, signature, args):
        mine, changed = ([builder.extract_value(args[a], k) for k in range(n)] for a in (0, 1))
        others = [builder.extract_value(args[2], k) for k in range(ROWS)]
        spread = [_spread(builder, builder.extract_value(args[4], k)) for k in range(ROWS * n)]
        size = builder.mul(args[5], ir.Constant(_INT, LANES * 4))
        kept = [builder.add(args[3], builder.mul(size, ir.Constant(_INT, k))) for k in range(ROWS)]

        def body(offset, values):
            vectors = [_load(builder, row, offset) for row in mine]
            changes = [_load(builder, row, offset) for row in changed]
            for k, (row, total) in enumerate(zip(others, kept, strict=True)):
                other, gathered = _load(builder, row, offset), _load(builder, total, offset)
                for i in range(n):
                    factor = spread[ROWS * i + k]
                    changes[i] = _fma(builder, factor, other, changes[i])
                    gathered = _fma(builder, factor, vectors[i], gathered)
                _store(builder, gathered, total, offset)
            for row, change in zip(changed, changes, strict=True):
                _store(builder, change, row, offset)
            return values

        _loop(builder, args[5], [], body)
        return context.get_dummy_value()

    row, six = types.int64, types.UniTuple(types.int64, ROWS)
    return types.void(xs, to, six, row, types.UniTuple(types.float32, ROWS * n), types.int64), codegen


@intrinsic
def add(typingctx, to, x, factor, n_vectors):
    """to += factor * x, for rows given by their addresses."""

    def codegen(context, builder, signature, args):
        factor = _spread(builder, args[2])

        def body(offset, values):
            total = _fma(builder, factor, _load(builder, args[1], offset), _load(builder, args[0], offset))
            _store(builder, total, args[0], offset)
            return values

        _loop(builder, args[3], [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32, types.int64), codegen


@intrinsic
def clear(typingctx, to, n_vectors):
    """Fill with zeros."""

    def codegen(context, builder, signature, args):
        zero = ir.Constant(_VECTOR, [0.0] * LANES)

        def body(offset, values):
            _store(builder, zero, args[0], offset)
            return values

        _loop(builder, args[1], [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def dot(typingctx, x, y, n_vectors):
    """The product of two rows, float32."""

    def codegen(context, builder, signature, args):
        def body(offset, sums):
            return [_fma(builder, _load(builder, args[0], offset), _load(builder, args[1], offset), sums[0])]

        return _sum(builder, _loop(builder, args[2], [ir.Constant(_VECTOR, [0.0] * LANES)], body)[0])

    return types.float32(types.int64, types.int64, types.int64), codegen


@intrinsic
def adagrad(typingctx, x, y, factor, n_vectors):
    """A step of AdaGrad for two rows whose product has the slope `factor`: x -= factor * y / sqrt(G_x), and y likewise.

    Behind each row lie as many sums of squared steps, G, which grow by the squares of factor * y and factor * x.
    """

    def codegen(context, builder, signature, args):
        factor = _spread(builder, args[2])
        behind = builder.mul(args[3], ir.Constant(_INT, LANES * 4))
        sums = [builder.add(args[k], behind) for k in range(2)]
        name = f"llvm.sqrt.v{LANES}f32"
        root = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), name
        )

        def body(offset, values):
            rows = [_load(builder, args[k], offset) for k in range(2)]
            for k in range(2):
                step = builder.fmul(factor, rows[1 - k])
                total = _load(builder, sums[k], offset)
                scaled = builder.fdiv(step, builder.call(root, [total]))
                _store(builder, builder.fsub(rows[k], scaled), args[k], offset)
                _store(builder, _fma(builder, step, step, total), sums[k], offset)
            return values

        _loop(builder, args[3], [], body)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float32, types.int64), codegen
