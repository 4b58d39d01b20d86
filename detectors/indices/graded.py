"""The graded response model: probabilities of answers given ability, and ability of answers.

Two categories make it the two-parameter logistic model. A log likelihood concave in the
ability (slopes above 0) makes the most likely ability unique.
Reference: Samejima (1969), Psychometrika Monograph 17; Bock & Mislevy (1982), Applied
Psychological Measurement 6, 431-444.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = ["GradedModel", "expected_ability", "log_likelihood", "most_likely_ability"]


@dataclass(frozen=True)
class GradedModel:
    """Item parameters: P(answer >= c) = 1 / (1 + exp(-slope (ability - threshold_c))).

    Attributes:
        slopes: ``(items,)``, above 0.
        thresholds: ``(items, categories - 1)``, ascending.

    Raises:
        ValueError: If shapes differ, a slope is not above 0 or thresholds do not ascend.
    """

    slopes: Vector
    thresholds: Matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "slopes", np.ascontiguousarray(self.slopes, dtype=np.float64))
        object.__setattr__(self, "thresholds", as_rows(self.thresholds))
        if self.slopes.shape != self.thresholds.shape[:1] or self.thresholds.shape[1] < 1:
            raise ValueError(f"{self.slopes.shape} slopes, {self.thresholds.shape} thresholds")
        finite = np.isfinite(self.slopes).all() and np.isfinite(self.thresholds).all()
        if not finite or not (self.slopes > 0).all():
            raise ValueError("slopes are not all above 0, or parameters not finite")
        if not (np.diff(self.thresholds, axis=1) > 0).all():
            raise ValueError("thresholds do not ascend")

    @property
    def categories(self) -> int:
        """Number of answers an item has."""
        return int(self.thresholds.shape[1]) + 1

    def probabilities(self, ability: Vector) -> NDArray[np.float64]:
        """``(n, items, categories)``: probability of each answer at each ability."""
        from detectors.indices._graded_kernels import probabilities

        theta = np.ascontiguousarray(ability, dtype=np.float64)
        return probabilities(theta, self.slopes, self.thresholds)

    def check(self, x: Matrix) -> Matrix:
        """The answers 0..categories - 1 as rows.

        Raises:
            ValueError: If the items are not the model's or an answer is off the scale.
        """
        from detectors.indices._fit_kernels import answer_counts

        rows = as_rows(x)
        if rows.shape[1] != self.slopes.size:
            raise ValueError(f"{rows.shape[1]} items, {self.slopes.size} in the model")
        _, off = answer_counts(rows, self.categories)
        if off:
            raise ValueError(f"{off} answers are not among 0..{self.categories - 1}")
        return rows


def most_likely_ability(
    x: Matrix, model: GradedModel, bounds: tuple[float, float] = (-4.0, 4.0)
) -> Vector:
    """``(n,)``: ability of the highest likelihood within bounds; NaN without an answer.

    aberrance 0.3.0 uses the same bounds and stops within about 1e-4 of it.
    """
    from detectors.indices._graded_kernels import most_likely

    return most_likely(model.check(x), model.slopes, model.thresholds, *bounds)


def log_likelihood(x: Matrix, model: GradedModel, abilities: Vector) -> Matrix:
    """``(n, abilities)``: log probability of each record at each of some abilities."""
    logs = np.log(model.probabilities(abilities)).reshape(len(abilities), -1)
    return _indicators(model.check(x), model.categories) @ logs.T


def expected_ability(
    x: Matrix,
    model: GradedModel,
    nodes: Vector | None = None,
    weights: Vector | None = None,
) -> Vector:
    """``(n,)``: mean of the ability given the answers, for a standard normal prior (EAP).

    Args:
        x: Answers.
        model: Item parameters.
        nodes: Abilities at which it is summed; 121 from -6 to 6 by default.
        weights: Prior weight of each node; standard normal by default.

    NaN without an answer. PerFit takes its abilities from ltm, which sums over 21
    Gauss-Hermite nodes: that is off by up to .18 where answers are as informative as those
    of PhysFunc; handing these nodes in reproduces it.
    """
    theta = np.linspace(-6.0, 6.0, 121) if nodes is None else nodes
    prior = np.exp(-(theta**2) / 2.0) if weights is None else weights
    mean = np.empty(len(x))
    for start in range(0, len(x), 10_000):  # bounds the memory
        part = slice(start, start + 10_000)
        log_p = log_likelihood(x[part], model, theta)
        posterior = np.exp(log_p - log_p.max(axis=1, keepdims=True)) * prior
        mean[part] = posterior @ theta / posterior.sum(axis=1)
    mean[np.isnan(x).all(axis=1)] = np.nan
    return mean


def _indicators(rows: Matrix, categories: int) -> Matrix:
    """``(n, items * categories)``: 1 for the answer given, all 0 where it is missing."""
    given = rows[:, :, None] == np.arange(categories)
    flat: Matrix = given.reshape(len(rows), -1).astype(np.float64)
    return flat
