"""Doubtful boxes judged beside the other boxes of their item and the sheet's habit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detectors.instrument import Marks
from scans.measure.inks import FEWEST_PX
from scans.read.features import Seen
from scans.read.foreign import PALE
from scans.read.habit import Habit
from scans.types import MarkState

__all__ = ["DEFINITE", "FILLED", "FLOOR", "LOOSE", "MAYBE_CIRCLED", "State", "read_row"]

State = tuple[MarkState, float]

FLOOR = 0.012
"""Ink on less than this share of a box is dust, a speck of toner or a slip of the pen (a
0.4 mm dot in a 5 mm box covers 0.6 %)."""

DEFINITE = 0.05
"""From here ink is a mark even where it is one shapeless blob."""

LOOSE, FILLED = 0.35, 0.6
"""Solid share from which a box may be a filled one, and is one."""

MAYBE_CIRCLED = 0.65
"""Share of directions from which a line may be a circle, and a person has to look."""

# Darkness of a mark against the respondent's usual one: erased below the first where the
# item holds another mark, worth a look below the second alone.
_ERASED, _FAINT = 0.79, 0.6
# A rubbed mark keeps its shape: it covers about what the respondent's marks cover.
_KEEPS_SHAPE, _STAIN = 0.3, 0.42
_THIN = 0.62
# An underlining that runs through a box leaves it this far on both sides.
_LINE_MM = 1.2
_HALF_CIRCLED = 0.5
_MORE_INK = 1.4
# So much more line: beside a mark that was gone over a circled one has no more ink.
_MORE_LINE = 1.3
# A broken line this far from closed is the arms of a cross where nothing replaces the mark.
_SURELY_OPEN = 0.75
_IN_THE_CORNERS = 0.8
# A circle around the only mark of an item leaves no more open than this.
_SURELY_CLOSED = 0.97
# A circle drawn with a gap, beside a mark that nothing goes around.
_NEARLY_CLOSED, _CLEAR = 0.8, 0.85
# A line that strikes a mark out runs this far out of the box on both sides.
_STRIKE_MM = 0.3
# One line through a box leaves most of it open; what is left of a fill under it does not.
_NO_CORE, _ONE_LINE = 0.2, 0.45
# Beside a mark of so many times the ink a sliver of ink is the overshoot of something else.
_DWARFED = 4.0
_STRAY = 0.12
# In the wide cell of a table print may hide a mark: of what is seen of it, so much, so long.
_HIDDEN_INK, _HIDDEN_MM = 0.002, 0.4
# Ink beside a box that may be a mark set wide of it.
_WIDE, _WIDE_MM = 0.04, 1.5


def read_row(
    row: Mapping[int, Seen], alone: Mapping[int, State], rule: Marks, habit: Habit
) -> dict[int, State]:
    """States of one item's boxes.

    Args:
        row: Features of its boxes by position.
        alone: What each box is, looked at by itself.
        rule: How the form is filled.
        habit: How the respondent marks.
    """
    states = dict(alone)
    states.update(_by_habit(row, states, rule, habit))
    states.update(_dwarfed(row, states, rule))
    states.update(_faded(row, states, rule, habit))
    firm = [i for i, (state, _) in states.items() if state is MarkState.MARKED]
    if not habit.peak:
        states.update(_thinned(row, firm, habit))
    if rule.style == "fill":
        states.update(_half_filled(row, firm, habit))
    elif rule.correction == "fill":
        states.update(_filled_out(row, firm, habit))
    if rule.correction == "strike":
        states.update(_struck_out(row, firm, rule, habit))
    if rule.correction == "circle" and len(firm) > 1:
        # One of two marks should be circled: a line halfway round is worth a look.
        # So is the one with much more ink: a tight circle merges with the outline.
        least, shortest = min(row[i].ink for i in firm), min(row[i].length for i in firm)
        half = any(
            row[i].round >= _HALF_CIRCLED
            or row[i].ink >= _MORE_INK * least
            or row[i].length >= _MORE_LINE * shortest
            for i in firm
        )
        # Which of them stands is asked of all: the other may be a line that runs through.
        states.update(dict.fromkeys(firm if half else (), (MarkState.AMBIGUOUS, 0.5)))
    if all(state is MarkState.EMPTY for state, _ in states.values()):
        states.update(_set_wide(row) or _below_print(row))
    return states


def _by_habit(
    row: Mapping[int, Seen], states: Mapping[int, State], rule: Marks, habit: Habit
) -> dict[int, State]:
    """The only inked box of an item: what looks taken back may be this hand's mark.

    Who loops or scribbles all answers has cancelled none of them. A line that is far from
    closed, or that does not clear the corners, is no circle where nothing replaces the mark.
    """
    inked = [i for i, s in row.items() if s.ink >= FLOOR]
    if rule.correction != "circle":
        return {}
    if len(inked) > 1:
        return _circled_beside(row, states, inked)
    if not inked:
        return {}
    i = inked[0]
    s, (state, _) = row[i], states[inked[0]]
    if state not in (MarkState.CANCELLED, MarkState.AMBIGUOUS) or s.ink < DEFINITE:
        return {}
    if habit.scribbler:
        return {i: (MarkState.MARKED, 0.7)}
    if s.solid >= LOOSE:
        return {}
    if s.round < _SURELY_OPEN or (s.round < 0.9 and s.beyond < _IN_THE_CORNERS):
        return {i: (MarkState.MARKED, 0.6)}
    if s.round < _SURELY_CLOSED or s.beyond < _IN_THE_CORNERS:
        # Long arms of a cross close most of the way: with nothing in its place, it is asked.
        return {i: (MarkState.AMBIGUOUS, 0.5)}
    return {}


def _circled_beside(
    row: Mapping[int, Seen], states: Mapping[int, State], inked: Sequence[int]
) -> dict[int, State]:
    """A circle with a gap, around one mark of an item and clear of its corners."""
    nearly = [
        i
        for i in inked
        if states[i][0] is MarkState.AMBIGUOUS
        and not row[i].foreign  # a seal over the box
        and row[i].round >= _NEARLY_CLOSED
        and row[i].beyond >= _CLEAR
        and row[i].solid < LOOSE
    ]
    others = [i for i in inked if i not in nearly]
    if len(nearly) == 1 and all(row[i].round < _HALF_CIRCLED for i in others) and others:
        return {nearly[0]: (MarkState.CANCELLED, 0.7)}
    return {}


def _dwarfed(row: Mapping[int, Seen], states: Mapping[int, State], rule: Marks) -> dict[int, State]:
    """Slivers of ink beside a full mark of the item: a person has to look.

    Where a mark is taken back by a line both marks are of one size: a line that runs through
    another box is larger than a sliver, and still no answer.
    """
    # A circle in a wide cell is more ink than a mark: what was taken back dwarfs no answer there.
    most = max(
        (s.ink for i, s in row.items() if not (s.wide and states[i][0] is MarkState.CANCELLED)),
        default=0.0,
    )
    sliver = _STRAY if rule.correction in ("circle", "strike") else DEFINITE
    return {
        i: (MarkState.AMBIGUOUS, 0.5)
        for i, (state, _) in states.items()
        if state is MarkState.MARKED and row[i].ink < sliver and most > _DWARFED * row[i].ink
    }


def _set_wide(row: Mapping[int, Seen]) -> dict[int, State]:
    """No box holds a mark and ink stands beside one: a tick that missed its box, perhaps."""
    beside = [
        i
        for i, s in row.items()
        if s.near > 3.0 * s.ink
        and ((s.near >= _WIDE and s.length >= _WIDE_MM) or s.tinted >= FEWEST_PX)
    ]
    beside = sorted(beside, key=lambda i: -row[i].near)[:1]
    return dict.fromkeys(beside, (MarkState.AMBIGUOUS, 0.5))


def _below_print(row: Mapping[int, Seen]) -> dict[int, State]:
    """No wide cell holds a mark, and beside its printed word one has a rest of ink."""
    rests = [
        i
        for i, s in row.items()
        if s.wide and s.length >= _HIDDEN_MM and max(s.ink, s.near) >= _HIDDEN_INK
    ]
    rests = sorted(rests, key=lambda i: -row[i].near)[:1]
    return dict.fromkeys(rests, (MarkState.AMBIGUOUS, 0.5))


def _struck_out(
    row: Mapping[int, Seen], firm: Sequence[int], rule: Marks, habit: Habit
) -> dict[int, State]:
    """Marks with a level line through them: taken back beside an open mark of the item.

    Filling a box also leaves ink on both of its sides, so a struck box alone in its item,
    or the one of two that looks more like it, is for a person to judge. But the only ink of
    an item is its answer where this hand marks many items so, or where a form asks for
    filled boxes and nothing is filled under the line: a dash in place of a fill.
    """
    needed = _STRIKE_MM if rule.style in ("cross", "tick") else 2.0 * _STRIKE_MM
    struck = [i for i in firm if row[i].cross_out >= needed]
    still = [i for i in firm if row[i].cross_out < needed]
    if len(struck) == 1 and all(s.ink < FLOOR for i, s in row.items() if i != struck[0]):
        only = row[struck[0]]
        dash = rule.style == "fill" and only.solid < _NO_CORE and only.ink < _ONE_LINE
        # In a wide cell the line runs through a mark: no hand's way to give an answer.
        if dash or (habit.dasher and not only.wide):
            return {struck[0]: (MarkState.MARKED, 0.7)}
    if struck and still:
        return dict.fromkeys(struck, (MarkState.CANCELLED, 0.8))
    if struck:
        return dict.fromkeys(struck, (MarkState.AMBIGUOUS, 0.5))
    if len(still) > 1:
        # In a wide cell the line may end where the mark does: then it is only more ink.
        least = min(row[i].ink for i in still)
        return dict.fromkeys(
            [
                i
                for i in still
                if row[i].cross_out > 0
                or row[i].solid >= LOOSE
                or (row[i].wide and row[i].ink >= _MORE_INK * least)
            ],
            (MarkState.AMBIGUOUS, 0.5),
        )
    return {}


def _faded(
    row: Mapping[int, Seen], states: Mapping[int, State], rule: Marks, habit: Habit
) -> dict[int, State]:
    """Marks far fainter than this respondent's others: erased beside another mark.

    Rubbed out grossly, a mark keeps .45 to .76 of its darkness; honest marks keep .88.
    Alone in its item a faint mark may be the only answer given, and a trace that is smaller
    than a mark may be anything, so a person has to look.
    """
    open_states = (MarkState.MARKED, MarkState.AMBIGUOUS)
    drawn = [i for i, (state, _) in states.items() if state in open_states and row[i].ink > 0]
    # Where a filled box is one that was taken back, it is no mark that replaces another.
    fills = rule.correction == "fill"
    partner = any(row[i].faded >= PALE and not (fills and row[i].solid >= LOOSE) for i in drawn)
    result = {}
    for i in drawn:
        faded = row[i].faded
        if row[i].foreign:
            result[i] = (MarkState.AMBIGUOUS, 0.4)
            continue
        if faded >= _FAINT and habit.other_ink(row[i]):
            continue  # a paler pen, not a paler mark
        if partner and faded < _ERASED:
            if _like_a_mark(row[i], habit):
                result[i] = (MarkState.ERASED, min(1.0, 2.0 * (1.0 - faded)))
            else:
                result[i] = (MarkState.AMBIGUOUS, 0.5)
        elif faded < (PALE if partner else _FAINT):
            result[i] = (MarkState.AMBIGUOUS, 0.5)
    return result


def _like_a_mark(s: Seen, habit: Habit) -> bool:
    """Whether pale ink has the size of this hand's marks and more than a stain's darkness."""
    line = s.cross_out >= _LINE_MM and habit.level < 0.25
    return s.ink >= _KEEPS_SHAPE * habit.ink and s.faded >= _STAIN and not line


def _thinned(row: Mapping[int, Seen], firm: Sequence[int], habit: Habit) -> dict[int, State]:
    """Of two marks on a scan without shades, the one with half the ink: scraped off, or new."""
    if len(firm) < 2 or not habit.ink:
        return {}
    most = max(row[i].ink for i in firm)
    thin = [i for i in firm if row[i].ink < _THIN * min(habit.ink, most)]
    return dict.fromkeys(thin, (MarkState.AMBIGUOUS, 0.5))


def _half_filled(row: Mapping[int, Seen], firm: Sequence[int], habit: Habit) -> dict[int, State]:
    """Of two filled boxes, one far lighter than this respondent ever fills: ambiguous.

    Half removed, or half made: a person has to look.
    """
    if len(firm) < 2 or habit.strength <= 0:
        return {}
    strength = {i: row[i].ink * min(1.0, row[i].dark) for i in firm}
    if max(strength.values()) <= 0.8 * habit.strength:
        return {}
    core = max(row[i].solid for i in firm)
    return {
        i: (MarkState.AMBIGUOUS, 0.5)
        for i, value in strength.items()
        if value < 0.8 * habit.strength and row[i].solid < 0.6 * core
    }


def _filled_out(row: Mapping[int, Seen], firm: Sequence[int], habit: Habit) -> dict[int, State]:
    """Where a filled box is a cancelled one: filled beside a drawn mark, or else ambiguous.

    A respondent who fills every box has cancelled none of them, so a filled box counts as
    taken back only when the same item carries a mark that is not filled; and alone in its
    item it is the answer of a hand that fills most of its boxes.
    """
    drawn = [i for i in firm if row[i].solid < LOOSE]
    if (
        len(firm) == 1
        and habit.filler
        and all(s.ink < FLOOR for i, s in row.items() if i not in firm)
    ):
        return {}
    states: dict[int, State] = {}
    for i in firm:
        if row[i].solid >= FILLED and drawn:
            states[i] = (MarkState.CANCELLED, min(1.0, row[i].solid + 0.2))
        elif row[i].solid >= LOOSE:
            states[i] = (MarkState.AMBIGUOUS, 0.5)
    return states
