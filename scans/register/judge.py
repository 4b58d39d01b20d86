"""Accept or refuse a page that was laid over the scan, and say why.

The blank is cut into tiles of one line of print (8 x 4 mm). In each the scan shows the
form's print, nothing, the form's print moved aside, or something else. Measured (204 to 662
judged tiles a page, the 11 filled pages and 47 pairs of a form and another sheet at hand):

- right page: something else in none of the tiles; the form's print in 99-100 %, 76 % where a
  whole block of boxes had been removed. Coarse photocopies of a form with dotted lines: 1.2 to
  1.4 % of the tiles, as a place counts whose print is there but for thin lines and small type;
- nearest sheet of another form (same skeleton, other questions): something else in 6.6 %,
  the form's print in 86 %; others 3.7 % and more, and the form's print in under 40 %;
- drawn form of ten items, three item texts changed, 20 draws: something else in 1.3 to 3.6 %,
  10 of them refused, so a new version with few new words may pass as the old one; pages of
  one form are ranked against each other.

Print that is gone is no ground for refusal: correction fluid does that, and it must be
seen as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.quantiles import percentile
from scans.register.cells import measure, soft_blank
from scans.register.geometry import apply
from scans.register.picture import ScanPicture
from scans.register.places import Tiles, around, box_array, outlines_of, tiles_of
from scans.register.refine import Laid, Overlay, overlay_of
from scans.register.verify import (
    Darkness,
    Overlap,
    darkness,
    overlap,
    printed_in,
    with_gain,
)
from scans.template import PageTemplate
from scans.types import Refusal, Status

__all__ = ["Evidence", "refusal", "weigh"]

# Where print moved aside would overlap by this much (scribbles, black margins), nothing can
# be said of the print below.
_MOST_CHANCE = 0.75
# Half way between print as on the blank and print as by chance.
_SAME = 0.5
# A coarse photocopy loses print of so much darkness, of 255, at the resolution that is compared.
_LOST = 60
# A scan that is this much lighter than the print should be has nothing there, or part of it.
_EMPTY, _TORN = 0.25, 0.75
# Where the scan has that many times the printed ink, it is handwriting that is seen.
_HIDDEN = 2.5
_LEAST_FOUND = 0.5
_MOST_OTHER, _FEWEST_OTHER = 0.02, 4
# Other words reach 0.8 somewhere near, the same words moved 0.95.
_MOVED = 0.88
_ASIDE_MM = 4.0
# A strip that was pasted a little off its place moves all its tiles alike; other words reach
# this correlation too, but each somewhere else.
_STRIP_MM, _STRIP_LEAST_MM, _STRIP_SAME_MM = 1.5, 0.2, 0.3
_STRIP = 0.7
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
    resolution, template = laid.cells.resolution, laid.template
    overlay = laid.overlay or overlay_of(picture, laid, resolution)
    tiles = tiles_of(template, resolution)
    dark = with_gain(darkness(overlay, resolution), tiles.printed)
    compared = overlap(dark, tiles.printed)
    on_scan = _corners_inside(picture, laid, tiles.boxes_mm)
    judged = on_scan & (tiles.printed.chance < _MOST_CHANCE)
    gone, found = _classes(compared, judged)
    gone |= judged & ~found & (compared.inked < 1.0) & _beside(gone, tiles)
    # Handwriting hides what is below it.
    judged &= found | gone | ((compared.inked < _HIDDEN) & ~tiles.fields)
    rest = judged & ~gone & ~found
    rest[rest] = ~_thinned(dark, template, tiles.boxes_mm[rest], resolution)
    aside = _aside(overlay, laid.template, tiles, rest, resolution)
    count = max(1, int(judged.sum()))
    present, moved, cut = _boxes(picture, laid, dark, overlay)
    return Evidence(
        found=float(found.sum() / count),
        other=float((rest & ~aside).sum() / count),
        aside=float(aside.sum() / count),
        gone=float(gone.sum() / count),
        tiles=int(judged.sum()),
        boxes=present,
        boxes_moved=moved,
        boxes_cut=cut,
        residual_mm=_residual(overlay, laid),
        covered=float(on_scan.sum() / max(1, len(on_scan))),
    )


def _thinned(
    dark: Darkness, template: PageTemplate, boxes_mm: NDArray[np.float64], resolution: float
) -> NDArray[np.bool_]:
    """Which rectangles show their print but for its thin lines and small type."""
    if not len(boxes_mm):
        return np.zeros(0, np.bool_)
    heavy = printed_in(template, resolution, boxes_mm, lost=_LOST)
    _, found = _classes(overlap(dark, heavy), heavy.total > 0)
    return found


def _aside(
    overlay: Overlay,
    template: PageTemplate,
    tiles: Tiles,
    rest: NDArray[np.bool_],
    resolution: float,
) -> NDArray[np.bool_]:
    """Which tiles show their print moved: clearly so, or a little and as their neighbours."""
    chosen = np.flatnonzero(rest)
    aside = np.zeros_like(rest)
    near = []
    for i in chosen:
        box = tiles.boxes_mm[i]
        aside[i] = _moved(overlay, template, box, _ASIDE_MM, resolution)[0] > _MOVED
        near.append(_moved(overlay, template, box, _STRIP_MM, resolution))
    if not near:
        return aside
    alike = np.array([best for best, _ in near]) > _STRIP
    moves = np.array([move for _, move in near])
    far = np.hypot(*moves.T) >= _STRIP_LEAST_MM
    rows, columns = np.divmod(tiles.place[chosen], tiles.grid[1])
    close = (abs(rows[:, None] - rows) <= 1) & (abs(columns[:, None] - columns) <= 2)
    together = np.linalg.norm(moves[:, None] - moves[None], axis=2) < _STRIP_SAME_MM
    moved = alike & far
    agreeing = (close & together & moved).sum(axis=1) - 1
    strip = moved & (agreeing >= 2)
    # The cut runs through print: what lies at the strip's edge is torn.
    torn = (close & strip).sum(axis=1) >= 2
    aside[chosen] |= strip | torn
    return aside


def _beside(marked: NDArray[np.bool_], tiles: Tiles) -> NDArray[np.bool_]:
    """Tiles next to a marked one: a blob of fluid ends within a tile, not between two."""
    grid = np.zeros(tiles.grid, dtype=np.uint8)
    grid.ravel()[tiles.place] = marked
    near = cv2.dilate(grid, np.ones((3, 3), np.uint8)).ravel()
    return np.asarray(near[tiles.place] > 0, dtype=np.bool_)


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
    corners = [boxes[:, :2] + boxes[:, 2:] * np.array(c) for c in ((0, 0), (1, 0), (0, 1), (1, 1))]
    points = np.concatenate(corners)
    px = apply(laid.matrix, points + laid.field.at(points))
    inside = np.all((px >= -1.0) & (px <= np.array(picture.size)), axis=1)
    return np.asarray(inside.reshape(4, -1).all(axis=0), dtype=np.bool_)


def _moved(
    overlay: Overlay,
    template: PageTemplate,
    box_mm: NDArray[np.float64],
    radius_mm: float,
    resolution: float,
) -> tuple[float, tuple[float, float]]:
    """Best correlation of a rectangle's print around its place, and the move in mm."""
    left, top, width, height = (round(float(v) * resolution) for v in box_mm)
    margin = overlay.margin
    across, down = overlay.aside(box_mm[None, :2] + box_mm[None, 2:] / 2, resolution)[0].tolist()
    radius = min(margin - max(abs(across), abs(down)), round(radius_mm * resolution))
    left, top = max(0, left), max(0, top)
    patch = soft_blank(template, resolution)[top : top + height, left : left + width]
    left, top = left + margin + across - radius, top + margin + down - radius
    window = overlay.image[
        top : top + patch.shape[0] + 2 * radius, left : left + patch.shape[1] + 2 * radius
    ]
    if patch.std() < 1.0 or min(patch.shape) < 4:
        return 0.0, (0.0, 0.0)
    surface = cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, peak = cv2.minMaxLoc(surface)
    return best, ((peak[0] - radius) / resolution, (peak[1] - radius) / resolution)


def _boxes(
    picture: ScanPicture, laid: Laid, dark: Darkness, overlay: Overlay
) -> tuple[float, int, int]:
    """Share of outlines in place, how many stand beside it, how many boxes are cut off."""
    boxes = box_array(laid.template)
    if not len(boxes):
        return 1.0, 0, 0
    resolution = laid.cells.resolution
    inside = _corners_inside(picture, laid, boxes)
    found, judged = np.zeros(len(boxes), np.bool_), np.zeros(len(boxes), np.bool_)
    for index, printed in outlines_of(laid.template, resolution):
        judged[index] = inside[index] & (printed.total > 0)
        _, found[index] = _classes(overlap(dark, printed), judged[index])
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    moves = []
    for i in np.flatnonzero(judged & ~found):
        apart = np.linalg.norm(centres - centres[i], axis=1)
        apart[i] = np.inf
        # Half way to the next box at most: beyond it a neighbour would pass for the box.
        radius = float(np.clip(0.5 * apart.min(), 1.0, _ASIDE_MM * 1.25))
        score, move = _moved(overlay, laid.template, around(boxes[i]), radius, resolution)
        if score > 0.6 and np.hypot(*move) > max(1.5, 0.4 * boxes[i, 2:].min()):
            moves.append(move)
    return float(found.mean()), _agreeing(moves), int((~inside).sum())


def _agreeing(moves: list[tuple[float, float]]) -> int:
    """How many moves are the same to 0.75 mm: a reprint moves boxes together."""
    if not moves:
        return 0
    all_moves = np.array(moves)
    apart = np.linalg.norm(all_moves[:, None] - all_moves[None], axis=2)
    return int((apart < 0.75).sum(axis=1).max())


def _residual(overlay: Overlay, laid: Laid) -> float:
    """What is left where print is found: of the fit, or measured through the final field."""
    cells = laid.cells
    score, left = laid.seen.score, laid.left_mm
    if laid.overlay is None:
        some = ~np.isnan(score)
        some[np.arange(len(some)) % 3 > 0] = False
        again = measure(overlay.image, overlay.margin, some, cells, _LEFT_MM)
        score, left = again.score, again.shift_mm
    sure = np.nan_to_num(score) > 0.6
    if not sure.any():
        return float("inf")
    return percentile(np.linalg.norm(left * (cells.fixes > 0), axis=1)[sure], 95)


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
