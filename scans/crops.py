"""Pictures of places on a page for reports, written fields covered.

Cut from the original at report time; what is cut is what the scanner gave, laid straight.
"""

from __future__ import annotations

from collections.abc import Sequence

from detectors.instrument import BoxMm, Instrument
from scans.laid import lay_page

__all__ = ["evidence_crops"]


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
    if laid is None:
        return []
    cut = [laid.place(box, "scan", covered=True) for box in boxes_mm]
    return [picture for picture in cut if picture is not None]
