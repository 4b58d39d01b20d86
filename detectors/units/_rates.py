"""Rates of a unit against its peers: how often something happens on its forms.

Each record gives ``hits`` out of ``tries``; a unit's rate is the sum of the one over the sum
of the other. Two things make honest rates differ. Chance, which is drawn: as many records
of the stratum, without replacement, so that hits that come together on one form stay
together. And the units themselves: the variance between them is measured in the round
(the larger of a median-based and a winsorised estimate, each of which a tenth of odd units
does not move), and the null is widened by that much, skewed as rates are, and with heavier
tails where few units were there to measure it.

A batch of a unit is tested against the same peers; the unit keeps its smallest p-value
times the number of its tests.

Reference: Spiegelhalter (2005), over-dispersed funnel plots; Paule & Mandel (1982) for the
variance between units; finite-population draws and the shape of the null: own work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult

__all__ = ["FEWEST_PEERS", "Rates", "rate_test"]

FEWEST_PEERS = 10
NULL_SCORES = 4000
MOST_SIZES = 24
WINSORISED = 0.1
# mean square of a standard normal whose outer tenths are drawn in to their edge
WINSORISED_SQUARE = 0.6779

Vector = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rates:
    """Test of every unit.

    Attributes:
        result: Scores and p-values; observed and expected are rates.
        batch: Unit -> the batch that decided, where it was one and not the unit as a whole.
    """

    result: UnitResult
    batch: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Units and batches of a stratum: who they are, their records and their sums."""

    unit: Rows
    name: list[str]
    n: Vector
    hits: Vector
    tries: Vector
    whole: NDArray[np.bool_]


def rate_test(
    table: RecordTable,
    hits: Vector,
    tries: Vector,
    side: Callable[[Vector], Vector],
    *,
    seed: int,
    fewest: int = FEWEST_RECORDS,
    what: str = "records",
) -> Rates:
    """Test the rate of every unit, stratum by stratum.

    A unit with records in several strata is tested in each and keeps its smallest p-value
    times their number.

    Args:
        table: The records.
        hits: float64 ``(n,)``; at least 0, or signed.
        tries: float64 ``(n,)``; records with 0 or NaN take no part.
        side: ``np.positive`` where a high rate is a sign, ``np.negative`` for a low one.
        seed: Draws the null.
        fewest: Records that a unit or a batch must have.
        what: The records that take part, for the reasons.
    """
    units = len(table.unit_ids)
    rates = Rates(UnitResult.untested(units))
    tests = np.zeros(units, dtype=np.intp)
    usable = table.in_unit & np.isfinite(hits) & (np.nan_to_num(tries) > 0)
    batch = table.column("batch")
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero(usable & (table.stratum == stratum))
        groups = _groups(table.unit[rows], batch[rows], hits[rows], tries[rows], fewest)
        peers = int(groups.whole.sum())
        result = rates.result
        if peers < FEWEST_PEERS:
            why = f"fewer than {FEWEST_PEERS} peer units of {fewest} {what}"
            result.reason.update(dict.fromkeys(groups.unit.tolist(), why))
            continue
        rng = np.random.default_rng([seed, 53, stratum])
        score, p_value, expected = _one_stratum(groups, hits[rows], tries[rows], side, rng)
        for i in np.flatnonzero(np.isfinite(p_value)).tolist():
            unit = int(groups.unit[i])
            tests[unit] += 1
            if not p_value[i] >= result.p_value[unit]:
                result.p_value[unit], result.score[unit] = p_value[i], score[i]
                result.observed[unit] = groups.hits[i] / groups.tries[i]
                result.expected[unit], result.tested[unit] = expected, int(groups.n[i])
                rates.batch[unit] = "" if groups.whole[i] else groups.name[i]
        for unit in groups.unit[~np.isfinite(p_value)].tolist():
            result.reason.setdefault(unit, "the rate is the same everywhere")
    _close(rates, np.bincount(table.unit[usable], minlength=units), tests, fewest, what)
    return rates


def _close(rates: Rates, size: Rows, tests: Rows, fewest: int, what: str) -> None:
    """Pay for several tests of one unit, and give every other unit its reason."""
    result = rates.result
    np.minimum(result.p_value * np.maximum(tests, 1), 1.0, out=result.p_value)
    for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
        result.reason.setdefault(unit, f"fewer than {fewest} {what} (n = {size[unit]})")
    for unit in np.flatnonzero(np.isfinite(result.p_value)).tolist():
        result.reason.pop(unit, None)
    for unit in [unit for unit, batch in rates.batch.items() if not batch]:
        del rates.batch[unit]


def _groups(
    unit: Rows, batch: NDArray[np.str_], hits: Vector, tries: Vector, fewest: int
) -> _Groups:
    """Units of ``fewest`` records, and their batches of as many where they have several."""
    found: list[tuple[int, str, float, float, float, bool]] = []
    for label in (None, batch):
        names, code = (np.array([""]), np.zeros_like(unit)) if label is None else (
            np.unique(label, return_inverse=True)
        )
        key = unit * len(names) + code
        present, place, count = np.unique(key, return_inverse=True, return_counts=True)
        of_unit = present // len(names)
        several = np.bincount(of_unit, minlength=1)[of_unit] > 1
        kept = (count >= fewest) & (several | (label is None))
        h = np.bincount(place, hits, minlength=present.size)
        t = np.bincount(place, tries, minlength=present.size)
        for i in np.flatnonzero(kept).tolist():
            name = str(names[present[i] % len(names)])
            if label is None or name:
                found.append(
                    (int(of_unit[i]), name, float(count[i]), h[i], t[i], label is None)
                )
    columns = list(zip(*found, strict=True)) or [()] * 6
    numbers = [np.array(column, dtype=np.float64) for column in columns[2:5]]
    return _Groups(
        np.array(columns[0], dtype=np.intp),
        [str(name) for name in columns[1]],
        *numbers,
        np.array(columns[5], dtype=bool),
    )


def _one_stratum(
    groups: _Groups,
    hits: Vector,
    tries: Vector,
    side: Callable[[Vector], Vector],
    rng: np.random.Generator,
) -> tuple[Vector, Vector, float]:
    """Scores and p-values of the groups of a stratum, and the rate of the typical unit."""
    pooled = float(hits.sum() / tries.sum())
    whole = groups.whole
    rate = groups.hits / groups.tries
    per_try = float(tries.mean())
    left = np.maximum(1.0 - groups.n / hits.size, 1.0 / hits.size)
    noise = np.var(hits - pooled * tries) / per_try**2 / groups.n * left
    if not np.any(noise > 1e-14):
        empty = np.full(rate.shape, np.nan)
        return empty, empty.copy(), pooled
    centre = _winsorised_mean(rate[whole], groups.tries[whole])
    between = _between(rate[whole] - centre, noise[whole])
    z = (rate - centre) / np.sqrt(noise + between)
    score = side(z)
    combos, counts = np.unique(np.column_stack([hits, tries]), axis=0, return_counts=True)
    shape = _Heterogeneity(centre, between, signed=bool(hits.min() < 0), peers=int(whole.sum()))
    p_value = np.full(rate.shape, np.nan)
    for places, size in _sizes(groups.n):
        drawn = _draw(counts, size, rng) @ combos
        chance = drawn[:, 0] / drawn[:, 1] - pooled
        own = np.var(hits - pooled * tries) / per_try**2 / size * max(1.0 - size / hits.size, 0.0)
        null = (chance + shape.draw(chance.size, rng)) / np.sqrt(max(own, 1e-300) + between)
        p_value[places] = HonestDistribution.fit(side(null)).p_value(score[places])
    return score, p_value, centre


def _sizes(n: Vector) -> Iterator[tuple[Rows, int]]:
    """Groups of nearly one size, with the smallest size among them."""
    distinct = np.unique(n)
    for part in np.array_split(distinct, min(MOST_SIZES, distinct.size)):
        yield np.flatnonzero((n >= part[0]) & (n <= part[-1])), int(part[0])


def _draw(counts: Rows, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``(draws, combinations)``: how many of each are among ``size`` records drawn."""
    drawn = rng.multivariate_hypergeometric(counts, min(size, int(counts.sum())), NULL_SCORES)
    return drawn.astype(np.float64)


def _winsorised_mean(rate: Vector, weight: Vector) -> float:
    low, high = np.quantile(rate, [WINSORISED, 1.0 - WINSORISED])
    return float(np.average(np.clip(rate, low, high), weights=weight))


def _between(off: Vector, noise: Vector) -> float:
    """Variance between units that leaves their z-scores as wide as chance makes them."""

    def excess(variance: float) -> float:
        z = off / np.sqrt(np.maximum(noise + variance, 1e-300))
        middle = 1.4826 * float(np.median(np.abs(z - np.median(z))))
        low, high = np.quantile(z, [WINSORISED, 1.0 - WINSORISED])
        drawn_in = float(np.mean(np.clip(z, low, high) ** 2)) / WINSORISED_SQUARE
        return max(middle**2, drawn_in) - 1.0

    if excess(0.0) <= 0.0:
        return 0.0
    low, high = 0.0, float(np.max(off**2)) + 1e-12
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class _Heterogeneity:
    """How the rates of honest units scatter around the typical one."""

    centre: float
    variance: float
    signed: bool
    peers: int

    def draw(self, count: int, rng: np.random.Generator) -> Vector:
        """``count`` deviations; beta where the rate is a share, else normal."""
        if self.variance <= 0.0:
            return np.zeros(count)
        freedom = max(self.peers - 1, 2) / 2.0
        unsure = np.sqrt(freedom / rng.chisquare(freedom, count))
        middle, variance = self.centre, self.variance
        if self.signed or not 0.0 < middle < 1.0 or variance >= middle * (1.0 - middle):
            return rng.normal(0.0, np.sqrt(variance), count) * unsure
        strength = middle * (1.0 - middle) / variance - 1.0
        share = rng.beta(middle * strength, (1.0 - middle) * strength, count)
        answer: Vector = (share - middle) * unsure
        return answer
