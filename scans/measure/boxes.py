"""Rectified patches of all answer boxes, with the blank subtracted.

Darkness is measured in units of the page itself: 0 is the paper around the box, 1 the
form's own print. Exposure, toner and scanner curves cancel out, and a threshold means
the same on a dark photocopy and on a burnt-out scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box
from scans.rectify import Rectifier
from scans.template import PageTemplate
from scans.types import Registration

__all__ = ["PX_PER_MM", "BoxPatches", "PageInk", "measure_boxes"]

Floats = NDArray[np.float32]

PX_PER_MM = 10.0
"""Working resolution of patches: a 0.2 mm pen stroke is two pixels wide."""

# Ink is sensed this far beyond a box; crosses overshoot and ticks stand half outside.
MARGIN_MM = 2.0
# After registration a printed line may still be off by this much; found per box.
_SLACK_PX = 4
# Toner spreads, 1-bit scanners thicken lines and a cramped photo bends them: print
# reaches beyond the blank's by the smallest of these that most boxes of the page agree on.
_PRINT_SPREADS_MM = (0.25, 0.35, 0.45)
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
    raw = []
    chosen = range(len(template.page.boxes)) if only is None else only
    for index, boxes in _groups(template.page.boxes, chosen):
        colour, print_ = _cut(scan, template, boxes, margin_mm)
        grey = colour if colour.ndim == 3 else _grey_of(colour)
        raw.append((index, boxes, colour, grey, print_))
    paper_of = [_paper(grey, print_) for _, _, _, grey, print_ in raw]
    if black is None:
        black = _black([(grey, print_) for _, _, _, grey, print_ in raw], paper_of)
    groups = []
    for (index, boxes, colour, grey, print_), paper in zip(raw, paper_of, strict=True):
        span = np.maximum(paper - black, 40.0)[:, None, None]
        dark = (paper[:, None, None] - grey.astype(np.float32)) / span
        own = _territory(template, margin_mm, tuple(index.tolist()))
        groups.append(_align(index, boxes, margin_mm, colour, dark, print_, own))
    noise = _noise(groups)
    paper_level = float(np.median(np.concatenate(paper_of))) if paper_of else 255.0
    # Ink must clear both the physical floor (a faint pencil line is a fifth as dark as
    # print) and the noise of this scan's paper.
    threshold = max(0.16, 5.0 * noise)
    return PageInk(paper_level, black, noise, threshold), tuple(groups)


def _groups(
    boxes: Sequence[Box], chosen: Iterable[int]
) -> Iterator[tuple[NDArray[np.int64], tuple[Box, ...]]]:
    kinds: dict[tuple[float, float, str], list[int]] = {}
    for i in chosen:
        box = boxes[i]
        key = (round(box.box_mm[2], 1), round(box.box_mm[3], 1), box.shape)
        kinds.setdefault(key, []).append(i)
    for members in kinds.values():
        yield np.array(members, dtype=np.int64), tuple(boxes[i] for i in members)


def _cut(
    scan: Rectifier, template: PageTemplate, boxes: tuple[Box, ...], margin: float
) -> tuple[NDArray[np.uint8], Floats]:
    """Scan patches with ``_SLACK_PX`` extra on each side, and print darkness without it."""
    width, height = boxes[0].box_mm[2], boxes[0].box_mm[3]
    shape = (
        round((height + 2 * margin) * PX_PER_MM),
        round((width + 2 * margin) * PX_PER_MM),
    )
    corners = np.array([box.box_mm[:2] for box in boxes]) - margin
    slack = _SLACK_PX / PX_PER_MM
    outer = (shape[0] + 2 * _SLACK_PX, shape[1] + 2 * _SLACK_PX)
    colour = scan.patches(corners - slack, outer, PX_PER_MM)
    blank = template.at(PX_PER_MM)
    matrix = np.array([[PX_PER_MM, 0, -0.5], [0, PX_PER_MM, -0.5], [0, 0, 1.0]])
    flat = Registration(template.page.number, matrix, None, 0.0, "blank", 1.0, PX_PER_MM)
    print_ = 1.0 - Rectifier(blank, flat).patches(corners, shape, PX_PER_MM) / np.float32(255)
    return colour, print_.astype(np.float32)


def _grey_of(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, height, width = colour.shape[:3]
    flat = cv2.cvtColor(colour.reshape(count * height, width, 3), cv2.COLOR_BGR2GRAY)
    return np.asarray(flat, np.uint8).reshape(count, height, width)


def _inner(stack: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return stack[:, _SLACK_PX:-_SLACK_PX, _SLACK_PX:-_SLACK_PX]


def _paper(grey: NDArray[np.uint8], print_: Floats) -> Floats:
    """Level of the paper around each box: ``(n,)``.

    The 70th percentile of pixels without print: marks, even a filled box, cover less than
    a third of the patch.
    """
    return _percentiles(_inner(grey), print_ < 0.1, (70,))[0]


def _percentiles(
    stack: NDArray[np.uint8] | Floats, mask: NDArray[np.bool_], q: tuple[int, ...]
) -> list[Floats]:
    """Percentiles of the pixels of each patch under ``mask``, of all where it is empty."""
    flat, chosen = stack.reshape(len(stack), -1), mask.reshape(len(stack), -1)
    # Boxes of one size share most of their bare paper: one sort serves them all. A third
    # of the pixels is plenty.
    common = np.flatnonzero(chosen.all(axis=0))[::3]
    if len(common) >= 100:
        found = np.percentile(flat[:, common], q, axis=1).T
    else:
        rows = [flat[k][chosen[k]] if chosen[k].any() else flat[k] for k in range(len(flat))]
        found = np.array([np.percentile(row, q) for row in rows]).reshape(len(stack), len(q))
    return [found[:, k].astype(np.float32) for k in range(len(q))]


def _black(parts: Sequence[tuple[NDArray[np.uint8], Floats]], papers: Sequence[Floats]) -> float:
    """Level of the form's own print on this page."""
    paper = float(np.median(np.concatenate(papers))) if papers else 255.0
    dark = [_inner(grey)[print_ > 0.6] for grey, print_ in parts]
    values = np.concatenate(dark) if dark else np.empty(0, np.uint8)
    # Boxes that were removed, or slid aside, show paper where print should be.
    values = values[values < 0.75 * paper]
    if values.size < 50:
        # Outlines in a pale tint: fall back to ink that is dark for this paper.
        return 0.35 * paper
    return float(np.percentile(values, 30))


def _align(
    index: NDArray[np.int64],
    boxes: tuple[Box, ...],
    margin: float,
    colour: NDArray[np.uint8],
    dark: Floats,
    print_: Floats,
    own: NDArray[np.bool_],
) -> BoxPatches:
    """Slide each patch to where its own printed outline fits best."""
    size = 2 * round(0.5 * PX_PER_MM) + 1
    reach = _spread(print_, size)
    shifts = _best_shift(dark, print_, reach)
    height, width = print_.shape[1:]
    moved = np.empty_like(print_)
    tinted = np.empty((len(dark), height, width, *colour.shape[3:]), np.uint8)
    for i, (dx, dy) in enumerate(shifts):
        top, left = _SLACK_PX + int(dy), _SLACK_PX + int(dx)
        moved[i] = dark[i, top : top + height, left : left + width]
        tinted[i] = colour[i, top : top + height, left : left + width]
    size_mm = (boxes[0].box_mm[2], boxes[0].box_mm[3])
    distance = _signed_distance(print_.shape[1:], size_mm, margin, boxes[0].shape)
    # Labels beside a box are not its outline.
    outline = np.where((np.abs(distance) < 0.5) & (print_ > 0.3), print_, 0.0)
    allowed, added = _subtract(moved, print_, np.abs(distance) < 0.6)
    near = _spread(np.clip(moved, 0.0, 1.2), 5)
    ink = (outline * np.minimum(near / 0.45, 1.0)).sum(axis=(1, 2))
    total = outline.sum(axis=(1, 2))
    found = np.where(total > 0, ink / np.maximum(total, 1e-6), 1.0)
    return BoxPatches(
        index=index,
        boxes=boxes,
        margin_mm=margin,
        colour=tinted,
        dark=moved,
        print_=print_,
        allowed=allowed,
        added=added,
        shift_mm=shifts.astype(np.float64) / PX_PER_MM,
        found=found.astype(np.float64),
        distance=distance,
        own=own,
    )


def _subtract(dark: Floats, print_: Floats, rim: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Allowed print and added darkness, with the spread that most boxes agree on.

    Most boxes of any page are empty, so the median box tells how far this page's print
    reaches; marks cannot widen it.
    """
    for spread in _PRINT_SPREADS_MM:
        allowed = _spread(print_, 2 * round(spread * PX_PER_MM) + 1)
        added = np.clip(dark - 1.15 * allowed, 0.0, 1.5)
        left = ((added > 0.2) & rim).sum(axis=(1, 2))
        outline = np.maximum(((print_ > 0.3) & rim).sum(axis=(1, 2)), 1)
        if float(np.median(left / outline)) <= _OUTLINE_LEFT:
            break
    return allowed, added.astype(np.float32)


def _spread(stack: Floats, size: int) -> Floats:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.stack([np.asarray(cv2.dilate(patch, kernel), np.float32) for patch in stack])


def _best_shift(dark: Floats, print_: Floats, reach: Floats) -> NDArray[np.int64]:
    """Whole-pixel shift ``(n, 2)`` as (x, y), found on row and column profiles.

    Profiles are taken near print only, so that a mark in the box does not pull; a box
    outline makes two sharp peaks in each.
    """
    near = _pad(reach > 0.3)
    masked = np.clip(dark, 0.0, 1.0) * near
    result = np.zeros((len(dark), 2), np.int64)
    for axis, column in ((1, 0), (2, 1)):
        scan, blank = masked.sum(axis=axis), print_.sum(axis=axis)
        blank = blank - blank.mean(axis=1, keepdims=True)
        length = blank.shape[1]
        scores = np.stack(
            [(scan[:, k : k + length] * blank).sum(axis=1) for k in range(2 * _SLACK_PX + 1)], 1
        )
        # A tie (no print, or none left) stays where the registration put it.
        scores[:, _SLACK_PX] *= 1.02
        flat = scores.max(axis=1) <= 1e-6
        result[:, column] = np.where(flat, 0, scores.argmax(axis=1) - _SLACK_PX)
    return result


def _pad(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rim = ((0, 0), (_SLACK_PX, _SLACK_PX), (_SLACK_PX, _SLACK_PX))
    return np.pad(mask, rim, mode="edge")


@lru_cache(maxsize=64)
def _territory(
    template: PageTemplate, margin: float, members: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Pixels of each patch that lie nearer to its own box than to any other."""
    boxes = template.page.boxes
    width, height = boxes[members[0]].box_mm[2:]
    shape = (
        round((height + 2 * margin) * PX_PER_MM),
        round((width + 2 * margin) * PX_PER_MM),
    )
    result = np.ones((len(members), *shape), np.bool_)
    for row, i in enumerate(members):
        x, y, w, h = boxes[i].box_mm
        mine = _signed_distance(shape, (w, h), margin, boxes[i].shape)
        for j, other in enumerate(boxes):
            ox, oy, ow, oh = other.box_mm
            apart = max(ox - x - w, x - ox - ow, oy - y - h, y - oy - oh)
            if j == i or apart > 2 * margin:
                continue
            centre = ((ox + ow / 2) - (x + w / 2), (oy + oh / 2) - (y + h / 2))
            theirs = _signed_distance(shape, (w, h), margin, other.shape, centre, (ow, oh))
            result[row] &= mine <= theirs
    return result


def _signed_distance(
    shape: tuple[int, ...],
    size_mm: tuple[float, float],
    margin: float,
    outline: str,
    centre_mm: tuple[float, float] = (0.0, 0.0),
    other_mm: tuple[float, float] | None = None,
) -> Floats:
    """Distance to an outline of ``other_mm`` at ``centre_mm`` from a patch's own box."""
    height, width = shape
    x = (np.arange(width) + 0.5) / PX_PER_MM - margin - size_mm[0] / 2 - centre_mm[0]
    y = (np.arange(height) + 0.5) / PX_PER_MM - margin - size_mm[1] / 2 - centre_mm[1]
    a, b = (v / 2 for v in (other_mm or size_mm))
    if outline == "ellipse":
        radius = np.hypot(x[None, :] / a, y[:, None] / b)
        return np.asarray((radius - 1.0) * min(a, b), np.float32)
    qx, qy = np.abs(x)[None, :] - a, np.abs(y)[:, None] - b
    outside = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0))
    return np.asarray(outside + np.minimum(np.maximum(qx, qy), 0), np.float32)


def _noise(groups: Sequence[BoxPatches]) -> float:
    """Spread of bare paper in darkness units, from the quietest half of the boxes."""
    spreads = []
    for group in groups:
        low, high = _percentiles(group.dark, group.allowed < 0.05, (16, 84))
        spreads.append((high - low) / 2)
    values = np.concatenate(spreads) if spreads else np.zeros(1)
    values = values[np.isfinite(values)]
    return float(np.percentile(values, 25)) if values.size else 0.0
