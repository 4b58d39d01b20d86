"""Pseudo-units: as many records as a unit has, drawn from peers at the unit's level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.units._alike import Alike
from detectors.units._tilt import Peers

__all__ = ["Draws", "Null", "pair_scores", "pseudo_rounds"]

MOST_ROWS = 3_000_000
CHUNK = 1_000_000

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Draws:
    """How many pseudo-units are drawn, and on how many of them pairs are compared."""

    units: int
    paired: int

    def rounds(self, sizes: Rows) -> tuple[int, int]:
        """Pseudo-rounds of units of these sizes: in all, and with pairs."""
        most = max(1, MOST_ROWS // int(sizes.sum()))
        every = min(most, -(-self.units // sizes.size))
        return max(1, every), max(1, min(every, -(-self.paired // sizes.size)))


@dataclass(frozen=True, eq=False)
class Null:
    """Pseudo-rounds.

    Attributes:
        z: ``(rounds, units, columns)`` z-scores; NaN for units that were not drawn for.
        pairs: ``(paired rounds, units)`` totals of near duplicates; NaN likewise.
    """

    z: Array
    pairs: Array


def pseudo_rounds(
    peers: Peers,
    tilt: Array,
    sizes: Rows,
    t: Array,
    columns: NDArray[np.float32],
    alike: Alike,
    draws: Draws,
    rng: np.random.Generator,
) -> Null:
    """Draw them.

    Args:
        peers: Where records come from.
        tilt: ``(units,)`` tilt to the level of each unit.
        sizes: ``(units,)`` records of each.
        t: ``(n,)`` tilting score of all records.
        columns: ``(n, columns)`` statistics of all records.
        alike: Compares records.
        draws: How many.
        rng: Chance.
    """
    # where units are many, a part of them stands for all
    chosen = rng.permutation(sizes.size)[: draws.units]
    with_pairs = min(draws.paired, chosen.size)
    every, paired = draws.rounds(sizes[chosen])
    z = np.full((every, sizes.size, columns.shape[1]), np.nan)
    pairs = np.full((paired, sizes.size), np.nan)
    step = max(1, CHUNK // (every * int(sizes[chosen].max())))
    for start in range(0, chosen.size, step):
        units = chosen[start : start + step]
        n = np.repeat(sizes[units], every)
        drawn = [
            peers.draw(edge, int(size), every, rng)
            for edge, size in zip(peers.edges(tilt[units]), sizes[units], strict=True)
        ]
        rows = np.concatenate([part.ravel() for part in drawn])
        first = np.concatenate([[0], np.cumsum(n)])
        mean_t = np.add.reduceat(t[rows], first[:-1]) / n
        sums = np.add.reduceat(columns[rows], first[:-1], axis=0, dtype=np.float64)
        scores, _ = peers.z(n.astype(np.float64), mean_t, sums / n[:, None])
        z[:, units] = scores.reshape(units.size, every, -1).transpose(1, 0, 2)
        few = drawn[: max(0, with_pairs - start)]
        if few:
            compared = np.concatenate([part[:paired].ravel() for part in few])
            first = np.concatenate([[0], np.cumsum(np.repeat(sizes[units[: len(few)]], paired))])
            total = alike.totals(compared, first).reshape(len(few), paired)
            pairs[:, units[: len(few)]] = total.T
    return Null(z, pairs)


def pair_scores(
    own: Array, null: Array, sizes: Rows, tilt: Array
) -> tuple[Array, Array, Array, float]:
    """Totals of near duplicates as z-scores, given size and level.

    Args:
        own: ``(units,)`` totals.
        null: ``(rounds, units)`` totals of pseudo-units.
        sizes: ``(units,)`` records.
        tilt: ``(units,)``.

    Returns:
        z-scores of the units, of the pseudo-units, the expected totals, and the standard
        deviation of a total over the root of the size.
    """
    n = sizes.astype(np.float64)
    x = np.column_stack([np.ones_like(n), np.log(n), tilt, tilt**2])
    tiled, per_record = np.tile(x, (len(null), 1)), (null / n).ravel()
    known = np.isfinite(per_record)
    line, *_ = np.linalg.lstsq(tiled[known], per_record[known], rcond=None)
    usual = np.maximum(x @ line, 0.0) * n
    off = (null - usual) / np.sqrt(n)
    spread = max(float(np.nanstd(off)), 1e-3)
    return (own - usual) / np.sqrt(n) / spread, off / spread, usual, spread
