"""The chance that a wrong tier would have passed: a test that may be looked at any time.

A unit's value is the share of satisfied answers. Let record ``i`` hold ``s_i`` satisfied
answers; if its answers are not the respondent's, at worst none of them is. The tier of the
unit is wrong only if the altered records hold at least so many satisfied answers as the
value lies above the tier's cut-off. That is the null hypothesis. Records are asked in random
order; each one that stands is a bet won, each altered one a bet lost. Where the null
hypothesis holds, the stake can be multiplied by ``1 / risk`` with a chance of at most
``risk``, whenever one stops (Ville's inequality).

References:
    Stark, "ALPHA: Audit that Learns from Previously Hand-Audited Ballots", Annals of Applied
    Statistics 17 (2023): the martingale without replacement.
    Waudby-Smith, Stark and Ramdas, "RiLACS: Risk-Limiting Audits via Confidence Sequences",
    E-Vote-ID (2021); Waudby-Smith and Ramdas, JRSS B 86 (2024): betting.
    Stark, "A sharper discrepancy measure for post-election audits" (2008): overstatement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["TierTest", "clean_records_needed", "risks"]

BETS = (0.25, 0.5, 0.75, 0.9, 1.0)
"""Shares of what may be bet at most; the stake is divided equally among them."""


@dataclass(frozen=True, slots=True)
class TierTest:
    """What is tested.

    Attributes:
        records: Records that the value rests on.
        most: The most satisfied answers that one of them holds.
        margin: Satisfied answers that may be lost before the value falls below the cut-off;
            the tier stands while fewer or as many are lost.
    """

    records: int
    most: int
    margin: Fraction

    @classmethod
    def of(
        cls, *, records: int, most: int, satisfied: int, answers: int, cut_off: Fraction
    ) -> TierTest:
        """The test of a value ``satisfied / answers`` that reaches ``cut_off``."""
        return cls(records, most, satisfied - cut_off * answers)

    @property
    def null_mean(self) -> float:
        """The highest mean of :func:`risks`'s observations at which the tier is wrong."""
        total = self.records * self.most
        return float(1 - self.margin / total) if total else 1.0


def risks(test: TierTest, overstated: Sequence[int]) -> NDArray[np.float64]:
    """The risk after each record of a random order.

    Args:
        test: What is tested.
        overstated: Satisfied answers of each record that are not the respondent's: 0 for a
            record that stands, all of them for an altered one.

    Returns:
        ``(n,)`` in [0, 1], never rising: the smallest risk limit at which one could have
        stopped by then. Any stopping rule may be used.
    """
    size = len(overstated)
    found = np.ones(size)
    if size == 0 or test.records == 0 or test.most == 0 or test.margin < 0:
        return found
    if test.margin >= test.records * test.most:
        # Even with every record altered the value reaches the cut-off.
        return np.zeros(size)
    stakes = np.full(len(BETS), 1.0 / len(BETS))
    bets = np.array(BETS)
    left, allowed = test.records, test.records * test.null_mean
    best = 1.0
    for number, lost in enumerate(overstated):
        value = 1.0 - lost / test.most
        mean = allowed / left if left else 1.0
        if mean < 0.0:
            # Even if all that are left were altered, the tier would stand.
            found[number:] = 0.0
            return found
        if mean > 0.0:
            # Where the mean is 1 or above, the null hypothesis cannot be refuted any more.
            stakes = stakes * (1.0 + bets * (value / mean - 1.0)) if mean < 1.0 else stakes * 0.0
        left, allowed = left - 1, allowed - value
        total = float(stakes.sum())
        if total > 0.0:
            best = min(best, 1.0 / total)
        found[number] = best
        if left == 0 and allowed < -1e-9:
            found[number] = best = 0.0
    return found


def clean_records_needed(test: TierTest, limit: float) -> int | None:
    """Records that must stand, without an altered one, until the risk is at ``limit``.

    ``None`` where even all of them would not be enough: the value lies on the cut-off.
    """
    if test.margin <= 0 or test.most == 0:
        return None
    found = risks(test, [0] * test.records)
    enough = np.flatnonzero(found <= limit + 1e-12)
    return int(enough[0]) + 1 if enough.size else None
