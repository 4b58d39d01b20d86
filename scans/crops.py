"""Pictures of places on a page for reports, written fields covered.

Cut from the original at report time: what the scanner gave, laid straight, then the blank
form at the same place, then the difference, in which ink that the form does not have is
red and print of the form that is missing is blue.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Instrument
from scans.laid import PARTS, PX_PER_MM, LaidPage, lay_page
from scans.looks import to_jpeg

__all__ = ["evidence_crops", "panels"]

_GAP_PX = 8
# Places wider than this, surroundings included, get their panels one below the other.
_WIDE_MM = 48.0

Picture = NDArray[np.uint8]


def evidence_crops(
    path: str, page: int, instrument: Instrument, boxes_mm: Sequence[BoxMm]
) -> list[bytes]:
    """One JPEG a place, with the place framed and hand-written fields covered.

    Args:
        path: The original file.
        page: Which of its pages, from 1.
        instrument: The form.
        boxes_mm: The places, on the form.

    Returns:
        As many pictures as places; none where the page can no longer be laid over the form.

    Raises:
        InputError: If the file cannot be read.
    """
    laid = lay_page(path, page, instrument)
    if laid is None or laid.registration is None:
        return []
    return [to_jpeg(panels(laid, box)) for box in boxes_mm]


def panels(laid: LaidPage, box: BoxMm) -> Picture:
    """Scan, blank form and difference of a place in one picture, uint8 ``(h, w, 3)`` BGR.

    Raises:
        ValueError: If the page is not laid over the form.
    """
    cut = [laid.picture(box, part, covered=True) for part in PARTS]
    pictures = [picture for picture in cut if picture is not None]
    if not pictures:
        raise ValueError("the page is not laid over the form")
    height, width = pictures[0].shape[:2]
    below = width > _WIDE_MM * PX_PER_MM
    gap = np.full((_GAP_PX, width, 3) if below else (height, _GAP_PX, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)][1:]
    return np.concatenate(parts, axis=0 if below else 1)
