"""The smallest share of a unit's records whose tampering a test could have seen.

The tampering is committed on peers' records; how far a tampered record moves a test's
statistic, and how much that varies, gives the share at which the unit would pass the
test's threshold with probability .8. The threshold is that of a unit which alone stands
out in its round: false-discovery rate over units, times the test's part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.units._alike import Alike
from detectors.units._tampered import Tampered
from detectors.units._tilt import Peers

__all__ = ["SIZES", "Drift", "copy_drifts", "drifts", "smallest_share"]

SIZES = (15, 30, 60, 150, 350)
POWER = 0.8416  # normal quantile of .8
SHARES = np.arange(1, 101) / 100.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drift:
    """What a tampering does to a test.

    Attributes:
        shift: Mean change of a tampered record's statistic, in standard deviations of an
            honest record's.
        spread: Standard deviation of the statistic of tampered records, likewise.
        most: Largest share of records that it can touch.
    """

    shift: float
    spread: float
    most: float = 1.0


def smallest_share(drift: Drift, threshold: float, scale: float, n: Array) -> Array:
    """Smallest share for units of ``n`` records; NaN where none up to all would be seen.

    Args:
        drift: What is done.
        threshold: Standardised score that a test has to reach.
        scale: Spread of honest units, in units of chance.
        n: ``(units,)``.
    """
    root = np.sqrt(n)[:, None]
    mean = SHARES * root * drift.shift / scale
    variance = scale**2 + SHARES * (drift.spread**2 - 1.0)
    width = np.sqrt(np.maximum(variance, 0.0)) / scale
    seen = (mean - POWER * width >= threshold) & (drift.most >= SHARES)
    answer: Array = np.where(seen.any(axis=1), SHARES[seen.argmax(axis=1)], np.nan)
    return answer


def drifts(
    t: Array, columns: NDArray[np.float32], peers: Peers, tampered: Tampered, first: int, low: float
) -> tuple[Drift, Drift, Drift]:
    """Stuffed records in the share of all best, edited and invented ones in their odds.

    Args:
        t: ``(n,)`` tilting scores, those of the tampered records from ``first`` on.
        columns: ``(n, columns)`` statistics.
        peers: The honest ones.
        tampered: What was done.
        first: Row of the first tampered record.
        low: Share of peers that have a low answer.
    """
    centre, mean, slope, variance = peers.moments(np.zeros(1), 3)
    best, edited, invented, _ = tampered.places(first)

    def part(k: int, rows: int | NDArray[np.intp]) -> Array:
        rest = columns[rows, k] - mean[0, k] - slope[0, k] * (t[rows] - centre[0])
        answer: Array = np.atleast_1d(rest / np.sqrt(variance[0, k]))
        return answer

    stuffed = Drift(float(part(0, best)[0]), 0.0)
    after, before = part(1, edited), part(1, tampered.edited_from)
    raised = Drift(0.0, 0.0, 0.0)
    if after.size:
        raised = Drift(float((after - before).mean()), float(after.std()), low)
    odd = part(2, invented)
    return stuffed, raised, Drift(float(odd.mean()), float(odd.std()))


def copy_drifts(alike: Alike, tampered: Tampered, first: int, sizes: Sequence[int]) -> list[Drift]:
    """Copied records in the total of near duplicates, one a size of unit, not standardised."""
    best, _, _, copies = tampered.places(first)
    found = []
    for n in sizes:
        # the others of the unit are best throughout: they have no twins
        groups = np.full((copies.size, n), best, dtype=np.intp)
        groups[:, 0], groups[:, 1] = tampered.copied_from, copies
        total = alike.totals(groups.ravel(), np.arange(copies.size + 1) * n)
        found.append(Drift(float(total.mean()), float(total.std())))
    return found
