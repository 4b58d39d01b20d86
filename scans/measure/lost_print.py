"""Where a page lacks print of its form beside answers and fields, against its other print.

Print is counted on tiles. Hairlines and dots are the first that a fax, a photocopier, a filter or
a coarse scan loses, here and there over the whole page, where bold print stays: a tile is
compared with print as thin as its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.sheet import SHEET_PX_PER_MM, Sheet, strong_print
from scans.quantiles import median
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["LostPrint", "lost_print"]

# Of so many tiles that lost most the places are taken.
_MOST_TILES, _MOST_PLACES = 12, 3
# Print is counted missing on tiles of this size that hold at least so much of it.
_TILE_MM = 5.0
_FEWEST_PRINT_MM2, _FEWEST_TILES = 1.2, 8
_SPREAD = 0.06
# Scanners, copiers and programs that other pages did not come through thin print by so much more.
_THINNED = 0.15
# The sheet may lie so far beside its place where no print near is measured, as in corners.
_ASIDE_MM = 1.0
# What so many other places have lost of print as thin, a tile may have lost without fluid. Tiles
# whose body differs by so much, and at least so many, are like it; places are so far apart that one
# blot does not make two.
_SAME_BODY, _FEWEST_LIKE, _PLACES, _APART_MM = 0.02, 41, 3, 15.0
# Print that breaks up does so by runs of so many pixels.
_RUN_PX = 3.0
# Print this far inside solid black is not looked for.
_DEEP_MM = 0.5
# Scanners blur or shade the rim of a picture, and print is looked for around its place.
_RIM_MM = 1.5
# Print this near to a row of answers, a field or a code belongs to it.
_BESIDE_MM = 3.0


@dataclass(frozen=True, slots=True)
class LostPrint:
    """A tile beside answers, a field or the code that lacks print.

    Attributes:
        share: Of its print, 0 to 1.
        score: What it lost beyond print as thin elsewhere on the page, in spreads of that; may be
            below 0.
        box_mm: Where it is.
    """

    share: float
    score: float
    box_mm: tuple[float, float, float, float]


def lost_print(
    sheet: Sheet, registration: Registration, shape: tuple[int, ...]
) -> tuple[LostPrint, ...] | None:
    """The tiles that lack most, worst first; ``None`` where there is too little print on the scan.

    Args:
        sheet: The page laid straight.
        registration: How the scan lies on it.
        shape: Height and width of the scan in px.
    """
    tiles = _tiles_of(sheet.template)
    missing = np.bincount(tiles.tile[sheet.missing[tiles.judged]], minlength=len(tiles.total))
    # A sheet lies off the glass by a centimetre, or was cropped: that print is not missing.
    seen = _on_the_scan(registration, shape, tiles.corners_mm, tiles.side_mm)
    number = tiles.enough[seen]
    lost = missing[number] / tiles.total[number]
    if lost.size < _FEWEST_TILES:
        return None
    corners, body = tiles.corners_mm[seen], tiles.body[seen]
    found = []
    near = np.flatnonzero(tiles.beside[seen] & (lost > _THINNED))
    for k in near[np.argsort(-lost[near], kind="stable")][:_MOST_TILES].tolist():
        own = tiles.judged[tiles.tile == number[k]]
        share = min(float(lost[k]), sheet.missing_beside(own, _ASIDE_MM))
        usual, spread = _of_its_like(k, lost, body, corners, len(own))
        x, y = corners[k].tolist()
        box_mm = (x, y, tiles.side_mm, tiles.side_mm)
        found.append(LostPrint(share, (share - usual - _THINNED) / spread, box_mm))
    return tuple(sorted(found, key=lambda place: -place.score)[:_MOST_PLACES])


def _of_its_like(
    k: int,
    lost: NDArray[np.float64],
    body: NDArray[np.float64],
    corners: NDArray[np.float64],
    pixels: int,
) -> tuple[float, float]:
    """What print as thin as that of tile ``k`` loses on this page, and the spread of that.

    Of a line that breaks up a short piece may lose most by chance: the spread of a share of
    ``pixels`` is added, that go by runs of :data:`_RUN_PX`.
    """
    apart = np.abs(body - body[k])
    order = np.argsort(apart, kind="stable")
    like = order[: max(_FEWEST_LIKE, int((apart <= _SAME_BODY).sum()))]
    middle = median(lost[like])
    spread = max(_SPREAD, 1.4826 * median(np.abs(lost[like] - middle)))
    elsewhere, usual = like, middle
    at = corners[k]
    for _ in range(_PLACES):
        elsewhere = elsewhere[np.abs(corners[elsewhere] - at).max(axis=1) > _APART_MM]
        if not elsewhere.size:
            break
        worst = elsewhere[np.argmax(lost[elsewhere])]
        usual, at = float(lost[worst]), corners[worst]
    else:
        middle = max(middle, usual)
    return middle, float(np.sqrt(spread**2 + _RUN_PX * middle * (1.0 - middle) / pixels))


def _on_the_scan(
    registration: Registration, shape: tuple[int, ...], corners: NDArray[np.float64], side: float
) -> NDArray[np.bool_]:
    """Which squares lie wholly on the scan, a rim of it left out."""
    ends = np.array([(0.0, 0.0), (side, 0.0), (0.0, side), (side, side)])
    px = registration.to_px((corners[:, None] + ends[None]).reshape(-1, 2))
    height, width = shape[:2]
    rim = _RIM_MM * registration.px_per_mm
    inside = ((px >= rim) & (px <= np.array([width, height]) - 1.0 - rim)).all(axis=1)
    return np.asarray(inside.reshape(-1, len(ends)).all(axis=1), np.bool_)


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Which tile each pixel of strong print lies on; made once a template.

    Attributes:
        judged: int ``(n,)``: pixels of strong print that count.
        tile: int ``(n,)``: the tile of each.
        total: int ``(tiles,)``: how many lie on each tile.
        enough: int ``(m,)``: tiles that hold enough print.
        corners_mm: float64 ``(m, 2)``: their top left corners.
        beside: bool ``(m,)``: whether they lie beside answers, a field or a code.
        body: float64 ``(m,)``: how broad and dark their print is, 0 to 1; hairlines have 0.3.
        side_mm: Their side.
    """

    judged: NDArray[np.intp]
    tile: NDArray[np.intp]
    total: NDArray[np.intp]
    enough: NDArray[np.intp]
    corners_mm: NDArray[np.float64]
    beside: NDArray[np.bool_]
    body: NDArray[np.float64]
    side_mm: float


@lru_cache(maxsize=16)
def _tiles_of(template: PageTemplate) -> _Tiles:
    strong = strong_print(template)
    step = round(_TILE_MM * SHEET_PX_PER_MM)
    down, across = (n // step for n in strong.shape)
    rows, columns = np.divmod(strong.at, strong.shape[1])
    # The edge of the page is where scanners crop and folds fray.
    edge = round(6.0 * SHEET_PX_PER_MM)
    kept = (rows >= edge) & (rows < strong.shape[0] - edge) & (rows < down * step)
    kept &= (columns >= edge) & (columns < strong.shape[1] - edge) & (columns < across * step)
    # Programs that make two levels of a page by its surroundings hollow solid print out.
    solid = np.zeros(strong.shape, np.uint8)
    solid.flat[strong.at] = 1
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3).ravel()[strong.at]
    kept &= depth <= _DEEP_MM * SHEET_PX_PER_MM
    tile = (rows // step * across + columns // step)[kept]
    total = np.bincount(tile, minlength=down * across)
    enough = np.flatnonzero(total >= _FEWEST_PRINT_MM2 * SHEET_PX_PER_MM**2)
    corners = np.empty((enough.size, 2))
    corners[:, 0], corners[:, 1] = enough % across, enough // across
    corners *= step / SHEET_PX_PER_MM
    side = step / SHEET_PX_PER_MM
    beside = _beside(template, corners, side)
    dark = np.asarray(255 - template.at(SHEET_PX_PER_MM), np.float32) / 255.0
    broad = cv2.blur(dark, (3, 3)).ravel()[strong.at[kept]]
    body = np.bincount(tile, weights=broad, minlength=down * across)[enough] / total[enough]
    return _Tiles(np.flatnonzero(kept), tile, total, enough, corners, beside, body, side)


def _beside(template: PageTemplate, corners: NDArray[np.float64], side: float) -> NDArray[np.bool_]:
    """Tiles in the row of an answer box, whatever the distance, or on a field or the code."""
    page = template.page
    width = page.size_mm[0]
    places = [(0.0, box.box_mm[1], width, box.box_mm[3]) for box in page.boxes]
    places += [field.box_mm for field in page.fields]
    places += [] if page.code is None else [page.code.box_mm]
    found = np.zeros(len(corners), dtype=np.bool_)
    for x, y, w, h in places:
        across = (corners[:, 0] < x + w + _BESIDE_MM) & (corners[:, 0] + side > x - _BESIDE_MM)
        down = (corners[:, 1] < y + h + _BESIDE_MM) & (corners[:, 1] + side > y - _BESIDE_MM)
        found |= across & down
    return found
