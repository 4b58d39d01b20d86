"""The text of a blank page: from the PDF itself, or by tesseract where that is installed."""

from __future__ import annotations

import csv
import ctypes
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.draft.phrases import Character, phrases_of
from scans.draft.types import Phrase

__all__ = ["pdf_drawing", "read_by_ocr"]

_POINT_MM = 25.4 / 72.0
_SURE = 40.0  # tesseract's confidence, per cent
_OCR_SECONDS = 120


def pdf_drawing(
    path: Path, number: int
) -> tuple[tuple[float, float], tuple[Phrase, ...], tuple[BoxMm, ...]]:
    """What a PDF page says without being drawn.

    Args:
        path: A PDF that opens.
        number: Page from 1.

    Returns:
        Width and height of the page as shown in mm; its text; the outer edges of rectangles
        and ellipses that are drawn as paths. All of it turned as the page is shown.
    """
    document = pypdfium2.PdfDocument(path)
    try:
        page = document[number - 1]
        size = (page.get_width() * _POINT_MM, page.get_height() * _POINT_MM)
        phrases = tuple(phrases_of(_characters(page, size)))
        paths = tuple(_paths(page, size))
        return size, phrases, paths
    finally:
        document.close()


class _Place:
    """User space of a page -> mm as shown (crop and rotation included)."""

    def __init__(self, page: pypdfium2.PdfPage, size: tuple[float, float]) -> None:
        self._page, self._size = page, size

    def box(self, left: float, bottom: float, right: float, top: float) -> BoxMm:
        corners = [self._point(left, bottom), self._point(right, top)]
        xs, ys = sorted(c[0] for c in corners), sorted(c[1] for c in corners)
        return (xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0])

    def _point(self, x: float, y: float) -> tuple[float, float]:
        fine = 1_000_000  # the call answers in whole units of what we call a page
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(
            self._page.raw, 0, 0, fine, fine, 0, x, y, ctypes.byref(across), ctypes.byref(down)
        )
        return across.value / fine * self._size[0], down.value / fine * self._size[1]


def _characters(page: pypdfium2.PdfPage, size: tuple[float, float]) -> Iterator[Character]:
    """Every character with its line's height, in the order of the file."""
    place, text = _Place(page, size), page.get_textpage()
    for index in range(text.count_chars()):
        letter = chr(pdfium.FPDFText_GetUnicode(text.raw, index))
        if pdfium.FPDFText_IsGenerated(text.raw, index):
            yield letter, None
        else:
            yield letter, place.box(*text.get_charbox(index, loose=True))


def _paths(page: pypdfium2.PdfPage, size: tuple[float, float]) -> list[BoxMm]:
    place, found = _Place(page, size), []
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=4):
        if item.level > 0:
            continue  # inside a form its bounds are in the form's own units
        filled, stroked = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(item.raw, ctypes.byref(filled), ctypes.byref(stroked))
        if not stroked.value:
            continue
        # Bounds take the stroke in already.
        left, bottom, right, top = item.get_bounds()
        found.append(place.box(left, bottom, right, top))
    return found


def read_by_ocr(grey: NDArray[np.uint8], scale: float, language: str) -> tuple[Phrase, ...] | None:
    """Text by tesseract; ``None`` where it is not installed or fails.

    Args:
        grey: uint8 ``(height, width)``.
        scale: Pixels a mm.
        language: ``vi`` or ``en``; English is read besides.
    """
    program = shutil.which("tesseract")
    if program is None:
        return None
    languages = {"vi": "vie+eng"}.get(language, "eng")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        picture.write_bytes(cv2.imencode(".png", grey)[1].tobytes())
        dpi = str(round(scale * 25.4))
        words = [program, str(picture), "stdout", "-l", languages, "--dpi", dpi, "tsv"]
        try:
            run = subprocess.run(
                words,
                capture_output=True,
                check=True,
                timeout=_OCR_SECONDS,
                text=True,
                # Its threads wait for each other longer than they work.
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return None
    return tuple(_ocr_lines(run.stdout, scale))


def _ocr_lines(table: str, scale: float) -> list[Phrase]:
    """Words of one line joined, except over gaps wider than two letters."""
    phrases: list[Phrase] = []
    last: tuple[str, ...] = ()
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if not text or float(row.get("conf") or -1) < _SURE:
            continue
        x, y, width, height = (int(row[k]) / scale for k in ("left", "top", "width", "height"))
        line = tuple(row[k] for k in ("block_num", "par_num", "line_num"))
        before = phrases[-1] if phrases and line == last else None
        if before is not None and x - (before.box_mm[0] + before.box_mm[2]) < 1.2 * height:
            top = min(y, before.box_mm[1])
            bottom = max(y + height, before.box_mm[1] + before.box_mm[3])
            box = (before.box_mm[0], top, x + width - before.box_mm[0], bottom - top)
            phrases[-1] = Phrase(f"{before.text} {text}", box)
        else:
            phrases.append(Phrase(text, (x, y, width, height)))
        last = line
    return phrases
