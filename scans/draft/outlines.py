"""Printed outlines that an answer may go into: squares, rectangles, circles, ovals.

What an outline encloses is a patch of paper with a thin dark rim all around. Letters
enclose paper, too; they stand close to other letters, their line is uneven, and there are
seldom two of one size that stand alone. A ruled table encloses cells; a cell that holds a
box is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import BoxMm
from scans.draft.rims import own_rim, rim_of, stands_alone
from scans.draft.types import Found, Sheet

__all__ = ["Outlines", "find_outlines", "overlap", "tilt_of"]

Mask = NDArray[np.bool_]

# A box is from 2 to 14 mm high and at most 24 wide; a frame to write in is larger.
_LEAST_MM, _HIGHEST_MM, _WIDEST_MM = 1.5, 14.0, 24.0
# Levels, as a share of paper, below which print is dark, and closings in mm that bridge gaps
# of a bad copy; the first that finds a place is believed.
_LOOKS = ((0.70, 0.0), (0.50, 0.0), (0.70, 0.25), (0.86, 0.0))
_RECTANGLE, _SHARP = 0.90, 0.95
_ROUND = (0.70, 0.87)
_IN_COLUMN_MM = 0.4
# A letter's own outline is at most so high or wide, in a box that is at most so large.
_LETTER_MM, _LETTERED_MM = 2.4, 10.0
_SQUARE_MM = 2.0
# Degrees by which pairs of one row differ for the pixels alone, and how many have to agree.
_STEP, _AGREED = 0.05, 6
_STACKED_MM = 3.0, 7.0


class Outlines:
    """What was found on a page.

    Attributes:
        boxes: Outlines that may be answered in.
        cells: Cells of ruled tables that hold nothing, and combs: neighbours share a line.
        frames: Larger rectangles.
        holders: Cells and frames that hold boxes.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self.boxes: list[Found] = []
        self.cells: list[Found] = []
        self.frames: list[Found] = []
        self.holders: list[Found] = []


def overlap(one: BoxMm, other: BoxMm) -> float:
    """Common area as a share of both together."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one[2] * one[3] + other[2] * other[3] - common)


def find_outlines(sheet: Sheet, hidden: Iterable[BoxMm] = ()) -> Outlines:
    """Every outline of a page.

    Args:
        sheet: The page.
        hidden: Places not to look at: codes and fiducials.
    """
    flat = sheet.flat.copy()
    for x, y, width, height in hidden:
        x0, y0, x1, y1 = (round(v * sheet.scale) for v in (x, y, x + width, y + height))
        flat[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 255
    small: list[Found] = []
    large: list[Found] = []
    for level, bridge in _LOOKS:
        dark = flat < level * 255
        if bridge:
            side = max(2, round(bridge * sheet.scale))
            closed = cv2.morphologyEx(
                dark.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)
            )
            dark = closed.astype(bool)
        for found in _enclosed(flat, dark, sheet.scale):
            _, _, width, height = found.box_mm
            fits = height <= _HIGHEST_MM and width <= _WIDEST_MM
            group = small if fits else large
            if all(overlap(found.box_mm, known.box_mm) < 0.3 for known in group):
                group.append(found)
    return _sorted_out(sheet, small, large)


def _enclosed(flat: NDArray[np.uint8], dark: Mask, scale: float) -> list[Found]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~dark).astype(np.uint8), connectivity=4)
    named = np.asarray(labels, dtype=np.int32)
    height, width = dark.shape
    w, h = stats[:, cv2.CC_STAT_WIDTH] / scale, stats[:, cv2.CC_STAT_HEIGHT] / scale
    x, y = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    inside = (x > 0) & (y > 0)
    inside &= (x + stats[:, cv2.CC_STAT_WIDTH] < width) & (
        y + stats[:, cv2.CC_STAT_HEIGHT] < height
    )
    likely = inside & (np.minimum(w, h) >= _LEAST_MM - 0.4) & (h < 0.7 * height / scale)
    likely &= (np.maximum(w, h) <= 6.0 * np.minimum(w, h)) | ((w >= 25) & (h >= 5))
    found = []
    for label in np.flatnonzero(likely):
        if label == 0:
            continue
        one = _outline(flat, dark, named, stats[label], int(label), scale)
        if one is not None:
            found.append(one)
    return found


def _outline(
    flat: NDArray[np.uint8],
    dark: Mask,
    labels: NDArray[np.int32],
    stat: NDArray[np.int32],
    label: int,
    scale: float,
) -> Found | None:
    x, y, w, h = (int(v) for v in stat[:4])
    part = np.asarray(labels[y : y + h, x : x + w] == label, dtype=np.uint8)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros_like(part)
    cv2.drawContours(whole, [max(contours, key=len)], -1, 1, cv2.FILLED)
    share = float(whole.mean())
    if share < _ROUND[0]:
        return None
    ideal = np.zeros_like(part)
    cv2.ellipse(ideal, (((w - 1) / 2, (h - 1) / 2), (w, h), 0.0), 1, cv2.FILLED)
    # The steps of its pixels make a small circle differ from the ideal by more.
    unlike = float(((ideal > 0) != (whole > 0)).mean())
    round_ = share <= _ROUND[1] and unlike < 0.05 + 0.8 / min(w, h)
    if not round_ and share < _RECTANGLE:
        return None
    lines = rim_of(flat, dark, (x, y, w, h), scale)
    if lines is None:
        return None
    lines = own_rim(lines) if round_ else lines
    left, top, right, bottom = lines
    box = (
        (x - left) / scale,
        (y - top) / scale,
        (w + left + right) / scale,
        (h + top + bottom) / scale,
    )
    if min(box[2], box[3]) < _LEAST_MM:
        return None
    small = box[3] <= _HIGHEST_MM and box[2] <= _WIDEST_MM
    sharp = share >= _SHARP and box[2] >= 2.2 and box[3] >= 2.2
    if small and not sharp and not stands_alone(dark, box, scale, lines):
        return None
    if small and round_ and box[3] > 1.25 * box[2]:
        return None  # a nought
    return Found(box, "ellipse" if round_ else "box")


def _sorted_out(sheet: Sheet, small: list[Found], large: list[Found]) -> Outlines:
    out = Outlines()
    out.frames = large
    cells = {id(a) for a in small if any(_touch(a, b) for b in small)}
    small = [b for b in small if not any(_letter_inside(b, a, cell=id(a) in cells) for a in small)]
    holds = [a for a in small if any(b is not a and _within(b, a) for b in small)]
    small = [a for a in small if a not in holds]
    stacked = _stacked(sheet, small)
    others = [*small, *large, *holds]
    tables = {
        id(a)
        for a in small
        if a.shape == "box"  # rings that stand close share no line
        and any(_touch(a, b, beside_only=a in stacked and b in stacked) for b in others)
    }
    out.cells = [a for a in small if id(a) in tables]
    loose = [a for a in small if id(a) not in tables]
    for one in loose:
        mates = [b for b in loose if b is not one and _alike(one, b)]
        if one.shape == "ellipse" and not _in_columns(one, mates):
            continue
        needed = 1 if one.shape == "box" and min(one.box_mm[2:]) >= 2.2 else 2
        if len(mates) >= needed:
            out.boxes.append(one)
        elif one.shape == "box" and min(one.box_mm[2:]) >= 2.2:
            x, y = one.middle
            sheet.notes.append(f"a single box at {x:.0f}, {y:.0f} mm was left out")
    out.holders = [a for a in [*holds, *large] if any(_within(b, a) for b in out.boxes)]
    return out


def _stacked(sheet: Sheet, small: Sequence[Found]) -> list[Found]:
    """Empty squares close below each other: options in narrow lines, no cells of a table."""
    return [
        a
        for a in small
        if a.shape == "box"
        and _STACKED_MM[0] <= a.box_mm[2] <= _STACKED_MM[1]
        and 0.75 < a.box_mm[2] / a.box_mm[3] < 1.11
        and sheet.ink(_core(a.box_mm)) == 0.0
    ]


def _core(box: BoxMm) -> BoxMm:
    x, y, w, h = box
    return (x + 0.25 * w, y + 0.25 * h, 0.5 * w, 0.5 * h)


def _letter_inside(inner: Found, outer: Found, *, cell: bool) -> bool:
    """The paper that a letter printed in a box encloses: of an A, D or 8.

    A square in a cell of a table is a small box, and the cell its place.
    """
    w, h = inner.box_mm[2:]
    if cell and inner.shape == "box" and min(w, h) >= _SQUARE_MM and 0.88 < w / h < 1.14:
        return False
    small = min(w, h) < _LETTER_MM and max(outer.box_mm[2:]) <= _LETTERED_MM
    return small and inner is not outer and _within(inner, outer)


def _in_columns(one: Found, mates: Sequence[Found]) -> bool:
    """Whether most outlines of a size stand below each other, as noughts in a text do not."""
    group = [one, *mates]
    columns = [
        any(
            o is not g
            and abs(o.middle[0] - g.middle[0]) < _IN_COLUMN_MM
            and max(abs(o.box_mm[2] - g.box_mm[2]), abs(o.box_mm[3] - g.box_mm[3])) < 0.25
            for o in group
        )
        for g in group
    ]
    return float(np.mean(columns)) > 0.6


def _within(inner: Found, outer: Found) -> bool:
    x, y, w, h = outer.box_mm
    mx, my = inner.middle
    smaller = inner.box_mm[2] * inner.box_mm[3] < 0.8 * w * h
    return smaller and x < mx < x + w and y < my < y + h


def _touch(one: Found, other: Found, *, beside_only: bool = False) -> bool:
    """Whether two outlines share a line, as cells do; or only one that stands upright."""
    if one is other:
        return False
    a, b = one.box_mm, other.box_mm
    near = 0.15
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    beside = -near < across < 1.2 and down > 0.5 * min(a[3], b[3])
    above = -near < down < 1.2 and across > 0.5 * min(a[2], b[2])
    return beside or (above and not beside_only)


def _alike(one: Found, other: Found) -> bool:
    same = all(
        abs(a - b) <= max(0.35, 0.12 * a)
        for a, b in zip(one.box_mm[2:], other.box_mm[2:], strict=True)
    )
    return same and one.shape == other.shape


def tilt_of(boxes: Sequence[Found]) -> float:
    """By how many degrees rows of boxes fall to the right; 0 where nothing tells.

    Boxes of one row, and of one column, all lean by the same angle; pairs that only happen to
    stand nearly level, as rows of two tables side by side do, lean by any.
    """
    angles, apart = [], []
    for one in boxes:
        for other in boxes:
            across = other.middle[0] - one.middle[0]
            down = other.middle[1] - one.middle[1]
            if not _alike(one, other):
                continue
            if across > 15.0 and abs(down) < 0.09 * across:
                angles.append(np.degrees(np.arctan2(down, across)))
                apart.append(across)
            elif down > 15.0 and abs(across) < 0.09 * down:
                angles.append(np.degrees(np.arctan2(-across, down)))
                apart.append(down)
    return _commonest(np.array(angles), np.array(apart))


def _commonest(angles: NDArray[np.float64], apart: NDArray[np.float64]) -> float:
    """The angle that most pairs agree on, distant ones counting for more; 0 for too few."""
    if not len(angles):
        return 0.0
    steps = np.arange(-5.5, 5.5, _STEP)
    votes = np.convolve(np.histogram(angles, steps, weights=apart)[0], np.ones(5), "same")
    middle = steps[int(votes.argmax())] + _STEP / 2
    near = np.abs(angles - middle) < 2.5 * _STEP
    if near.sum() < _AGREED:
        return 0.0
    # The median by distance: half of the weight lies on either side.
    order = np.argsort(angles[near])
    below = np.cumsum(apart[near][order])
    return float(angles[near][order][np.searchsorted(below, below[-1] / 2)])
