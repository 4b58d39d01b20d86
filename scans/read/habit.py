"""How this respondent marks: what a doubtful box is compared with.

Pens, hands and scanners differ from sheet to sheet far more than marks do within one. One
mark an item stands for the respondent, the darkest, so that a stamp or a marker pen across
many boxes does not pass for a habit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
# Hues of two pens differ by this much at least, those of one pen by a tenth of it. Marks of one ink
# lie within half of it; from three on they say how dark that ink is.
_OTHER_HUE, _SAME_HUE, _KIN = 0.1, 0.05, 3
# Black and grey, and how far from them blue lines are that coarse colour has washed out.
_NEUTRAL, _OFF_NEUTRAL = 0.08, 0.06
# Ink as dark as this shows its own hue, and not that of the paper below.
_SHOWS_HUE = 0.35


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
        hues: Its warm and green; ``nan`` where it has too little ink.
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
    hues: tuple[tuple[float, float], ...] = ()

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
        blank = (math.nan, math.nan)
        hues = [(s.warm, s.green) if s.tinted >= FEWEST_PX else blank for s in marks]
        tints = [hue for hue in hues if hue is not blank]
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
            hues=tuple(hues),
        )

    def faded(self, peak: float) -> float:
        """Darkness of a mark against the usual one; 1 where the sheet has several so pale.

        Who takes another pen half-way leaves marks of two darknesses, and both are usual.
        """
        if not self.peak or not peak:
            return 1.0 if not self.peak else 0.0
        return _against(peak, self.peak, np.array(self.peaks))

    def other_ink(self, s: Seen) -> bool:
        """Whether the hue is another pen's; what is left of a mark keeps the hue of its pen.

        Thin blue ink is bluer than thick and no greener, other inks show more of their own hue;
        black and grey never turn blue.
        """
        return self.hued and s.tinted >= FEWEST_PX and self._other(s.warm, s.green)

    def _other(self, warm: float, green: float) -> bool:
        own = np.array([self.warm, self.green])
        apart = np.array([warm, green]) - own
        if self.warm >= _NEUTRAL:
            return bool(apart[0] < -_OTHER_HUE or apart[1] > _OTHER_HUE)
        size = float(np.hypot(*own))
        if size < _OFF_NEUTRAL / 2:
            return bool(np.hypot(*apart) > _OFF_NEUTRAL)
        if size >= _NEUTRAL:
            apart -= max(0.0, float(apart @ own)) / size**2 * own
        return bool(np.hypot(*apart) > _OTHER_HUE)

    @cached_property
    def two_inks(self) -> bool:
        """Whether several of the marks are in another ink than most."""
        return self.hued and sum(self._other(*hue) for hue in self.hues) >= _KIN

    def in_own_ink(self, s: Seen) -> float | None:
        """Darkness of a mark against the sheet's others of its ink, where hue tells two apart.

        ``None`` where all ink is one pen's, for all that is seen. A mark whose ink hardly shows
        elsewhere has nothing to be paler than: 1.
        """
        other = self.other_ink(s)
        if not self.hued or s.tinted < FEWEST_PX or not (other or self.two_inks):
            return None
        apart = np.array(self.hues) - (s.warm, s.green)
        with np.errstate(invalid="ignore"):
            kin = np.array(self.peaks)[np.hypot(*apart.T) <= _SAME_HUE]
        if len(kin) >= _KIN:
            return _against(s.peak, median(kin), kin)
        return 1.0 if other and s.peak >= _SHOWS_HUE else None

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


def _against(peak: float, usual: float, peaks: NDArray[np.float64]) -> float:
    share = peak / usual
    alike = int(np.count_nonzero((peaks / peak - 1.0 > _PALER) & (peaks / peak - 1.0 < _DARKER)))
    # The mark itself may be one of them.
    often = share >= _LEAST_USUAL and alike >= 3 and alike >= _OFTEN * len(peaks)
    return max(share, 1.0) if often else share
