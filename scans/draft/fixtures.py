"""What a page is laid down by: printed codes and black squares near its corners."""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp

from detectors.instrument import BoxMm, Code
from scans.draft.types import Sheet

__all__ = ["find_codes", "find_fiducials"]

_FORMATS = {
    zxingcpp.BarcodeFormat.QRCode: "qr",
    zxingcpp.BarcodeFormat.DataMatrix: "datamatrix",
    zxingcpp.BarcodeFormat.Code128: "code128",
    zxingcpp.BarcodeFormat.ITF: "itf",
}
_LEAST_MM, _MOST_MM = 2.5, 15.0
_CORNER_MM = 40.0
_SOLID = 0.93


def find_codes(sheet: Sheet) -> list[tuple[Code, str]]:
    """Codes of a page, the largest first, with what they hold.

    What stands on the blank is printed on every sheet, so the role is ``form``. A wrong
    ``serial`` would make every sheet look like a copy of the next.
    """
    found = []
    for code in zxingcpp.read_barcodes(
        np.ascontiguousarray(sheet.grey), formats=zxingcpp.BarcodeFormats(list(_FORMATS))
    ):
        kind = _FORMATS.get(code.format)
        if not code.valid or not code.text:
            continue
        if kind is None:
            name = str(code.format).lower().replace("-", "")
            kind = next((k for k in _FORMATS.values() if k in name), "qr")
        p = code.position
        corners = np.array(
            [(c.x, c.y) for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)]
        )
        low, high = corners.min(axis=0) / sheet.scale, (corners.max(axis=0) + 1) / sheet.scale
        x, y, width, height = low[0], low[1], high[0] - low[0], high[1] - low[1]
        if kind in ("code128", "itf") and min(width, height) < 3.0:
            # A linear code is read along one line: its bars are as high as they are dark.
            x, y, width, height = _bars(sheet, (x, y, width, height))
        box = (round(float(x), 2), round(float(y), 2), round(float(width), 2),
               round(float(height), 2))  # fmt: skip
        found.append((Code(kind, box, "form"), code.text))
    return sorted(found, key=lambda f: -f[0].box_mm[2] * f[0].box_mm[3])


def _bars(sheet: Sheet, box: BoxMm) -> BoxMm:
    x, y, width, height = box
    if width >= height:
        up = down = 0.0
        while up < 30 and sheet.ink((x, y - up - 0.5, width, 0.4)) > 0.2:
            up += 0.4
        while down < 30 and sheet.ink((x, y + height + down + 0.1, width, 0.4)) > 0.2:
            down += 0.4
        return (x, y - up, width, height + up + down)
    return (x - 5.0, y, width + 10.0, height)


def find_fiducials(sheet: Sheet) -> tuple[tuple[tuple[float, float], ...], float | None]:
    """Centres and side of black squares near at least three corners of the page.

    Returns:
        Centres in reading order and their common side in mm; nothing and ``None`` where
        there are none.
    """
    dark = np.asarray(sheet.flat < 110, dtype=np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=4)
    squares: list[tuple[float, float, float]] = []
    width, height = sheet.size_mm
    for label in range(1, count):
        w, h, area = (int(v) for v in stats[label, 2:5])
        across, down = w / sheet.scale, h / sheet.scale
        if not (_LEAST_MM <= across <= _MOST_MM and _LEAST_MM <= down <= _MOST_MM):
            continue
        if not 0.9 < across / down < 1.11 or area < _SOLID * w * h:
            continue
        cx, cy = ((float(v) + 0.5) / sheet.scale for v in centres[label])
        if min(cx, width - cx) > _CORNER_MM or min(cy, height - cy) > _CORNER_MM:
            continue
        squares.append((cx, cy, float(np.sqrt(area)) / sheet.scale))
    best: list[tuple[float, float, float]] = []
    for one in squares:
        alike = [s for s in squares if abs(s[2] - one[2]) < max(0.25, 0.08 * one[2])]
        corners: dict[tuple[bool, bool], tuple[float, float, float]] = {}
        for s in alike:
            place = (s[1] > height / 2, s[0] > width / 2)
            held = corners.get(place)
            if held is None or _to_corner(s, sheet) < _to_corner(held, sheet):
                corners[place] = s
        if len(corners) > len(best):
            best = [corners[place] for place in sorted(corners)]
    if len(best) < 3:
        return (), None
    side = round(float(np.median([s[2] for s in best])), 2)
    return tuple((round(s[0], 2), round(s[1], 2)) for s in best), side


def _to_corner(square: tuple[float, float, float], sheet: Sheet) -> float:
    width, height = sheet.size_mm
    return min(square[0], width - square[0]) + min(square[1], height - square[1])
