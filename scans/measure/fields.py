"""Fields that are written in or stamped: straight patches, with the blank subtracted.

For signatures and seals, and as well for handwriting and dates. Nothing is cut before it
is asked for, so a page pays for the fields that a check looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm, Field, Page
from scans.measure.boxes import PageInk
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["FIELD_MARGIN_MM", "FIELD_PX_PER_MM", "FieldPatch", "field_patches", "zone_of"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

FIELD_PX_PER_MM = 8.0
FIELD_MARGIN_MM = 3.0
"""A stamp or a swing of the pen leaves its field by so much."""

# How far print of the blank may spread on a scan.
_SPREAD_MM = 0.3


@dataclass(frozen=True, eq=False)
class FieldPatch:
    """One field of a page with a rim of :data:`FIELD_MARGIN_MM`, :data:`FIELD_PX_PER_MM` fine.

    Attributes:
        field: Its id, kind and box on the form.
        area_mm: What the patch shows, ``(x, y, width, height)``, cut at the page's edge.
        scan: Sampler of the scan.
        ink: Levels of the page.
        template: The blank page.
    """

    field: Field
    area_mm: BoxMm
    scan: Rectifier
    ink: PageInk
    template: PageTemplate

    @property
    def id(self) -> str:
        """The field's id in the instrument."""
        return self.field.id

    @property
    def kind(self) -> str:
        """``signature``, ``seal``, ``handwriting`` or ``date``."""
        return self.field.kind

    @cached_property
    def colour(self) -> Bytes:
        """As scanned: uint8 ``(h, w, 3)`` BGR, or ``(h, w)`` of a grey scan."""
        return self.scan.region(self.area_mm, FIELD_PX_PER_MM)

    @cached_property
    def grey(self) -> Bytes:
        """uint8 ``(h, w)``."""
        if self.colour.ndim == 2:
            return self.colour
        return np.asarray(cv2.cvtColor(self.colour, cv2.COLOR_BGR2GRAY), np.uint8)

    @cached_property
    def paper(self) -> float:
        """Grey level of the bare paper: the most frequent of the lighter levels."""
        bare = self.grey[self.print_ < 0.05]
        counts = np.bincount(bare, minlength=256).astype(float)
        smooth = np.convolve(counts, np.ones(5), mode="same")
        middle = int(np.median(bare)) if bare.size else 255
        return float(middle // 2 + int(np.argmax(smooth[middle // 2 :])))

    @cached_property
    def dark(self) -> Floats:
        """float32 ``(h, w)``: 0 is the paper of the field, 1 the form's own print."""
        span = max(self.paper - self.ink.black, 40.0)
        steps = (self.paper - np.arange(256, dtype=np.float32)) / np.float32(span)
        return np.asarray(steps.astype(np.float32)[self.grey], np.float32)

    @cached_property
    def print_(self) -> Floats:
        """float32 ``(h, w)``: darkness of the blank, 0 to 1."""
        return _blank(self.template, self.area_mm)[0]

    @cached_property
    def added(self) -> Floats:
        """float32 ``(h, w)``: darkness that the blank does not have, 0 to 1.5."""
        allowed = _blank(self.template, self.area_mm)[1]
        return np.asarray(np.clip(self.dark - np.float32(1.15) * allowed, 0.0, 1.5), np.float32)

    @property
    def box_px(self) -> tuple[slice, slice]:
        """Rows and columns of the patch that are the field itself, without the rim."""
        x, y, w, h = self.field.box_mm
        left, top = x - self.area_mm[0], y - self.area_mm[1]
        height, width = round(self.area_mm[3] * FIELD_PX_PER_MM), self._width
        return (
            slice(max(0, round(top * FIELD_PX_PER_MM)),
                  min(height, round((top + h) * FIELD_PX_PER_MM))),
            slice(max(0, round(left * FIELD_PX_PER_MM)),
                  min(width, round((left + w) * FIELD_PX_PER_MM))),
        )  # fmt: skip

    @property
    def _width(self) -> int:
        return round(self.area_mm[2] * FIELD_PX_PER_MM)

    def to_mm(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n, 2)`` places on the form of ``(n, 2)`` pixel centres (x, y) of the patch."""
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        result: NDArray[np.float64] = (points + 0.5) / FIELD_PX_PER_MM + np.array(self.area_mm[:2])
        return result

    def rect_px(self, image: Bytes) -> tuple[slice, slice]:
        """Rows and columns of ``image``, the scan as received, that hold the patch.

        For what resampling would hide: grain, sharpness, the grid of JPEG blocks.
        """
        x, y, w, h = self.area_mm
        corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
        px = self.scan.registration.to_px(corners)
        low, high = np.floor(px.min(axis=0)).astype(int), np.ceil(px.max(axis=0)).astype(int) + 1
        height, width = image.shape[:2]
        return (
            slice(int(np.clip(low[1], 0, height)), int(np.clip(high[1], 0, height))),
            slice(int(np.clip(low[0], 0, width)), int(np.clip(high[0], 0, width))),
        )


def field_patches(
    image: Bytes, registration: Registration, template: PageTemplate, ink: PageInk
) -> tuple[FieldPatch, ...]:
    """All fields of a page, in the order of the instrument; nothing is cut yet."""
    if not template.page.fields:
        return ()
    scan = Rectifier.of(image, registration, FIELD_PX_PER_MM)
    return tuple(
        FieldPatch(field, _area(field.box_mm, template.page.size_mm), scan, ink, template)
        for field in template.page.fields
    )


def zone_of(page: Page, kinds: Sequence[str]) -> BoxMm | None:
    """The rectangle around all fields of some kinds; ``None`` where there is none."""
    boxes = np.array([field.box_mm for field in page.fields if field.kind in kinds])
    if not len(boxes):
        return None
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return (float(left), float(top), float(right - left), float(bottom - top))


def _area(box: BoxMm, size_mm: tuple[float, float]) -> BoxMm:
    left, top = max(0.0, box[0] - FIELD_MARGIN_MM), max(0.0, box[1] - FIELD_MARGIN_MM)
    right = min(size_mm[0], box[0] + box[2] + FIELD_MARGIN_MM)
    bottom = min(size_mm[1], box[1] + box[3] + FIELD_MARGIN_MM)
    return (left, top, right - left, bottom - top)


@lru_cache(maxsize=64)
def _blank(template: PageTemplate, area: BoxMm) -> tuple[Floats, Floats]:
    """Darkness of the blank in an area, and the same spread by what printing adds."""
    matrix = np.array([[FIELD_PX_PER_MM, 0, -0.5], [0, FIELD_PX_PER_MM, -0.5], [0, 0, 1.0]])
    flat = Registration(template.page.number, matrix, None, 0.0, "blank", 1.0, FIELD_PX_PER_MM)
    print_ = 255 - Rectifier(template.at(FIELD_PX_PER_MM), flat).region(area, FIELD_PX_PER_MM)
    side = 2 * round(_SPREAD_MM * FIELD_PX_PER_MM) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    spread = cv2.dilate(print_, disc)
    as_share = [np.asarray(p, np.float32) / np.float32(255) for p in (print_, spread)]
    return as_share[0], as_share[1]
