"""Which marks of a sheet were made with another pen than the rest.

A pen is four numbers a mark: hue (two), darkness and width of line. One hand with one pen
repeats them from box to box within a few percent, whatever the scanner; the sheet's own
spread says how well. Hue tells any two pens apart that are not of one ink; on grey scans
darkness and width are left.
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
    *("FEWEST_MARKS", "Changed", "Odd", "Pen", "changed_items", "inked_rows", "page_pens"),
    *("pen_vector", "sheet_pen"),
]

Floats = NDArray[np.float64]

FEWEST_MARKS = 4
"""Items with one mark each from which a sheet's pen is known."""

# Spreads never fall below these, however even a hand: JPEG, paper and pressure.
_FLOORS = np.array([0.015, 0.015, 0.07, 0.09])
# A filled box tells how well it was filled, not how wide the line is nor how hard it pressed.
_FILLED_FLOORS = np.array([0.02, 0.02, 0.12, 0.4])
_FILLED = 0.3
# Pressure, a fold, a slip of the hand change darkness and width; they count this much at most.
_MOST_FORCE = 5.0
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
        """How unlike the sheet's other marks one mark is.

        Args:
            vector: float64 ``(4,)``: the mark.
            beside: float64 ``(4,)``: another mark of its item. Who corrects an answer in the pen
                that they took for few others made both with it; one of those others must be
                there, as whoever alters an answer may go over the first mark as well.
        """
        apart = _limited((vector - self.middle) / self.spread)
        size = float(np.linalg.norm(apart))
        others = self.singles if beside is None else np.vstack([self.singles, beside])
        near = np.linalg.norm(_limited((others - vector) / self.spread), axis=1)
        second = float(np.partition(near, 1)[1])
        kept = min(size, _NEAREST_WEIGHT * second)
        return Odd(kept, apart * (kept / size if size > 0 else 0.0))


@dataclass(frozen=True, eq=False)
class Odd:
    """A mark against its sheet's pen.

    Attributes:
        score: Distance in the sheet's own spreads.
        apart: float64 ``(4,)``: by number of the pen, scaled to ``score``.
    """

    score: float
    apart: Floats


def _limited(apart: Floats) -> Floats:
    result = apart.copy()
    result[..., 2:] = np.clip(result[..., 2:], -_MOST_FORCE, _MOST_FORCE)
    return result


def pen_vector(reading: BoxReading) -> Floats:
    """Warm, green, log darkness and log width of a mark: float64 ``(4,)``."""
    f = reading.features
    return np.array(
        [f["warm"], f["green"], np.log(max(f["peak"], 0.05)), np.log(max(f["width"], 0.05))]
    )


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
    """

    item: str
    new: int
    other: int
    odd: Odd


def changed_items(
    readings: Sequence[BoxReading], rows: Mapping[str, Sequence[int]], pen: Pen
) -> list[Changed]:
    """Items with several inked boxes, of which one may be compared with the sheet's pen."""
    marked = [r.features for r in readings if r.state is MarkState.MARKED]
    usual = median(np.array([f["ink"] for f in marked])) if marked else 0.0
    filler = bool(marked) and median(np.array([f["solid"] for f in marked])) >= _FILLED
    changed = []
    for item, members in rows.items():
        drawn = [i for i in members if _comparable(readings[i], usual, filler=filler)]
        if len(members) < 2 or not drawn:
            continue
        other = {i: max((k for k in members if k != i), key=_ink_of(readings)) for i in drawn}
        odd = {i: pen.odd(pen_vector(readings[i]), pen_vector(readings[other[i]])) for i in drawn}
        new = max(odd, key=lambda i: odd[i].score)
        changed.append(Changed(item, new, other[new], odd[new]))
    return changed


def _ink_of(readings: Sequence[BoxReading]) -> Callable[[int], float]:
    return lambda i: readings[i].ink


def _comparable(reading: BoxReading, usual: float, *, filler: bool) -> bool:
    """Whether a mark is of the size and make of the sheet's other marks."""
    f = reading.features
    if reading.state in (MarkState.CANCELLED, MarkState.ERASED):
        return False
    if reading.state is MarkState.AMBIGUOUS and f["faded"] < _LEFT_OVER:
        return False  # what is left of an older mark
    if f["ink"] < _LEAST_SHARE * usual or f["faded"] < _LEAST_PEAK:
        return False
    if f["around"] > _MOST_AROUND * f["tinted"] / PX_PER_MM**2:
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
