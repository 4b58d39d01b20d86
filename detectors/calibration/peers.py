"""p-values of units among their peers, a few of whom may be tampered with.

A score that is not far out (upper quartile plus three interquartile ranges, those of an
exponential at least) gets its rank among such scores, itself included. One that is gets the
continued tail of the others, joined by as many quantiles of the exponential that the model of
the score promises, times the number of far-out units, as many of them put the tail in doubt, and
never less than the model itself says. So honest differences between
units widen the tail, and a few tampered units do not hide each other.

Reference: Tukey (1977) for far-out values; Vovk, Gammerman & Shafer (2005) for ranks as
p-values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution

__all__ = ["EXPONENTIAL_QUARTILES", "FAR_OUT", "FEWEST_PEERS", "among_peers"]

FEWEST_PEERS = 10
FAR_OUT = 3.0
EXPONENTIAL_QUARTILES = float(np.log(3.0))

Vector = NDArray[np.float64]


def among_peers(score: Vector, group: NDArray[np.intp]) -> Vector:
    """p-values of unit scores among the units of their group.

    Args:
        score: ``(units,)`` in nats, exponential with mean one at most where the model of the
            score holds; NaN takes no part.
        group: int ``(units,)``.

    Returns:
        ``(units,)`` in (0, 1]; NaN where the score is, or for fewer than ten units.
    """
    p = np.full(score.shape, np.nan)
    for number in np.unique(group[np.isfinite(score)]):
        mine = np.flatnonzero((group == number) & np.isfinite(score))
        if mine.size < FEWEST_PEERS:
            continue
        own = score[mine]
        low, high = np.quantile(own, [0.25, 0.75])
        far = own > high + FAR_OUT * max(high - low, EXPONENTIAL_QUARTILES)
        peers = np.sort(own[~far])
        at_least = peers.size - np.searchsorted(peers, own, side="left")
        model = -np.log((np.arange(peers.size) + 0.5) / peers.size)
        tail = HonestDistribution.fit(np.concatenate([peers, model])).p_value(own)
        beyond = np.minimum(tail * far.sum(), 1.0 / (peers.size + 1.0))
        beyond = np.maximum(beyond, np.exp(-np.maximum(own, 0.0)))
        p[mine] = np.where(far, beyond, at_least / peers.size)
    return p
