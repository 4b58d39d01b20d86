"""What every index shares: the shape of its input and the compiler of its inner loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["Matrix", "Pairs", "Vector", "as_rows", "compiled"]

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Pairs = NDArray[np.intp]

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


def compiled(function: F) -> F:
    """``numba.njit`` without the interpreter's lock, kept on disk where that is possible."""
    from numba import njit

    def with_cache(*, cache: bool) -> F:
        return cast("F", njit(cache=cache, nogil=True, error_model="numpy")(function))

    try:
        return with_cache(cache=True)
    except RuntimeError:  # no folder to keep it in: compiled again in every process
        return with_cache(cache=False)
