"""What is seen in each box: the numbers behind a reading.

Units: lengths in mm, coverage as a share of the box's visible inside. A mark is no larger
where the box is the wide cell of a table: of such a box as much counts as a mark takes up.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM, BoxPatches, PageInk
from scans.measure.inks import NO_INK, ink_of
from scans.measure.wide_cells import is_wide
from scans.read.cell_strikes import struck_beyond

__all__ = ["Seen", "features"]

# Disc that fits into a scribble or a filled box and not into a pen stroke.
_CORE_MM = 0.9
# Ink on less of a wide cell is no mark that was struck out.
_STRUCK = 0.05
# What a mark takes up at most; boxes made for marking are smaller.
_MOST_PX = 36.0 * PX_PER_MM**2


@dataclass(frozen=True)
class Seen:
    """Features of one box."""

    ink: float = 0.0  # share of the visible inside covered; above 1 in a wide cell
    near: float = 0.0  # ink within 1.2 mm beyond the box, as a share of its inside
    length: float = 0.0  # mm: diagonal of the longest connected stroke in or touching the box
    solid: float = 0.0  # share of the inside covered by a solid core
    dark: float = 0.0  # mean darkness of the ink
    peak: float = 0.0  # darkness that its darkest sixth reaches
    # mm: how far a level line runs out of the box, of a wide cell's mark; the shorter side
    cross_out: float = 0.0
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
    around: float = 0.0  # mm2 of ink 2.5 to 9 mm beyond the box, see scans.read.beyond
    second: float = 0.0  # 1 where hue tells it from most marks; faded is against its own ink then
    foreign: float = 0.0  # 1 where the ink belongs to something larger than a mark
    wide: float = 0.0  # 1 where the box is wider or higher than boxes made for marks


def features(group: BoxPatches, ink: PageInk) -> list[Seen]:
    """Features of the boxes of one size, in the order of the group."""
    wide = is_wide(group)
    result = [Seen(found=float(found), wide=float(wide)) for found in group.found]
    over = group.added > ink.threshold
    mask = over & group.own
    # Most boxes of a page are empty: what costs is done for the others.
    rows = np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))
    if rows.size == 0:
        return result
    mask, open_ = mask[rows], group.allowed[rows] < 0.35
    inside = group.distance < 0.0
    visible = inside[None] & open_
    area = np.clip(_counts(visible), 1.0, _MOST_PX)
    share = _counts(mask & visible) / area
    # The rim of the printed outline is left out: a thick line is no ink of anybody's.
    beside = (group.distance < 0.0) | (group.distance > 0.5) & (group.distance < 1.2)
    zone = beside[None] & mask
    near = _counts(zone) / min(max(1.0, float(inside.sum())), _MOST_PX)
    rim = ((group.distance > 1.0) & (group.distance < 2.0))[None] & open_ & group.own[rows]
    outside = _counts(mask & rim) / np.maximum(_counts(rim), 20)
    written = (share >= 0.002) | (near >= 0.002)
    dark_lines = (group.dark[rows] > ink.threshold) & group.own[rows]
    bridged, upright = (
        _bridged(group, over[rows], dark_lines, rows),
        _upright(group, dark_lines, rows),
    )
    for k in np.flatnonzero(share >= _STRUCK).tolist() if wide else ():
        dark = group.dark[rows[k]] > ink.threshold
        bridged[k] = max(bridged[k], struck_beyond(group, over[rows[k]], dark))
    for k, i in enumerate(rows.tolist()):
        drawn: tuple[float, ...] = (0.0,) * 4
        made_of = NO_INK
        if written[k]:
            drawn = _drawn(group, ink, i, zone[k], dark_lines[k], inside)
            made_of = ink_of(group, i, ink, drawn[3])
        length, solid, dark, peak = drawn
        result[i] = Seen(
            ink=float(share[k]),
            near=float(near[k]),
            length=length,
            solid=solid,
            dark=dark,
            peak=peak,
            cross_out=float(bridged[k]) if written[k] else 0.0,
            up_and_down=float(upright[k]) if written[k] else 0.0,
            found=float(group.found[i]),
            beyond_box=float(outside[k]),
            warm=made_of.warm,
            green=made_of.green,
            width=made_of.width_mm,
            tinted=float(made_of.pixels),
            runs_on=made_of.runs_on,
            wide=float(wide),
        )
    return result


def _drawn(
    group: BoxPatches,
    ink: PageInk,
    i: int,
    zone: NDArray[np.bool_],
    dark_lines: NDArray[np.bool_],
    inside: NDArray[np.bool_],
) -> tuple[float, ...]:
    """Length, solid core, darkness and peak of one box's ink."""
    # Strokes run on under the printed outline: close the gap that subtraction cuts.
    below = dark_lines & (group.distance < 1.2) & (np.abs(group.distance) < 0.6)
    joined = zone | (below & _touches(zone))
    # On pictures of this size the default algorithm takes nearly three times as long.
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        joined.view(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA
    )
    touching = np.zeros(len(stats), np.bool_)
    touching[labels[inside]] = True
    touching[0] = False
    sides = stats[touching, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1]
    length = float(np.hypot(sides[:, 0], sides[:, 1]).max(initial=0.0)) / PX_PER_MM
    values = group.dark[i][zone]
    darkness = float(values.mean()) if values.size else 0.0
    place = min(int(0.84 * values.size), max(0, values.size - 1))
    peak = float(np.partition(values, place)[place]) if values.size else 0.0
    # A core is as dark as its mark, and a pale pencil fills a box as well as a dark pen.
    level = min(2.0 * ink.threshold, max(ink.threshold, 0.6 * peak))
    size = 2 * round(_CORE_MM * PX_PER_MM / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    dark = (group.dark[i] > level).view(np.uint8)
    core = np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, disc), np.uint8)
    room = min(max(1, int(np.count_nonzero(inside))), _MOST_PX)
    solid = int(np.count_nonzero(core[inside])) / room
    return length, solid, darkness, peak


def _counts(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many pixels of each mask are set: four times as fast as sums along axes."""
    return np.array([np.count_nonzero(mask) for mask in masks], np.int64)


def _touches(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kernel = np.ones((7, 7), np.uint8)
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel)).view(np.bool_)


def _any(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(mask.any(axis=axis), np.bool_)


def _places(group: BoxPatches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Millimetres from the box's left and upper side of the columns and rows of a patch."""
    down, across = group.distance.shape
    x = (np.arange(across) + 0.5) / PX_PER_MM - group.margin_mm
    y = (np.arange(down) + 0.5) / PX_PER_MM - group.margin_mm
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def _bridged(
    group: BoxPatches,
    added: NDArray[np.bool_],
    dark_lines: NDArray[np.bool_],
    rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    """How far a level line runs out of boxes ``rows`` on both sides, in mm, the lesser side.

    Only the middle rows count: the arms of a cross leave a box higher and lower, and in
    its middle they do not reach the sides.
    """
    width, height = group.box_size_mm
    x, y = _places(group)
    middle = (y > 0.25 * height) & (y < 0.75 * height)
    within = (x > 0.0) & (x < width)
    if not within.any():
        return np.zeros(len(rows))
    crossed = _any(dark_lines[:, middle], 1)[:, within].mean(axis=1) >= 0.9
    inked = _any(added[:, middle], 1) & _any(group.own[rows][:, middle], 1)
    first, last = x[inked.argmax(axis=1)], x[len(x) - 1 - inked[:, ::-1].argmax(axis=1)]
    out = np.maximum(0.0, np.minimum(-first, last - width))
    return np.where(crossed & _any(inked, 1), out, 0.0)


def _upright(
    group: BoxPatches, dark_lines: NDArray[np.bool_], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """How much of the room above and below boxes an upright line spans, the lesser share.

    Rows of boxes lie close, so room ends where the next box begins.
    """
    width, height = group.box_size_mm
    x, y = _places(group)
    middle = (x > 0.15 * width) & (x < 0.85 * width)
    line, room = _any(dark_lines[:, :, middle], 2), _any(group.own[rows][:, :, middle], 2)
    within = (y > 0.0) & (y < height)
    crossed = line[:, within].mean(axis=1) >= 0.9
    shares = []
    for part in (room & (y < 0.0), room & (y > height)):
        count = part.sum(axis=1)
        shares.append(np.where(count > 0, (line & part).sum(axis=1) / np.maximum(count, 1), -1.0))
    least = np.minimum(*shares)
    return np.where(crossed & (least > 0.0), least, 0.0)
