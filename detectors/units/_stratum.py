"""The units of one stratum: what is learned of honest records, and how far units are from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.rounds import (
    Spread,
    differing,
    joint_p_values,
    null_of,
    spread_of,
    standardised,
)
from detectors.table import RecordTable
from detectors.trusted import trusted_rows
from detectors.units._alike import Alike, packed_answers
from detectors.units._classes import Density
from detectors.units._columns import HABITS, SHOWN, SIDES, SPREAD, TESTED, columns_of
from detectors.units._events import without_events
from detectors.units._features import Features, features_of, features_of_codes
from detectors.units._odds import Material
from detectors.units._power import SIZES, Drift, copy_drifts, drifts, smallest_share
from detectors.units._pseudo import Draws, pair_scores, pseudo_rounds
from detectors.units._tampered import Tampered
from detectors.units._tilt import Peers, normal_scores

__all__ = ["Judged", "Learned", "Stratum", "joint_of", "sided"]

SIZE_CLASSES = 4
ALIKE_SIZES = 1.25
FEW_TO_SHARPEN = 25
ALARM = 0.05

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Judged:
    """Results of the large units of a stratum.

    Attributes:
        z: ``(units, tests)`` scores, signed, in standard deviations of honest units.
        null: One ``(draws, units)`` array a test: the same of pseudo-units.
        p_value: ``(units, tests)``.
        together: ``(units,)`` p-value of all tests of a unit.
        observed: ``(units, tests)``: what a reader is shown, and beside it what is usual.
        expected: ``(units, tests)``.
        scale: ``(tests,)`` spread of the round's units, in units of chance.
        pair_spread: Standard deviation of a total of near duplicates over the root of size.
    """

    z: Array
    null: tuple[Array, ...]
    p_value: Array
    together: Array
    observed: Array
    expected: Array
    scale: Array
    pair_spread: float

    @property
    def score(self) -> Array:
        """``(units, tests)``: higher is more suspicious."""
        return sided(self.z)

    @property
    def nulls(self) -> tuple[Array, ...]:
        """:attr:`null` in the same way."""
        return tuple(side(null) for side, null in zip(SIDES, self.null, strict=True))


def sided(z: Array) -> Array:
    """Signed ``(units, tests)`` scores as those that are suspicious where high."""
    return np.column_stack([side(column) for side, column in zip(SIDES, z.T, strict=True)])


@dataclass(frozen=True, eq=False)
class Learned:
    """Statistics and peers, once some units were left out."""

    t: Array
    columns: NDArray[np.float32]
    peers: Peers
    alike: Alike
    total: Array
    peer_count: int


class Stratum:
    """Records of a stratum, those of the baseline behind them, and the units to be judged."""

    def __init__(
        self,
        table: RecordTable,
        rows: Rows,
        label: Rows,
        sizes: Rows,
        big: Rows,
        seed: list[int],
        weights: Array,
    ) -> None:
        self.label, self.sizes, self.big, self.seed = label, sizes, big, seed
        self.levels, self.weights = table.levels, weights
        self.usual_size = float(np.median(sizes[big]))
        parts = [_part(table.codes[rows], features_of(table), rows)]
        self.trusted = trusted_rows(table, int(table.stratum[rows[0]]))
        if self.trusted is not None:
            before, chosen = self.trusted
            parts.append(_part(before.codes[chosen], features_of(before), chosen))
        rng = np.random.default_rng([*seed, 5])
        self.tampered = Tampered.of(parts[0][0], self.levels, parts[0][3], rng)
        self.known = sum(len(part[0]) for part in parts)
        made = self.tampered.codes
        parts.append(_part(made, features_of_codes(made, self.levels), np.arange(len(made))))
        joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        self.codes, self.level, self.not_best, self.low, self.all_best, self.spread = joined
        # records of a unit stand together
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        self.compared = self._without_events()
        self.packed = packed_answers(self.compared[0], int(self.levels.max()))

    def _without_events(self) -> tuple[NDArray[Any], ...]:
        """All records as they are compared: codes, level, counts and spread."""
        found = [self.codes, self.level, self.not_best, self.low, self.spread]
        own = self.codes[: self.label.size]
        codes, rows = without_events(own, self.levels, self.first)
        if rows.size:
            now = features_of_codes(codes[rows], self.levels)
            found = [array.copy() for array in found]
            changed = [codes[rows], now.level, now.not_best, now.low, now.spread]
            for array, of_rows in zip(found, changed, strict=True):
                array[rows] = of_rows
        return tuple(found)

    def learn(self, out: NDArray[np.bool_]) -> Learned:
        """Learn from the records that are taken for honest."""
        rng = np.random.default_rng(self.seed)
        honest = np.zeros(self.level.size, dtype=bool)
        if self.trusted is None:
            honest[: self.label.size] = ~out[self.label]
        else:
            honest[self.label.size : self.known] = True
        at = np.flatnonzero(honest)
        data = Material(
            self.codes, self.levels, self.level, self.not_best, self.low, self.spread, at
        )
        codes, level, not_best, low, spread = self.compared
        compared = Material(codes, self.levels, level, not_best, low, spread, at)
        apart = np.random.default_rng([*self.seed, 7])
        density = Density.of(codes, level, self.levels, at, apart)
        columns = columns_of(data, compared, self.all_best, density, self.usual_size, rng)
        t = normal_scores(self.level, honest)
        peers = Peers.of(t, columns.values, at, self.known)
        alike = Alike.of(compared, density.records, self.packed)
        return Learned(
            t,
            columns.values,
            peers,
            alike,
            alike.totals(np.arange(self.label.size), self.first),
            at.size,
        )

    def judge(
        self, learned: Learned, out: NDArray[np.bool_], beyond: NDArray[np.bool_], draws: Draws
    ) -> Judged:
        """Test the large units: those ``out`` are no peers, those ``beyond`` not of the spread."""
        rng = np.random.default_rng([*self.seed, draws.units])
        own, big = self.label.size, self.big
        n, peers = self.sizes.astype(np.float64), learned.peers
        mean_t = np.add.reduceat(learned.t[:own], self.first[:-1]) / n
        columns = learned.columns[:own]
        means = np.add.reduceat(columns, self.first[:-1], axis=0, dtype=np.float64) / n[:, None]
        z, expected = peers.z(n[big], mean_t[big], means[big])
        tilt, sizes = peers.tilt(mean_t[big]), self.sizes[big]
        null = pseudo_rounds(
            peers, tilt, sizes, learned.t, learned.columns[:, :TESTED], learned.alike, draws, rng
        )
        total = learned.total[big]
        pairs, null_pairs, usual, pair_spread = pair_scores(total, null.pairs, sizes, tilt)
        # a unit that is no part of its peers is held against a mean that has its own error
        apart = out[big] | (self.trusted is not None)
        width = np.sqrt(np.where(apart, 1.0 + n[big] / learned.peer_count, 1.0))
        raw = [*(z[:, :TESTED].T / width), pairs / width]
        pseudo = [*null.z.transpose(2, 0, 1), null_pairs]
        found = [
            _calibrated(a, b, ~beyond[big], rng if habit else None)
            for a, b, habit in zip(raw, pseudo, HABITS, strict=True)
        ]
        standard = np.column_stack([own for own, _, _ in found])
        drawn = tuple(other for _, other, _ in found)
        p, together = joint_of(standard, drawn, sizes, self.weights)
        shown, usually = means[big][:, SHOWN], expected[:, SHOWN]
        observed = np.column_stack([shown, total / sizes])
        return Judged(
            z=standard,
            null=drawn,
            p_value=p,
            together=together,
            observed=observed,
            expected=np.column_stack([usually, usual / sizes]),
            scale=np.array([scale for _, _, scale in found]),
            pair_spread=pair_spread,
        )

    def smallest(self, learned: Learned, judged: Judged, n: Array) -> Array:
        """``(len(n), tests)`` smallest shares that units of ``n`` records would have shown.

        Each test against its own kind of tampering: best throughout, edited up, invented
        and copied; the spread, which has none, is NaN.
        """
        low = float((self.low[learned.peers.rows] > 0).mean())
        linear = drifts(learned.t, learned.columns, learned.peers, self.tampered, self.known, low)
        copied = copy_drifts(learned.alike, self.tampered, self.known, SIZES)
        share = np.full((len(n), len(judged.nulls)), np.nan)
        part = self.weights / self.weights.sum() * ALARM / max(self.big.size, 1)
        for k, null in enumerate(judged.nulls):
            honest = null_of(null)
            if k == SPREAD or honest.n == 0:
                continue
            needed = honest.threshold(float(part[k]))
            if k < TESTED:
                share[:, k] = smallest_share(linear[k], needed, judged.scale[k], n)
                continue
            for size, drift in zip(SIZES, copied, strict=True):
                # what a pair is worth hangs on the number of partners, but slowly
                near = np.abs(np.log(np.maximum(n, 1.0) / size)) == np.abs(
                    np.log(np.maximum(n, 1.0)[:, None] / np.array(SIZES))
                ).min(axis=1)
                own = Drift(drift.shift / judged.pair_spread, drift.spread / judged.pair_spread)
                share[near, k] = smallest_share(own, needed, judged.scale[k], n[near])
        return share


def _part(
    codes: NDArray[np.integer[Any]], features: Features, rows: Rows
) -> tuple[NDArray[Any], ...]:
    return (
        codes,
        features.level[rows],
        features.not_best[rows],
        features.low[rows],
        features.all_best[rows],
        features.spread[rows],
    )


def _calibrated(
    z: Array, null: Array, used: NDArray[np.bool_], rng: np.random.Generator | None
) -> tuple[Array, Array, float]:
    """Both over the spread of their own round, which comes third.

    A small quiet round sharpens no test. With ``rng`` the differences between units have a
    heavy tail of their own (:func:`differing`), without it the shape of chance.
    """
    own, theirs = spread_of(z, used), spread_of(null)
    usual = float(np.median(theirs.scale))
    least = usual * min(1.0, FEW_TO_SHARPEN / max(int(used.sum()), 1))
    own = Spread(own.centre, np.maximum(own.scale, least))
    if rng is not None:
        null = differing(null, float(own.scale / usual) ** 2, rng)
        theirs = spread_of(null)
    return standardised(z, own), standardised(null, theirs), float(own.scale)


def joint_of(z: Array, null: tuple[Array, ...], sizes: Rows, weights: Array) -> tuple[Array, Array]:
    """p-values of each test and of all together from signed scores and those of pseudo-units."""
    nulls = [side(own) for side, own in zip(SIDES, null, strict=True)]
    return joint_p_values(sided(z), nulls, _size_classes(sizes), weights)


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
