"""Accept or refuse a page that was laid over the scan, and say why.

The blank is cut into tiles of one line of print (8 x 4 mm). In each the scan shows the
form's print, nothing, the form's print moved aside, or something else. Measured (200 to 660
judged tiles a page, the 11 filled pages and 25 other sheets at hand):

- right page: something else in 0.0-0.5 % of the tiles, also at 100 dpi, as 1 bit at 150 dpi,
  at JPEG quality 10, blurred by 4 px and faded to a quarter; the form's print in 99.5-100 %,
  76 % where a whole block of boxes had been removed;
- nearest sheet of another form (same skeleton, other questions): something else in 8.8 %,
  the form's print in 86 %; all others 6.6 % and more, and the form's print in under 40 %;
- another page of the same form, two labels exchanged: 1.5-2 %, so pages of one form are
  ranked against each other, which leaves the right one 0.09 ahead at the least;
- drawn form of ten items: one item text changed 2 %, two 2.8 %, three 3.3 %.

Print that is gone is no ground for refusal: correction fluid does that, and it must be
seen as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.register.cells import measure, soften
from scans.register.geometry import apply
from scans.register.lay import lay
from scans.register.picture import ScanPicture
from scans.register.refine import Laid
from scans.register.verify import Overlap, PrintMap, print_map
from scans.template import PageTemplate
from scans.types import Refusal, Status

__all__ = ["Evidence", "refusal", "weigh"]

_TILE_MM = (8.0, 4.0)
# Two characters of 8 pt type, or a third of a box's outline.
_LEAST_PRINT_MM2 = 0.35
# Where print moved aside would overlap by this much (scribbles, black margins), nothing can
# be said of the print below.
_MOST_CHANCE = 0.75
# Half way between print as on the blank and print as by chance.
_SAME = 0.5
# A scan that is this much lighter than the print should be has nothing there, or part of it.
_EMPTY, _TORN = 0.25, 0.75
# Where the scan has that many times the printed ink, it is handwriting that is seen.
_HIDDEN = 2.5
_LEAST_FOUND = 0.5
_MOST_OTHER, _FEWEST_OTHER = 0.02, 4
# Other words reach 0.8 somewhere near, the same words moved 0.95.
_MOVED = 0.88
_ASIDE_MM = 4.0
_LEFT_MM = 0.75
# Marks are read up to a millimetre around a box and its outline is half a millimetre wide.
_MOST_RESIDUAL_MM = 0.5


@dataclass(frozen=True)
class Evidence:
    """What the comparison of print says of one page laid over the scan.

    Attributes:
        found: Share of the judged tiles whose print is there, 0 to 1.
        other: Share where something else is.
        aside: Share whose print is there, but moved.
        gone: Share where the scan is empty.
        tiles: How many tiles were judged.
        boxes: Share of answer boxes whose outline is in its place.
        boxes_moved: How many outlines were found beside their place.
        boxes_cut: How many answer boxes lie off the scan.
        residual_mm: 95th percentile of what is left after the field, where print is found.
        covered: Share of the blank's tiles that lie on the scan.
    """

    found: float
    other: float
    aside: float
    gone: float
    tiles: int
    boxes: float
    boxes_moved: int
    boxes_cut: int
    residual_mm: float
    covered: float

    @property
    def score(self) -> float:
        """What ranks two pages of one form against each other."""
        return self.found - 5.0 * self.other


def weigh(picture: ScanPicture, laid: Laid) -> Evidence:
    """Compare print, tile by tile and box by box."""
    resolution, size = laid.cells.resolution, laid.template.page.size_mm
    margin = round(_ASIDE_MM * resolution)
    wide = lay(picture, laid.matrix, laid.field, size, resolution, margin)
    page = np.ascontiguousarray(wide[margin:-margin, margin:-margin])
    compared = print_map(page, laid.template, laid.cells, laid.seen.score)
    tiles = _tiles(size)
    overlap = compared.overlap(tiles)
    printed = overlap.weight >= _LEAST_PRINT_MM2
    on_scan = _corners_inside(picture, laid, tiles)
    judged = printed & on_scan & (overlap.chance < _MOST_CHANCE)
    gone, found = _classes(overlap, judged)
    gone |= judged & ~found & (overlap.inked < 1.0) & _beside(gone, size)
    # Handwriting hides what is below it.
    judged &= found | gone | ((overlap.inked < _HIDDEN) & ~_in_fields(laid.template, tiles))
    rest = judged & ~gone & ~found
    aside = np.zeros_like(rest)
    blank = soften(laid.template.at(resolution))
    for i in np.flatnonzero(rest):
        aside[i] = _moved(wide, blank, tiles[i], _ASIDE_MM, resolution, margin)[0] > _MOVED
    count = max(1, int(judged.sum()))
    present, moved, cut = _boxes(picture, laid, compared, wide, blank, margin)
    return Evidence(
        found=float(found.sum() / count),
        other=float((rest & ~aside).sum() / count),
        aside=float(aside.sum() / count),
        gone=float(gone.sum() / count),
        tiles=int(judged.sum()),
        boxes=present,
        boxes_moved=moved,
        boxes_cut=cut,
        residual_mm=_residual(wide, margin, laid),
        covered=float((printed & on_scan).sum() / max(1, printed.sum())),
    )


def _tiles(size_mm: tuple[float, float]) -> NDArray[np.float64]:
    """``(n, 4)`` rectangles in mm that cover the page."""
    across, down = _TILE_MM
    x = np.arange(0.0, size_mm[0] - across + 1e-6, across)
    y = np.arange(0.0, size_mm[1] - down + 1e-6, down)
    corner = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return np.column_stack([corner, np.full((len(corner), 2), _TILE_MM)])


def _beside(marked: NDArray[np.bool_], size_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Tiles next to a marked one: a blob of fluid ends within a tile, not between two."""
    columns = int((size_mm[0] + 1e-6) // _TILE_MM[0])
    grid = marked.reshape(-1, columns).astype(np.uint8)
    return np.asarray(cv2.dilate(grid, np.ones((3, 3), np.uint8)).ravel() > 0, dtype=np.bool_)


def _in_fields(template: PageTemplate, tiles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tiles touch a region that is written or stamped in."""
    touched = np.zeros(len(tiles), dtype=np.bool_)
    end = tiles[:, :2] + tiles[:, 2:]
    for field in template.page.fields:
        x, y, width, height = field.box_mm
        touched |= (
            (tiles[:, 0] < x + width)
            & (end[:, 0] > x)
            & (tiles[:, 1] < y + height)
            & (end[:, 1] > y)
        )
    return touched


def _classes(
    overlap: Overlap, judged: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the judged rectangles are empty in the scan, and which have their print."""
    found = judged & (np.maximum(overlap.likeness, overlap.kept) >= _SAME)
    # The edge of a blob of fluid: what is left of the print is in its place.
    torn = (overlap.inked < _TORN) & (overlap.explained >= _SAME)
    gone = judged & ((overlap.inked < _EMPTY) | (torn & ~found))
    return gone, found & ~gone


def _corners_inside(
    picture: ScanPicture, laid: Laid, boxes: NDArray[np.float64]
) -> NDArray[np.bool_]:
    inside = np.ones(len(boxes), dtype=np.bool_)
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        points = boxes[:, :2] + boxes[:, 2:] * np.array([x, y])
        px = apply(laid.matrix, points + laid.field.at(points))
        inside &= np.all((px >= -1.0) & (px <= np.array(picture.size)), axis=1)
    return inside


def _moved(
    wide: NDArray[np.uint8],
    blank: NDArray[np.uint8],
    box_mm: NDArray[np.float64],
    radius_mm: float,
    resolution: float,
    margin: int,
) -> tuple[float, tuple[float, float]]:
    """Best correlation of a rectangle's print around its place, and the move in mm."""
    left, top, width, height = (round(float(v) * resolution) for v in box_mm)
    radius = min(margin, round(radius_mm * resolution))
    left, top = max(0, left), max(0, top)
    patch = blank[top : top + height, left : left + width]
    window = wide[
        top + margin - radius : top + height + margin + radius,
        left + margin - radius : left + width + margin + radius,
    ]
    if patch.std() < 1.0 or min(patch.shape) < 4:
        return 0.0, (0.0, 0.0)
    surface = cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, peak = cv2.minMaxLoc(surface)
    return best, ((peak[0] - radius) / resolution, (peak[1] - radius) / resolution)


def _boxes(
    picture: ScanPicture,
    laid: Laid,
    compared: PrintMap,
    wide: NDArray[np.uint8],
    blank: NDArray[np.uint8],
    margin: int,
) -> tuple[float, int, int]:
    """Share of outlines in place, how many stand beside it, how many boxes are cut off."""
    boxes = _box_array(laid.template)
    if not len(boxes):
        return 1.0, 0, 0
    inside = _corners_inside(picture, laid, boxes)
    around = boxes + np.array([-0.5, -0.5, 1.0, 1.0])
    overlap = compared.overlap(around)
    judged = inside & (overlap.weight > 0)
    _, found = _classes(overlap, judged)
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    moves = []
    for i in np.flatnonzero(judged & ~found):
        apart = np.linalg.norm(centres - centres[i], axis=1)
        apart[i] = np.inf
        # Half way to the next box at most: beyond it a neighbour would pass for the box.
        radius = float(np.clip(0.5 * apart.min(), 1.0, _ASIDE_MM * 1.25))
        score, move = _moved(wide, blank, around[i], radius, compared.resolution, margin)
        if score > 0.6 and np.hypot(*move) > max(1.5, 0.4 * boxes[i, 2:].min()):
            moves.append(move)
    return float(found.mean()), _agreeing(moves), int((~inside).sum())


def _box_array(template: PageTemplate) -> NDArray[np.float64]:
    return np.array([box.box_mm for box in template.page.boxes], dtype=np.float64).reshape(-1, 4)


def _agreeing(moves: list[tuple[float, float]]) -> int:
    """How many moves are the same to 0.75 mm: a reprint moves boxes together."""
    if not moves:
        return 0
    all_moves = np.array(moves)
    apart = np.linalg.norm(all_moves[:, None] - all_moves[None], axis=2)
    return int((apart < 0.75).sum(axis=1).max())


def _residual(wide: NDArray[np.uint8], margin: int, laid: Laid) -> float:
    """Measured once more through the final field, on every third cell."""
    cells = laid.cells
    spare = margin - max(2, round(_LEFT_MM * cells.resolution))
    some = ~np.isnan(laid.seen.score)
    some[np.arange(len(some)) % 3 > 0] = False
    again = measure(wide[spare:-spare, spare:-spare], some, cells, _LEFT_MM)
    sure = np.nan_to_num(again.score) > 0.6
    if not sure.any():
        return float("inf")
    left = np.linalg.norm(again.shift_mm * (cells.fixes > 0), axis=1)
    return float(np.percentile(left[sure], 95))


def refusal(evidence: Evidence, page_number: int) -> Refusal | None:
    """Why the page cannot be taken for this form page, ``None`` when it can."""
    against = f"against page {page_number} of the form"
    changed = round(evidence.other * evidence.tiles)
    if evidence.found < _LEAST_FOUND or (evidence.other > _MOST_OTHER and changed >= _FEWEST_OTHER):
        return Refusal(
            Status.WRONG_FORM,
            f"the print is not that of this form: {against}, {evidence.found:.0%} of the "
            f"printed places agree and {evidence.other:.1%} show something else",
        )
    if evidence.boxes_moved >= 3:
        return Refusal(
            Status.WRONG_FORM,
            f"{evidence.boxes_moved} answer boxes are printed beside their place {against}: "
            "another version of the form",
        )
    if evidence.boxes_cut or evidence.covered < 0.6:
        return Refusal(
            Status.UNREADABLE,
            f"{evidence.boxes_cut} answer boxes and {1 - evidence.covered:.0%} of the print "
            "lie off the scan; scan the whole page",
        )
    if evidence.residual_mm > _MOST_RESIDUAL_MM:
        return Refusal(
            Status.UNREADABLE,
            f"the page could be laid over the form only to {evidence.residual_mm:.2f} mm "
            f"(at most {_MOST_RESIDUAL_MM:g}); scan it flat",
        )
    return None
