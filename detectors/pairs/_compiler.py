"""How loops are compiled, and the two instructions that numba has no name for.

numba keeps compiled code beside the source, or where ``NUMBA_CACHE_DIR`` says, and looks at
a function's own file alone to see whether it is stale: loops that call each other stand in
one file, and after a change here or in ``_lanes`` the caches of the others have to be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, types
from numba.extending import intrinsic

__all__ = ["compiled", "inlined", "popcount", "trailing_zeros"]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """``function`` compiled, kept on disk where a folder can be written."""
    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no folder for the cache: every process compiles it again
        return cast("F", njit(nogil=True)(function))


def inlined(function: F) -> F:
    """``function`` written out where it is called: a call with arrays costs more than it does."""
    return cast("F", njit(inline="always", nogil=True)(function))


def _popcount(_context: Any, bits: Any) -> Any:
    """Number of set bits, by the processor's own instruction."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return bits(bits), code


def _trailing_zeros(_context: Any, _bits: Any) -> Any:
    """Number of zeros below the lowest set bit of a word that is not 0."""

    def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        # LLVM's own order of arguments.
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))  # noqa: FBT003

    return types.uint64(types.uint64), code


popcount: Any = intrinsic(_popcount)
trailing_zeros: Any = intrinsic(_trailing_zeros)
