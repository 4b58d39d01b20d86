"""Turning and mirroring by the eight orientation codes of EXIF and TIFF (tag 274)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["code_of", "upright"]


def upright(image: NDArray[np.uint8], code: int) -> NDArray[np.uint8]:
    """The picture as it is to be seen, ``code`` being how it is stored (1: upright).

    Exact: pixels change places, no value changes.
    """
    result: NDArray[np.uint8]
    match code:
        case 2:
            result = cv2.flip(image, 1)  # type: ignore[assignment]
        case 3:
            result = cv2.rotate(image, cv2.ROTATE_180)  # type: ignore[assignment]
        case 4:
            result = cv2.flip(image, 0)  # type: ignore[assignment]
        case 5:
            result = cv2.transpose(image)  # type: ignore[assignment]
        case 6:
            result = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)  # type: ignore[assignment]
        case 7:
            result = cv2.flip(cv2.transpose(image), -1)  # type: ignore[assignment]
        case 8:
            result = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)  # type: ignore[assignment]
        case _:
            result = image
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
