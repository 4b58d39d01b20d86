"""Peers tilted to a unit's level, and what is left of a statistic after that.

Peer records get weights ``exp(lambda t)`` such that their mean of ``t`` equals the
unit's, where ``t`` is the normal score of the record's level: if satisfaction is a
normal trait and units differ by a shift, their densities differ by a factor that is
log-linear in the expected trait, which is what a normal score is. (With the level itself
as ``t``, honest units near the ceiling showed 1.4 times the spread that chance explains
in the share of all-best records; with normal scores, 1.0.)

The statistic's mean is compared with the tilted peers', its variance is what ``t`` does
not explain. All that is needed of the peers are sums by bin of ``t``.

Reference: exponential tilting, Efron (1981); efficient score with a nuisance parameter,
Neyman (1959). Their use for units of a survey is own work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Peers", "normal_scores"]

BINS = 240
TILTS = np.linspace(-6.0, 6.0, 241)
GRID = 10_000
BLOCK = 4096
RARE_REPEATS = 0.01
SEEN = 100_000
COMPILED_FROM = 20_000

Array = NDArray[np.float64]


def normal_scores(level: Array, reference: NDArray[np.bool_]) -> Array:
    """Mean of a standard normal over the stretch that a level takes among ``reference``.

    Args:
        level: ``(n,)`` in [0, 1], no NaN.
        reference: ``(n,)``: rows whose distribution counts; others get the score of their
            place in it.
    """
    from scipy.special import ndtri

    place = np.rint(level * GRID).astype(np.intp)
    count = np.bincount(place[reference], minlength=GRID + 1)
    edge = np.concatenate([[0.0], np.cumsum(count)]) / max(int(count.sum()), 1)
    density = np.exp(-0.5 * ndtri(edge) ** 2) / np.sqrt(2.0 * np.pi)
    width = np.diff(edge)
    middle = ndtri(np.clip((edge[1:] + edge[:-1]) / 2, 0.25 / GRID, 1 - 0.25 / GRID))
    score = np.divide(density[:-1] - density[1:], width, out=middle, where=width > 0)
    answer: Array = score[place]
    return answer


@dataclass(frozen=True, eq=False)
class Peers:
    """Records of a stratum by bin of the tilting score.

    Attributes:
        t: ``(bins,)`` mean score of each bin.
        share: ``(bins,)`` of the records.
        sums: ``(bins, 1 + 2 columns)``: count, then sums of each statistic and its square.
        floor: ``(columns,)``: smallest variance believed: what one record more could do.
        rows: Row numbers, bin after bin, and where each bin begins.
        first: ``(bins + 1,)``.
    """

    t: Array
    share: Array
    sums: Array
    floor: Array
    rows: NDArray[np.intp]
    first: NDArray[np.intp]
    mean_t: Array

    @classmethod
    def of(
        cls, t: Array, columns: NDArray[np.floating], rows: NDArray[np.intp], known: int
    ) -> Peers:
        """Peers are ``rows`` of ``(n,)`` scores and ``(n, k)`` statistics.

        The first ``known`` rows are records, peers or not; what stands behind was made up.
        """
        own = t[rows]
        bin_of = _bins(own)
        count = np.bincount(bin_of).astype(np.float64)
        middle = np.bincount(bin_of, own) / count
        known_columns = columns[:known]
        spans = known_columns.max(axis=0).astype(np.float64) - known_columns.min(axis=0)
        order = np.argsort(bin_of.astype(np.int16), kind="stable")
        first = np.concatenate([[0], np.cumsum(count)]).astype(np.intp)
        weight = np.exp(np.outer(TILTS, middle)) * count
        mean_t = (weight @ middle) / weight.sum(axis=1)
        return cls(
            t=middle,
            share=count / count.sum(),
            sums=np.column_stack([count, _sums(bin_of, columns, rows)]),
            floor=spans**2 / (rows.size + 1.0),
            rows=rows[order],
            first=first,
            mean_t=np.maximum.accumulate(mean_t),
        )

    def tilt(self, mean: Array) -> Array:
        """The lambda that gives peers these means of ``t``."""
        answer: Array = np.interp(mean, self.mean_t, TILTS)
        return answer

    def weights(self, tilt: Array) -> Array:
        """``(units, bins)`` shares of the bins among peers tilted so."""
        weight = np.exp(np.outer(tilt, self.t)) * self.share
        answer: Array = weight / weight.sum(axis=1, keepdims=True)
        return answer

    def moments(self, tilt: Array, columns: int) -> tuple[Array, Array, Array, Array]:
        """Mean of ``t``; mean, slope on ``t`` and residual variance of the first statistics."""
        weight = self.weights(tilt)
        inside = self.sums[:, 1 : 1 + 2 * columns] / self.sums[:, :1]
        mean, square = (weight @ inside)[:, ::2], (weight @ inside)[:, 1::2]
        scaled = weight * self.t
        mean_t = scaled.sum(axis=1, keepdims=True)
        variance_t = (scaled * self.t).sum(axis=1, keepdims=True) - mean_t**2
        covariance = (scaled @ inside)[:, ::2] - mean * mean_t
        usable = variance_t > 1e-6
        slope = np.divide(covariance, variance_t, out=np.zeros_like(mean), where=usable)
        variance = square - mean**2 - slope**2 * variance_t
        variance = np.maximum(variance, self.floor[:columns])
        variance = np.where(usable & (variance > 1e-12), variance, np.nan)
        return mean_t[:, 0], mean, slope, variance

    def z(self, n: Array, mean_t: Array, means: Array) -> tuple[Array, Array]:
        """z-scores and expected means of units.

        Args:
            n: ``(units,)`` records.
            mean_t: ``(units,)`` mean tilting score.
            means: ``(units, k)`` means of the first ``k`` statistics.

        Returns:
            Both ``(units, k)``; z is NaN where the unit stands at the end of the scale.
        """
        k = means.shape[1]
        z, expected = np.empty_like(means), np.empty_like(means)
        for start in range(0, len(n), BLOCK):
            part = slice(start, start + BLOCK)
            centre, mean, slope, variance = self.moments(self.tilt(mean_t[part]), k)
            off = means[part] - mean - slope * (mean_t[part] - centre)[:, None]
            z[part] = off / np.sqrt(variance / n[part, None])
            expected[part] = mean
        return z, expected

    def edges(self, tilt: Array) -> Array:
        """``(units, bins)``: where each bin ends among peers tilted so; the last is about 1."""
        answer: Array = np.cumsum(self.weights(tilt), axis=1)
        return answer

    def draw(
        self, edge: Array, size: int, count: int, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Rows of ``(count, size)`` pseudo-units at one tilt, whose bins end at ``edge``.

        No row comes twice in a pseudo-unit, as in a real one, unless a repeat is rare
        anyway: a unit that is a good part of its stratum varies less than fresh draws.
        """
        whole = size > RARE_REPEATS * self.rows.size
        wanted = size
        if whole:
            wanted = min(size + 10 + 4 * size * size // self.rows.size, 8 * size)
        rows = self._draw(edge, count * wanted, rng).reshape(count, wanted)
        if not whole:
            return rows
        order = np.argsort(rows, axis=1, kind="stable")
        ordered = np.take_along_axis(rows, order, axis=1)
        again = np.zeros(rows.shape, dtype=bool)
        repeat = np.hstack([np.zeros((count, 1), dtype=bool), ordered[:, 1:] == ordered[:, :-1]])
        np.put_along_axis(again, order, repeat, axis=1)
        # new rows first, in the order of drawing; repeats fill up where too few are left
        first = np.argsort(again, axis=1, kind="stable")[:, :size]
        answer: NDArray[np.intp] = np.take_along_axis(rows, first, axis=1)
        return answer

    def _draw(self, edge: Array, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        if self.rows.size >= COMPILED_FROM:
            from detectors.units._loops import draw_rows

            out = np.empty(count, dtype=np.intp)
            draw_rows(edge, self.first, self.rows, rng.random(count), rng.random(count), out)
            return out
        drawn = np.searchsorted(edge, rng.random(count) * edge[-1], side="right")
        np.minimum(drawn, len(self.t) - 1, out=drawn)
        first = self.first[drawn]
        inside = (rng.random(count) * (self.first[drawn + 1] - first)).astype(np.intp)
        rows: NDArray[np.intp] = self.rows[first + inside]
        return rows


def _sums(bin_of: NDArray[np.intp], columns: NDArray[np.floating], rows: NDArray[np.intp]) -> Array:
    """``(bins, 2 columns)``: sum of each column and of its square over the ``rows`` of a bin."""
    sums = np.zeros((int(bin_of.max()) + 1, 2 * columns.shape[1]))
    if rows.size >= COMPILED_FROM:
        from detectors.units._loops import sum_by_bin

        sum_by_bin(bin_of, columns, rows, sums)
        return sums
    for k in range(columns.shape[1]):
        column = columns[rows, k].astype(np.float64)
        sums[:, 2 * k] = np.bincount(bin_of, column)
        sums[:, 2 * k + 1] = np.bincount(bin_of, column**2)
    return sums


def _bins(t: Array) -> NDArray[np.intp]:
    """Bins of equal count at most, the values themselves where they are few."""
    source = t[:: max(1, t.size // SEEN)]
    values, count = np.unique(source, return_counts=True)
    if values.size > BINS:
        step = (np.cumsum(count) - count) * BINS // source.size
        values = values[np.unique(step, return_index=True)[1]]
    place = np.maximum(np.searchsorted(values, t, side="right") - 1, 0)
    filled = np.bincount(place, minlength=values.size) > 0
    bins: NDArray[np.intp] = (np.cumsum(filled) - 1)[place]
    return bins
