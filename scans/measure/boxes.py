"""Rectified patches of all answer boxes, with the blank subtracted.

Darkness is measured in units of the page itself: 0 is the paper around the box, 1 the
form's own print. Exposure, toner and scanner curves cancel out, and a threshold means
the same on a dark photocopy and on a burnt-out scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box
from scans.measure.blank_boxes import (
    PX_PER_MM,
    SLACK_PX,
    Bare,
    BlankBoxes,
    Reach,
    blank_boxes,
    dilated,
    dilated_in_gaps,
    gapped,
)
from scans.measure.box_loops import darkness, exceeding, missing_ink, profiles, quantile_at
from scans.quantiles import median, percentile, percentiles_of_rows
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["PX_PER_MM", "BoxPatches", "PageInk", "measure_boxes"]

Floats = NDArray[np.float32]

# Ink is sensed this far beyond a box; crosses overshoot and ticks stand half outside.
MARGIN_MM = 2.0
# Ink within so many pixels is ink of an outline.
_SPREAD_PX = 5
# What an agreeing box may leave of its own outline, as a share of the outline.
_OUTLINE_LEFT = 0.04


@dataclass(frozen=True, eq=False)
class PageInk:
    """Levels of a page.

    Attributes:
        paper: Grey level of the paper, median over the boxes.
        black: Grey level of the form's own print.
        noise: Standard deviation of bare paper, in darkness units.
        threshold: Darkness from which a pixel counts as ink.
    """

    paper: float
    black: float
    noise: float
    threshold: float


@dataclass(frozen=True, eq=False)
class BoxPatches:
    """Boxes of one size.

    Attributes:
        index: int64 ``(n,)``: position of each in the page's list of boxes.
        boxes: The boxes, in that order.
        margin_mm: Width of the rim around the box.
        colour: uint8 ``(n, h, w, 3)`` or ``(n, h, w)``: as scanned, aligned to the print.
        dark: float32 ``(n, h, w)``: darkness, about 0 paper to 1 print; below 0 where
            brighter than the paper.
        print_: float32 ``(n, h, w)``: darkness of the blank, 0 to 1.
        allowed: float32 ``(n, h, w)``: the blank's print spread by what printing and
            scanning add; ink is what exceeds it.
        added: float32 ``(n, h, w)``: darkness that the blank does not have.
        shift_mm: float64 ``(n, 2)``: where the box's print was found against where the
            registration puts it.
        found: float64 ``(n,)``: share of the box's printed outline that is there.
        distance: float32 ``(h, w)``: signed distance to the outline, negative inside, in mm.
        own: bool ``(n, h, w)``: what lies nearer to this box than to any other.
    """

    index: NDArray[np.int64]
    boxes: tuple[Box, ...]
    margin_mm: float
    colour: NDArray[np.uint8]
    dark: Floats
    print_: Floats
    allowed: Floats
    added: Floats
    shift_mm: NDArray[np.float64]
    found: NDArray[np.float64]
    distance: Floats
    own: NDArray[np.bool_]

    @cached_property
    def spread(self) -> NDArray[np.uint8]:
        """Greatest darkness within two pixels of each: ``(n, h, w)``, 255 is print."""
        return _spread_ink(self.dark)

    @property
    def box_size_mm(self) -> tuple[float, float]:
        """Width and height of the boxes."""
        return self.boxes[0].box_mm[2], self.boxes[0].box_mm[3]


def measure_boxes(
    image: NDArray[np.uint8],
    registration: Registration,
    template: PageTemplate,
    *,
    margin_mm: float = MARGIN_MM,
    only: Sequence[int] | None = None,
    black: float | None = None,
) -> tuple[PageInk, tuple[BoxPatches, ...]]:
    """Cut, align and subtract all boxes of a page.

    Args:
        image: The scan as received, grey or BGR.
        registration: Lays it over ``template``.
        template: The blank page.
        margin_mm: Width of the rim around each box.
        only: Positions of the boxes to cut; all for ``None``.
        black: Level of the form's print where it is already known.

    Returns:
        The levels of the page, and the patches grouped by size and shape of box.
    """
    scan = Rectifier.of(image, registration, PX_PER_MM)
    blanks = list(blank_boxes(template, margin_mm))
    if only is not None:
        some = [blank.of(only) for blank in blanks]
        blanks = [part for part in some if part is not None]
    cut = [_cut(scan, blank) for blank in blanks]
    grey = [_grey_of(colour) if colour.ndim == 4 else colour for colour in cut]
    papers = [_paper(part, blank) for part, blank in zip(grey, blanks, strict=True)]
    if black is None:
        black = _black(grey, blanks, papers)
    groups, spreads = [], []
    for blank, colour, part, paper in zip(blanks, cut, grey, papers, strict=True):
        depth = np.maximum(paper - np.float32(black), np.float32(40.0))
        patches, reach = _align(blank, colour, part, paper, depth)
        groups.append(patches)
        spreads.append(_spread(patches.dark, reach.bare))
    noise = _noise(spreads)
    paper_level = median(np.concatenate(papers)) if papers else 255.0
    # Ink must clear both the physical floor (a faint pencil line is a fifth as dark as
    # print) and the noise of this scan's paper.
    threshold = max(0.16, 5.0 * noise)
    return PageInk(paper_level, black, noise, threshold), tuple(groups)


def _cut(scan: Rectifier, blank: BlankBoxes) -> NDArray[np.uint8]:
    """Scan patches with ``SLACK_PX`` extra on each side."""
    height, width = blank.print_.shape[1:]
    corners = np.array([box.box_mm[:2] for box in blank.boxes]) - blank.margin_mm
    outer = (height + 2 * SLACK_PX, width + 2 * SLACK_PX)
    return scan.patches(corners - SLACK_PX / PX_PER_MM, outer, PX_PER_MM)


def _grey_of(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, height, width = colour.shape[:3]
    flat = cv2.cvtColor(colour.reshape(count * height, width, 3), cv2.COLOR_BGR2GRAY)
    return np.asarray(flat, np.uint8).reshape(count, height, width)


def _paper(grey: NDArray[np.uint8], blank: BlankBoxes) -> Floats:
    """Level of the paper around each box: ``(n,)``.

    The 70th percentile of pixels without print: marks, even a filled box, cover less than
    a third of the patch.
    """
    if blank.common_in_slack is None:
        inner = grey[:, SLACK_PX:-SLACK_PX, SLACK_PX:-SLACK_PX]
        return _percentiles(inner, blank.bare, (70,))[0]
    found: Floats = np.empty(len(grey), np.float32)
    quantile_at(grey.reshape(len(grey), -1), blank.common_in_slack, 0.7, found)
    return found


def _percentiles(stack: NDArray[np.uint8] | Floats, bare: Bare, q: tuple[int, ...]) -> list[Floats]:
    """Percentiles of the bare pixels of each patch, of all where it has none."""
    if bare.common is not None:
        rows, columns = np.divmod(bare.common, stack.shape[2])
        found = percentiles_of_rows(stack[:, rows, columns], q).T
    else:
        flat = stack.reshape(len(stack), -1)
        lit = [flat[k][free] if free.any() else flat[k] for k, free in enumerate(bare.free)]
        found = np.array([np.percentile(row, q) for row in lit]).reshape(len(stack), len(q))
    return [found[:, k].astype(np.float32) for k in range(len(q))]


def _black(
    parts: Sequence[NDArray[np.uint8]], blanks: Sequence[BlankBoxes], papers: Sequence[Floats]
) -> float:
    """Level of the form's own print on this page."""
    paper = median(np.concatenate(papers)) if papers else 255.0
    dark = [grey.ravel()[blank.dark_at] for grey, blank in zip(parts, blanks, strict=True)]
    values = np.concatenate(dark) if dark else np.empty(0, np.uint8)
    # Boxes that were removed, or slid aside, show paper where print should be.
    values = values[values < 0.75 * paper]
    if values.size < 50:
        # Outlines in a pale tint: fall back to ink that is dark for this paper.
        return 0.35 * paper
    return percentile(values, 30)


def _align(
    blank: BlankBoxes,
    colour: NDArray[np.uint8],
    grey: NDArray[np.uint8],
    paper: Floats,
    depth: Floats,
) -> tuple[BoxPatches, Reach]:
    """Slide each patch to where its own printed outline fits best."""
    shifts = _best_shift(blank, grey, paper, depth)
    count, height, width = blank.print_.shape
    tinted = np.empty((count, height, width, *colour.shape[3:]), np.uint8)
    # Mostly all boxes lie alike: then they are moved at once.
    step = max(1, count) if (shifts == shifts[:1]).all() else 1
    for i in range(0, count, step):
        some, (left, top) = slice(i, i + step), (shifts[i] + SLACK_PX).tolist()
        tinted[some] = colour[some, top : top + height, left : left + width]
    dark: Floats = np.empty(blank.print_.shape, np.float32)
    levels = gapped((count, height, width), _SPREAD_PX)
    darkness(grey, paper, depth, shifts + SLACK_PX, dark, levels)
    spread = dilated_in_gaps(levels, height, _SPREAD_PX)
    reach, added = _subtract(dark, blank)
    # What is missing is summed, so that a whole outline is found to the last digit.
    missing: Floats = np.empty(count, np.float32)
    missing_ink(spread.reshape(count, -1), blank.rim, blank.rim_print, _missing_ink(), missing)
    found = 1.0 - missing / np.maximum(blank.rim_print.sum(axis=1), 1e-6)
    patches = BoxPatches(
        index=blank.index,
        boxes=blank.boxes,
        margin_mm=blank.margin_mm,
        colour=tinted,
        dark=dark,
        print_=blank.share,
        allowed=reach.allowed,
        added=added,
        shift_mm=shifts.astype(np.float64) / PX_PER_MM,
        found=found.astype(np.float64),
        distance=blank.distance,
        own=blank.own,
    )
    vars(patches)["spread"] = spread
    return patches, reach


def _spread_ink(dark: Floats) -> NDArray[np.uint8]:
    levels = dark * np.float32(255.0)
    np.clip(levels, 0, 255, out=levels)
    return dilated(levels.astype(np.uint8), _SPREAD_PX)


@lru_cache(maxsize=1)
def _missing_ink() -> Floats:
    """What each level of darkness lacks of whole ink, as a share of it."""
    share = np.arange(256, dtype=np.float32) / np.float32(0.45 * 255)
    missing: Floats = np.maximum(np.float32(1.0) - share, np.float32(0.0))
    return missing


def _subtract(dark: Floats, blank: BlankBoxes) -> tuple[Reach, Floats]:
    """What print may cover and added darkness, with the spread that most boxes agree on.

    Most boxes of any page are empty, so the median box tells how far this page's print
    reaches; marks cannot widen it.
    """
    added: Floats = np.empty_like(dark)
    left = np.empty(len(dark), np.int64)
    for step in range(len(blank.allowed)):
        reach = blank.reach(step)
        exceeding(dark, reach.limit, blank.wide_rim, added, left)
        if median(left / blank.outline_px) <= _OUTLINE_LEFT:
            break
    return reach, added


def _best_shift(
    blank: BlankBoxes, grey: NDArray[np.uint8], paper: Floats, depth: Floats
) -> NDArray[np.int64]:
    """Whole-pixel shift ``(n, 2)`` as (x, y), found on row and column profiles.

    Profiles are taken near print only, so that a mark in the box does not pull; a box
    outline makes two sharp peaks in each.
    """
    count, height, width = grey.shape
    across, down = np.empty((count, width), np.float32), np.empty((count, height), np.float32)
    profiles(grey, paper, depth, blank.near.view(np.uint8), across, down)
    result = np.zeros((count, 2), np.int64)
    for column, (scan, print_) in enumerate(zip((across, down), blank.profiles, strict=True)):
        length = print_.shape[1]
        scores = np.stack(
            [
                np.einsum("nk,nk->n", scan[:, k : k + length], print_)
                for k in range(2 * SLACK_PX + 1)
            ],
            1,
        )
        # A tie (no print, or none left) stays where the registration put it.
        scores[:, SLACK_PX] *= 1.02
        flat = scores.max(axis=1) <= 1e-6
        result[:, column] = np.where(flat, 0, scores.argmax(axis=1) - SLACK_PX)
    return result


def _spread(dark: Floats, bare: Bare) -> Floats:
    """Half the distance of the 16th and 84th percentiles of bare paper: ``(n,)``."""
    low, high = _percentiles(dark, bare, (16, 84))
    return np.asarray((high - low) / 2, np.float32)


def _noise(spreads: Sequence[Floats]) -> float:
    """Spread of bare paper in darkness units, from the quietest half of the boxes."""
    values = np.concatenate(spreads) if spreads else np.zeros(1)
    values = values[np.isfinite(values)]
    return percentile(values, 25) if values.size else 0.0
