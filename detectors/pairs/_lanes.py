"""Four rows held against a stretch of others at once: what numba does not vectorise by itself.

Beside 16 others a row takes an exclusive or and an or for each plane, a population count and a
comparison. Asked about four at a time, the others are loaded once for all; what comes out is a
bit for each of them, or the fewest mismatches alone, so that the many rows that are not near are
passed over unseen. The loops are vectors of LLVM, which makes of them what a processor has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from detectors.pairs.packing import LANES

__all__ = ["TESTS", "least_of_four", "near_four", "new_four"]

TESTS = 3
FOUR = range(4)

_INT, _SIZE = ir.IntType(32), ir.IntType(64)
_BITS = ir.IntType(LANES)
_VECTOR = ir.VectorType(_INT, LANES)
_NONE = ir.Constant(_VECTOR, [0] * LANES)

_Counts = list[tuple[Any, list[Any]]]


def _code(write: Callable[..., None]) -> Any:
    """Code for a call with arrays and then the two ends of a stretch."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        *arrays, start, stop = arguments
        held = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, arrays, strict=False)
        ]
        write(builder, *held, start, stop)
        return context.get_dummy_value()

    return code


def _least(_: Any, planes: Any, query: Any, least: Any, start: Any, stop: Any) -> Any:
    """Fewest mismatches of each of four rows with a stretch, and up to 15 places past it.

    Args:
        planes: uint32 ``(planes, words, rows)``, readable 15 places past the stretch.
        query: uint32 ``(planes + 1, words, 4)``: the four, and the items each lacks.
        least: uint32 ``(4,)``; is written.
        start: First row of the stretch.
        stop: The one after its last.
    """

    def write(builder: Any, planes: Any, query: Any, least: Any, start: Any, stop: Any) -> None:
        fewest = [cgutils.alloca_once(builder, _VECTOR) for _ in FOUR]
        for variable in fewest:
            builder.store(ir.Constant(_VECTOR, [-1] * LANES), variable)

        def step(_row: Any, counts: _Counts) -> None:
            for variable, (count, _) in zip(fewest, counts, strict=True):
                held = builder.load(variable)
                less = builder.icmp_unsigned("<", count, held)
                builder.store(builder.select(less, count, held), variable)

        _along(_Held(builder, planes, query), start, stop, step)
        kind = ir.FunctionType(_INT, [_VECTOR])
        name = f"llvm.vector.reduce.umin.v{LANES}i32"
        smallest = cgutils.get_or_insert_function(builder.module, kind, name)
        for k, variable in enumerate(fewest):
            found = builder.call(smallest, [builder.load(variable)])
            builder.store(found, builder.gep(least.data, [_SIZE(k)]))

    return types.void(planes, query, least, types.intp, types.intp), _code(write)


def _near(tests: int) -> Callable[..., Any]:
    def near(
        _: Any, planes: Any, query: Any, most: Any, bands: Any, bits: Any, start: Any, stop: Any
    ) -> Any:
        """Which rows of a stretch are near to each of four.

        Args:
            planes: uint32 ``(planes, words, rows)``, readable 15 places past the stretch.
            query: uint32 ``(planes + 1, words, 4)``: the four, and the items each lacks.
            most: uint32 ``(4,)``: most mismatches of a near row.
            bands: uint32 ``(TESTS, words)``: items; ``new_four`` alone looks at them, and takes
                only rows that differ somewhere in each of them.
            bits: uint64 ``(4, words)``; is written: bit 0 stands for the row at ``start``.
            start: First row of the stretch.
            stop: The one after its last; up to 15 bits past it are set or not.
        """

        def write(
            builder: Any, planes: Any, query: Any, most: Any, bands: Any, bits: Any,
            start: Any, stop: Any,
        ) -> None:  # fmt: skip
            limits = [_same(builder, most, _SIZE(k)) for k in FOUR]
            written = builder.bitcast(bits.data, _BITS.as_pointer())
            width = cgutils.unpack_tuple(builder, bits.shape)[1]
            width = builder.mul(width, _SIZE(64 // LANES))

            def step(row: Any, counts: _Counts) -> None:
                place = builder.udiv(builder.sub(row, start), _SIZE(LANES))
                for k, (count, differ) in enumerate(counts):
                    found = builder.icmp_unsigned("<=", count, limits[k])
                    for inside in differ:
                        found = builder.and_(found, builder.icmp_unsigned("!=", inside, _NONE))
                    at = builder.add(builder.mul(_SIZE(k), width), place)
                    builder.store(builder.bitcast(found, _BITS), builder.gep(written, [at]))

            _along(_Held(builder, planes, query, bands, tests), start, stop, step)

        signature = types.void(planes, query, most, bands, bits, types.intp, types.intp)
        return signature, _code(write)

    return near


least_of_four: Any = intrinsic(_least)
near_four: Any = intrinsic(_near(0))
new_four: Any = intrinsic(_near(TESTS))


def _along(held: _Held, start: Any, stop: Any, step: Callable[[Any, _Counts], None]) -> None:
    """The loop, twice: the commonest shape, one word of three planes, stays in registers."""
    builder = held.builder
    common = builder.and_(
        builder.icmp_unsigned("==", held.kinds, _SIZE(3)),
        builder.icmp_unsigned("==", held.words, _SIZE(1)),
    )
    with builder.if_else(common) as (one_word, any_shape):
        for way, counts in ((one_word, held.of_one_word), (any_shape, held.of_any_shape)):
            with way:
                at = counts()
                with cgutils.for_range_slice(builder, start, stop, _SIZE(LANES), _SIZE) as (row, _):
                    step(row, at(row))


class _Held:
    """Writes what counts mismatches of four rows with the 16 at a place, in all and in bands."""

    def __init__(
        self, builder: Any, planes: Any, query: Any, bands: Any = None, tests: int = 0
    ) -> None:
        self.builder, self.planes, self.query = builder, planes, query
        self.bands, self.tests = bands, tests
        self.kinds, self.words, self.rows = cgutils.unpack_tuple(builder, planes.shape)
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        name = f"llvm.ctpop.v{LANES}i32"
        self.ones = cgutils.get_or_insert_function(builder.module, kind, name)

    def of_one_word(self) -> Callable[[Any], _Counts]:
        """With three planes of one word."""
        build = self.builder
        own = [[self._own(_SIZE(p), _SIZE(0), k) for p in range(4)] for k in FOUR]
        bands = [_same(build, self.bands, _SIZE(t)) for t in range(self.tests)]

        def at(row: Any) -> _Counts:
            others = [self._others(_SIZE(p), _SIZE(0), row) for p in range(3)]
            found = []
            for *planes, lacking in own:
                bits = lacking
                for theirs, ours in zip(others, planes, strict=True):
                    bits = build.or_(bits, build.xor(theirs, ours))
                differ = [build.and_(bits, band) for band in bands]
                found.append((build.call(self.ones, [bits]), differ))
            return found

        return at

    def of_any_shape(self) -> Callable[[Any], _Counts]:
        """With any number of planes and words."""
        build = self.builder
        bits, count, *differ = (
            [cgutils.alloca_once(build, _VECTOR) for _ in FOUR] for _ in range(2 + self.tests)
        )

        def raise_by(variable: Any, join: Callable[[Any, Any], Any], value: Any) -> None:
            build.store(join(build.load(variable), value), variable)

        def at(row: Any) -> _Counts:
            for variable in (*count, *(v for band in differ for v in band)):
                build.store(_NONE, variable)
            with cgutils.for_range(build, self.words) as word:
                for k in FOUR:
                    build.store(self._own(self.kinds, word.index, k), bits[k])
                with cgutils.for_range(build, self.kinds) as plane:
                    others = self._others(plane.index, word.index, row)
                    for k in FOUR:
                        own = self._own(plane.index, word.index, k)
                        raise_by(bits[k], build.or_, build.xor(others, own))
                for k in FOUR:
                    here = build.load(bits[k])
                    raise_by(count[k], build.add, build.call(self.ones, [here]))
                    for t in range(self.tests):
                        place = build.add(build.mul(_SIZE(t), self.words), word.index)
                        inside = build.and_(here, _same(build, self.bands, place))
                        raise_by(differ[t][k], build.or_, inside)
            return [(build.load(count[k]), [build.load(band[k]) for band in differ]) for k in FOUR]

        return at

    def _others(self, plane: Any, word: Any, row: Any) -> Any:
        build = self.builder
        line = build.add(build.mul(plane, self.words), word)
        place = build.gep(self.planes.data, [build.add(build.mul(line, self.rows), row)])
        return build.load(build.bitcast(place, _VECTOR.as_pointer()), align=4)

    def _own(self, plane: Any, word: Any, k: int) -> Any:
        build = self.builder
        line = build.add(build.mul(plane, self.words), word)
        return _same(build, self.query, build.add(build.mul(line, _SIZE(4)), _SIZE(k)))


def _same(builder: Any, array: Any, place: Any) -> Any:
    """A number of an array in every lane."""
    number = builder.load(builder.gep(array.data, [place]))
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, _INT(0))
    return builder.shuffle_vector(first, nothing, _NONE)
