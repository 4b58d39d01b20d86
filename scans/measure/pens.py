"""Which marks of a sheet were made with another pen than the rest.

A pen is four numbers a mark: hue (two), darkness and width of line. One hand with one pen
repeats them from box to box within a few percent, whatever the scanner; the sheet's own
spread says how well. Hue alone tells pens apart: who corrects an answer often goes over the
one that holds, or presses harder, and the same pen is then darker and wider by half. On grey
scans and among black pens nothing is left to tell by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scans.measure.boxes import PX_PER_MM
from scans.measure.inks import FEWEST_PX
from scans.quantiles import median, medians
from scans.types import BoxReading, MarkState

__all__ = [
    *("FEWEST_MARKS", "HUELESS", "Changed", "Odd", "Pen", "changed_items", "hue_apart", "hueless"),
    *("inked_rows", "page_pens", "pen_vector", "runs_far", "sheet_pen"),
]

Floats = NDArray[np.float64]

HUELESS = "marks in black or grey: only an ink of another hue could be seen, and none was"
"""What a check that judges hue alone could not have seen where there is none."""

FEWEST_MARKS = 4
"""Items with one mark each from which a sheet's pen is known."""

# Spreads never fall below these, however even a hand: JPEG, paper and pressure.
_FLOORS = np.array([0.015, 0.015, 0.07, 0.09])
# A filled box tells how well it was filled, not how wide the line is nor how hard it pressed.
_FILLED_FLOORS = np.array([0.02, 0.02, 0.12, 0.4])
_FILLED = 0.3
# A mark gone over and pressed harder has up to so many times the ink, a light one so little; in
# between so many depths are tried.
_MOST_INK, _LEAST_INK_LEFT, _DEPTHS = 2.6, 0.5, 9
# Of a pale line at low resolution JPEG's coarse colour washes hue out into the paper: heavy marks
# were seen with up to .76 more of it.
_WASHED_OUT, _PALER = 0.9, 0.45
# So much more or less darkness or width, in logarithms, makes a mark that other force was put in.
_OTHER_FORCE = 0.2
# A mark's mean darkness, pale edges and gaps included, against its darkest sixth: of filled boxes
# and of lines.
_MEANS = np.array([0.65, 0.8])
# Weights of blue, green and red in darkness.
_GREY = np.array([0.114, 0.587, 0.299])
# A mark is as unlike the sheet as it is unlike its second-nearest single mark, doubled: a
# respondent who took another pen half-way leaves many marks of both.
_NEAREST_WEIGHT = 2.0
_LEAST_INK = 0.03
# A mark that replaces another is drawn like the respondent's: of some size, not a filled
# box, whose ink is too thick to compare, and no pale trace.
_LEAST_SHARE, _LEAST_PEAK, _SOLID = 0.3, 0.45, 0.35
_FILLED_INK, _FILLED_TIMES = 0.5, 1.8
_MOST_RUNS_ON, _LEFT_OVER = 0.12, 0.9
# Of the ink at the box, so much may lie farther out: long ticks had .3 there at most, a slip of a
# pen that ran over the box on its way has as much or more.
_MOST_AROUND = 0.5
# A line that strikes a mark out runs this far out of its box on both sides, and further than the
# sheet's single marks do.
_STRUCK_MM = 0.5
# Inks with less hue are black or grey: two of them are one, for all that is seen.
_NO_HUE = 0.05
_OPEN = (MarkState.MARKED, MarkState.CANCELLED, MarkState.AMBIGUOUS, MarkState.ERASED)


@dataclass(frozen=True, eq=False)
class Pen:
    """The pen of a sheet.

    Attributes:
        middle: float64 ``(4,)``: warm, green, log darkness, log width in mm.
        spread: float64 ``(4,)``: robust spread of the sheet's single marks, floored.
        singles: float64 ``(n, 4)``: the marks it was learnt from.
    """

    middle: Floats
    spread: Floats
    singles: Floats

    def odd(self, vector: Floats, beside: Floats | None = None) -> Odd:
        """How unlike the ink of the sheet's other marks that of one mark is.

        Args:
            vector: float64 ``(4,)``: the mark.
            beside: float64 ``(4,)``: another mark of its item. Who corrects an answer in the pen
                that they took for few others made both with it; one of those others must be
                there, as whoever alters an answer may go over the first mark as well.
        """
        apart = hue_apart(self.middle, vector) / self.spread[:2]
        size = float(np.linalg.norm(apart))
        others = self.singles if beside is None else np.vstack([self.singles, beside])
        near = np.linalg.norm(hue_apart(others, vector) / self.spread[:2], axis=1)
        second = float(np.partition(near, 1)[1])
        kept = min(size, _NEAREST_WEIGHT * second)
        force = (vector - self.middle)[2:] / self.spread[2:]
        return Odd(kept, apart * (kept / size if size > 0 else 0.0), force)


@dataclass(frozen=True, eq=False)
class Odd:
    """A mark against its sheet's pen.

    Attributes:
        score: Distance of hues in the sheet's own spreads.
        apart: float64 ``(2,)``: by number of the hue, scaled to ``score``.
        force: float64 ``(2,)``: darkness and width against the sheet's; shown, not judged.
    """

    score: float
    apart: Floats
    force: Floats


def hue_apart(own: Floats, new: Floats) -> Floats:
    """What of a difference in hue another force of the same pen does not explain.

    Ink laid on twice lets the square of the light through, channel by channel (Bouguer-Lambert):
    blue ink, which takes nearly all red at once, takes more green and then more blue, and turns
    towards black. The mark is held against the nearest depth of the own ink.

    Args:
        own: float64 ``(..., 4)``: pens or marks.
        new: float64 ``(..., 4)``: marks held against them.

    Returns:
        float64 ``(..., 2)``: difference in warm and green.
    """
    own, new = np.broadcast_arrays(own, new)
    change = (new - own)[..., 2:] / _OTHER_FORCE
    heavier = np.clip(change.max(axis=-1), 0.0, 1.0)
    lighter = np.clip(-change.min(axis=-1), 0.0, 1.0)
    least = 1.0 - (1.0 - _LEAST_INK_LEFT) * lighter
    most = 1.0 + (_MOST_INK - 1.0) * heavier
    depth = least[..., None] + (most - least)[..., None] * np.linspace(0.0, 1.0, _DEPTHS)
    turned = _at_depth(own, depth) - _at_depth(own, np.ones_like(depth))
    as_it_is = np.zeros((*own.shape[:-1], 1, 2))
    hue = own[..., None, :2] + np.concatenate([turned, as_it_is], axis=-2)
    between = new[..., None, :2] - hue
    along = (between * hue).sum(axis=-1) / np.maximum(np.square(hue).sum(axis=-1), 1e-6)
    washed = np.clip(along, -_PALER * lighter[..., None], _WASHED_OUT * heavier[..., None])
    left = between - washed[..., None] * hue
    best = np.linalg.norm(left, axis=-1).argmin(axis=-1)
    return np.asarray(np.take_along_axis(left, best[..., None, None], axis=-2)[..., 0, :])


def hueless(own: Floats, new: Floats) -> bool:
    """Whether a pen and a mark, ``(4,)`` each, are both black or grey: nothing tells them apart."""
    return bool(max(np.hypot(*own[:2]), np.hypot(*new[:2])) < _NO_HUE)


def _at_depth(own: Floats, depth: Floats) -> Floats:
    """Hue of inks laid on so many times as thick, ``(..., means x depths, 2)``."""
    warm, green = own[..., 0], own[..., 1]
    rest = (2.0 - green) / 3.0
    shares = np.stack([(rest - warm) / 2.0, (1.0 + green) / 3.0, (rest + warm) / 2.0], axis=-1)
    total = np.exp(own[..., 2]) / np.maximum(shares @ _GREY, 0.05)
    once = np.clip((total[..., None] * shares)[..., None, :] * _MEANS[:, None], 0.0, 0.99)
    taken = 1.0 - (1.0 - once[..., :, None, :]) ** depth[..., None, :, None]
    blue, greens, red = np.moveaxis(taken.reshape(*own.shape[:-1], -1, 3), -1, 0)
    whole = np.maximum(blue + greens + red, 0.05)
    return np.stack([(red - blue) / whole, (2.0 * greens - red - blue) / whole], axis=-1)


def pen_vector(reading: BoxReading) -> Floats:
    """Warm, green, log darkness and log width of a mark: float64 ``(4,)``."""
    f = reading.features
    return np.array(
        [f["warm"], f["green"], np.log(max(f["peak"], 0.05)), np.log(max(f["width"], 0.05))]
    )


def runs_far(reading: BoxReading, share: float) -> bool:
    """Whether more than ``share`` of a mark's ink lies again 2.5 to 9 mm beyond its box."""
    f = reading.features
    return f["around"] > share * f["tinted"] / PX_PER_MM**2


def inked_rows(
    readings: Sequence[BoxReading], rows: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """Boxes by item that hold ink of a pen: no stamps, stains or slivers.

    An item that a stamp or stain touches is left out whole: what else stands in it may be
    a part of it that no measure tells from a mark.
    """
    result = {}
    for item, members in rows.items():
        if any(readings[i].features["foreign"] for i in members):
            continue
        held = tuple(
            i
            for i in members
            if readings[i].state in _OPEN
            and readings[i].ink >= _LEAST_INK
            and readings[i].features["tinted"] >= FEWEST_PX
        )
        if held:
            result[item] = held
    return result


def sheet_pen(readings: Sequence[BoxReading], rows: Mapping[str, Sequence[int]]) -> Pen | None:
    """The pen of the items that hold exactly one mark; ``None`` if too few do."""
    singles = [members[0] for members in rows.values() if len(members) == 1]
    if len(singles) < FEWEST_MARKS:
        return None
    vectors = np.array([pen_vector(readings[i]) for i in singles])
    middle = medians(vectors)
    spread = 1.4826 * medians(np.abs(vectors - middle))
    filled = median(np.array([readings[i].features["solid"] for i in singles])) >= _FILLED
    spread = np.maximum(spread, _FILLED_FLOORS if filled else _FLOORS)
    # Few marks know their own spread badly.
    return Pen(middle, spread * (1.0 + 5.0 / len(singles) ** 2), vectors)


@dataclass(frozen=True, eq=False)
class Changed:
    """An item that holds more than one mark.

    Attributes:
        item: Its id.
        new: Position of the mark that is least like the sheet's pen.
        other: Position of the mark with most ink among the others.
        odd: How unlike the sheet's pen ``new`` is.
        corrected: Whether all marks of the item but one were taken back, as the form asks or by
            a line through them.
        hueless: Whether neither the sheet's pen nor ``new`` has a hue to tell them apart by.
    """

    item: str
    new: int
    other: int
    odd: Odd
    corrected: bool
    hueless: bool


def changed_items(
    readings: Sequence[BoxReading], rows: Mapping[str, Sequence[int]], pen: Pen
) -> list[Changed]:
    """Items with several inked boxes, of which one may be compared with the sheet's pen."""
    marked = [r.features for r in readings if r.state is MarkState.MARKED]
    usual = median(np.array([f["ink"] for f in marked])) if marked else 0.0
    single = [readings[m[0]].features for m in rows.values() if len(m) == 1]
    lined = float(np.quantile([f["cross_out"] for f in single], 0.9)) if single else 0.0
    solid = median(np.array([f["solid"] for f in single])) if single else 0.0
    filler = bool(marked) and median(np.array([f["solid"] for f in marked])) >= _FILLED
    changed = []
    for item, members in rows.items():
        drawn = [i for i in members if _comparable(readings[i], usual, filler=filler)]
        if len(members) < 2 or not drawn:
            continue
        other = {i: max((k for k in members if k != i), key=_ink_of(readings)) for i in drawn}
        odd = {i: pen.odd(pen_vector(readings[i]), pen_vector(readings[other[i]])) for i in drawn}
        new = max(odd, key=lambda i: odd[i].score)
        standing = [i for i in members if not _taken_back(readings[i], lined, solid)]
        changed.append(
            Changed(
                item,
                new,
                other[new],
                odd[new],
                corrected=len(standing) <= 1,
                hueless=hueless(pen.middle, pen_vector(readings[new])),
            )
        )
    return changed


def _ink_of(readings: Sequence[BoxReading]) -> Callable[[int], float]:
    return lambda i: readings[i].ink


def _taken_back(reading: BoxReading, lined: float, solid: float) -> bool:
    """Whether a mark was taken back: as the form asks, or by a line and no scribble.

    Args:
        reading: The mark.
        lined: How far the sheet's single marks run out on both sides, in mm.
        solid: Their solid share.
    """
    f = reading.features
    line = f["cross_out"] >= max(_STRUCK_MM, 1.01 * lined) and f["solid"] < solid + _FILLED
    return reading.state is MarkState.CANCELLED or line


def _comparable(reading: BoxReading, usual: float, *, filler: bool) -> bool:
    """Whether a mark is of the size and make of the sheet's other marks."""
    f = reading.features
    if reading.state in (MarkState.CANCELLED, MarkState.ERASED):
        return False
    if reading.state is MarkState.AMBIGUOUS and f["faded"] < _LEFT_OVER:
        return False  # what is left of an older mark
    if f["ink"] < _LEAST_SHARE * usual or f["faded"] < _LEAST_PEAK:
        return False
    if runs_far(reading, _MOST_AROUND):
        return False  # a line on its way over the box, as slips of the pen are
    filled = f["solid"] >= _SOLID or f["ink"] >= max(_FILLED_INK, _FILLED_TIMES * usual)
    return (filler or not filled) and f["runs_on"] <= _MOST_RUNS_ON


def page_pens(
    readings: Sequence[BoxReading], rows: Mapping[str, Sequence[int]]
) -> NDArray[np.float32]:
    """The sheet's own pen, then the new mark of each changed item.

    Returns:
        float32 ``(1 + changed, 4)`` of pen vectors; ``(0, 4)`` where no pen is known.
    """
    held = inked_rows(readings, rows)
    pen = sheet_pen(readings, held)
    if pen is None:
        return np.zeros((0, 4), np.float32)
    new = [pen_vector(readings[c.new]) for c in changed_items(readings, held, pen)]
    return np.array([pen.middle, *new], np.float32)
