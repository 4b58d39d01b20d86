"""Loops over pixels, compiled before the first page comes.

Each is compiled for the one kind of arrays that it is called with. Workers are forked from a
process that has all of them (:mod:`scans.ready`), so no page waits for it; elsewhere the first
call does. numba keeps the code beside the source, or where ``NUMBA_CACHE_DIR`` says: 9 s the
first time on a machine, a third of a second from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_inside", "compiled", "prepare"]

F = TypeVar("F", bound=Callable[..., Any])

# Sums may be added up in any order: sixteen at once.
_SUMS = {"reassoc", "nsz"}
_LOOPS: list[_Loop] = []


def compiled(signature: str) -> Callable[[F], F]:
    """A function compiled for arguments of the types that a numba signature names.

    It looks at no bounds, and refuses arrays of other types or layouts by a ``TypeError``.
    """

    def of(function: F) -> F:
        loop = _Loop(function, signature)
        _LOOPS.append(loop)
        return cast("F", loop)

    return of


def prepare() -> None:
    """Compile all loops of the modules that are loaded, or get them from the disk."""
    for loop in _LOOPS:
        loop.ready()


class _Loop:
    """A loop that is compiled when it is first needed."""

    def __init__(self, function: Callable[..., Any], signature: str) -> None:
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._function, self._signature = function, signature
        self._made: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._made or self.ready())(*arguments)

    def ready(self) -> Callable[..., Any]:
        """The machine's own code of it."""
        if self._made is None:
            from numba import njit

            def made(*, cache: bool) -> Callable[..., Any]:
                by = njit(self._signature, cache=cache, nogil=True, fastmath=_SUMS)
                return cast("Callable[..., Any]", by(self._function))

            try:
                self._made = made(cache=True)
            except RuntimeError:  # no folder for the cache: every process compiles it again
                self._made = made(cache=False)
        return self._made


def check_inside(
    image: NDArray[np.uint8], corner: NDArray[np.intp], shape: tuple[int, int]
) -> None:
    """Compiled loops look at no bounds: what they are given has to lie in the picture.

    Args:
        image: ``(height, width)``.
        corner: ``(n, 2)``: x and y of the top-left pixel of rectangles.
        shape: Height and width of all.

    Raises:
        IndexError: If one of them reaches beyond.
    """
    if not len(corner):
        return
    (left, top), (right, bottom) = corner.min(axis=0).tolist(), corner.max(axis=0).tolist()
    if (
        min(left, top) < 0
        or bottom + shape[0] > image.shape[0]
        or right + shape[1] > image.shape[1]
    ):
        raise IndexError(f"rectangles of {shape} px reach beyond a picture of {image.shape} px")
