"""Scores of many units in one round against pseudo-rounds of honest units.

Three steps. :func:`standardised` divides z-scores by the spread that the units of their own
round show, and takes off their common centre: honest units differ by more than chance.
The same is done to every pseudo-round, so what the estimate of the spread costs (heavy
tails where units are few) stands in the null as well and the ratio holds for any spread.
:func:`differing` puts differences between units into the pseudo-rounds, as strong as those of
the round: their variance can be told from a few dozen units, their tail cannot, so they are
drawn exponential, the heaviest law whose density is log-concave, to either side.
:func:`joint_p_values` then turns several scores of one unit into one p-value each and
into one together: the smallest weighted p-value is itself compared with what the same
minimum reaches in pseudo-units, whose scores hang together as the real ones do. Where
hardly a pseudo-unit reaches it, what they gain on Bonferroni is read off further up, since
a share told by two draws or three is chance.

Reference: Efron (2004), "Large-scale simultaneous hypothesis testing", JASA 99, for the
empirical null; Westfall & Young (1993), *Resampling-Based Multiple Testing*, for the
minimum over dependent tests; weights after Genovese, Roeder & Wasserman (2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution

__all__ = ["Spread", "differing", "joint_p_values", "null_of", "spread_of", "standardised"]

# what the estimates are worth against "chance alone": centre 0, spread 1
PRIOR_CENTRE = 20.0
PRIOR_SCALE = 4.0
CLIP = 2.5
MAD = 1.4826
# mean of a squared normal score after clipping at 2.5
CLIPPED_SQUARE = 0.975
SMALLEST_SPREAD = 0.3
# Sums over records: no cap on what the excesses of the null give, and no mean made wider, as
# thousands of draws tell it and such tails fall faster than an exponential's.
FREEDOM = 100.0
WIDENING = 1.0
# from this many draws on a share of them is taken for what it is
FEWEST_DRAWS = 40

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spread:
    """Centre and scale of each round, one a leading index of the z-scores."""

    centre: Array
    scale: Array


def spread_of(z: Array, used: NDArray[np.bool_] | None = None) -> Spread:
    """Centre and scale of ``(..., units)`` z-scores; NaN and units not ``used`` left out.

    Scores beyond 2.5 robust standard deviations count as standing there, so that a few
    tampered units do not widen the null. With few units both are drawn to chance alone
    (0 and 1): a centre is worth its units against 20, a variance against 4.
    """
    chosen = z if used is None else np.where(used, z, np.nan)
    count = np.isfinite(chosen).sum(axis=-1)
    if chosen.shape[-1] == 0 or not count.any():
        return Spread(np.zeros(z.shape[:-1]), np.ones(z.shape[:-1]))
    chosen = np.where(count[..., None] > 0, chosen, 0.0)
    middle = np.nanmedian(chosen, axis=-1)
    off = chosen - middle[..., None]
    reach = CLIP * MAD * np.nanmedian(np.abs(off), axis=-1)[..., None]
    square = np.nanmean(np.clip(off, -reach, reach) ** 2, axis=-1) / CLIPPED_SQUARE
    variance = (PRIOR_SCALE + count * square) / (PRIOR_SCALE + count)
    return Spread(middle * count / (count + PRIOR_CENTRE), np.sqrt(variance))


def standardised(z: Array, spread: Spread) -> Array:
    """``(z - centre) / scale``, round by round."""
    answer: Array = (z - spread.centre[..., None]) / spread.scale[..., None]
    return answer


def differing(null: Array, variance: float, rng: np.random.Generator) -> Array:
    """Pseudo-rounds of units that differ beyond chance.

    Args:
        null: ``(rounds, units)`` z-scores by chance alone.
        variance: That of the round's own z-scores, in units of that of ``null``.
        rng: Draws the differences.

    Returns:
        As many z-scores with that variance; ``null`` itself where it is not above 1.
    """
    if not variance > 1.0:
        return null
    usual = float(np.median(spread_of(null).scale))
    further = (rng.exponential(size=null.shape) - 1.0) * rng.choice([-1.0, 1.0], null.shape)
    answer: Array = null + np.sqrt(variance - 1.0) * usual * further
    return answer


def joint_p_values(
    scores: Array, null: list[Array], classes: NDArray[np.intp], weights: Array
) -> tuple[Array, Array]:
    """p-values of each score and of all scores of a unit together.

    Args:
        scores: ``(units, tests)``; higher is more suspicious; NaN where not tested.
        null: One array a test, ``(draws, units)``: scores of pseudo-units of the size and
            level of the unit in the same column, NaN where none was made. Tests may have
            different numbers of draws; their first ones belong to the same pseudo-units.
        classes: ``(units,)``: units that share a null.
        weights: ``(tests,)``, not negative; a test of weight 0 has a p-value of its own and no
            part in that of all together.

    Returns:
        ``(units, tests)`` and ``(units,)`` p-values, NaN where nothing was tested.
    """
    p = np.full(scores.shape, np.nan)
    together = np.full(len(scores), np.nan)
    made = np.isfinite(scores).any(axis=0)
    if not made.any():
        return p, together
    share = np.where(made, weights, 0.0)
    share = share / max(float(share.sum()), np.finfo(np.float64).tiny)
    draws = min(null[k].shape[0] for k in np.flatnonzero(made))
    for one in np.unique(classes):
        mine = np.flatnonzero(classes == one)
        smallest = np.full(len(mine), np.inf)
        smallest_null = np.full(draws * len(mine), np.inf)
        complete = np.ones(draws * len(mine), dtype=bool)
        for k in np.flatnonzero(made):
            block = null[k][:, mine]
            honest = null_of(block, SMALLEST_SPREAD)
            if honest.n == 0:
                continue
            p[mine, k] = honest.p_value(scores[mine, k])
            if share[k] == 0.0:
                continue
            smallest = np.fmin(smallest, p[mine, k] / share[k])
            among = honest.p_of_members(block[:draws].ravel())
            complete &= np.isfinite(among)
            smallest_null = np.fmin(smallest_null, among / share[k])
        tested = np.flatnonzero(np.isfinite(smallest))
        together[mine[tested]] = _of_smallest(smallest[tested], np.sort(smallest_null[complete]))
    return p, together


def null_of(scores: Array, min_scale: float = 0.0) -> HonestDistribution:
    """What pseudo-units score; see :class:`HonestDistribution` for ``min_scale``."""
    return HonestDistribution.fit(scores, min_scale=min_scale, freedom=FREEDOM, widening=WIDENING)


def _of_smallest(smallest: Array, drawn: Array) -> Array:
    """p-values of weighted minima against those of pseudo-units, which rise.

    Bonferroni, which holds by itself, or less as far as the draws tell how much less.
    """
    bound = np.minimum(smallest, 1.0)
    if drawn.size == 0:
        return bound
    share = (1.0 + np.searchsorted(drawn, smallest, side="right")) / (drawn.size + 1.0)
    last = min(FEWEST_DRAWS, drawn.size) - 1
    gain = min(1.0, (last + 2.0) / (drawn.size + 1.0) / float(drawn[last]))
    return np.where(smallest < drawn[last], bound * gain, np.minimum(bound, share))
