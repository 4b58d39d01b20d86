"""Blank pages out of a file: upright, straight, edge to edge, at a known size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import InputError
from detectors.instrument import BoxMm
from scans.draft.types import Phrase, Sheet
from scans.draft.words import pdf_drawing
from scans.source import PageError, read_pages
from scans.types import RawPage

__all__ = ["PAPERS", "blank_sheets", "flattened", "turned"]

PAPERS = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "A6": (105.0, 148.0),
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
}
_NEAR = 0.015  # of a paper size: feeders cut and stretch by less
_LEAST_DPI, _LEAST_DPI_TWO_LEVEL, _MOST_DPI = 250.0, 300.0, 400.0
_TWO_LEVEL, _STAIRS_MM = 0.004, 0.07  # share of greys up to which a picture has two levels
_LEAST_MM, _MOST_MM = 60.0, 900.0
# A tint is wider than any line of print, and lighter than this.
_TINT_MM, _DARKEST_TINT = 5.0, 120


def blank_sheets(path: Path, size_mm: tuple[float, float] | None = None) -> Iterator[Sheet]:
    """Pages of a blank form.

    Args:
        path: JPEG, PNG, TIFF or PDF.
        size_mm: Width and height of the paper; ``None`` finds it out.

    Raises:
        InputError: If the file, or a page of it, cannot be read: a form is whole or no form.
        AccessError: If it cannot be opened.
    """
    for number, raw in enumerate(read_pages(path), start=1):
        if isinstance(raw, PageError):
            raise InputError(f"page {number}: {raw.reason}", where=str(path))
        yield _sheet(raw, number, path, size_mm)


def _sheet(
    raw: RawPage,
    number: int,
    path: Path,
    size_mm: tuple[float, float] | None,
) -> Sheet:
    notes: list[str] = []
    grey = np.asarray(raw.grey, dtype=np.uint8)
    drawn = raw.origin.media_type == "application/pdf"
    phrases: tuple[Phrase, ...] = ()
    paths: tuple[BoxMm, ...] = ()
    if drawn:
        size, phrases, paths = pdf_drawing(path, number)
        drawn = raw.origin.encoding == "rendered"
        size = _snapped(size)
        if size_mm is not None and size_mm != size:
            notes.append(f"the PDF says {size[0]:g} x {size[1]:g} mm: that was believed")
    else:
        cut = _sheet_on_a_desk(grey)
        if cut is not None:
            grey = cut
            notes.append("the sheet was cut out of a photo and straightened: check every edge")
        dpi = None if cut is not None else raw.origin.dpi
        size = size_mm or _paper_size(grey, dpi, notes)
    two_level = float(((grey > 40) & (grey < 215)).mean()) < _TWO_LEVEL
    grey = _resolved(grey, size, _LEAST_DPI_TWO_LEVEL if two_level else _LEAST_DPI)
    scale = grey.shape[1] / size[0]
    # The stairs of a 1-bit picture are smoothed to the slopes that the print had.
    soft = cv2.GaussianBlur(grey, (0, 0), _STAIRS_MM * scale) if two_level else grey
    flat = flattened(np.asarray(soft, dtype=np.uint8), scale)
    sheet = Sheet(number, size, grey, flat, notes=notes)
    return replace(sheet, phrases=phrases, paths=paths if drawn else ())


def _snapped(size: tuple[float, float]) -> tuple[float, float]:
    for paper in PAPERS.values():
        for wanted in (paper, paper[::-1]):
            if all(abs(a / b - 1) < 0.004 for a, b in zip(size, wanted, strict=True)):
                return wanted
    return round(size[0], 2), round(size[1], 2)


def _paper_size(
    grey: NDArray[np.uint8], dpi: tuple[float, float] | None, notes: list[str]
) -> tuple[float, float]:
    """Width and height in mm: by the file's resolution, or by proportions."""
    height, width = grey.shape
    papers = list(PAPERS.items())
    papers += [(name, p[::-1]) for name, p in PAPERS.items()]
    if dpi is not None:
        real = (width / dpi[0] * 25.4, height / dpi[1] * 25.4)
        if min(real) >= _LEAST_MM and max(real) <= _MOST_MM:
            for _, paper in papers:
                if all(abs(a / b - 1) < _NEAR for a, b in zip(real, paper, strict=True)):
                    return paper
            size = (round(real[0], 1), round(real[1], 1))
            notes.append(f"the page is {size[0]:g} x {size[1]:g} mm, no common paper: measure it")
            return size
    ratio = width / height
    name, best = min(
        (p for p in papers if p[0] in ("A4", "Letter")),
        key=lambda p: abs(np.log(ratio / (p[1][0] / p[1][1]))),
    )
    if abs(ratio / (best[0] / best[1]) - 1) < 0.025:
        notes.append(f"the file tells no resolution: {name} was assumed from its proportions")
        return best
    size = (210.0, round(210.0 / ratio, 1))
    notes.append(f"the file tells no resolution: {size[0]:g} x {size[1]:g} mm is a guess")
    return size


def _resolved(
    grey: NDArray[np.uint8], size: tuple[float, float], least: float
) -> NDArray[np.uint8]:
    """The page at a resolution fit for finding lines, pixels square."""
    dpi = grey.shape[1] / size[0] * 25.4
    # A coarse picture is made finer, so that a thin line is more than a pixel wide.
    wanted = float(np.clip(dpi, least, _MOST_DPI))
    target = (round(size[0] * wanted / 25.4), round(size[1] * wanted / 25.4))
    if target == (grey.shape[1], grey.shape[0]):
        return grey
    how = cv2.INTER_AREA if target[0] < grey.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, target, interpolation=how), dtype=np.uint8)


def flattened(grey: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Paper at 255 everywhere: tinted rows, panels and the scanner's shade divided out."""
    side = 2 * round(_TINT_MM * scale / 2) + 1
    # Done small: the ground is smooth, and a closing of 60 px is slow.
    small = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    kernel = np.ones((side // 2 | 1, side // 2 | 1), np.uint8)
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel)
    ground = cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    lit = grey.astype(np.float32) * (255.0 / np.maximum(ground, 1).astype(np.float32))
    return np.where(ground > _DARKEST_TINT, np.clip(lit, 0, 255), grey).astype(np.uint8)


def turned(sheet: Sheet, degrees: float) -> Sheet:
    """The sheet turned about its middle; phrases turn along, paths are given up."""
    height, width = sheet.grey.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)

    def turn(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(
            cv2.warpAffine(
                picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=255
            ),
            dtype=np.uint8,
        )

    phrases = []
    for phrase in sheet.phrases:
        x, y = np.array(phrase.middle) * sheet.scale - 0.5
        moved = (matrix @ np.array([x, y, 1.0]) + 0.5) / sheet.scale
        w, h = phrase.box_mm[2:]
        phrases.append(replace(phrase, box_mm=(moved[0] - w / 2, moved[1] - h / 2, w, h)))
    return replace(
        sheet,
        grey=turn(sheet.grey),
        flat=turn(sheet.flat),
        phrases=tuple(phrases),
        paths=(),
    )


def _sheet_on_a_desk(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """A bright sheet on something darker, cut out and squared; ``None`` for a flat scan."""
    factor = 800.0 / max(grey.shape)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    small = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    rim = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    level = 0.8 * float(np.percentile(small, 90))
    if (rim < level).mean() < 0.6:
        return None
    bright = np.asarray(small > level, dtype=np.uint8)
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(outlines, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < 0.3 * small.size:
        return None
    corners = cv2.approxPolyDP(largest, 0.03 * cv2.arcLength(largest, closed=True), closed=True)
    if len(corners) != 4 or not cv2.isContourConvex(corners):
        return None
    points = (corners.reshape(4, 2).astype(np.float32) + 0.5) / np.float32(factor)
    order = np.argsort(np.arctan2(*(points - points.mean(axis=0)).T[::-1]))
    points = np.asarray(points[order], dtype=np.float32)  # clockwise from the top left
    sides = np.linalg.norm(points - np.roll(points, -1, axis=0), axis=1)
    width, height = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(points, target)
    return np.asarray(
        cv2.warpPerspective(grey, matrix, (round(width), round(height)), flags=cv2.INTER_CUBIC),
        dtype=np.uint8,
    )
