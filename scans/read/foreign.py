"""Ink in a box that no answer is made of: stamps, marker pens, stains, streaks, the back.

Three things give it away: it is larger than a mark (it goes on beyond the box, or touches
several boxes of one item), it is far paler than this respondent's pen, and it is of another
hue. None alone is enough: a second pen has another hue, a faint mark is pale, and a hurried
cross runs out of its box. Only ink all around, where no mark reaches, is told by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from detectors.instrument import Box
from scans.measure.inks import FEWEST_PX
from scans.read.features import Seen
from scans.read.habit import Habit

__all__ = ["PALE", "foreign_boxes"]

PALE = 0.84
"""Darkness against the respondent's usual mark below which ink is pale."""

# Below this share of the usual darkness no pen on the same sheet is expected.
_WASH = 0.6
_LEAST, _NEAR = 0.006, 0.05
# A mark covers more than this share of its box.
_INKED = 0.03
# Share of the paper beside a box that a stain or stamp inks and a mark does not.
_OUTSIDE = 0.08
_CLUSTER_MM = 16.0
# Ink thins to a bluer, never to a browner or redder tone.
_OTHER_WARM, _OTHER_GREEN = 0.12, 0.15
# Stamp pads are red; a red pen makes marks that end near their box.
_RED_WARM, _RED_GREEN = -0.12, 0.15
_RUNS_ON = 0.02
# A line straight through the patch is longer than any mark: an underlining, a streak.
_THROUGH_MM, _THROUGH = 1.8, 0.95
_USUAL = 0.25
# Of the patch's edge: a stamp in black and white, a drawing across the boxes.
_MUCH_RUNS_ON = 0.06
# Ink on the paper around a box, in mm2: beside crosses, struck out or scribbled over, there was .1
# at most on the tuning pages, beside long ticks 1, beside stamps and stains 1.5 to 28. The mark
# that stands by itself has less than this share of it.
_AROUND_MM2, _LEAST_APART = 3.0, 0.25
_LOOP, _FILLED = 0.6, 0.5


def foreign_boxes(
    seen: Mapping[int, Seen],
    box_of: Mapping[int, Box],
    rows: Sequence[Sequence[int]],
    habit: Habit,
) -> set[int]:
    """Positions of boxes whose ink belongs to something larger than a mark.

    Args:
        seen: Features by position.
        box_of: The boxes.
        rows: Positions of the boxes of each item.
        habit: The respondent's.
    """
    inked = {i for i, s in seen.items() if s.ink >= _LEAST or s.near >= _NEAR}
    pale = {i for i in inked if seen[i].faded < PALE}
    odd = {i for i in inked if _odd_hue(seen[i], habit)}
    found = {i for i in pale | odd if _goes_on(seen[i])}
    found |= {i for i in pale & odd if seen[i].faded < _WASH}
    for members in rows:
        for kind in (pale, odd):
            together = kind.intersection(members)
            full = inked.intersection(members) - together
            # Two marks by a paler pen are pale together too; a wash is paler than any pen.
            if len(together) >= 2 and (full or min(seen[i].faded for i in together) < _WASH):
                found |= together
        found |= _lines(members, inked, seen, habit)
        found |= _part_of_more(members, inked, seen)
    centre = {i: np.array(box_of[i].box_mm[:2]) for i in pale | odd}
    near = {
        i
        for i in (pale | odd) - found
        if any(
            float(np.hypot(*(centre[i] - centre[j]))) < _CLUSTER_MM for j in found if j in centre
        )
    }
    return found | near


def _odd_hue(s: Seen, habit: Habit) -> bool:
    """Red on a sheet written in blue or black, or a tone that the pen never thins to."""
    if not habit.hued or s.tinted < FEWEST_PX:
        return False
    if habit.warm > _RED_WARM and s.warm < _RED_WARM and s.green > _RED_GREEN:
        return True
    pale = s.faded < PALE
    return pale and (s.warm < habit.warm - _OTHER_WARM or abs(s.green - habit.green) > _OTHER_GREEN)


def _goes_on(s: Seen) -> bool:
    if s.warm < _RED_WARM and s.green > _RED_GREEN and (s.runs_on >= _RUNS_ON or s.ink < _NEAR):
        return True
    return s.beyond_box >= _OUTSIDE and s.beyond_box >= 0.35 * s.ink


def _part_of_more(members: Sequence[int], inked: set[int], seen: Mapping[int, Seen]) -> set[int]:
    """Boxes whose ink goes on around them, beside a mark of the item that stands by itself."""
    most = max(seen[i].around for i in members)
    if most < _AROUND_MM2:
        return set()
    apart = _LEAST_APART * most
    alone = {i for i in members if seen[i].ink >= _INKED and seen[i].around < apart}
    # What touches the paper beside the item's other boxes is then a part of it as well.
    return inked.intersection(members) - alone if alone else set()


def _lines(
    members: Sequence[int], inked: set[int], seen: Mapping[int, Seen], habit: Habit
) -> set[int]:
    """Lines through a box from edge to edge, and ink that runs on beside another mark."""
    found = set()
    for i in inked.intersection(members):
        s = seen[i]
        through = (habit.level < _USUAL and s.cross_out >= _THROUGH_MM) or (
            habit.upright < _USUAL and s.up_and_down >= _THROUGH
        )
        others = [seen[j] for j in members if j != i and j in inked]
        if through and s.solid < 0.1 and s.ink < 0.9 * max((o.ink for o in others), default=1.0):
            found.add(i)
        larger = s.runs_on >= _MUCH_RUNS_ON and s.runs_on > 2.0 * habit.runs_on
        drawn = s.round >= _LOOP or s.cross_out > 0.0 or s.solid >= _FILLED
        drawn = drawn or any(o.round >= _LOOP for o in others)  # a circle swings over here
        if larger and others and not drawn:
            found.add(i)
    return found
