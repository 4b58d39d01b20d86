"""Shape given level: does a unit answer as equally satisfied peers would?

A high level is no sign. So every test compares a unit with its peers tilted to its level
(:mod:`_tilt`), stratum by stratum, in one of five statistics, each nearly the best one
against a kind of tampering: records best throughout, the odds of edited and of invented
answers (:mod:`_odds`), spread within records, and near duplicates (:mod:`_alike`).

The scores only rank. Their null are pseudo-units: as many records as the unit has, drawn
from the peers at its level. All tests are made on the same pseudo-units, so that the
smallest p-value of a unit is calibrated as such. Scores are divided by the spread that
honest units really show (:mod:`detectors.calibration.rounds`), pseudo-rounds by theirs.

A tampered unit is no peer: units that stand out are left out of the peers, of what the
statistics learn and of the spread, and all is done again, three times at most. A trusted
baseline, where there is one, takes the peers' place from the start.

Reference: pseudo-unit calibration, choice of statistics and the second pass: own work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.calibration.rounds import joint_p_values, spread_of, standardised
from detectors.table import SMALL_STRATUM, RecordTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult
from detectors.units._alike import Alike, packed_answers
from detectors.units._columns import SHOWN, SIDES, TESTED, columns_of
from detectors.units._features import features_of
from detectors.units._odds import Material
from detectors.units._pseudo import Draws, pair_scores, pseudo_rounds
from detectors.units._tilt import Peers, normal_scores

__all__ = ["TESTS", "Shape", "shape_of"]

# What a test may spend of the false-alarm rate: the weak signs get the larger part, as
# copies and edits show by far and need little.
TESTS: Mapping[str, float] = {
    "answers.all_best": 0.40,
    "answers.tail_deficit": 0.15,
    "answers.incoherence": 0.25,
    "answers.spread": 0.08,
    "answers.unit_twins": 0.12,
}
NAMES = tuple(TESTS)
WEIGHTS = np.array(list(TESTS.values()))

STANDS_OUT = 0.05
PASSES = 3
MOST_PAIRS = 10
FIRST_DRAWS = Draws(units=4_000, paired=1_500)
LAST_DRAWS = Draws(units=20_000, paired=4_000)
SIZE_CLASSES = 4
ALIKE_SIZES = 1.25

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Shape:
    """Answer of the shape tests on a table.

    Attributes:
        tests: Result of each test by the id of its check.
        together: ``(units,)`` p-value of all tests of a unit.
        pairs: Unit -> rows of its most alike records, where it has too many of them.
    """

    tests: Mapping[str, UnitResult]
    together: Array
    pairs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def shape_of(table: RecordTable, seed: int) -> Shape:
    """Worked out once for a table and a seed."""
    return table.memo(("shape", seed), lambda: _shape(table, seed))


def _shape(table: RecordTable, seed: int) -> Shape:
    units = len(table.unit_ids)
    shape = Shape({name: UnitResult.untested(units) for name in NAMES}, np.full(units, np.nan))
    strata = np.zeros(units, dtype=np.intp)
    usable = table.in_unit & (table.answered > 0)
    for stratum in range(len(table.stratum_names)):
        rows = np.flatnonzero(usable & (table.stratum == stratum))
        if rows.size:
            found = _one_stratum(table, rows, stratum, seed)
            _merge(shape, found, strata)
            shape.pairs.update(found.pairs)
    for result in shape.tests.values():
        np.minimum(result.p_value * np.maximum(strata, 1), 1.0, out=result.p_value)
        for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
            result.reason.setdefault(unit, "no records that the test can use")
        for unit in np.flatnonzero(np.isfinite(result.p_value)).tolist():
            result.reason.pop(unit, None)
    np.minimum(shape.together * np.maximum(strata, 1), 1.0, out=shape.together)
    return shape


@dataclass(eq=False)
class _Found:
    """Results of one stratum for the units that it holds."""

    present: Rows
    sizes: Rows
    large: NDArray[np.bool_]
    reason: dict[int, str] = field(default_factory=dict)
    judged: _Judged | None = None
    pairs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def _merge(shape: Shape, found: _Found, strata: NDArray[np.intp]) -> None:
    """A unit with records in several strata keeps its smallest p-value times their number."""
    for result in shape.tests.values():
        for unit, why in found.reason.items():
            result.reason.setdefault(unit, why)
    if found.judged is None:
        return
    judged, big = found.judged, found.present[found.large]
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
    work = _Stratum(table, rows, label, sizes, np.flatnonzero(large), [seed, stratum, 11])
    out = np.zeros(present.size, dtype=bool)
    for _ in range(PASSES):
        learned = work.learn(out)
        first = work.judge(learned, out, FIRST_DRAWS)
        stands_out = np.nan_to_num(q_values(first.together), nan=1.0) <= STANDS_OUT
        again = out.copy()
        again[work.big[stands_out]] = True
        if (again == out).all() or (large & ~again).sum() < FEWEST_UNITS:
            break
        out = again
    found.judged = work.judge(learned, out, LAST_DRAWS)
    many = np.nan_to_num(q_values(found.judged.p_value[:, -1]), nan=1.0) <= STANDS_OUT
    for place in work.big[many].tolist():
        own = np.flatnonzero(label == place)
        alike = learned.alike.pairs(own, MOST_PAIRS)
        found.pairs[int(present[place])] = [(int(rows[a]), int(rows[b])) for a, b in alike]
    return found


@dataclass(frozen=True, eq=False)
class _Judged:
    """Results of the large units of a stratum, ``(units, tests)``; together ``(units,)``."""

    score: Array
    p_value: Array
    together: Array
    observed: Array
    expected: Array


@dataclass(frozen=True, eq=False)
class _Learned:
    """Statistics and peers, once some units were left out."""

    t: Array
    columns: NDArray[np.float32]
    peers: Peers
    alike: Alike
    total: Array
    peer_count: int


class _Stratum:
    """Records of a stratum, those of the baseline behind them, and the units to be judged."""

    def __init__(
        self,
        table: RecordTable,
        rows: Rows,
        label: Rows,
        sizes: Rows,
        big: Rows,
        seed: list[int],
    ) -> None:
        self.label, self.sizes, self.big, self.seed = label, sizes, big, seed
        self.levels = table.levels
        parts = [_part(table, rows)]
        self.trusted = _baseline(table, int(table.stratum[rows[0]]))
        if self.trusted is not None:
            before, chosen = self.trusted
            parts.append(_part(before, chosen))
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        self.codes, self.level, self.not_best, self.low, self.all_best, self.spread = joined
        self.packed = packed_answers(self.codes, int(self.levels.max()))
        first = np.concatenate([[0], np.cumsum(sizes)])
        self.groups = np.argsort(label, kind="stable"), first

    def learn(self, out: NDArray[np.bool_]) -> _Learned:
        """Learn from the records that are taken for honest."""
        rng = np.random.default_rng(self.seed)
        own = self.label.size
        theirs = np.arange(self.level.size) >= own
        honest = ~out[self.label] if self.trusted is None else theirs
        at = np.flatnonzero(honest)
        data = Material(self.codes, self.levels, self.level, self.not_best, self.low, at)
        columns = columns_of(data, self.all_best, self.spread, rng)
        t = normal_scores(self.level, honest)
        peers = Peers.of(t, columns.values, at)
        alike = Alike.of(data, self.spread, self.packed)
        return _Learned(t, columns.values, peers, alike, alike.totals(*self.groups), at.size)

    def judge(self, learned: _Learned, out: NDArray[np.bool_], draws: Draws) -> _Judged:
        """Test the large units; those ``out`` do not count for the spread between units."""
        rng = np.random.default_rng([*self.seed, draws.units])
        own, big = self.label.size, self.big
        n, peers = self.sizes.astype(np.float64), learned.peers
        mean_t = _means(self.label, learned.t[:own, None], n)[:, 0]
        means = _means(self.label, learned.columns[:own], n)
        z, expected = peers.z(n[big], mean_t[big], means[big])
        tilt, sizes = peers.tilt(mean_t[big]), self.sizes[big]
        null = pseudo_rounds(
            peers, tilt, sizes, learned.t, learned.columns[:, :TESTED], learned.alike, draws, rng
        )
        total = learned.total[big]
        pairs, null_pairs, usual = pair_scores(total, null.pairs, sizes, tilt)
        # a unit that is no part of its peers is held against a mean that has its own error
        apart = out[big] | (self.trusted is not None)
        width = np.sqrt(np.where(apart, 1.0 + n[big] / learned.peer_count, 1.0))
        scores, nulls = [], []
        for k in range(TESTED):
            s, s0 = _calibrated(z[:, k] / width, null.z[:, :, k], ~out[big])
            scores.append(SIDES[k](s))
            nulls.append(SIDES[k](s0))
        s, s0 = _calibrated(pairs / width, null_pairs, ~out[big])
        score = np.column_stack([*scores, s])
        p, together = joint_p_values(score, [*nulls, s0], _size_classes(sizes), WEIGHTS)
        shown, usually = means[big][:, SHOWN], expected[:, SHOWN]
        observed = np.column_stack([shown, total / sizes])
        return _Judged(score, p, together, observed, np.column_stack([usually, usual / sizes]))


def _part(table: RecordTable, rows: Rows) -> tuple[NDArray[Any], ...]:
    features = features_of(table)
    return (
        table.codes[rows],
        table.level[rows],
        features.not_best[rows],
        features.low[rows],
        features.all_best[rows],
        features.spread[rows],
    )


def _baseline(table: RecordTable, stratum: int) -> tuple[RecordTable, Rows] | None:
    """Trusted records of the same stratum, else of the same mode; ``None`` where too few."""
    frame = table.circumstances.baseline
    if frame is None:
        return None

    def build() -> RecordTable | None:
        if not {item.id for item in table.items} <= set(frame.columns):
            return None
        if "record_id" not in frame.columns:
            return None
        return RecordTable.build(frame, table.instrument)

    before = table.memo("baseline", build)
    if before is None or before.codes.shape[1] != table.codes.shape[1]:
        return None
    usable = before.answered > 0
    name = table.stratum_names[stratum]
    for alike in (name, name.partition("|")[0]):
        same = [own == alike or own.partition("|")[0] == alike for own in before.stratum_names]
        rows = np.flatnonzero(usable & np.array(same, dtype=bool)[before.stratum])
        if rows.size >= SMALL_STRATUM:
            return before, rows
    return None


def _means(label: Rows, values: NDArray[np.floating[Any]], n: Array) -> Array:
    sums = [np.bincount(label, values[:, k], n.size) for k in range(values.shape[1])]
    answer: Array = np.column_stack(sums) / n[:, None]
    return answer


def _calibrated(z: Array, null: Array, used: NDArray[np.bool_]) -> tuple[Array, Array]:
    return standardised(z, spread_of(z, used)), standardised(null, spread_of(null))


def _size_classes(sizes: Rows) -> Rows:
    """Units of about the same size, as skewness fades with size."""
    if sizes.max() <= ALIKE_SIZES * sizes.min():
        return np.zeros(sizes.size, dtype=np.intp)
    order = np.argsort(sizes, kind="stable")
    classes = np.empty(sizes.size, dtype=np.intp)
    parts = np.array_split(order, min(SIZE_CLASSES, max(1, sizes.size // 10)))
    for number, part in enumerate(parts):
        classes[part] = number
    return classes
