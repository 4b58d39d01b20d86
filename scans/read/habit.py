"""How this respondent marks: what a doubtful box is compared with.

Pens, hands and scanners differ from sheet to sheet far more than marks do within one. One
mark an item stands for the respondent, the darkest, so that a stamp or a marker pen across
many boxes does not pass for a habit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scans.measure.inks import FEWEST_PX
from scans.quantiles import median, medians
from scans.read.features import Seen

__all__ = ["Habit"]

# Ink below this share of a box is too little to tell a habit by.
_INKED = 0.1
_FEWEST = 4
# What a hand does in at least this share of its items is its way of marking.
_MOSTLY = 0.6
# Marks with a line out of both sides by so much; who takes answers back does it to a few.
_BOTH_SIDES_MM, _LINED = 0.6, 0.35
# A second pen: so many of the marks, from a little paler to as much darker as one pen's marks
# are, and not much paler than the first. What a rubber left is farther from whole marks.
_OFTEN, _PALER, _DARKER, _LEAST_USUAL = 0.15, -0.08, 0.2, 0.45


@dataclass(frozen=True)
class Habit:
    """A respondent's usual mark; zeros where too few marks tell.

    Attributes:
        marks: How many marks it was learnt from.
        ink: Coverage of a mark.
        peak: Darkness that its darkest sixth reaches.
        warm: Hue of the pen, see :mod:`scans.measure.inks`; also ``green``.
        level: Share of marks that run far out of the box sideways; ``upright``: up and down.
        lined: Share of marks that run out of both sides at all, as if struck out.
        loops: Share of marks around which a line nearly closes: looped or scribbled.
        fills: Share of marks with a solid core.
        hued: Whether hues were seen at all.
        strength: Coverage times darkness of a mark.
        runs_on: Share of the patch's edge that a mark reaches.
        peaks: Darkness of each mark that the habit was learnt from.
    """

    marks: int = 0
    ink: float = 0.0
    peak: float = 0.0
    warm: float = 0.0
    green: float = 0.0
    hued: bool = False
    level: float = 0.0
    lined: float = 0.0
    upright: float = 0.0
    loops: float = 0.0
    fills: float = 0.0
    strength: float = 0.0
    runs_on: float = 0.0
    peaks: tuple[float, ...] = ()

    @staticmethod
    def of(
        rows: Iterable[Sequence[int]], seen: Mapping[int, Seen], *, shades: bool = True
    ) -> Habit:
        """Learn from one mark an item.

        Args:
            rows: Positions of the boxes of each item.
            seen: Features by position.
            shades: False for a scan of two levels: all its ink is black.
        """
        marks = []
        for members in rows:
            inked = [seen[i] for i in members if seen[i].ink > _INKED]
            if inked:
                marks.append(max(inked, key=lambda s: s.peak))
        if len(marks) < 3:
            return Habit()
        tints = [(s.warm, s.green) for s in marks if s.tinted >= FEWEST_PX]
        warm, green = medians(np.array(tints)).tolist() if tints else (0.0, 0.0)
        enough = len(marks) >= _FEWEST
        return Habit(
            marks=len(marks),
            ink=median(np.array([s.ink for s in marks])),
            peak=median(np.array([s.peak for s in marks])) if enough and shades else 0.0,
            warm=warm,
            green=green,
            hued=enough and any(w != 0.0 or g != 0.0 for w, g in tints),
            level=float(np.mean([s.cross_out >= 1.0 for s in marks])),
            lined=float(np.mean([s.cross_out >= _BOTH_SIDES_MM for s in marks])),
            upright=float(np.mean([s.up_and_down >= 0.6 for s in marks])),
            loops=float(np.mean([s.round >= 0.6 for s in marks])) if enough else 0.0,
            fills=float(np.mean([s.solid >= 0.3 for s in marks])) if enough else 0.0,
            strength=median(np.array([s.ink * min(1.0, s.dark) for s in marks])),
            runs_on=median(np.array([s.runs_on for s in marks])),
            peaks=tuple(s.peak for s in marks),
        )

    def faded(self, peak: float) -> float:
        """Darkness of a mark against the usual one; 1 where the sheet has several so pale.

        Who takes another pen half-way leaves marks of two darknesses, and both are usual.
        """
        if not self.peak or not peak:
            return 1.0 if not self.peak else 0.0
        share = peak / self.peak
        alike = sum(_PALER < p / peak - 1.0 < _DARKER for p in self.peaks)
        # The mark itself may be one of them.
        usual = share >= _LEAST_USUAL and alike >= 3 and alike >= _OFTEN * self.marks
        return max(share, 1.0) if usual else share

    @property
    def scribbler(self) -> bool:
        """Most of this hand's marks look like circles or loops."""
        return self.loops >= _MOSTLY

    @property
    def filler(self) -> bool:
        """Most of this hand's marks are filled boxes, whatever the form asks for."""
        return self.fills >= _MOSTLY

    @property
    def dasher(self) -> bool:
        """Lines through the box are how this hand marks: nobody takes back so many answers."""
        return self.marks * self.lined >= _FEWEST and self.lined >= _LINED
