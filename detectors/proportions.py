"""Shares near 100 %: intervals that fit them, sample sizes, and what depending answers are worth.

Answers on one form depend on each other, and forms that one person collected may too, so a
share over many answers is worth fewer independent ones: its *effective size*. With it the
usual intervals hold. Wilson's and Jeffreys' intervals stay inside [0, 1] and cover near the
ends, where the textbook interval (p ± 1.96 standard errors) does not.

Reference: Wilson (1927); Brown, Cai & DasGupta (2001), interval estimation for a binomial
proportion; Newcombe (1998), difference of two proportions, method 10; Kish (1965), design
effect; Yamane (1967), sample size n = N / (1 + N e²), which practice calls Slovin's formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    *("Z95", "Dispersion", "difference", "dispersion", "effective_size", "jeffreys"),
    *("margin_reached", "minimal_sample", "wilson"),
]

Z95 = 1.959963984540054
FEWEST_CLUSTERS = 30
"""Below so many clusters of two forms and more their dependence is not measured."""


def wilson(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share over an effective size of ``n``; 95 % by default.

    Raises:
        ValueError: If ``n`` is not positive or ``share`` not in [0, 1].
    """
    if not n > 0 or not 0.0 <= share <= 1.0:
        raise ValueError(f"no interval for a share of {share} over {n}")
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def jeffreys(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Jeffreys' interval: quantiles of Beta(n p + ½, n (1 - p) + ½); 0 and 1 are kept as ends.

    Raises:
        ValueError: If ``n`` is not positive or ``share`` not in [0, 1].
    """
    from scipy.stats import beta

    if not n > 0 or not 0.0 <= share <= 1.0:
        raise ValueError(f"no interval for a share of {share} over {n}")
    good, bad = n * share + 0.5, n * (1 - share) + 0.5
    tail = (1 - level) / 2
    low = 0.0 if share == 0.0 else float(beta.ppf(tail, good, bad))
    high = 1.0 if share == 1.0 else float(beta.ppf(1 - tail, good, bad))
    # Within half an answer of an end the quantile would pass the share itself.
    return min(low, share), max(high, share)


def difference(
    now: float, n_now: float, before: float, n_before: float, z: float = Z95
) -> tuple[float, float]:
    """Interval of ``now - before``, two independent shares (Newcombe's method 10)."""
    low, high = wilson(now, n_now, z)
    low_before, high_before = wilson(before, n_before, z)
    gap = now - before
    down = math.hypot(now - low, high_before - before)
    up = math.hypot(high - now, before - low_before)
    return max(-1.0, gap - down), min(1.0, gap + up)


def minimal_sample(served: int, margin: float = 0.05) -> int:
    """Smallest sample for ``served`` transactions: n = N / (1 + N e²), rounded up.

    The satisfaction measurement of the Ministry of Home Affairs uses it: 1,000 transactions
    need 286 forms, 3,000 need 353 at e = 5 %. It never asks for more than there are.

    Raises:
        ValueError: If ``served`` is negative or ``margin`` is not in (0, 1).
    """
    if served < 0 or not 0.0 < margin < 1.0:
        raise ValueError(f"no sample size for {served} transactions at a margin of {margin}")
    return math.ceil(round(served / (1.0 + served * margin * margin), 9))


def margin_reached(n: int, served: int) -> float | None:
    """The margin e for which ``n`` forms of ``served`` transactions are just enough.

    0 where everybody answered; ``None`` without forms, or with more forms than transactions,
    which no sample can have.
    """
    if n <= 0 or n > served:
        return None
    return math.sqrt(max(0.0, 1.0 / n - 1.0 / served))


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How strongly answers depend on each other, as correlations in [0, 1].

    Attributes:
        form: Of two answers on one form.
        cluster: Of answers on two forms of one cluster (a batch, a collector); ``None`` where
            it was not measured.
        clusters: Clusters of two forms and more that it was measured on.
    """

    form: float
    cluster: float | None = None
    clusters: int = 0


def dispersion(
    good: NDArray[np.int64],
    given: NDArray[np.int64],
    unit: NDArray[np.int64],
    cluster: NDArray[np.int64] | None = None,
) -> Dispersion:
    """Measure how far answers depend on each other, over all units together.

    Pairs of answers on one form, and on two forms of one cluster, are compared with pairs of
    forms that share only their unit: what units differ by is in both and falls out.

    Args:
        good: ``(forms,)`` satisfied answers on each form.
        given: ``(forms,)`` answers on each form.
        unit: ``(forms,)`` number of the unit, from 0.
        cluster: ``(forms,)`` number of the cluster; a cluster lies in one unit. ``None`` where
            no form names one.
    """
    kept = given > 0
    good, given, unit = good[kept], given[kept], unit[kept]
    if good.size == 0:
        return Dispersion(1.0)
    units = int(unit.max()) + 1
    share = _by(unit, good, units) / np.maximum(_by(unit, given, units), 1)
    p = share[unit]
    left = good - p * given
    spent = p * (1 - p)
    alone = good * (1 - 2 * p) + given * p * p  # the squares of single answers on a form
    pairs_form = given * (given - 1.0)
    label = np.arange(good.size) if cluster is None else cluster[kept]
    _, label = np.unique(label, return_inverse=True)
    groups = int(label.max()) + 1
    of_group = np.zeros(groups, dtype=np.int64)
    of_group[label] = unit
    sums, sizes = _by(label, left, groups), _by(label, given, groups)
    within = sums**2 - _by(label, left**2, groups)
    pairs_within = sizes**2 - _by(label, given**2, groups)
    # All pairs of forms of a unit that share no cluster.
    between = _by(unit, left, units) ** 2 - _by(of_group, sums**2, units)
    pairs_between = _by(unit, given, units) ** 2 - _by(of_group, sizes**2, units)
    weight = share * (1 - share)
    base = float(between.sum()), float((pairs_between * weight).sum())
    inside = float((left**2 - alone).sum()), float((pairs_form * spent).sum())
    floor = base[0] / base[1] if base[1] > 0 else 0.0
    # Where no answer differs from the others of its unit nothing is measured: the worst is taken.
    form = _clip(inside[0] / inside[1] - floor) if inside[1] > 0 else 1.0
    many = int((np.bincount(label, minlength=groups) > 1).sum())
    if cluster is None or many < FEWEST_CLUSTERS:
        return Dispersion(form, None, many)
    worth = float((pairs_within * weight[of_group]).sum())
    together = _clip(float(within.sum()) / worth - floor) if worth > 0 else 0.0
    return Dispersion(max(form, together), together, many)


def effective_size(
    given: NDArray[np.int64],
    unit: NDArray[np.int64],
    units: int,
    measured: Dispersion,
    cluster: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """What the answers of each unit are worth as independent ones; 0 without answers.

    The variance of a pooled share over ``a`` answers is ``p (1 - p) / n`` with
    ``n = a² / (Σ a_f (1 - ρ) + Σ a_f² (ρ - κ) + Σ A_c² κ)``: ``a_f`` answers on a form, ``A_c``
    in a cluster, ``ρ`` and ``κ`` the two correlations. Never more than there are answers.

    Args:
        given: ``(forms,)`` answers on each form.
        unit: ``(forms,)`` number of the unit.
        units: How many units there are.
        measured: The correlations.
        cluster: As for :func:`dispersion`.
    """
    kept = given > 0
    given, unit = given[kept].astype(np.float64), unit[kept]
    answers = _by(unit, given, units)
    kappa = measured.cluster or 0.0
    spent = answers * (1 - measured.form)
    spent += _by(unit, given**2, units) * (measured.form - kappa)
    if kappa > 0 and cluster is not None:
        _, label = np.unique(cluster[kept], return_inverse=True)
        groups = int(label.max()) + 1 if label.size else 0
        of_group = np.zeros(groups, dtype=np.int64)
        of_group[label] = unit
        spent += kappa * _by(of_group, _by(label, given, groups) ** 2, units)
    worth: NDArray[np.float64] = np.divide(answers**2, spent, out=np.zeros(units), where=spent > 0)
    return np.minimum(worth, answers)


def _by(label: NDArray[np.int64], values: NDArray[Any], size: int) -> NDArray[np.float64]:
    weights = values.astype(np.float64)
    sums: NDArray[np.float64] = np.bincount(label, weights=weights, minlength=size).astype(
        np.float64
    )
    return sums


def _clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)
