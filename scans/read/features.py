"""What is seen in each box: the numbers behind a reading.

Units: lengths in mm, coverage as a share of the box's visible inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk
from scans.measure.inks import NO_INK, ink_of

__all__ = ["Seen", "features"]

# Disc that fits into a scribble or a filled box and not into a pen stroke.
_CORE_MM = 0.9


@dataclass(frozen=True)
class Seen:
    """Features of one box."""

    ink: float = 0.0  # share of the visible inside covered
    near: float = 0.0  # ink within 1.2 mm beyond the box, as a share of its inside
    length: float = 0.0  # mm: diagonal of the longest connected stroke in or touching the box
    solid: float = 0.0  # share of the inside covered by a solid core
    dark: float = 0.0  # mean darkness of the ink
    peak: float = 0.0  # darkness that its darkest sixth reaches
    cross_out: float = 0.0  # mm: how far a level line runs out of the box, the shorter side
    up_and_down: float = 0.0  # share of the room above and below that an upright line spans
    found: float = 1.0  # share of the printed outline that is there
    beyond_box: float = 0.0  # share of the paper 1 to 2 mm outside the box that is inked
    round: float = 0.0  # share of directions in which a closed line stands around the box
    beyond: float = 0.0  # distance of that line from the centre, in half diagonals
    faded: float = 1.0  # peak against this respondent's usual one
    warm: float = 0.0  # hue of the ink, see scans.measure.inks
    green: float = 0.0
    width: float = 0.0  # mm: of its line
    tinted: float = 0.0  # pixels on which hue was measured
    runs_on: float = 0.0  # share of the patch's edge that is inked
    foreign: float = 0.0  # 1 where the ink belongs to something larger than a mark


def features(group: BoxPatches, ink: PageInk) -> list[Seen]:
    """Features of the boxes of one size, in the order of the group."""
    result = [Seen(found=float(found)) for found in group.found]
    mask = (group.added > ink.threshold) & group.own
    # Most boxes of a page are empty: what costs is done for the others.
    rows = np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))
    if rows.size == 0:
        return result
    mask, open_ = mask[rows], group.allowed[rows] < 0.35
    inside = group.distance < 0.0
    visible = inside[None] & open_
    area = np.maximum(visible.sum(axis=(1, 2)), 1.0)
    share = (mask & visible).sum(axis=(1, 2)) / area
    # The rim of the printed outline is left out: a thick line is no ink of anybody's.
    beside = (group.distance < 0.0) | (group.distance > 0.5) & (group.distance < 1.2)
    zone = beside[None] & mask
    near = zone.sum(axis=(1, 2)) / max(1.0, float(inside.sum()))
    rim = ((group.distance > 1.0) & (group.distance < 2.0))[None] & open_ & group.own[rows]
    outside = (mask & rim).sum(axis=(1, 2)) / np.maximum(rim.sum(axis=(1, 2)), 20)
    for k, i in enumerate(rows.tolist()):
        drawn: tuple[float, ...] = (0.0,) * 6
        made_of = NO_INK
        if share[k] >= 0.002 or near[k] >= 0.002:
            drawn = _drawn(group, ink, i, zone[k], inside)
            made_of = ink_of(group, i, ink, drawn[3])
        length, solid, dark, peak, bridged, upright = drawn
        result[i] = Seen(
            ink=float(share[k]),
            near=float(near[k]),
            length=length,
            solid=solid,
            dark=dark,
            peak=peak,
            cross_out=bridged,
            up_and_down=upright,
            found=float(group.found[i]),
            beyond_box=float(outside[k]),
            warm=made_of.warm,
            green=made_of.green,
            width=made_of.width_mm,
            tinted=float(made_of.pixels),
            runs_on=made_of.runs_on,
        )
    return result


def _drawn(
    group: BoxPatches,
    ink: PageInk,
    i: int,
    zone: NDArray[np.bool_],
    inside: NDArray[np.bool_],
) -> tuple[float, ...]:
    """Length, solid core, darkness, peak, bridging and standing lines of one box's ink."""
    # Strokes run on under the printed outline: close the gap that subtraction cuts.
    full = (group.dark[i] > ink.threshold) & (group.distance < 1.2) & group.own[i]
    joined = zone | (full & (np.abs(group.distance) < 0.6) & _touches(zone))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        joined.astype(np.uint8), connectivity=8
    )
    length = 0.0
    for label in range(1, count):
        if (labels[inside] == label).any():
            box = stats[label, cv2.CC_STAT_WIDTH], stats[label, cv2.CC_STAT_HEIGHT]
            length = max(length, float(np.hypot(*box)) / PX_PER_MM)
    size = 2 * round(_CORE_MM * PX_PER_MM / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    values = group.dark[i][zone]
    darkness = float(values.mean()) if values.size else 0.0
    place = min(int(0.84 * values.size), max(0, values.size - 1))
    peak = float(np.partition(values, place)[place]) if values.size else 0.0
    # A core is as dark as its mark, and a pale pencil fills a box as well as a dark pen.
    level = min(2.0 * ink.threshold, max(ink.threshold, 0.6 * peak))
    dark = (group.dark[i] > level).astype(np.uint8)
    core = cv2.morphologyEx(dark, cv2.MORPH_OPEN, disc).astype(bool)
    solid = float((core & inside).sum() / max(1, inside.sum()))
    return length, solid, darkness, peak, _bridged(group, ink, i), _upright(group, ink, i)


def _touches(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kernel = np.ones((7, 7), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)


def _bridged(group: BoxPatches, ink: PageInk, i: int) -> float:
    """How far a level line runs out of the box on both sides, in mm, the lesser side.

    Only the middle rows count: the arms of a cross leave a box higher and lower, and in
    its middle they do not reach the sides.
    """
    width, height = group.box_size_mm
    x = (np.arange(group.distance.shape[1]) + 0.5) / PX_PER_MM - group.margin_mm
    y = (np.arange(group.distance.shape[0]) + 0.5) / PX_PER_MM - group.margin_mm
    middle = (y > 0.25 * height) & (y < 0.75 * height)
    lines = (group.dark[i] > ink.threshold) & group.own[i]
    column = lines[middle].any(axis=0)
    within = (x > 0.0) & (x < width)
    if not within.any() or column[within].mean() < 0.9:
        return 0.0
    drawn = x[
        (group.added[i] > ink.threshold)[middle].any(axis=0) & group.own[i][middle].any(axis=0)
    ]
    if drawn.size == 0:
        return 0.0
    return float(max(0.0, min(-drawn.min(), drawn.max() - width)))


def _upright(group: BoxPatches, ink: PageInk, i: int) -> float:
    """How much of the room above and below the box an upright line spans, the lesser share.

    Rows of boxes lie close, so room ends where the next box begins.
    """
    width, height = group.box_size_mm
    x = (np.arange(group.distance.shape[1]) + 0.5) / PX_PER_MM - group.margin_mm
    y = (np.arange(group.distance.shape[0]) + 0.5) / PX_PER_MM - group.margin_mm
    middle = (x > 0.15 * width) & (x < 0.85 * width)
    own = group.own[i][:, middle]
    rows = ((group.dark[i] > ink.threshold)[:, middle] & own).any(axis=1)
    within = (y > 0.0) & (y < height)
    room = own.any(axis=1)
    spans = [rows[part].mean() for part in (room & (y < 0.0), room & (y > height)) if part.any()]
    if len(spans) < 2 or rows[within].mean() < 0.9:
        return 0.0
    return float(min(spans))
