"""Pictures of a place on a page that a person can judge, identity zones covered.

Cut from the original at report time: what the scanner gave, laid straight, then the blank
form at the same place, then the difference, in which ink that the form does not have is
red and print of the form that is missing is blue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Instrument
from scans.measure.blank_boxes import PRINT_SPREADS_MM
from scans.rectify import Rectifier
from scans.register import register
from scans.source import PageError, read_pages
from scans.template import PageTemplate, load_templates
from scans.types import RawPage, Refusal, Registration

__all__ = ["LaidPage", "difference", "evidence_crops", "jpeg", "lay_page"]

_PX_PER_MM = 8.0
# Enough around the place to see the row it stands in and its neighbours.
_AROUND_MM = (12.0, 5.0)
_MOST_MM = (90.0, 40.0)
_QUALITY = 80
_COVER = (205, 205, 205)
_FRAME = (40, 60, 200)
_GAP_PX = 8
# Places wider than this get their panels one below the other.
_WIDE_MM = 48.0
# Print may stand beside its place by this much after registration.
_SLACK_MM = PRINT_SPREADS_MM[1]

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LaidPage:
    """A page of a file, laid over the blank again."""

    raw: RawPage
    registration: Registration
    template: PageTemplate


def lay_page(path: str, page: int, instrument: Instrument) -> LaidPage | None:
    """Read page ``page`` (from 1) of a file again; ``None`` where it is not the form's.

    Raises:
        InputError: If the file cannot be read.
    """
    raw = next(
        (p for p in read_pages(path) if not isinstance(p, PageError) and p.origin.page == page),
        None,
    )
    if raw is None:
        return None
    templates = load_templates(instrument)
    laid = register(raw, templates)
    if isinstance(laid, Refusal):
        return None
    return LaidPage(raw, laid, next(t for t in templates if t.page.number == laid.form_page))


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
    return [_crop(laid, box) for box in boxes_mm]


def _crop(page: LaidPage, box: BoxMm) -> bytes:
    window = _window(box, page.template.page.size_mm)
    scan = _coloured(_cut(page.raw.image, page.registration, window))
    blank = _coloured(_blank(page.template, window, scan.shape[:2]))
    changes = difference(scan, blank, _PX_PER_MM)
    panels = []
    for picture in (scan, blank, changes):
        for field in page.template.page.fields:
            left, top, right, bottom = _px(field.box_mm, (window[0], window[1]))
            cv2.rectangle(picture, (left, top), (right, bottom), _COVER, cv2.FILLED)
        left, top, right, bottom = _px(box, (window[0], window[1]))
        cv2.rectangle(picture, (left - 3, top - 3), (right + 3, bottom + 3), _FRAME, 2)
        panels.append(picture)
    return jpeg(_side_by_side(panels, below=window[2] > _WIDE_MM))


def difference(scan: Picture, blank: Picture, px_per_mm: float) -> Picture:
    """What the scan has more than the blank, in red, and less, in blue, on white.

    Args:
        scan: uint8 ``(h, w, 3)`` BGR, laid straight.
        blank: uint8 ``(h, w, 3)``, paper at 255.
        px_per_mm: Resolution of both; print may be off its place by a third of a millimetre.

    Returns:
        uint8 ``(h, w, 3)`` BGR.
    """
    side = 2 * round(_SLACK_MM * px_per_mm) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    dark = [255 - cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (scan, blank)]
    # Both against their own paper: the lighter half of the picture is bare.
    here, there = (np.clip(d.astype(np.int16) - int(np.median(d)), 0, 255) for d in dark)
    here, there = here.astype(np.uint8), there.astype(np.uint8)
    more = cv2.subtract(here, np.asarray(cv2.dilate(there, disc), np.uint8))
    less = cv2.subtract(there, np.asarray(cv2.dilate(here, disc), np.uint8))
    # Faint residue is what a person has to see: it is shown twice as strong.
    more, less = cv2.add(more, more), cv2.add(less, less)
    red, blue = 255 - np.asarray(less, np.uint8), 255 - np.asarray(more, np.uint8)
    return np.dstack([blue, np.minimum(red, blue), red])


def _cut(image: Picture, laid: Registration, window: BoxMm) -> Picture:
    return Rectifier.of(image, laid, _PX_PER_MM).region(window, _PX_PER_MM)


def _blank(template: PageTemplate, window: BoxMm, shape: tuple[int, ...]) -> Picture:
    """The blank at the window, of exactly the same shape as the cut of the scan."""
    whole = template.at(_PX_PER_MM)
    left, top = round(window[0] * _PX_PER_MM), round(window[1] * _PX_PER_MM)
    part = whole[top : top + shape[0], left : left + shape[1]]
    missing = (shape[0] - part.shape[0], shape[1] - part.shape[1])
    return np.pad(part, ((0, missing[0]), (0, missing[1])), constant_values=255)


def _coloured(picture: Picture) -> Picture:
    if picture.ndim == 3:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)


def _side_by_side(panels: Sequence[Picture], *, below: bool) -> Picture:
    height, width = panels[0].shape[:2]
    shape = (_GAP_PX, width, 3) if below else (height, _GAP_PX, 3)
    gap = np.full(shape, 255, np.uint8)
    parts = [part for panel in panels for part in (gap, panel)][1:]
    return np.concatenate(parts, axis=0 if below else 1)


def jpeg(picture: Picture) -> bytes:
    """``(h, w, 3)`` BGR as a JPEG file."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("a picture could not be encoded as JPEG")
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
