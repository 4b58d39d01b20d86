"""Frauds with known truth, put into honest answers.

Each works on positions (1 worst to best) of the records of one unit and says which
records it touched. A fraud changes answers, never the honest rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

__all__ = ["FRAUDS", "LENT", "Fraud", "FraudPlan", "Touched", "lent_rows"]

MOOD_KEPT = 0.7
MOOD_SHARE = 0.3
DRIFT_KEPT = 0.6

Levels = NDArray[np.intp]


class Fraud(StrEnum):
    """What is done."""

    COPY = "copy"  # records replaced by copies of others with a few answers changed
    STUFFING = "stuffing"  # records added or replaced: best value throughout
    EDIT_UP = "edit_up"  # low answers raised to the two best
    INVENTED = "invented"  # answers made up item by item around the usual values
    ONE_HAND = "one_hand"  # invented by one person, whose mood drifts over items and forms
    PLAUSIBLE = "plausible"  # records drawn from how people really answer: no trace in answers
    COPY_BETWEEN = "copy_between"  # records replaced by those of another unit
    REUSE = "reuse"  # records replaced by the unit's own of the previous period
    BOT = "bot"  # digital: seconds each, constant intervals, one device
    ONE_DEVICE = "one_device"  # digital: one device and account rates for many, by hand


LENT = frozenset({Fraud.PLAUSIBLE, Fraud.COPY_BETWEEN, Fraud.REUSE})


@dataclass(frozen=True, slots=True)
class FraudPlan:
    """How a unit is tampered with.

    Attributes:
        kind: What is done.
        share: Share of the unit's records that it touches.
        edits: Most answers a copyist changes.
        templates: How many records the copies are made from; each record of another unit or
            period is used once as long as there are enough.
        fewest: Fewest answers a copyist changes.
    """

    kind: Fraud
    share: float = 0.3
    edits: int = 2
    templates: int = 5
    fewest: int = 0


@dataclass(frozen=True, eq=False)
class Touched:
    """Truth of one unit: rows touched and, for copies, the row each was copied from (else -1).

    A copy of another unit or period has its source among the rows it was lent.
    """

    rows: NDArray[np.intp]
    source: NDArray[np.intp]


def lent_rows(
    levels: Levels,
    lent: Levels,
    count: NDArray[np.intp],
    plan: FraudPlan,
    rng: np.random.Generator,
) -> Touched:
    """Replace records by ``lent`` ones: of another unit, of another period, or drawn anew.

    Args:
        levels: ``(n, items)`` positions of the unit's records, changed in place.
        lent: ``(m, items)`` positions to take from, ``m`` at least 1.
        count: ``(items,)`` levels of each item.
        plan: Share and edits.
        rng: Chance.
    """
    rows = _some(len(levels), plan.share, rng)
    source = rng.choice(len(lent), size=rows.size, replace=len(lent) < rows.size)
    levels[rows] = lent[source]
    _edit(levels, rows, count, plan, rng)
    return Touched(rows, source)


def _copy(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    n = len(levels)
    rows = _some(n, plan.share, rng)
    others = np.setdiff1d(np.arange(n), rows)
    originals = rng.choice(others, size=min(plan.templates, others.size), replace=False)
    source = rng.choice(originals, size=rows.size)
    levels[rows] = levels[source]
    _edit(levels, rows, count, plan, rng)
    return Touched(rows, source)


def _edit(
    levels: Levels,
    rows: NDArray[np.intp],
    count: NDArray[np.intp],
    plan: FraudPlan,
    rng: np.random.Generator,
) -> None:
    """A copyist marks some answers anew, among the three best."""
    for row in rows:
        number = int(rng.integers(plan.fewest, plan.edits + 1))
        for j in rng.choice(levels.shape[1], size=number, replace=False):
            low = max(1, int(count[j]) - 2)
            levels[row, j] = rng.integers(low, count[j] + 1)


def _stuff(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    rows = _some(len(levels), plan.share, rng)
    levels[rows] = count
    return Touched(rows, np.full(rows.size, -1))


def _edit_up(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    # whoever raises answers opens the forms that have low ones
    low = np.flatnonzero((levels < count - 1).any(axis=1))
    wanted = max(1, round(plan.share * len(levels)))
    rows = np.sort(rng.permutation(low)[:wanted])
    raised = np.where(rng.random(levels[rows].shape) < 0.5, count, count - 1)
    levels[rows] = np.where(levels[rows] < count - 1, raised, levels[rows])
    return Touched(rows, np.full(rows.size, -1))


def _invent(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    n, k = levels.shape
    rows = _some(n, plan.share, rng)
    # right averages item by item, but nobody's answers hang together
    for j in range(k):
        levels[rows, j] = rng.choice(levels[:, j], size=rows.size)
    return Touched(rows, np.full(rows.size, -1))


def _one_hand(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    n, k = levels.shape
    rows = _some(n, plan.share, rng)
    mood = 0.0
    drift = np.zeros(k)
    usual = np.sort(levels, axis=0)
    for row in rows:
        mood = MOOD_KEPT * mood + np.sqrt(1 - MOOD_KEPT**2) * rng.normal()
        fresh = rng.normal(size=(k,))
        drift[0] = fresh[0]
        for j in range(1, k):
            drift[j] = DRIFT_KEPT * drift[j - 1] + np.sqrt(1 - DRIFT_KEPT**2) * fresh[j]
        latent = np.sqrt(MOOD_SHARE) * mood + np.sqrt(1 - MOOD_SHARE) * drift
        # the usual averages item by item: he knows them, as he sees the forms every day
        place = np.minimum((norm.cdf(latent) * n).astype(np.intp), n - 1)
        levels[row] = usual[place, np.arange(k)]
    return Touched(rows, np.full(rows.size, -1))


def _some(n: int, share: float, rng: np.random.Generator) -> NDArray[np.intp]:
    return np.sort(rng.choice(n, size=max(1, round(share * n)), replace=False))


Apply = Callable[[Levels, NDArray[np.intp], FraudPlan, np.random.Generator], Touched]

# Frauds that work on a unit's own answers; what is lent from elsewhere goes by `lent_rows`.
# A bot and a hand on one device answer the best value; their other traces are in the events.
FRAUDS: Mapping[Fraud, Apply] = {
    Fraud.COPY: _copy,
    Fraud.STUFFING: _stuff,
    Fraud.EDIT_UP: _edit_up,
    Fraud.INVENTED: _invent,
    Fraud.ONE_HAND: _one_hand,
    Fraud.BOT: _stuff,
    Fraud.ONE_DEVICE: _invent,
}
