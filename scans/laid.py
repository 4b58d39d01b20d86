"""One page as people look at it: as received, or a place on it beside the blank form.

What is written by hand in the form's fields (names, phones, signatures) is covered unless
the caller asks for it. A page that cannot be laid over the form has no known fields; it is
shown so small that handwriting cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Instrument
from scans.looks import difference, grain, in_colour, seen_as, to_jpeg
from scans.rectify import Rectifier
from scans.register import register
from scans.source import PageError, read_half, read_pages
from scans.template import PageTemplate, load_templates
from scans.types import RawPage, Refusal, Registration

__all__ = ["PARTS", "PX_PER_MM", "LaidPage", "lay_half", "lay_page", "window"]

PARTS = ("scan", "blank", "difference")
"""Ways to look at one place."""

PX_PER_MM = 8.0
COVER = (205, 205, 205)
_FIELD_MARGIN_MM = 1.5
_AROUND_MM = (12.0, 5.0)
_MOST_MM = (90.0, 40.0)
# Of a page whose fields are not known: 4 px a letter.
_ILLEGIBLE_PX = 360


@dataclass(frozen=True, eq=False)
class LaidPage:
    """A decoded page, laid over the form where that is possible.

    Attributes:
        raw: As decoded.
        registration: ``None`` where the page cannot be laid over the form.
        template: The printed page it was laid over.
        has_fields: Whether the form has fields that are filled in by hand.
        size: Width and height in pixels of the scan.
    """

    raw: RawPage
    registration: Registration | None
    template: PageTemplate | None
    has_fields: bool
    size: tuple[int, int]

    @property
    def placed(self) -> LaidPage:
        """Where it lies, without its pixels: a few kilobytes."""
        return replace(self, raw=replace(self.raw, image=np.zeros((0, 0), np.uint8)))

    @property
    def coverable(self) -> bool:
        """Whether it is known where fields are, or there are none."""
        return self.registration is not None or not self.has_fields

    def outline(self, box_mm: BoxMm, margin_mm: float = 0.0) -> list[tuple[float, float]]:
        """Corners of a place on the form, in pixels of the scan; empty where not laid."""
        if self.registration is None:
            return []
        x, y, w, h = box_mm
        x, y, w, h = x - margin_mm, y - margin_mm, w + 2 * margin_mm, h + 2 * margin_mm
        corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float64)
        return [(float(px), float(py)) for px, py in self.registration.to_px(corners)]

    def whole(self, look: str, *, covered: bool, height: int | None = None) -> bytes:
        """The page as received, as a JPEG.

        Args:
            look: One of :data:`LOOKS`.
            covered: Whether fields are covered.
            height: At most so many pixels tall; as scanned for ``None``.
        """
        image = in_colour(self.raw.image).copy()
        if covered and self.template is not None:
            for field in self.template.page.fields:
                corners = np.array(self.outline(field.box_mm, _FIELD_MARGIN_MM))
                cv2.fillConvexPoly(image, np.rint(corners).astype(np.int32), COVER)
        if covered and not self.coverable:
            height = _ILLEGIBLE_PX
        if look == "noise":
            # Of the scanner's own pixels: made smaller first, the grain would be gone.
            image = grain(image)
        if height is not None and image.shape[0] > height:
            size = (max(1, round(image.shape[1] * height / image.shape[0])), height)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        return to_jpeg(image if look == "noise" else seen_as(image, look))

    def on_form(self, box_px: tuple[float, float, float, float]) -> BoxMm | None:
        """The place on the form, in mm, that a box on the scan lies over; see :meth:`outline`.

        Args:
            box_px: Left, top, width and height in pixels of the scan.

        Returns:
            The rectangle around it, or ``None`` where the page is not laid.
        """
        if self.registration is None:
            return None
        x, y, w, h = box_px
        corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float64)
        back = np.linalg.inv(self.registration.matrix)
        points = np.column_stack([corners, np.ones(4)]) @ back.T
        flat = points[:, :2] / points[:, 2:3]
        found = flat
        if self.registration.field is not None:
            # The local shift is smooth and small: a few steps invert it.
            for _ in range(4):
                found = flat - self.registration.field.at(found)
        low, high = found.min(axis=0), found.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])

    def place(self, box_mm: BoxMm, part: str, *, covered: bool) -> bytes | None:
        """A place with its surroundings, laid straight, as a JPEG; ``None`` where not laid.

        Args:
            box_mm: On the form.
            part: One of :data:`PARTS`.
            covered: Whether fields are covered.
        """
        picture = self.picture(box_mm, part, covered=covered)
        return None if picture is None else to_jpeg(picture)

    def picture(self, box_mm: BoxMm, part: str, *, covered: bool) -> NDArray[np.uint8] | None:
        """The pixels of :meth:`place`: uint8 ``(h, w, 3)`` BGR."""
        if self.registration is None or self.template is None:
            return None
        around = window(box_mm, self.template.page.size_mm)
        if part == "blank":
            picture = in_colour(self._blank(around))
        else:
            cut = Rectifier.of(self.raw.image, self.registration, PX_PER_MM).region(
                around, PX_PER_MM
            )
            picture = in_colour(cut)
            if part == "difference":
                picture = difference(picture, self._blank(around), PX_PER_MM)
        if covered:
            _cover(picture, self.template, around)
        (left, top), (right, bottom) = _px(box_mm, around)
        cv2.rectangle(picture, (left - 3, top - 3), (right + 3, bottom + 3), (40, 60, 200), 2)
        return picture

    def straight(self, *, covered: bool) -> bytes | None:
        """The whole page laid straight, so that two pages lie alike; ``None`` where not laid."""
        if self.registration is None or self.template is None:
            return None
        around = (0.0, 0.0, *self.template.page.size_mm)
        cut = Rectifier.of(self.raw.image, self.registration, PX_PER_MM).region(around, PX_PER_MM)
        picture = in_colour(cut).copy()
        if covered:
            _cover(picture, self.template, around)
        return to_jpeg(picture)

    def _blank(self, around: BoxMm) -> NDArray[np.uint8]:
        assert self.template is not None
        blank = self.template.at(PX_PER_MM)
        width, height = round(around[2] * PX_PER_MM), round(around[3] * PX_PER_MM)
        x, y = round(around[0] * PX_PER_MM), round(around[1] * PX_PER_MM)
        part = np.full((height, width), 255, np.uint8)
        cut = blank[y : y + height, x : x + width]
        part[: cut.shape[0], : cut.shape[1]] = cut
        return part


def lay_page(
    path: str, page: int, instrument: Instrument, known: LaidPage | None = None
) -> LaidPage | None:
    """Decode one page of a file and lay it over the form.

    Args:
        path: The file.
        page: Which of its pages, from 1.
        instrument: The form.
        known: The same page as it was laid before; it is only decoded.

    Returns:
        ``None`` where the file has no such page that can be decoded.

    Raises:
        InputError: If the file cannot be read at all.
    """
    raw = next(
        (p for p in read_pages(path) if not isinstance(p, PageError) and p.origin.page == page),
        None,
    )
    if raw is None:
        return None
    if known is not None:
        return replace(known, raw=raw)
    return _lay(raw, instrument)


def lay_half(
    path: str, instrument: Instrument, least: int, known: LaidPage | None = None
) -> tuple[LaidPage, LaidPage] | None:
    """Lay a scan at half its size, in half the time: for the first look at it.

    Registration works on pictures smaller than that, and finds the same place to a
    hundredth of a millimetre.

    Args:
        path: The file.
        instrument: The form.
        least: Height that the half has to have, in px.
        known: The same page as it was laid before; it is only decoded.

    Returns:
        The half in its own pixels, and where the scan itself lies, without pixels. ``None``
        for what is no large JPEG, or cannot be laid like this.

    Raises:
        InputError: If the file cannot be read at all.
    """
    read = read_half(path, least=least)
    if read is None:
        return None
    raw, size = read
    if known is not None:
        if known.registration is None:
            return None
        return replace(known, raw=raw, registration=_scaled(known.registration, 0.5)), known
    half = _lay(raw, instrument)
    if half.registration is None:
        return None
    return half, replace(half.placed, registration=_scaled(half.registration, 2.0), size=size)


def _lay(raw: RawPage, instrument: Instrument) -> LaidPage:
    size = raw.image.shape[1], raw.image.shape[0]
    templates = load_templates(instrument)
    has_fields = any(t.page.fields for t in templates)
    laid = register(raw, templates)
    if isinstance(laid, Refusal):
        return LaidPage(raw, None, None, has_fields, size)
    template = next(t for t in templates if t.page.number == laid.form_page)
    return LaidPage(raw, laid, template, has_fields, size)


def _scaled(registration: Registration, by: float) -> Registration:
    """The same place on a picture ``by`` times as large; pixels count from their middles."""
    shift = (by - 1) / 2
    grow = np.array([[by, 0.0, shift], [0.0, by, shift], [0.0, 0.0, 1.0]])
    matrix = grow @ registration.matrix
    return replace(registration, matrix=matrix, px_per_mm=registration.px_per_mm * by)


def window(box: BoxMm, size_mm: tuple[float, float]) -> BoxMm:
    """A place with its surroundings, inside the page and not too large."""
    parts = []
    for k in (0, 1):
        length = min(box[2 + k] + 2 * _AROUND_MM[k], max(_MOST_MM[k], box[2 + k] + 4), size_mm[k])
        start = box[k] + box[2 + k] / 2 - length / 2
        parts.append((min(max(0.0, start), size_mm[k] - length), length))
    return (parts[0][0], parts[1][0], parts[0][1], parts[1][1])


def _cover(picture: NDArray[np.uint8], template: PageTemplate, around: BoxMm) -> None:
    """Cover the fields on a picture of a part of the page."""
    more = round(_FIELD_MARGIN_MM * PX_PER_MM)
    for field in template.page.fields:
        (left, top), (right, bottom) = _px(field.box_mm, around)
        corners = (left - more, top - more), (right + more, bottom + more)
        cv2.rectangle(picture, *corners, COVER, cv2.FILLED)


def _px(box: BoxMm, around: BoxMm) -> tuple[tuple[int, int], tuple[int, int]]:
    x, y, width, height = box
    left, top = (x - around[0]) * PX_PER_MM, (y - around[1]) * PX_PER_MM
    right, bottom = left + width * PX_PER_MM, top + height * PX_PER_MM
    return (round(left), round(top)), (round(right), round(bottom))
