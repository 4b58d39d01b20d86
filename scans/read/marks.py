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

from detectors.instrument import Box, Instrument, Marks
from scans.measure.boxes import BoxPatches, PageInk
from scans.read.circles import CIRCLED, Circle
from scans.read.faint import FAINT, faint_lines
from scans.read.features import Seen, features
from scans.read.foreign import foreign_boxes
from scans.read.habit import Habit
from scans.read.rows import (
    DEFINITE,
    FILLED,
    FLOOR,
    LOOSE,
    MAYBE_CIRCLED,
    State,
    read_row,
)
from scans.types import BoxReading, MarkState

__all__ = ["read_marks", "states_of"]

# Between floor and a definite mark ink must be a stroke of this length.
_STROKE_MM = 1.2
# A circle so much farther out than what it goes around: the rim of a scribble.
_EMPTY = 1.6
# Sheets of two levels written with a dark pen hold crumbs alone in an item or two (dust).
_CRUMBS, _CRUMBS_SHARE = 3, 0.2


def read_marks(
    ink: PageInk,
    groups: Sequence[BoxPatches],
    instrument: Instrument,
    circles: Mapping[int, Circle] | None = None,
    *,
    around: Mapping[int, float] | None = None,
    shades: bool = True,
) -> tuple[BoxReading, ...]:
    """Read all boxes of a page, in the order of the page's list of boxes.

    Args:
        ink: Levels of the page.
        groups: The boxes, circles taken out of their neighbours.
        instrument: How the form is filled.
        circles: The best closed path around each inked box, where the form asks for circles.
        around: Ink beyond boxes that share their item with another inked box, in mm2.
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
            seen[i] = replace(found, around=around[i]) if around and i in around else found
        box_of.update(zip(group.index.tolist(), group.boxes, strict=True))
    seen, states = states_of(seen, box_of, instrument.marks, shades=shades)
    if shades:
        _look_again(seen, states, box_of, groups, ink)
    return tuple(
        BoxReading(
            item=box_of[i].item,
            value=box_of[i].value,
            state=states[i][0],
            ink=round(min(1.0, seen[i].ink), 4),
            confidence=round(states[i][1], 3),
            features={k: round(v, 4) if v else 0.0 for k, v in vars(seen[i]).items()},
        )
        for i in sorted(seen)
    )


def states_of(
    seen: Mapping[int, Seen], box_of: Mapping[int, Box], rule: Marks, *, shades: bool = True
) -> tuple[dict[int, Seen], dict[int, State]]:
    """Judge boxes by their features: each alone, then beside its item and the sheet.

    Args:
        seen: Features by position.
        box_of: The boxes by position.
        rule: How the form is filled.
        shades: False for a scan of two levels.

    Returns:
        The features with what the sheet adds to them, and state and confidence of each box.
    """
    rows = rows_of(box_of)
    habit = Habit.of(rows, seen, shades=shades)
    seen = {i: replace(s, faded=habit.faded(s.peak)) if s.peak else s for i, s in seen.items()}
    for i in foreign_boxes(seen, box_of, rows, habit):
        seen[i] = replace(seen[i], foreign=1.0)
    # Stamps and stains are told by being paler than any pen here; a pen by its own marks.
    for i, s in seen.items():
        share = habit.in_own_ink(s) if s.peak else None
        if share is not None:
            second = float(habit.other_ink(s))
            faded = s.faded if s.foreign else max(s.faded, share)
            seen[i] = replace(s, faded=faded, second=second)
    states: dict[int, State] = {}
    for members in rows:
        row = {i: seen[i] for i in members}
        states.update(read_row(row, {i: _read_box(s, rule) for i, s in row.items()}, rule, habit))
    if not shades:
        _doubt_blanks(rows, seen, states)
    return seen, states


def rows_of(box_of: Mapping[int, Box]) -> list[list[int]]:
    """Positions of the boxes of each item, in the order of the page."""
    rows: dict[str, list[int]] = {}
    for i in sorted(box_of):
        rows.setdefault(box_of[i].item, []).append(i)
    return list(rows.values())


def _look_again(
    seen: Mapping[int, Seen],
    states: dict[int, State],
    box_of: Mapping[int, Box],
    groups: Sequence[BoxPatches],
    ink: PageInk,
) -> None:
    """Search items that seem blank for lines too pale for the threshold: a hard pencil."""
    open_states = (MarkState.EMPTY, MarkState.AMBIGUOUS)
    blank = [
        members
        for members in rows_of(box_of)
        if all(states[i][0] in open_states and seen[i].ink < DEFINITE for i in members)
        and not any(seen[i].foreign for i in members)
    ]
    if not blank:
        return
    lines = faint_lines(groups, {i for members in blank for i in members}, ink)
    best: dict[int, float] = {}
    for members in blank:
        order = sorted(members, key=lambda i: -lines.get(i, 0.0))
        longest, second = (lines.get(i, 0.0) for i in (order + order)[:2])
        if len(order) == 1 or second < 0.35 * longest:
            best[order[0]] = longest
    chosen = [i for i, length in best.items() if length >= FAINT]
    # One pale line may be a fold or the back side; a sheet of them is a pale pencil.
    every = len(chosen) >= 4 and len(chosen) >= 0.6 * len(blank)
    for i in chosen:
        states[i] = (MarkState.MARKED, 0.6) if every else (MarkState.AMBIGUOUS, 0.5)
    if every or (len(chosen) >= 2 and len(chosen) >= 0.3 * len(blank)):
        # Of such a hand no item is surely blank: its line may miss the box, or break up.
        for members in (m for m in blank if not any(states[i][0] is MarkState.MARKED for i in m)):
            best_of = max(members, key=lambda i: (lines.get(i, 0.0), seen[i].near))
            doubt = [i for i in members if lines.get(i, 0.0) >= FAINT or i == best_of]
            states.update(dict.fromkeys(doubt, (MarkState.AMBIGUOUS, 0.5)))


def _doubt_blanks(
    rows: Sequence[Sequence[int]], seen: Mapping[int, Seen], states: dict[int, State]
) -> None:
    """Leave blank items to a person where two levels kept only crumbs of the sheet's pen.

    Of a pale stroke the threshold keeps a few pixels here and none there. A sheet on which
    several items hold crumbs alone has such a pen, and its blank items may have been answered.
    """
    rows = [members for members in rows if all(seen[i].ink < DEFINITE for i in members)]
    blank = [m for m in rows if all(states[i][0] is MarkState.EMPTY for i in m)]
    crumbs = sum(any(states[i][0] is MarkState.AMBIGUOUS for i in m) for m in rows)
    if crumbs >= _CRUMBS and crumbs >= _CRUMBS_SHARE * (crumbs + len(blank)):
        for members in blank:
            most = max(members, key=lambda i: (seen[i].ink, seen[i].near))
            states[most] = (MarkState.AMBIGUOUS, 0.5)


def _read_box(s: Seen, rule: Marks) -> State:
    if s.found < 0.35 and s.ink < DEFINITE:
        # The printed outline is gone and nothing was written in its place.
        return MarkState.ERASED, 0.7
    if s.ink < FLOOR and s.near < 2 * DEFINITE:
        return MarkState.EMPTY, 1.0 - s.ink / FLOOR / 4
    if s.ink < DEFINITE:
        if s.length >= _STROKE_MM or (s.ink >= FLOOR and s.near > DEFINITE):
            return MarkState.MARKED, 0.7
        return (MarkState.EMPTY, 0.6) if s.ink < FLOOR else (MarkState.AMBIGUOUS, 0.5)
    return _marked_or_cancelled(s, rule)


def _marked_or_cancelled(s: Seen, rule: Marks) -> State:
    if rule.correction == "circle":
        # The rim of a scribble is a closed line too, but it does not clear the corners.
        # In a wide cell a scribble's rim goes around next to nothing.
        scribble = s.solid >= LOOSE and (s.beyond < 1.05 or bool(s.wide and s.beyond > _EMPTY))
        if s.round >= CIRCLED and not scribble:
            return MarkState.CANCELLED, min(1.0, s.round)
        if s.round >= CIRCLED and s.solid < FILLED:
            return MarkState.AMBIGUOUS, 0.5
        if s.round >= MAYBE_CIRCLED and not scribble:
            return MarkState.AMBIGUOUS, 0.5
    if rule.correction != "fill" and rule.style in ("cross", "tick") and s.solid >= 0.85:
        # Scribbled out on a form that asks for a cross: no answer that anyone meant, and
        # no correction that the form allows.
        return MarkState.AMBIGUOUS, 0.5
    return MarkState.MARKED, 1.0
