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

    ink: float  # share of the visible inside covered
    near: float  # ink within 1.2 mm beyond the box, as a share of its inside
    length: float  # mm: diagonal of the longest connected stroke in or touching the box
    solid: float  # share of the inside covered by a solid core
    dark: float  # mean darkness of the ink
    peak: float  # darkness that its darkest sixth reaches
    cross_out: float  # mm: how far a level line runs out of the box on its shorter side
    up_and_down: float  # share of the room above and below that an upright line spans
    residue: float  # darkness left inside where there is no ink, against bare paper
    found: float  # share of the printed outline that is there
    beyond_box: float  # share of the paper 1 to 2 mm outside the box that is inked
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
    inside = group.distance < 0.0
    visible = inside[None] & (group.allowed < 0.35)
    area = np.maximum(visible.sum(axis=(1, 2)), 1.0)
    mask = (group.added > ink.threshold) & group.own
    share = (mask & visible).sum(axis=(1, 2)) / area
    # The rim of the printed outline is left out: a thick line is no ink of anybody's.
    beside = (group.distance < 0.0) | (group.distance > 0.5) & (group.distance < 1.2)
    zone = beside[None] & mask
    near = zone.sum(axis=(1, 2)) / max(1.0, float(inside.sum()))
    rim = (
        ((group.distance > 1.0) & (group.distance < 2.0))[None] & (group.allowed < 0.35) & group.own
    )
    outside = (mask & rim).sum(axis=(1, 2)) / np.maximum(rim.sum(axis=(1, 2)), 20)
    bare = visible & ~mask
    residue = np.where(bare, group.dark, 0).sum(axis=(1, 2)) / np.maximum(bare.sum((1, 2)), 1)
    result = []
    for i in range(len(group.boxes)):
        drawn: tuple[float, ...] = (0.0,) * 6
        made_of = NO_INK
        if share[i] >= 0.002 or near[i] >= 0.002:
            drawn = _drawn(group, ink, i, zone[i], inside)
            made_of = ink_of(group, i, ink)
        length, solid, dark, peak, bridged, upright = drawn
        result.append(
            Seen(
                ink=float(share[i]),
                near=float(near[i]),
                length=length,
                solid=solid,
                dark=dark,
                peak=peak,
                cross_out=bridged,
                up_and_down=upright,
                residue=float(residue[i]),
                found=float(group.found[i]),
                beyond_box=float(outside[i]),
                warm=made_of.warm,
                green=made_of.green,
                width=made_of.width_mm,
                tinted=float(made_of.pixels),
                runs_on=made_of.runs_on,
            )
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
    peak = float(np.percentile(values, 84)) if values.size else 0.0
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
