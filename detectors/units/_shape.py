"""Shape given level: does a unit answer as equally satisfied peers would?

A high level is no sign. So every test compares a unit with its peers tilted to its level
(:mod:`_tilt`), stratum by stratum, in one of five statistics, each nearly the best one
against a kind of tampering: records best throughout, the odds of edited and of invented
answers (:mod:`_odds`), spread within records, and near duplicates (:mod:`_alike`).

The scores only rank. Their null are pseudo-units: as many records as the unit has, drawn
from the peers at its level. All tests are made on the same pseudo-units, so that the
smallest p-value of a unit is calibrated as such. Scores are divided by the spread that
honest units really show (:mod:`detectors.calibration.rounds`), pseudo-rounds by theirs.

A tampered unit is no peer: units that stand out are left out of the peers and of what the
statistics learn, those far out of the spread as well, and all is done again, three times at
most. A trusted baseline, where there is one, takes the peers' place from the start. A unit of
several strata is judged in each and over all of them (:mod:`_across`).

Reference: pseudo-unit calibration, choice of statistics and the second pass: own work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from detectors.calibration.multiplicity import q_values
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult
from detectors.units._across import Across, Part, across
from detectors.units._features import features_of
from detectors.units._power import SIZES
from detectors.units._pseudo import Draws
from detectors.units._stratum import Judged, Stratum

__all__ = ["TESTS", "Shape", "shape_of"]

# What a test may spend of the false-alarm rate. Edits show by far and need little; with twice
# as much for them more honest units were flagged beside frauds, and fewer invented ones. Added
# all-best records are hidden by the level of the unit: at 15 % of 150 records and 76 % best
# answers their efficient score is 1.8 standard deviations at best, so that more would buy
# little and cost the copied and invented ones that can be seen. The spread within records is
# a sign beside others alone: a desk that shows people how to mark has even records from half of
# them, no tampering of the lab needs it, and by itself it accused honest units.
TESTS: Mapping[str, float] = {
    "answers.all_best": 0.16,
    "answers.tail_deficit": 0.06,
    "answers.incoherence": 0.53,
    "answers.spread": 0.0,
    "answers.unit_twins": 0.25,
}
# the tampering that a test is made for
KINDS: Mapping[str, str] = {
    "answers.all_best": "added all-best",
    "answers.tail_deficit": "edited",
    "answers.incoherence": "invented",
    "answers.unit_twins": "copied",
}
NAMES = tuple(TESTS)
WEIGHTS = np.array(list(TESTS.values()))

STANDS_OUT = 0.05
# Left out of the spread, too: only what hardly an honest unit reaches. An honest one that is
# left out for being the strangest makes the spread narrower, so that the next one stands out.
MOST_BEYOND = 0.001
PASSES = 3
MOST_PAIRS = 10
FIRST_DRAWS = Draws(units=4_000, paired=1_500)
LAST_DRAWS = Draws(units=20_000, paired=4_000)

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Shape:
    """Answer of the shape tests on a table.

    Attributes:
        tests: Result of each test by the id of its check.
        together: ``(units,)`` p-value of all tests of a unit.
        smallest: Smallest share that each test could see, by number of records (of the last
            stratum, where there are several).
        pairs: Unit -> rows of its most alike records, where it has too many of them.
    """

    tests: Mapping[str, UnitResult]
    together: Array
    smallest: dict[str, dict[str, float | None]] = field(default_factory=dict)
    pairs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def shape_of(table: RecordTable, seed: int) -> Shape:
    """Worked out once for a table and a seed."""

    def build() -> Shape:
        # many small products: threads would only wait for each other
        with threadpool_limits(1):
            return _shape(table, seed)

    return table.memo(("shape", seed), build)


def _shape(table: RecordTable, seed: int) -> Shape:
    units = len(table.unit_ids)
    shape = Shape({name: UnitResult.untested(units) for name in NAMES}, np.full(units, np.nan))
    strata = np.zeros(units, dtype=np.intp)
    parts: list[Part] = []
    usable = table.in_unit & (features_of(table).asked > 0)
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero(usable & (table.stratum == stratum))
        if rows.size:
            found = _one_stratum(table, rows, stratum, seed)
            _merge(shape, found, strata)
            shape.pairs.update(found.pairs)
            if found.judged is not None:
                large = found.large
                parts.append(Part(found.present[large], found.sizes[large], found.judged))
    for result in shape.tests.values():
        np.minimum(result.p_value * np.maximum(strata, 1), 1.0, out=result.p_value)
    np.minimum(shape.together * np.maximum(strata, 1), 1.0, out=shape.together)
    _join(shape, across(parts, WEIGHTS))
    for result in shape.tests.values():
        for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
            result.reason.setdefault(unit, "no records that the test can use")
        for unit in np.flatnonzero(np.isfinite(result.p_value)).tolist():
            result.reason.pop(unit, None)
    return shape


def _join(shape: Shape, joint: Across | None) -> None:
    """Units of several strata: what all of them say together, where that says more."""
    if joint is None:
        return
    for k, result in enumerate(shape.tests.values()):
        mine, alone = joint.units, result.p_value[joint.units]
        result.p_value[mine] = joint.smaller(joint.p_value[:, k], alone)
        better = np.isfinite(joint.p_value[:, k]) & ~(joint.p_value[:, k] >= alone)
        at = mine[better]
        result.score[at], result.tested[at] = joint.score[better, k], joint.sizes[better]
        result.observed[at] = joint.observed[better, k]
        result.expected[at] = joint.expected[better, k]
    alone = shape.together[joint.units]
    shape.together[joint.units] = joint.smaller(joint.together, alone)


@dataclass(eq=False)
class _Found:
    """Results of one stratum for the units that it holds."""

    present: Rows
    sizes: Rows
    large: NDArray[np.bool_]
    reason: dict[int, str] = field(default_factory=dict)
    judged: Judged | None = None
    smallest: Array | None = None
    at_sizes: Array | None = None
    pairs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def _merge(shape: Shape, found: _Found, strata: NDArray[np.intp]) -> None:
    """A unit with records in several strata keeps its smallest p-value times their number."""
    for result in shape.tests.values():
        for unit, why in found.reason.items():
            result.reason.setdefault(unit, why)
    if found.judged is None:
        return
    judged, big = found.judged, found.present[found.large]
    _merge_smallest(shape, found)
    for k, (name, result) in enumerate(shape.tests.items()):
        p = judged.p_value[:, k]
        better = np.isfinite(p) & ~(p >= result.p_value[big])
        at = big[better]
        result.score[at], result.p_value[at] = judged.score[better, k], p[better]
        result.observed[at] = judged.observed[better, k]
        result.expected[at] = judged.expected[better, k]
        result.tested[at] = found.sizes[found.large][better]
        for unit in big[~np.isfinite(p)].tolist():
            result.reason.setdefault(unit, _no_shape(name))
    tested = np.isfinite(judged.together)
    strata[big[tested]] += 1
    shape.together[big] = np.fmin(shape.together[big], judged.together)


def _merge_smallest(shape: Shape, found: _Found) -> None:
    """What could have been seen; of several strata the smaller share, as any may tell."""
    if found.smallest is None or found.at_sizes is None:
        return
    for k, (name, result) in enumerate(shape.tests.items()):
        own = np.fmin(result.smallest[found.present], found.smallest[:, k])
        result.smallest[found.present] = own
        if name not in KINDS:
            continue
        for unit in found.present[~found.large].tolist():
            share = result.smallest[unit]
            could = f"no share of {KINDS[name]} records could have been seen"
            if np.isfinite(share):
                could = f"from {share:.0%} of {KINDS[name]} records on it could have been seen"
            if "could" not in result.reason[unit]:
                result.reason[unit] += f", {could}"
        for size, share in zip(SIZES, found.at_sizes[:, k].tolist(), strict=True):
            shape.smallest.setdefault(name, {})[str(size)] = (
                None if np.isnan(share) else round(share, 2)
            )


def _no_shape(name: str) -> str:
    if name == "answers.tail_deficit":
        return "no low answers among the peers, or the unit stands at the end of the scale"
    return "the unit stands at the end of the scale, its shape is fixed"


def _one_stratum(table: RecordTable, rows: Rows, stratum: int, seed: int) -> _Found:
    present, label, sizes = np.unique(table.unit[rows], return_inverse=True, return_counts=True)
    large = sizes >= FEWEST_RECORDS
    found = _Found(present, sizes, large)
    for unit, size in zip(present[~large].tolist(), sizes[~large].tolist(), strict=True):
        found.reason[unit] = f"fewer than {FEWEST_RECORDS} records (n = {size})"
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        found.reason.update(dict.fromkeys(present[large].tolist(), why))
        return found
    work = Stratum(table, rows, label, sizes, np.flatnonzero(large), [seed, stratum, 11], WEIGHTS)
    out, beyond = np.zeros((2, present.size), dtype=bool)
    for _ in range(PASSES):
        learned = work.learn(out)
        first = work.judge(learned, out, beyond, FIRST_DRAWS).together
        stands_out = np.nan_to_num(q_values(first), nan=1.0) <= STANDS_OUT
        again = out.copy()
        again[work.big[stands_out]] = True
        if (large & ~again).sum() < FEWEST_UNITS:
            break
        beyond[work.big[stands_out & (np.nan_to_num(first, nan=1.0) <= MOST_BEYOND)]] = True
        if (again == out).all():
            break
        out = again
    found.judged = work.judge(learned, out, beyond, LAST_DRAWS)
    found.smallest = work.smallest(learned, found.judged, sizes.astype(np.float64))
    found.at_sizes = work.smallest(learned, found.judged, np.array(SIZES, dtype=np.float64))
    many = np.nan_to_num(q_values(found.judged.p_value[:, -1]), nan=1.0) <= STANDS_OUT
    for place in work.big[many].tolist():
        own = np.flatnonzero(label == place)
        alike = learned.alike.pairs(own, MOST_PAIRS)
        found.pairs[int(present[place])] = [(int(rows[a]), int(rows[b])) for a, b in alike]
    return found
