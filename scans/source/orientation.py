"""Turning and mirroring by the eight orientation codes of EXIF and TIFF (tag 274)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["code_of", "upright"]


_TURNS: Mapping[int, Callable[[Any], Any]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def upright(image: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    """The picture as it is to be seen, ``code`` being how it is stored (1: upright).

    Exact: pixels change places, no value changes.
    """
    # OpenCV's own annotations allow any type of pixel.
    turned: Any = _TURNS[code](image) if code in _TURNS else image
    result: NDArray[np.uint8] = turned
    return result


def code_of(shown: NDArray[np.uint8]) -> int:
    """The code that turns ``[[0, 1], [2, 3]]`` into ``shown``.

    Raises:
        ValueError: If no turning or mirroring does.
    """
    square = np.arange(4, dtype=np.uint8).reshape(2, 2)
    for code in range(1, 9):
        if np.array_equal(upright(square, code), shown):
            return code
    raise ValueError(f"no orientation gives {shown.tolist()}")
