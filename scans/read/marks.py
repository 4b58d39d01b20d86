"""Every answer box into empty, marked, cancelled, erased or ambiguous.

A box holds a mark when ink that the blank does not have covers more than a low physical
floor; real light marks start at 2 % of the box. The largest gap among a page's own boxes
is never used: one scribble moves it and turns crosses into blanks. What the respondent
took back is read as the form says (``[marks] correction``), and everything between two
readings is ``ambiguous``, which a person looks at.

Units: lengths in mm, coverage as a share of the box's visible inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from detectors.instrument import Box, Instrument, Marks
from scans.measure.boxes import BoxPatches, PageInk
from scans.read.circles import CIRCLED, Circle
from scans.read.features import Seen, features
from scans.types import BoxReading, MarkState

__all__ = ["read_marks"]

# Ink on less than this share of a box is dust, a speck of toner or a slip of the pen
# (a 0.4 mm dot in a 5 mm box covers 0.6 %).
_FLOOR = 0.012
# From here ink is a mark even where it is one shapeless blob.
_DEFINITE = 0.05
# Between the two it must be a stroke: this long, or this share of a small box's side.
_STROKE_MM = 1.2
_STROKE_SHARE = 0.4
# Darkness of a mark against the respondent's usual one: full above the first, erased
# below the second where the item holds another mark, worth a look below the third alone.
_FULL = 0.84
_ERASED = 0.79
_PALE = 0.6
# Share of the paper beside a box that a stain or stamp inks and a mark does not.
_OUTSIDE = 0.08
_CLUSTER_MM = 16.0
# Solid share from which a box may be a filled one, and is one.
_LOOSE = 0.35
_FILLED = 0.6
# Share of directions from which a line may be a circle, and a person has to look.
_MAYBE_CIRCLED = 0.65
_HALF_CIRCLED = 0.5
_MORE_INK = 1.4
# A line that strikes a mark out runs this far out of the box on both sides.
_STRIKE_MM = 0.3


def read_marks(
    ink: PageInk,
    groups: Sequence[BoxPatches],
    instrument: Instrument,
    circles: Mapping[int, Circle] | None = None,
    *,
    shades: bool = True,
) -> tuple[BoxReading, ...]:
    """Read all boxes of a page, in the order of the page's list of boxes.

    Args:
        ink: Levels of the page.
        groups: The boxes, circles taken out of their neighbours.
        instrument: How the form is filled.
        circles: The best closed path around each inked box, where the form asks for circles.
        shades: False for a scan of two levels, where a pale mark cannot be told from a dark.
    """
    circles = circles or {}
    seen: dict[int, Seen] = {}
    box_of: dict[int, Box] = {}
    for group in groups:
        for i, found in zip(group.index.tolist(), features(group, ink), strict=True):
            circle = circles.get(i)
            if circle is not None:
                found = replace(found, round=circle.coverage, beyond=circle.beyond)
            seen[i] = found
        box_of.update(zip(group.index.tolist(), group.boxes, strict=True))
    habit = _habit(list(seen.values()))
    usual = _usual_peak(list(seen.values())) if shades else 0.0
    seen = {i: replace(s, faded=s.peak / usual) if usual else s for i, s in seen.items()}
    rows: dict[str, list[int]] = {}
    for i in sorted(seen):
        rows.setdefault(box_of[i].item, []).append(i)
    for i in _foreign(seen, box_of, list(rows.values())):
        seen[i] = replace(seen[i], foreign=1.0)
    states: dict[int, tuple[MarkState, float]] = {}
    for members in rows.values():
        states.update(_read_row({i: seen[i] for i in members}, instrument.marks, habit))
    return tuple(
        BoxReading(
            item=box_of[i].item,
            value=box_of[i].value,
            state=states[i][0],
            ink=round(min(1.0, seen[i].ink), 4),
            confidence=round(states[i][1], 3),
            features={k: round(float(v), 4) for k, v in vars(seen[i]).items()},
        )
        for i in sorted(seen)
    )


def _habit(seen: Sequence[Seen]) -> float:
    """This respondent's usual coverage of a marked box; 0 when too few marks to tell."""
    marks = [s.ink * min(1.0, s.dark) for s in seen if s.ink > 0.1]
    return float(np.median(marks)) if len(marks) >= 3 else 0.0


def _usual_peak(seen: Sequence[Seen]) -> float:
    """How dark this respondent's marks get; 0 when too few marks to tell.

    Pens differ and so do scanners; within one sheet by one hand the darkest sixth of a
    mark is the same to a tenth (99.5 % of 934 honest marks above .88 of their median).
    """
    peaks = [s.peak for s in seen if s.ink > 0.1]
    return float(np.median(peaks)) if len(peaks) >= 4 else 0.0


def _read_row(
    row: Mapping[int, Seen], rule: Marks, habit: float
) -> dict[int, tuple[MarkState, float]]:
    """States of one item's boxes; a doubtful box is judged beside its neighbours."""
    states = {i: _read_box(s, rule) for i, s in row.items()}
    states.update(_faded(row, states))
    firm = [i for i, (state, _) in states.items() if state is MarkState.MARKED]
    if rule.style == "fill":
        states.update(_half_filled(row, firm, habit))
    elif rule.correction == "fill":
        states.update(_filled_out(row, firm))
    if rule.correction == "strike":
        states.update(_struck_out(row, firm, rule))
    if rule.correction == "circle" and len(firm) > 1:
        # One of two marks should be circled: a line halfway round is worth a look.
        # So is the one with much more ink: a tight circle merges with the outline.
        least = min(row[i].ink for i in firm)
        half = [i for i in firm if row[i].round >= _HALF_CIRCLED or row[i].ink >= _MORE_INK * least]
        states.update(dict.fromkeys(half, (MarkState.AMBIGUOUS, 0.5)))
    return states


def _foreign(
    seen: Mapping[int, Seen], box_of: Mapping[int, Box], rows: Sequence[Sequence[int]]
) -> set[int]:
    """Pale ink of something larger than a mark: a stain, a stamp, a marker, the back side.

    It goes on outside the box as densely as inside, or it touches two boxes of one item,
    which erasing one answer does not; pale boxes close to such ones belong to it.
    """
    pale = {
        i
        for i, s in seen.items()
        if (s.ink >= _FLOOR / 2 or s.near >= _DEFINITE) and s.faded < _FULL
    }
    found = {
        i
        for i in pale
        if seen[i].beyond_box >= _OUTSIDE and seen[i].beyond_box >= 0.5 * seen[i].ink
    }
    for members in rows:
        together = pale.intersection(members)
        if len(together) >= 2:
            found |= together
    centre = {i: np.array(box_of[i].box_mm[:2]) for i in pale}
    near = {
        i
        for i in pale - found
        if any(float(np.hypot(*(centre[i] - centre[j]))) < _CLUSTER_MM for j in found)
    }
    return found | near


def _struck_out(
    row: Mapping[int, Seen], firm: Sequence[int], rule: Marks
) -> dict[int, tuple[MarkState, float]]:
    """Marks with a level line through them: taken back beside an open mark of the item.

    Filling a box also leaves ink on both of its sides, so a struck box alone in its item,
    or the one of two that looks more like it, is for a person to judge.
    """
    needed = _STRIKE_MM if rule.style in ("cross", "tick") else 2.0 * _STRIKE_MM
    struck = [i for i in firm if row[i].cross_out >= needed]
    still = [i for i in firm if row[i].cross_out < needed]
    if struck and still:
        return dict.fromkeys(struck, (MarkState.CANCELLED, 0.8))
    if struck:
        return dict.fromkeys(struck, (MarkState.AMBIGUOUS, 0.5))
    if len(still) > 1:
        return dict.fromkeys(
            [i for i in still if row[i].cross_out > 0 or row[i].solid >= _LOOSE],
            (MarkState.AMBIGUOUS, 0.5),
        )
    return {}


def _faded(
    row: Mapping[int, Seen], states: Mapping[int, tuple[MarkState, float]]
) -> dict[int, tuple[MarkState, float]]:
    """Marks far fainter than this respondent's others: erased beside another mark.

    Rubbed out grossly, a mark keeps .45 to .76 of its darkness; honest marks keep .88.
    Alone in its item a faint mark may be the only answer given, so a person has to look.
    """
    open_states = (MarkState.MARKED, MarkState.AMBIGUOUS)
    drawn = [i for i, (state, _) in states.items() if state in open_states and row[i].ink > 0]
    partner = any(row[i].faded >= _FULL for i in drawn)
    result = {}
    for i in drawn:
        faded = row[i].faded
        if row[i].foreign:
            result[i] = (MarkState.AMBIGUOUS, 0.4)
            continue
        if partner and faded < _ERASED:
            result[i] = (MarkState.ERASED, min(1.0, 2.0 * (1.0 - faded)))
        elif faded < (_FULL if partner else _PALE):
            result[i] = (MarkState.AMBIGUOUS, 0.5)
    return result


def _half_filled(
    row: Mapping[int, Seen], firm: Sequence[int], habit: float
) -> dict[int, tuple[MarkState, float]]:
    """Of two filled boxes, one far lighter than this respondent ever fills: ambiguous.

    Half removed, or half made: a person has to look.
    """
    if len(firm) < 2 or habit <= 0:
        return {}
    strength = {i: row[i].ink * min(1.0, row[i].dark) for i in firm}
    if max(strength.values()) <= 0.8 * habit:
        return {}
    core = max(row[i].solid for i in firm)
    return {
        i: (MarkState.AMBIGUOUS, 0.5)
        for i, value in strength.items()
        if value < 0.8 * habit and row[i].solid < 0.6 * core
    }


def _filled_out(row: Mapping[int, Seen], firm: Sequence[int]) -> dict[int, tuple[MarkState, float]]:
    """Where a filled box is a cancelled one: filled beside a drawn mark, or else ambiguous.

    A respondent who fills every box has cancelled none of them, so a filled box counts as
    taken back only when the same item carries a mark that is not filled.
    """
    drawn = [i for i in firm if row[i].solid < _LOOSE]
    states = {}
    for i in firm:
        if row[i].solid >= _FILLED and drawn:
            states[i] = (MarkState.CANCELLED, min(1.0, row[i].solid + 0.2))
        elif row[i].solid >= _LOOSE:
            states[i] = (MarkState.AMBIGUOUS, 0.5)
    return states


def _read_box(s: Seen, rule: Marks) -> tuple[MarkState, float]:
    if s.found < 0.35 and s.ink < _DEFINITE:
        # The printed outline is gone and nothing was written in its place.
        return MarkState.ERASED, 0.7
    if s.ink < _FLOOR and s.near < 2 * _DEFINITE:
        return MarkState.EMPTY, 1.0 - s.ink / _FLOOR / 4
    if s.ink < _DEFINITE:
        if s.length >= _STROKE_MM or (s.ink >= _FLOOR and s.near > _DEFINITE):
            return MarkState.MARKED, 0.7
        return (MarkState.EMPTY, 0.6) if s.ink < _FLOOR else (MarkState.AMBIGUOUS, 0.5)
    return _marked_or_cancelled(s, rule)


def _marked_or_cancelled(s: Seen, rule: Marks) -> tuple[MarkState, float]:
    if rule.correction == "circle":
        # The rim of a scribble is a closed line too, but it does not clear the corners.
        scribble = s.solid >= _LOOSE and s.beyond < 1.05
        if s.round >= CIRCLED and not scribble:
            return MarkState.CANCELLED, min(1.0, s.round)
        if s.round >= CIRCLED and s.solid < _FILLED:
            return MarkState.AMBIGUOUS, 0.5
        if s.round >= _MAYBE_CIRCLED and not scribble:
            return MarkState.AMBIGUOUS, 0.5
    if rule.correction != "fill" and rule.style in ("cross", "tick") and s.solid >= 0.85:
        # Scribbled out on a form that asks for a cross: no answer that anyone meant, and
        # no correction that the form allows.
        return MarkState.AMBIGUOUS, 0.5
    return MarkState.MARKED, 1.0
