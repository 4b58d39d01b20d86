"""How much more likely a record is after a certain tampering than before.

Each score learns by committing the tampering on honest records of the stratum:

*Invented*: answers drawn item by item have the right shares and the wrong company. A
record's coherence is how much more often peers give its answers together than apart:
over all pairs of items and over a tree of the closest pairs (:mod:`_lift`), and over all
items at once (:mod:`_classes`). A logistic regression on the three, on level and spread
and on the counts of low answers and of answers off the top tells honest records from
invented ones. Below ``CROSSED`` records all three are learned on other records than they
are used on.

*Edited up*: records with low answers have them raised to the two best. Their share by
number of low answers and of answers off the top, after against before.

Both become the gain ``log(1 - e + e odds)`` of a mixture in which a share ``e`` of the
records was touched, which bounds what one record can say.

Reference: likelihood-ratio scores for mixtures (Lindsay 1995); density ratios by
classification (Sugiyama et al. 2012). The tampering models are own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.units._classes import Density
from detectors.units._features import features_of_codes
from detectors.units._lift import lift_of, lift_scores

__all__ = ["TOUCHED", "Material", "edited_gain", "invented_odds"]

TOUCHED = 0.15
LEARNED = 20_000
CROSSED = 20_000
FOLDS = 5
KNOTS = 6
RIDGE = 1.0
COUNT_BINS = 24

Array = NDArray[np.float64]
Codes = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Material:
    """Records of one stratum.

    Attributes:
        codes: ``(n, items)``, 0 = no answer.
        levels: ``(items,)``.
        level: ``(n,)`` mean level, 0..1.
        not_best: ``(n,)`` answers off the top.
        low: ``(n,)`` answers below the two best.
        spread: ``(n,)`` standard deviation within the record.
        peers: Rows that are taken for honest.
    """

    codes: Codes
    levels: NDArray[np.intp]
    level: Array
    not_best: NDArray[np.integer]
    low: NDArray[np.integer]
    spread: Array
    peers: NDArray[np.intp]


def invented_odds(data: Material, density: Density, rng: np.random.Generator) -> Array:
    """``(n,)`` odds that a record was invented, against honest; 1 where nothing is known."""
    learned = _sample(data.peers, LEARNED, rng)
    false = _invented(data.codes[learned], rng)
    states = int(data.levels.max()) + 1
    coherence, false_coherence = _coherence(data, learned, false, states, rng)
    together = density.records - density.independent(data.codes)
    false_together = density.of_made(false, learned) - density.independent(false)
    found = features_of_codes(false, data.levels)
    columns = [*coherence.T, together, data.level, data.not_best, data.low, data.spread]
    true_ = np.column_stack([column[learned] for column in columns])
    made = np.column_stack(
        [false_coherence, false_together, found.level, found.not_best, found.low, found.spread]
    )
    basis = _Basis.of(np.vstack([true_, made]))
    x = basis.of_rows(np.vstack([true_, made]))
    weight = _logistic(x, np.repeat([0.0, 1.0], [len(learned), len(made)]))
    odds: Array = np.exp(np.clip(basis.combined(columns, weight), -15.0, 8.0))
    return odds


def _coherence(
    data: Material,
    learned: NDArray[np.intp],
    false: Codes,
    states: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """``(n, 2)`` coherence of all records and of the invented ones."""
    if len(data.codes) >= CROSSED:
        lift = lift_of(data.codes[learned], states)
        return lift_scores(data.codes, lift), lift_scores(false, lift)
    coherence, false_coherence = np.empty((len(data.codes), 2)), np.empty((len(false), 2))
    # folds of records, not of units: what a fold learned by chance must not be a unit's
    fold = rng.permutation(len(data.codes)) % FOLDS
    for one in range(FOLDS):
        lift = lift_of(data.codes[learned[fold[learned] != one]], states)
        mine, theirs = fold == one, fold[learned] == one
        coherence[mine] = lift_scores(data.codes[mine], lift)
        false_coherence[theirs] = lift_scores(false[theirs], lift)
    return coherence, false_coherence


def edited_gain(data: Material, rng: np.random.Generator) -> Array | None:
    """``(n,)`` gain of "low answers were raised" against honest; ``None`` without low ones."""
    learned = _sample(data.peers, LEARNED, rng)
    touched = learned[data.low[learned] > 0]
    if touched.size == 0:
        return None
    codes = data.codes[touched]
    is_low = (codes > 0) & (data.levels > 2) & (codes <= data.levels - 2)
    best = is_low & (rng.random(codes.shape) < 0.5)  # the others become second best
    off_after = data.not_best[touched] - best.sum(axis=1)
    most = int(data.not_best.max()) + 1
    width = -(-most // COUNT_BINS)

    def cell(low: NDArray[np.integer], off: NDArray[np.integer]) -> NDArray[np.intp]:
        cells: NDArray[np.intp] = (np.minimum(low, 3) * COUNT_BINS + off // width).astype(np.intp)
        return cells

    of_row = cell(data.low, data.not_best)
    count = 4 * COUNT_BINS
    share = min(1.0, TOUCHED * learned.size / touched.size)
    before = np.bincount(of_row[learned], minlength=count).astype(np.float64)
    leaving = np.bincount(of_row[touched], minlength=count)
    arriving = np.bincount(cell(np.zeros_like(off_after), off_after), minlength=count)
    after = before - share * leaving + share * arriving
    gain: Array = np.log((after + 1.0) / (before + 1.0))
    return gain[of_row]


def _sample(rows: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if rows.size <= most else np.sort(rng.choice(rows, most, replace=False))


def _invented(codes: Codes, rng: np.random.Generator) -> Codes:
    """Answers of each item given to other records, blanks left where they are."""
    made = codes.copy()
    for j in range(codes.shape[1]):
        known = np.flatnonzero(codes[:, j] > 0)
        made[known, j] = codes[rng.permutation(known), j]
    return made


@dataclass(frozen=True, eq=False)
class _Basis:
    """Hinges at quantiles of each column, standardised."""

    knots: tuple[Array, ...]
    mean: Array
    scale: Array

    @classmethod
    def of(cls, rows: Array) -> _Basis:
        knots = tuple(
            np.unique(np.quantile(column, np.linspace(0, 1, KNOTS + 1)[:-1])) for column in rows.T
        )
        raw = _hinges(rows, knots)
        scale = raw.std(axis=0)
        return cls(knots, raw.mean(axis=0), np.where(scale > 1e-9, scale, np.inf))

    def of_rows(self, rows: Array) -> Array:
        x = (_hinges(rows, self.knots) - self.mean) / self.scale
        return np.column_stack([np.ones(len(x)), x])

    def combined(self, columns: Sequence[NDArray[Any]], weight: Array) -> Array:
        """``of_rows @ weight``, by column: a sum of broken lines, read off at their corners."""
        slope = weight[1:] / self.scale
        answer: Array = np.full(len(columns[0]), weight[0] - float(slope @ self.mean))
        at = 0
        for column, knots in zip(columns, self.knots, strict=True):
            own = slope[at : at + knots.size]
            at += knots.size
            ends = [min(column.min(), knots[0]) - 1.0, max(column.max(), knots[-1]) + 1.0]
            corner = np.sort(np.append(knots, ends))
            height = np.maximum(corner[:, None] - knots, 0.0) @ own
            answer += np.interp(column, corner, height)
        return answer


def _hinges(rows: Array, knots: tuple[Array, ...]) -> Array:
    parts = [np.maximum(rows[:, j, None] - own, 0.0) for j, own in enumerate(knots)]
    return np.hstack(parts)


def _logistic(x: Array, y: Array) -> Array:
    """Ridge logistic regression by Newton's method."""
    weight = np.zeros(x.shape[1])
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-6
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ weight, -30.0, 30.0)))
        slope = x.T @ (p - y) + penalty * weight
        curve = (x * (p * (1.0 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weight = weight - np.clip(step, -3.0, 3.0)
        if np.abs(step).max() < 1e-6:
            break
    return weight
