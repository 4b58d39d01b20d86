"""Person fit of yes/no answers against the group's item popularities.

Reproduces PerFit 1.4.6 ``Ht``, ``ZU3``, ``C.Sato``, ``Cstar``, ``NCI``, ``A.KB``, ``D.KB`` and
``E.KB``, and aberrance 0.3.0 ``HT_S``, ``ZU3_S``, ``C_S``, ``MC_S``, ``NC_S``, ``A_S``, ``D_S`` and
``E_S``; ``r.pbis`` is ``consistency.person_total``, and G, U1 and U3 are in ``guttman``.
All-yes and all-no patterns are NaN, as in aberrance. Except for Ht, a record with missing
answers is judged by the items it answered.
Reference: Karabatsos (2003), Applied Measurement in Education 16, 277-298.
"""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, as_rows
from detectors.indices.guttman import normed_guttman_errors

__all__ = [
    "agreement",
    "caution",
    "dependability",
    "disagreement",
    "ht",
    "modified_caution",
    "norm_conformity",
    "zu3",
]


def agreement(x: Matrix) -> Vector:
    """``(n,)``: summed popularity of the items affirmed (Kane & Brennan 1980), A."""
    sums = _Sums(x)
    return sums.own


def disagreement(x: Matrix) -> Vector:
    """``(n,)``: what the agreement lacks to the most that the total allows, D."""
    sums = _Sums(x)
    return sums.best - sums.own


def dependability(x: Matrix) -> Vector:
    """``(n,)``: agreement as a share of the most that the total allows, E; low is unusual."""
    sums = _Sums(x)
    return _ratio(sums.own, sums.best)


def caution(x: Matrix) -> Vector:
    """``(n,)``: Sato's caution index C, 0 a Guttman pattern, about 1 a random one."""
    sums = _Sums(x)
    chance = sums.yes * sums.mean
    return 1.0 - _ratio(sums.own - chance, sums.best - chance)


def modified_caution(x: Matrix) -> Vector:
    """``(n,)``: C* of Harnisch & Linn (1981), 0 a Guttman pattern .. 1 its reverse."""
    sums = _Sums(x)
    return _ratio(sums.best - sums.own, sums.best - sums.worst)


def norm_conformity(x: Matrix) -> Vector:
    """``(n,)``: Tatsuoka & Tatsuoka's (1983) NCI, 1 a Guttman pattern .. -1 its reverse."""
    sums = _Sums(x)
    return np.where(np.isnan(sums.own), np.nan, 1.0 - 2.0 * normed_guttman_errors(x, 2))


def zu3(x: Matrix) -> Vector:
    """``(n,)``: U3 standardised by its mean and variance given the total; high is unusual.

    Reference: van der Flier (1982), Journal of Cross-Cultural Psychology 13, 267-298.
    Its law is normal only for many items that are independent given the total.
    """
    rows = as_rows(x)
    p = np.clip(_popularity(rows), 1e-12, 1.0 - 1e-12)
    logit = np.log(p / (1.0 - p))
    spread = p * (1.0 - p)
    sums = _Sums(x, logit)
    asked = (~np.isnan(rows)).astype(np.float64)
    total = asked @ spread
    slope = _ratio(asked @ (spread * logit), total)
    expected = asked @ (p * logit) + slope * (sums.yes - asked @ p)
    variance = asked @ (spread * logit**2) - slope**2 * total
    return _ratio(expected - sums.own, np.sqrt(np.maximum(variance, 0.0)))


def ht(x: Matrix) -> Vector:
    """``(n,)``: Ht, how a person's pattern goes with those of the others; low is unusual.

    NaN for all-yes and all-no patterns and where an answer is missing; such records are no
    partners either. Reference: Sijtsma (1986); PerFit ``Ht``.
    """
    rows = as_rows(x)
    _check(rows)
    n, k = rows.shape
    result: Vector = np.full(n, np.nan)
    total = rows.sum(axis=1)
    whole = ~np.isnan(total)
    complete = rows if whole.all() else rows[whole]
    if not complete.size:
        return result
    yes = complete.sum(axis=1).astype(np.intp)
    share = yes / k
    levels = np.arange(k + 1) / k
    count = np.bincount(yes, minlength=k + 1)
    together = complete @ complete.sum(axis=0) - yes  # a yes is 1 and its own square
    covariance = together / k - share * ((count * levels).sum() - share)
    below = np.concatenate([[0.0], np.cumsum(count * levels)[:-1]]) + (count - 1) * levels
    above = np.cumsum((count * (1.0 - levels))[::-1])[::-1] - count * (1.0 - levels)
    highest = ((1.0 - levels) * below + levels * above)[yes]
    result[whole] = _ratio(covariance, np.where((yes > 0) & (yes < k), highest, np.nan))
    return result


class _Sums:
    """Summed weights of the items affirmed, and what the total allows; NaN at the ends."""

    def __init__(self, x: Matrix, weight: Vector | None = None) -> None:
        from detectors.indices._fit_kernels import pattern_sums

        rows = as_rows(x)
        popularity = _popularity(rows)
        order = np.argsort(-popularity, kind="stable")
        sums = pattern_sums(rows, popularity if weight is None else weight, order)
        own, best, worst, yes, answered, everything = sums.T
        ends = (yes == 0) | (yes == answered)
        self.own: Vector = np.where(ends, np.nan, own)
        self.best: Vector = best
        self.worst: Vector = worst
        self.yes: Vector = yes
        self.mean: Vector = everything / np.maximum(answered, 1)


def _popularity(rows: Matrix) -> Vector:
    """Share of yes among those who answered each item; 0 for an item nobody answered."""
    _check(rows)
    known = ~np.isnan(rows)
    total: Vector = np.where(known, rows, 0.0).sum(axis=0)
    total /= np.maximum(known.sum(axis=0), 1)
    return total


def _check(rows: Matrix) -> None:
    off = int(((rows != 0.0) & (rows != 1.0) & ~np.isnan(rows)).sum())
    if off:
        raise ValueError(f"{off} answers are neither 0 nor 1")


def _ratio(above: Vector, below: Vector) -> Vector:
    ratio: Vector = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratio, where=below > 1e-12)
    return ratio
