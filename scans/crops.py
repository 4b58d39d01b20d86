"""Pictures of a place on a page that a person can judge, identity zones covered.

Cut from the original at report time; what is cut is what the scanner gave, laid straight.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Instrument
from scans.rectify import Rectifier
from scans.register import register
from scans.source import PageError, read_pages
from scans.template import PageTemplate, load_templates
from scans.types import Refusal, Registration

__all__ = ["evidence_crops"]

_PX_PER_MM = 8.0
# Enough around the place to see the row it stands in and its neighbours.
_AROUND_MM = (12.0, 5.0)
_MOST_MM = (90.0, 40.0)
_QUALITY = 80
_COVER = (205, 205, 205)
_FRAME = (40, 60, 200)


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
    raw = next(
        (p for p in read_pages(path) if not isinstance(p, PageError) and p.origin.page == page),
        None,
    )
    if raw is None:
        return []
    templates = load_templates(instrument)
    laid = register(raw, templates)
    if isinstance(laid, Refusal):
        return []
    template = next(t for t in templates if t.page.number == laid.form_page)
    return [_crop(raw.image, laid, template, box) for box in boxes_mm]


def _crop(
    image: NDArray[np.uint8], laid: Registration, template: PageTemplate, box: BoxMm
) -> bytes:
    x, y, width, height = _window(box, template.page.size_mm)
    cut = Rectifier.of(image, laid, _PX_PER_MM).region((x, y, width, height), _PX_PER_MM)
    picture = cut if cut.ndim == 3 else np.asarray(cv2.cvtColor(cut, cv2.COLOR_GRAY2BGR), np.uint8)
    for field in template.page.fields:
        left, top, right, bottom = _px(field.box_mm, (x, y))
        cv2.rectangle(picture, (left, top), (right, bottom), _COVER, cv2.FILLED)
    left, top, right, bottom = _px(box, (x, y))
    cv2.rectangle(picture, (left - 3, top - 3), (right + 3, bottom + 3), _FRAME, 2)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("a crop could not be encoded as JPEG")
    return bytes(data)


def _window(box: BoxMm, size_mm: tuple[float, float]) -> BoxMm:
    """The place with its surroundings, inside the page and not too large."""
    parts = []
    for k in (0, 1):
        length = min(box[2 + k] + 2 * _AROUND_MM[k], max(_MOST_MM[k], box[2 + k] + 4), size_mm[k])
        start = box[k] + box[2 + k] / 2 - length / 2
        parts.append((min(max(0.0, start), size_mm[k] - length), length))
    return (parts[0][0], parts[1][0], parts[0][1], parts[1][1])


def _px(box: BoxMm, origin: tuple[float, float]) -> tuple[int, int, int, int]:
    x, y, width, height = box
    left, top = (x - origin[0]) * _PX_PER_MM, (y - origin[1]) * _PX_PER_MM
    return (
        round(left),
        round(top),
        round(left + width * _PX_PER_MM),
        round(top + height * _PX_PER_MM),
    )
