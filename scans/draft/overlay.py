"""A picture of what was found, over the blank page, for a look before the file is used."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Page

__all__ = ["draft_overlay"]

_SCALE = 6.0  # px a mm: A4 is 1260 x 1782
_ITEMS = ((180, 90, 0), (0, 110, 200), (130, 0, 130), (0, 130, 60))  # BGR, item by item
_FIELD, _CODE, _SQUARE = (150, 150, 0), (60, 60, 220), (0, 0, 220)


def draft_overlay(pages: Sequence[tuple[Page, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Pages below each other: boxes in the colour of their item with its id and value.

    Args:
        pages: Each with its blank, uint8 ``(h, w)``.

    Returns:
        uint8 ``(height, width, 3)`` BGR.
    """
    drawn = [_page(page, blank) for page, blank in pages]
    width = max(p.shape[1] for p in drawn)
    padded = [
        cv2.copyMakeBorder(p, 0, 12, 0, width - p.shape[1], cv2.BORDER_CONSTANT, value=(90,) * 3)
        for p in drawn
    ]
    return np.asarray(np.vstack(padded), dtype=np.uint8)


def _page(page: Page, blank: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (round(page.size_mm[0] * _SCALE), round(page.size_mm[1] * _SCALE))
    pale = cv2.resize(blank, size, interpolation=cv2.INTER_AREA) // 2 + 127
    colour_page = cv2.cvtColor(pale.astype(np.uint8), cv2.COLOR_GRAY2BGR)
    picture: NDArray[np.uint8] = np.asarray(colour_page, dtype=np.uint8)
    order: dict[str, int] = {}
    for box in page.boxes:
        new = box.item not in order
        colour = _ITEMS[order.setdefault(box.item, len(order)) % len(_ITEMS)]
        x, y, w, h = box.box_mm
        if box.shape == "ellipse":
            middle = (round((x + w / 2) * _SCALE), round((y + h / 2) * _SCALE))
            axes = (round(w / 2 * _SCALE), round(h / 2 * _SCALE))
            cv2.ellipse(picture, middle, axes, 0, 0, 360, colour, 2, cv2.LINE_AA)
        else:
            _frame(picture, box.box_mm, colour)
        _word(picture, str(box.value), (x + 0.25 * w, y + 0.75 * h), colour)
        if new:
            _word(picture, box.item, (x - 2.0 - 2.2 * len(box.item), y + 0.75 * h), colour)
    for field in page.fields:
        _frame(picture, field.box_mm, _FIELD)
        _word(picture, f"{field.id}: {field.kind}", (field.box_mm[0] + 1, field.box_mm[1] + 3),
              _FIELD)  # fmt: skip
    if page.code is not None:
        _frame(picture, page.code.box_mm, _CODE)
        name = f"{page.code.kind}: {page.code.role}"
        _word(picture, name, (page.code.box_mm[0], page.code.box_mm[1] - 1), _CODE)
    for x, y in page.fiducials_mm:
        half = (page.fiducial_size_mm or 4.0) / 2
        _frame(picture, (x - half, y - half, 2 * half, 2 * half), _SQUARE)
    return picture


def _frame(picture: NDArray[np.uint8], box: BoxMm, colour: tuple[int, int, int]) -> None:
    x, y, w, h = box
    start = (round(x * _SCALE), round(y * _SCALE))
    cv2.rectangle(picture, start, (round((x + w) * _SCALE), round((y + h) * _SCALE)), colour, 2)


def _word(
    picture: NDArray[np.uint8], text: str, at: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    plain = text.encode("ascii", "replace").decode()
    place = (round(at[0] * _SCALE), round(at[1] * _SCALE))
    cv2.putText(picture, plain, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
