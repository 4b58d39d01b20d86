"""Item parameters of the graded response model from answers, by marginal likelihood.

Expectation-maximisation over equidistant abilities with a standard normal prior.
Reference: Bock & Aitkin (1981), Psychometrika 46, 443-459; Samejima (1969).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector
from detectors.indices.graded import GradedModel, log_likelihood

__all__ = ["fit_graded"]

NODES = np.linspace(-6.0, 6.0, 61)
BLOCK = 10_000  # records at once, which bounds the memory
STEEPEST = 10.0


def fit_graded(
    x: Matrix, categories: int, *, tolerance: float = 1e-3, most: int = 300
) -> GradedModel:
    """Fit slopes and thresholds.

    Args:
        x: Answers 0..categories - 1, all items keyed alike; missing ones take no part.
        categories: Number of answers an item has, 2 or more; each must occur in each item.
        tolerance: Largest change of a slope or an intercept at which it stops.
        most: Most turns.

    Returns:
        The model. Slopes are kept at or below 10 and above 0.01: an item that does not go
        with the others gets the lowest.

    Raises:
        ValueError: If an answer is off the scale, or an item lacks one of the answers.
    """
    from detectors.indices._fit_kernels import answer_counts

    counts, off = answer_counts(np.ascontiguousarray(x, dtype=np.float64), categories)
    if off:
        raise ValueError(f"{off} answers are not among 0..{categories - 1}")
    if not (counts > 0).all():
        lacking = np.flatnonzero(~(counts > 0).all(axis=1)).tolist()
        raise ValueError(f"items {lacking} do not have every answer 0..{categories - 1}")
    passed = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    share = passed[:, 1:] / passed[:, :1]
    slopes = np.ones(len(counts))
    intercepts = np.log((1.0 - share) / share)  # slope times threshold
    for _ in range(most):
        expected = _expected_counts(x, GradedModel(slopes, intercepts / slopes[:, None]))
        found = [_maximise(n, a, d) for n, a, d in zip(expected, slopes, intercepts, strict=True)]
        new_slopes = np.array([a for a, _ in found])
        new_intercepts = np.array([d for _, d in found])
        change = max(np.abs(new_slopes - slopes).max(), np.abs(new_intercepts - intercepts).max())
        slopes, intercepts = new_slopes, new_intercepts
        if change < tolerance:
            break
    return GradedModel(slopes, intercepts / slopes[:, None])


def _expected_counts(x: Matrix, model: GradedModel) -> NDArray[np.float64]:
    """``(items, nodes, categories)``: how many are expected at each ability to answer each."""
    k, categories = model.slopes.size, model.categories
    counts = np.zeros((k, categories, NODES.size))
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        log_p = log_likelihood(part, model, NODES) - NODES**2 / 2.0
        posterior = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
        for c in range(categories):
            counts[:, c] += (part == c).T.astype(np.float64) @ posterior
    return counts.transpose(0, 2, 1)


def _maximise(counts: Matrix, slope: float, intercepts: Vector) -> tuple[float, Vector]:
    """Slope and ascending intercepts of one item, given the counts at each ability.

    The search is over the slope, the first intercept and the logs of the gaps, so that
    the intercepts ascend.
    """
    from scipy.optimize import minimize

    start = np.concatenate([[slope, intercepts[0]], np.log(np.diff(intercepts))])
    total = counts.sum()

    def loss(at: Vector) -> tuple[float, Vector]:
        gaps = np.exp(at[2:])
        d = at[1] + np.concatenate([[0.0], np.cumsum(gaps)])
        f = 1.0 / (1.0 + np.exp(-np.clip(at[0] * NODES[:, None] - d, -700.0, 700.0)))
        edges = np.hstack([np.ones((NODES.size, 1)), f, np.zeros((NODES.size, 1))])
        p = np.maximum(edges[:, :-1] - edges[:, 1:], 1e-300)
        each = counts / p
        by_u = (each[:, 1:] - each[:, :-1]) * f * (1.0 - f)
        by_d = -by_u.sum(axis=0)
        beyond = np.cumsum(by_d[::-1])[::-1]
        gradient = np.concatenate([[NODES @ by_u.sum(axis=1), beyond[0]], beyond[1:] * gaps])
        return -float((counts * np.log(p)).sum()) / total, -gradient / total

    bounds = [(0.01, STEEPEST), (-30.0, 30.0)] + [(-7.0, 3.5)] * (intercepts.size - 1)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 8})
    gaps = np.exp(best.x[2:])
    return float(best.x[0]), best.x[1] + np.concatenate([[0.0], np.cumsum(gaps)])
