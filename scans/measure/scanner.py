"""What a scanner leaves on every page it makes: dirt, sharpness, grain.

Dirt is the scanner's own: dust on the glass and lines from a soiled slit stand at the same
place of every *scan*, whatever lies under them, as the fixed pattern of a sensor does
(Lukáš, Fridrich and Goljan 2006; Khanna, Mikkilineni and Delp 2009 for flatbeds). Sharpness and
grain are of the scanner, the press and the paper together, so they can support what dirt says
and say nothing alone.

Left out, as they did not tell devices apart in the lab: scale and shear (paper, printer and feed
move them more from page to page than a device differs from another) and how grain goes on from
pixel to pixel.

Taken from what the page's checks have worked out already; a millisecond or two a page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.sheet import SHEET_PX_PER_MM, Sheet
from scans.quantiles import median, medians
from scans.template import PageTemplate
from scans.types import RawPage, Registration, ScanClass
from scans.view import PageView

__all__ = ["CLASSES", "GRAIN", "LINE", "OPTICS", "TRAITS", "ScannerTraits", "scanner_traits"]

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

OPTICS = ("edge_x", "edge_y", "black")
GRAIN = ("grain", "blue", "red")
TRAITS = (*OPTICS, *GRAIN)

CLASSES = frozenset((ScanClass.CLIPPED_GREY, ScanClass.CLIPPED_COLOUR, ScanClass.CONTINUOUS))
"""Photos and drawn pages show no scanner's pixels, two levels neither sharpness nor grain."""

LINE = 65535
"""Stands for ``y`` of a line that runs down the scan."""

_PRINT = 20
_SPECK_CELLS, _CELL = 3, 2
_MOST_SPECKS, _MOST_LINES, _STREWN = 24, 8, 1_000
# Darker than the paper by so much, as a share of it: the grain of paper stays below a third.
_DARKER = 0.08
_NEAR_PRINT_MM, _NEAR_MARKS_MM, _EDGE_MM = 0.75, 1.5, 5.0
# Rows of the scan that are looked at for lines, and how far a column must stand out of those
# beside it: several times what grain leaves in the mean of a column.
_ROW_STEP, _STANDS_OUT, _FEWEST_ROWS = 32, 1.8, 24
_MASK_PX_PER_MM = 2.0
_PATCHES, _SIDE = 20, 24


@dataclass(frozen=True, eq=False)
class ScannerTraits:
    """What one scan tells of its scanner.

    Attributes:
        px_per_mm: Resolution of the scan.
        values: float32 ``(len(TRAITS),)``; NaN where the scan does not carry it. Width of printed
            edges across and along the sheet in pixels; black as a share of the paper; logarithm
            of the paper's variance; paper's blue and red less green, in levels.
        dirt: uint16 ``(k, 4)``: small dark places off print and marks: x and y in pixels of
            the scan (y is :data:`LINE` for a line that runs down it), and the same place on the
            form in hundredths of a millimetre.
    """

    px_per_mm: float
    values: NDArray[np.float32]
    dirt: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, 4), np.uint16))


def scanner_traits(view: PageView) -> ScannerTraits | None:
    """Measure a page; ``None`` where :data:`CLASSES` does not name its scan class."""
    raw, laid = view.raw, view.registration
    if raw.scan_class not in CLASSES:
        return None
    values = dict.fromkeys(TRAITS, float("nan"))
    lines = _lines(raw.grey, laid, view.template, view.ink.paper)
    dirt = np.concatenate([_specks(view.sheet, laid), lines])
    values |= dict(zip(OPTICS, _optics(view), strict=True))
    if raw.scan_class is ScanClass.CONTINUOUS:
        values |= _grain(raw, laid, view.template)
    packed = np.array([values[name] for name in TRAITS], np.float32)
    return ScannerTraits(laid.px_per_mm, packed, np.clip(np.rint(dirt), 0, LINE).astype(np.uint16))


@lru_cache(maxsize=16)
def _off_print(template: PageTemplate) -> Bytes:
    """255 where the sheet at :data:`SHEET_PX_PER_MM` is far from print and edge."""
    dark = np.asarray(255 - template.at(SHEET_PX_PER_MM), np.uint8)
    reach = 2 * round(_NEAR_PRINT_MM * SHEET_PX_PER_MM) + 1
    near = np.asarray(cv2.dilate(dark, np.ones((reach, reach), np.uint8)), np.uint8)
    off = np.zeros_like(dark)
    edge = round(_EDGE_MM * SHEET_PX_PER_MM)
    inner = (slice(edge, -edge), slice(edge, -edge))
    off[inner] = np.where(near[inner] < _PRINT, 255, 0)
    return off


@lru_cache(maxsize=16)
def _bare(template: PageTemplate) -> Bytes:
    """The same less boxes and fields: marks and writing leave dots beside their strokes."""
    bare = _off_print(template).copy()
    page = template.page
    places = [*(box.box_mm for box in page.boxes), *(field.box_mm for field in page.fields)]
    if page.code is not None:
        places.append(page.code.box_mm)
    for x, y, width, height in places:
        low = np.array([x, y]) - _NEAR_MARKS_MM
        high = np.array([x + width, y + height]) + _NEAR_MARKS_MM
        left, top = np.maximum(np.rint(low * SHEET_PX_PER_MM), 0).astype(int)
        right, bottom = np.rint(high * SHEET_PX_PER_MM).astype(int)
        bare[top:bottom, left:right] = 0
    return bare


def _specks(sheet: Sheet, laid: Registration) -> Floats:
    """Small dark places that stand alone: ``(k, 4)`` as in :class:`ScannerTraits`."""
    dark = sheet.darker
    ink = cv2.threshold(dark, _DARKER * sheet.level, 255, cv2.THRESH_BINARY)[1]
    rows, columns = ink.shape[0] // _CELL, ink.shape[1] // _CELL
    even = ink[: rows * _CELL, : columns * _CELL]
    small = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
    cells = cv2.threshold(small, 60, 1, cv2.THRESH_BINARY)[1]
    # Stands alone: nothing in the ring around three by three cells. On all ink, so that a
    # stroke is one however much of it lies on print.
    inner, outer = (
        cv2.boxFilter(cells, -1, (n, n), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for n in (_SPECK_CELLS, _SPECK_CELLS + 2)
    )
    lone = cv2.bitwise_and(cells, cv2.compare(inner, outer, cv2.CMP_EQ))
    alone = cv2.bitwise_and(lone, _bare_cells(sheet.template))
    # A page strewn with specks (a raster, a poor copy) tells no dirt from the rest.
    if not 0 < cv2.countNonZero(alone) <= _STREWN:
        return np.zeros((0, 4))
    x, y = np.asarray(cv2.findNonZero(alone), np.int64).reshape(-1, 2).T
    side = np.arange(-_CELL, 2 * _CELL)
    rows_at = y[:, None, None] * _CELL + side[None, :, None]
    columns_at = x[:, None, None] * _CELL + side[None, None, :]
    # The edge of the sheet is far off: no speck is looked for there.
    weight = dark[rows_at, columns_at] * (ink[rows_at, columns_at] > 0)
    sums = np.stack([(weight * by).sum(axis=(1, 2)) for by in (1, columns_at, rows_at)], axis=1)
    # All cells of a speck see the whole of it, and are one.
    _, first = np.unique(sums[:, 1] * 1_000_003 + sums[:, 2], return_index=True)
    found = sums[first].astype(np.float64)
    darkest = found[np.argsort(-found[:, 0], kind="stable")[:_MOST_SPECKS]]
    mm = (darkest[:, 1:] / np.maximum(darkest[:, :1], 1.0) + 0.5) / SHEET_PX_PER_MM
    return np.concatenate([laid.to_px(mm), 100 * mm], axis=1)


@lru_cache(maxsize=16)
def _bare_cells(template: PageTemplate) -> Bytes:
    """1 where a cell of the sheet begins off print and marks."""
    bare = _bare(template)
    rows, columns = bare.shape[0] // _CELL, bare.shape[1] // _CELL
    return np.ascontiguousarray(bare[: rows * _CELL : _CELL, : columns * _CELL : _CELL] // 255)


def _lines(grey: Bytes, laid: Registration, template: PageTemplate, paper: float) -> Floats:
    """Columns of the scan that are darker than those beside them, on bare paper only."""
    rows = np.ascontiguousarray(grey[::_ROW_STEP])
    height, width = rows.shape
    # Where print is, brought to those rows and every fourth column of the scan.
    to_scan = (
        np.diag([0.25, 1.0 / _ROW_STEP, 1.0])
        @ laid.matrix
        @ np.diag([1 / _MASK_PX_PER_MM, 1 / _MASK_PX_PER_MM, 1.0])
    )
    mask = cv2.warpPerspective(
        _coarse(template), to_scan, (width // 4 + 1, height), flags=cv2.INTER_NEAREST
    )
    # Four bytes from one, in one multiplication.
    fourfold = np.asarray(mask, np.uint32) * np.uint32(0x01010101)
    bare = np.ascontiguousarray(fourfold.view(np.uint8)[:, :width])
    lit = cv2.threshold(rows, 0.72 * paper, 255, cv2.THRESH_BINARY)[1]
    bare = np.asarray(cv2.bitwise_and(bare, lit), np.uint8)
    number, total = (
        np.asarray(cv2.reduce(of, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)).ravel().astype(np.float64)
        for of in (bare, cv2.bitwise_and(rows, bare))
    )
    number /= 255.0
    known = number >= _FEWEST_ROWS
    level = np.where(known, total / np.maximum(number, 1.0), paper)
    # Held against the median of the columns beside it, which no line moves.
    few = cv2.medianBlur(np.ascontiguousarray(level[::4], np.float32).reshape(1, -1), 5)
    beside = np.repeat(np.asarray(few).ravel(), 4)[:width]
    mean = np.where(known, level - beside, 0.0)
    out = np.flatnonzero(mean < -_STANDS_OUT)
    out = out[(mean[out] <= mean[np.maximum(out - 1, 0)])]
    out = out[(mean[out] < mean[np.minimum(out + 1, width - 1)])]
    out = out[np.argsort(mean[out])][:_MOST_LINES].astype(np.float64)
    middle = np.array([out, np.full_like(out, grey.shape[0] / 2), np.ones_like(out)])
    mm = np.linalg.inv(laid.matrix) @ middle
    on_form = 100 * np.clip(mm[:2] / mm[2], 0, None)
    return np.stack([out, np.full_like(out, LINE), *on_form], axis=1)


@lru_cache(maxsize=16)
def _coarse(template: PageTemplate) -> Bytes:
    bare = _off_print(template)
    half = bare[: bare.shape[0] // 2 * 2, : bare.shape[1] // 2 * 2]
    size = half.shape[1] // 2, half.shape[0] // 2
    small = np.asarray(cv2.resize(half, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.where(small == 255, 255, 0).astype(np.uint8)


def _optics(view: PageView) -> tuple[float, float, float]:
    """Width of edges across and along in pixels, and black as a share of the paper."""
    image, laid = view.raw.grey, view.registration
    boxes = [box.box_mm for group in view.patches for box in group.boxes]
    step = max(1, len(boxes) // _PATCHES)
    corners = _about(laid, np.array([box[:2] for box in boxes[::step]]).reshape(-1, 2))
    stack = _windows(image, corners, _SIDE + 8)
    black = float(view.ink.black / max(view.ink.paper, 1.0))
    if len(stack) < 8:
        return float("nan"), float("nan"), black
    contrast = max(view.ink.paper - view.ink.black, 20.0)
    return _edge(stack, 2, contrast), _edge(stack, 1, contrast), black


def _about(laid: Registration, mm: Floats) -> Floats:
    """Pixels of places, without the last tenths of a millimetre of the local field."""
    px = np.column_stack([mm, np.ones(len(mm))]) @ laid.matrix.T
    about: Floats = px[:, :2] / px[:, 2:]
    return about


def _edge(stack: NDArray[np.float32], axis: int, contrast: float) -> float:
    """Contrast over the steepest slope of an edge, median over the windows."""
    slope = np.abs(np.diff(stack, axis=axis)).reshape(len(stack), -1)
    steepest = np.partition(slope, -6, axis=1)[:, -6]
    return float(contrast / max(median(steepest), 1.0))


def _inside(image: Bytes, centres: Floats, side: int) -> NDArray[np.bool_]:
    """Around which places a square lies wholly inside the scan."""
    at = np.rint(centres).astype(np.int64) - side // 2
    height, width = image.shape[:2]
    most = np.array([width - side, height - side])
    return np.asarray(((at >= 0) & (at <= most)).all(axis=1), np.bool_)


def _windows(image: Bytes, centres: Floats, side: int) -> NDArray[np.float32]:
    """Squares of the scan around places, those wholly inside: float32 ``(n, side, side)``."""
    at = np.rint(centres[_inside(image, centres, side)]).astype(np.int64) - side // 2
    found = [image[y : y + side, x : x + side] for x, y in at.tolist()]
    return np.array(found, np.float32).reshape(len(found), side, side, *image.shape[2:])


def _grain(raw: RawPage, laid: Registration, template: PageTemplate) -> dict[str, float]:
    """Grain and tint of bare paper."""
    centres = _about(laid, _bare_places(template))
    # Tint is taken from smaller squares: of the same places, also where the page is cut.
    centres = centres[_inside(raw.grey, centres, _SIDE)]
    stack = _windows(raw.grey, centres, _SIDE)
    if len(stack) < _PATCHES // 3:
        return {}
    flat = stack - stack.mean(axis=(1, 2), keepdims=True)
    variance = np.einsum("nij,nij->n", flat, flat) / _SIDE**2
    # Windows that a pen touched are the roughest; half of them are surely paper.
    quiet = variance <= np.partition(variance, int(0.6 * len(variance)))[int(0.6 * len(variance))]
    found = {"grain": float(np.log(median(variance[quiet]) + 1 / 12))}
    if raw.image.ndim == 3:
        tint = _windows(raw.image, centres, _SIDE // 3)[quiet].mean(axis=(1, 2))
        blue, green, red = medians(tint).tolist()
        found |= {"blue": blue - green, "red": red - green}
    return found


@lru_cache(maxsize=16)
def _bare_places(template: PageTemplate) -> Floats:
    """Middles of bare squares of the blank, spread over the page: mm ``(n, 2)``."""
    bare = _bare(template)
    side = 12
    rows, columns = bare.shape[0] // side, bare.shape[1] // side
    squares = bare[: rows * side, : columns * side].reshape(rows, side, columns, side)
    y, x = np.nonzero(squares.min(axis=(1, 3)) == 255)
    every = np.column_stack([x, y])[:: max(1, len(x) // _PATCHES)][:_PATCHES]
    middles: Floats = (every.astype(np.float64) + 0.5) * (side / SHEET_PX_PER_MM)
    return middles
