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

__all__ = ["FRAUDS", "Fraud", "FraudPlan", "Touched"]

Levels = NDArray[np.intp]


class Fraud(StrEnum):
    """What is done."""

    COPY = "copy"  # records replaced by copies of others with a few answers changed
    STUFFING = "stuffing"  # records added or replaced: best value throughout
    EDIT_UP = "edit_up"  # low answers raised to the two best
    INVENTED = "invented"  # answers made up item by item around the usual values
    BOT = "bot"  # digital: seconds each, constant intervals, one device
    ONE_DEVICE = "one_device"  # digital: one device and account rates for many, by hand


@dataclass(frozen=True, slots=True)
class FraudPlan:
    """How a unit is tampered with.

    Attributes:
        kind: What is done.
        share: Share of the unit's records that it touches.
        edits: Most answers a copyist changes, from none.
        templates: How many records the copies are made from.
    """

    kind: Fraud
    share: float = 0.3
    edits: int = 2
    templates: int = 5


@dataclass(frozen=True, eq=False)
class Touched:
    """Truth of one unit: rows touched and, for copies, the row each was copied from (else -1)."""

    rows: NDArray[np.intp]
    source: NDArray[np.intp]


def _copy(
    levels: Levels, count: NDArray[np.intp], plan: FraudPlan, rng: np.random.Generator
) -> Touched:
    n, k = levels.shape
    rows = _some(n, plan.share, rng)
    others = np.setdiff1d(np.arange(n), rows)
    originals = rng.choice(others, size=min(plan.templates, others.size), replace=False)
    source = rng.choice(originals, size=rows.size)
    levels[rows] = levels[source]
    for row in rows:
        changed = rng.choice(k, size=int(rng.integers(0, plan.edits + 1)), replace=False)
        for j in changed:
            low = max(1, int(count[j]) - 2)
            levels[row, j] = rng.integers(low, count[j] + 1)
    return Touched(rows, source)


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


def _some(n: int, share: float, rng: np.random.Generator) -> NDArray[np.intp]:
    return np.sort(rng.choice(n, size=max(1, round(share * n)), replace=False))


Apply = Callable[[Levels, NDArray[np.intp], FraudPlan, np.random.Generator], Touched]

# A bot and a hand on one device answer the best value; their other traces are in the events.
FRAUDS: Mapping[Fraud, Apply] = {
    Fraud.COPY: _copy,
    Fraud.STUFFING: _stuff,
    Fraud.EDIT_UP: _edit_up,
    Fraud.INVENTED: _invent,
    Fraud.BOT: _stuff,
    Fraud.ONE_DEVICE: _invent,
}
