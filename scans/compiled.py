"""Loops over pixels, compiled before the first page comes.

Each is compiled for the one kind of arrays that it is called with, as its module is loaded, so no
page waits for it: workers are forked from a process that has them. numba keeps the code beside
the source, or where ``NUMBA_CACHE_DIR`` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["check_inside", "compiled"]

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
