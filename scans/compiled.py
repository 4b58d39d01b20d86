"""Loops over pixels, compiled before the first page comes.

Each is compiled for the one kind of arrays that it is called with, as its module is loaded, so no
page waits for it: workers are forked from a process that has them. numba keeps the code beside
the source, or where ``NUMBA_CACHE_DIR`` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., Any])


# Sums may be added up in any order: sixteen at once.
_SUMS: Any = {"reassoc", "nsz"}


def compiled(signature: str) -> Callable[[F], F]:
    """A function compiled for arguments of the types that a numba signature names."""

    def of(function: F) -> F:
        try:
            return cast("F", njit(signature, cache=True, nogil=True, fastmath=_SUMS)(function))
        except RuntimeError:  # no folder for the cache: every process compiles it again
            return cast("F", njit(signature, nogil=True, fastmath=_SUMS)(function))

    return of
