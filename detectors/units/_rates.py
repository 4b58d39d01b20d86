"""Rates of a unit against its peers: how often something happens on its forms.

Each record gives ``hits`` out of ``tries``; a unit's rate is the sum of the one over the sum
of the other. Two things make honest rates differ. Chance, which is drawn: as many records
of the stratum, without replacement, so that hits that come together on one form stay
together. And the units themselves: the variance between them is measured in the round
(the larger of a median-based and a winsorised estimate, each of which a tenth of odd units
hardly moves, held against what they give for simulated units), and the null is widened by
that much, skewed as rates are, and with heavier tails where few units were there to
measure it. Units that stand out at a q-value of .2 are no peers in a second pass.

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

from detectors.calibration.multiplicity import q_values
from detectors.calibration.tail import HonestDistribution
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._heterogeneity import Heterogeneity

__all__ = ["FEWEST_PEERS", "Rates", "rate_test"]

FEWEST_PEERS = 10
NULL_SCORES = 4000
SUSPECT = 0.2
MOST_SIZES = 24

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
        score, p_value, expected = _twice(
            groups, table.unit[rows], hits[rows], tries[rows], side, rng
        )
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
        names, code = (
            (np.array([""]), np.zeros_like(unit))
            if label is None
            else (np.unique(label, return_inverse=True))
        )
        key = unit * len(names) + code
        present, place, count = np.unique(key, return_inverse=True, return_counts=True)
        of_unit = present // len(names)
        several = np.bincount(of_unit, minlength=1)[of_unit] > 1
        kept = (count >= fewest) & (several | (label is None))
        of_hits = np.bincount(place, hits, minlength=present.size)
        of_tries = np.bincount(place, tries, minlength=present.size)
        for i in np.flatnonzero(kept).tolist():
            name = str(names[present[i] % len(names)])
            if label is None or name:
                found.append(
                    (int(of_unit[i]), name, float(count[i]), of_hits[i], of_tries[i], label is None)
                )
    columns = list(zip(*found, strict=True)) or [()] * 6
    n, h, t = (np.array(column, dtype=np.float64) for column in columns[2:5])
    return _Groups(
        unit=np.array(columns[0], dtype=np.intp),
        name=[str(name) for name in columns[1]],
        n=n,
        hits=h,
        tries=t,
        whole=np.array(columns[5], dtype=bool),
    )


def _twice(
    groups: _Groups,
    unit: Rows,
    hits: Vector,
    tries: Vector,
    side: Callable[[Vector], Vector],
    rng: np.random.Generator,
) -> tuple[Vector, Vector, float]:
    """As :func:`_one_stratum`; units under suspicion are no peers the second time."""
    whole = groups.whole
    first = _one_stratum(groups, whole, hits, tries, side, rng)
    suspect = np.nan_to_num(q_values(np.where(whole, first[1], np.nan)), nan=1.0) <= SUSPECT
    trusted = whole & ~suspect
    if not suspect.any() or trusted.sum() < FEWEST_PEERS:
        return first
    kept = ~np.isin(unit, groups.unit[suspect])
    return _one_stratum(groups, trusted, hits[kept], tries[kept], side, rng)


def _one_stratum(
    groups: _Groups,
    whole: NDArray[np.bool_],
    hits: Vector,
    tries: Vector,
    side: Callable[[Vector], Vector],
    rng: np.random.Generator,
) -> tuple[Vector, Vector, float]:
    """Scores and p-values of the groups of a stratum, and the rate of the typical unit.

    The peers are the groups ``whole``, and ``hits`` and ``tries`` the records of the pool.
    """
    pool = _Pool.of(hits, tries)
    rate = groups.hits / groups.tries
    noise = pool.noise(groups.n)
    if pool.spread <= 1e-14:
        return np.full(rate.shape, np.nan), np.full(rate.shape, np.nan), pool.rate
    bins = [(places, {s: pool.draw(s, rng) for s in sizes}) for places, sizes in _sizes(groups.n)]
    units = np.array([whole[places].sum() for places, _ in bins], dtype=np.float64)
    parts = np.maximum(1, np.round(NULL_SCORES * units / units.sum())).astype(np.intp)
    chance = np.concatenate(
        [next(iter(drawn.values()))[:part] for (_, drawn), part in zip(bins, parts, strict=True)]
    )
    sizes = np.repeat([float(next(iter(drawn))) for _, drawn in bins], parts)
    shape = Heterogeneity.fit(
        rate[whole], noise[whole], chance, pool.noise(sizes), signed=pool.signed, rng=rng
    )
    score = side((rate - shape.centre) / np.sqrt(noise + shape.variance))
    # what odd units add to the pool counts against the claim
    shift = max(0.0, float(side(np.array([pool.rate - shape.centre]))[0]))
    p_value = np.zeros(rate.shape)
    for places, drawn in bins:
        # skewness hangs on the size: the ends of a bin of sizes stand for what lies between
        for size, values in drawn.items():
            own = float(pool.noise(np.array([float(size)]))[0]) + shape.variance
            null = side(values + shape.draw(values.size, rng)) + shift
            p = HonestDistribution.fit(null / np.sqrt(own)).p_value(score[places])
            p_value[places] = np.maximum(p_value[places], p)
    return score, p_value, shape.centre


@dataclass(frozen=True, eq=False)
class _Pool:
    """The records of a stratum by what they count: combinations of hits and tries."""

    combos: NDArray[np.float64]
    counts: Rows
    rate: float
    spread: float
    signed: bool

    @classmethod
    def of(cls, hits: Vector, tries: Vector) -> _Pool:
        combos, counts = np.unique(np.column_stack([hits, tries]), axis=0, return_counts=True)
        rate = float(hits.sum() / tries.sum())
        spread = float(np.var(hits - rate * tries) / tries.mean() ** 2)
        return cls(combos, counts, rate, spread, bool(hits.min() < 0))

    def noise(self, n: Vector) -> Vector:
        """Variance of the rate of ``n`` records drawn."""
        total = float(self.counts.sum())
        variance: Vector = self.spread / n * np.maximum(1.0 - n / total, 1.0 / total)
        return variance

    def draw(self, size: int, rng: np.random.Generator) -> Vector:
        """Rates of ``size`` records, less the rate of the pool."""
        most = min(size, int(self.counts.sum()))
        drawn = rng.multivariate_hypergeometric(self.counts, most, NULL_SCORES) @ self.combos
        off: Vector = drawn[:, 0] / drawn[:, 1] - self.rate
        return off


def _sizes(n: Vector) -> Iterator[tuple[Rows, tuple[int, ...]]]:
    """Groups of nearly one size, with the smallest and the largest size among them."""
    distinct = np.unique(n)
    for part in np.array_split(distinct, min(MOST_SIZES, distinct.size)):
        ends = sorted({int(part[0]), int(part[-1])})
        yield np.flatnonzero((n >= part[0]) & (n <= part[-1])), tuple(ends)
