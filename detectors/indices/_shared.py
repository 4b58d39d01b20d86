"""What every index shares: the shape of its input and the compiler of its inner loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Matrix", "Pairs", "Vector", "as_rows", "centred_blocks", "compiled"]

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Pairs = NDArray[np.intp]

BLOCK = 2048  # records whose answers stay in the processor's cache

F = TypeVar("F", bound=Callable[..., Any])


def as_rows(x: Matrix) -> Matrix:
    """The answers as a C-ordered float64 matrix, copied only if they are not one.

    Raises:
        ValueError: If ``x`` is not two-dimensional.
    """
    rows = np.ascontiguousarray(x, dtype=np.float64)
    if np.ndim(x) != 2:
        raise ValueError(f"answers have {np.ndim(x)} dimensions, not records x items")
    return rows


def centred_blocks(rows: Matrix, mean: Vector) -> Iterator[tuple[Matrix, NDArray[np.bool_] | None]]:
    """Blocks of answers less the item's mean, 0 where missing, and which are known.

    The second is ``None`` for a block without a missing answer. An item nobody answered is
    0 throughout.
    """
    for start in range(0, len(rows), BLOCK):
        z = rows[start : start + BLOCK] - mean
        if np.isnan(np.dot(z.ravel(), z.ravel())):
            missing = np.isnan(z)
            np.copyto(z, 0.0, where=missing)
            yield z, ~missing
        else:
            yield z, None


def compiled(function: F) -> F:
    """``numba.njit`` without the interpreter's lock, kept on disk where that is possible."""
    from numba import njit

    def with_cache(*, cache: bool) -> F:
        return cast("F", njit(cache=cache, nogil=True, error_model="numpy")(function))

    try:
        return with_cache(cache=True)
    except RuntimeError:  # no folder to keep it in: compiled again in every process
        return with_cache(cache=False)
