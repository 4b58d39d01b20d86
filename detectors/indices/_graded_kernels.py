"""Loops of the graded response model; imported where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, compiled

__all__ = ["fit_terms", "most_likely", "probabilities"]

FLOOR = 1e-300


@compiled
def _gaps(slopes: Vector, thresholds: Matrix) -> Matrix:
    """What keeps neighbouring answers apart: 1 - exp(-slope x distance of thresholds)."""
    k, steps = thresholds.shape
    out = np.ones((k, steps + 1))
    for j in range(k):
        for c in range(1, steps):
            out[j, c] = 1.0 - np.exp(-slopes[j] * (thresholds[j, c] - thresholds[j, c - 1]))
    return out


@compiled
def _answers(
    theta: float, slope: float, thresholds: Vector, gaps: Vector, p: Vector, r: Vector
) -> None:
    """Fill the probabilities of an item's answers and the derivatives of their logs.

    With F the share at or above an answer, P = F - F' = F (1 - F') gap, which does not
    cancel, and dP = slope P (1 - F - F').
    """
    upper = 1.0  # at or above this answer
    tail = 0.0  # below this answer
    steps = thresholds.size
    for c in range(steps):
        u = slope * (theta - thresholds[c])
        e = np.exp(-abs(u))
        small, large = e / (1.0 + e), 1.0 / (1.0 + e)
        after = large if u >= 0 else small
        below = small if u >= 0 else large
        p[c] = max(upper * below * gaps[c], FLOOR)
        r[c] = slope * (tail - after)
        upper, tail = after, below
    p[steps] = max(upper, FLOOR)
    r[steps] = slope * tail


@compiled
def probabilities(theta: Vector, slopes: Vector, thresholds: Matrix) -> NDArray[np.float64]:
    """``(n, items, categories)``: probability of each answer."""
    k, steps = thresholds.shape
    gaps = _gaps(slopes, thresholds)
    out = np.empty((theta.size, k, steps + 1))
    r = np.empty(steps + 1)
    for i in range(theta.size):
        for j in range(k):
            _answers(theta[i], slopes[j], thresholds[j], gaps[j], out[i, j], r)
    return out


@compiled
def fit_terms(x: Matrix, theta: Vector, slopes: Vector, thresholds: Matrix) -> Matrix:
    """``(n, 9)``: what all statistics of the likelihood of a record are made of.

    With w the log probability of an answer less its mean and r the derivative of the log
    probability: w of the answers given, then the moments ww, wr, rr, www, wwr, wrr, rrr,
    summed over items, and the number answered.
    """
    n, k = x.shape
    steps = thresholds.shape[1]
    gaps = _gaps(slopes, thresholds)
    out = np.zeros((n, 9))
    p = np.empty(steps + 1)
    r = np.empty(steps + 1)
    w = np.empty(steps + 1)
    for i in range(n):
        given = ww = wr = rr = www = wwr = wrr = rrr = answered = 0.0
        for j in range(k):
            if x[i, j] != x[i, j] or theta[i] != theta[i]:
                continue
            answered += 1.0
            a = slopes[j]
            if steps == 1:  # all moments follow from the logit alone
                u = a * (theta[i] - thresholds[j, 0])
                yes = 1.0 / (1.0 + np.exp(-u))
                spread = yes * (1.0 - yes)
                skewed = spread * (1.0 - 2.0 * yes)
                given += (x[i, j] - yes) * u
                ww += spread * u * u
                wr += spread * u * a
                rr += spread * a * a
                www += skewed * u * u * u
                wwr += skewed * u * u * a
                wrr += skewed * u * a * a
                rrr += skewed * a * a * a
                continue
            _answers(theta[i], a, thresholds[j], gaps[j], p, r)
            mean = 0.0
            for c in range(steps + 1):
                w[c] = np.log(p[c])
                mean += p[c] * w[c]
            given += w[int(x[i, j])] - mean
            for c in range(steps + 1):
                d, b, share = w[c] - mean, r[c], p[c]
                ww += share * d * d
                wr += share * d * b
                rr += share * b * b
                www += share * d * d * d
                wwr += share * d * d * b
                wrr += share * d * b * b
                rrr += share * b * b * b
        for place, value in enumerate((given, ww, wr, rr, www, wwr, wrr, rrr, answered)):
            out[i, place] = value
    return out


@compiled
def _score(
    row: Vector,
    theta: float,
    slopes: Vector,
    thresholds: Matrix,
    gaps: Matrix,
    p: Vector,
    r: Vector,
) -> tuple[float, float]:
    """First derivative of the log likelihood, and the expected information."""
    score = information = 0.0
    for j in range(row.size):
        if row[j] != row[j]:
            continue
        if p.size == 2:
            a = slopes[j]
            yes = 1.0 / (1.0 + np.exp(-a * (theta - thresholds[j, 0])))
            score += a * (row[j] - yes)
            information += a * a * yes * (1.0 - yes)
            continue
        _answers(theta, slopes[j], thresholds[j], gaps[j], p, r)
        score += r[int(row[j])]
        for c in range(p.size):
            information += p[c] * r[c] * r[c]
    return score, information


@compiled
def most_likely(
    x: Matrix, slopes: Vector, thresholds: Matrix, lowest: float, highest: float
) -> Vector:
    """Ability of the highest likelihood within bounds: Newton steps kept inside a bracket."""
    n, k = x.shape
    steps = thresholds.shape[1]
    gaps = _gaps(slopes, thresholds)
    out = np.full(n, np.nan)
    p = np.empty(steps + 1)
    r = np.empty(steps + 1)
    for i in range(n):
        answered = 0
        for j in range(k):
            answered += x[i, j] == x[i, j]
        if answered == 0:
            continue
        low, high = lowest, highest
        theta = min(max(0.0, low), high)
        for _ in range(200):
            score, information = _score(x[i], theta, slopes, thresholds, gaps, p, r)
            if (theta == highest and score >= 0) or (theta == lowest and score <= 0):
                break
            if score > 0:
                low = theta
            else:
                high = theta
            guess = theta + (score / information if information > 0 else np.inf * score)
            if not low < guess < high:  # a bound not tried yet is tried, else the middle
                if guess >= highest and high == highest and theta != highest:
                    guess = highest
                elif guess <= lowest and low == lowest and theta != lowest:
                    guess = lowest
                else:
                    guess = 0.5 * (low + high)
            done = abs(guess - theta) < 1e-9
            theta = guess
            if done:
                break
        out[i] = theta
    return out
