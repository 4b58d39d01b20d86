"""Ways of using the scale whatever is asked: agreeing, extremes, the middle, few movements.

Reproduces insufficient-effort 1.13.1 ``acquiescence``, ``response_pattern`` (extreme),
``midpoint_responding`` and ``markov``; its ``longstring_pattern`` is not reproduced, as it counts a
pattern of four of which three came again. Where most people are content the honest answer
is extreme, agreeing and always the same: these describe, and accuse nobody.
Reference: Baumgartner & Steenkamp (2001), Journal of Marketing Research 38, 143-156.
"""

from __future__ import annotations

import numpy as np

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = [
    "acquiescence",
    "extreme_share",
    "longest_cycle",
    "middle_share",
    "transition_entropy",
]


def acquiescence(x: Matrix, lowest: float, highest: float) -> Vector:
    """``(n,)``: mean answer between the ends of the scale, 0 = lowest .. 1 = highest.

    It is bias towards agreeing only where as many items are worded against as for.
    """
    return _shares(x, lowest, highest)[:, 2]


def extreme_share(x: Matrix, lowest: float, highest: float) -> Vector:
    """``(n,)``: share of answers at either end of the scale."""
    return _shares(x, lowest, highest)[:, 0]


def middle_share(x: Matrix, lowest: float, highest: float) -> Vector:
    """``(n,)``: share of answers in the middle of the scale."""
    return _shares(x, lowest, highest)[:, 1]


def transition_entropy(x: Matrix) -> Vector:
    """``(n,)``: bits by which the next answer is open, given the one before; 0 = a fixed cycle.

    Missing answers are passed over; NaN below two answers. Bounded by the logarithm of the
    number of answers, and small where a record is short.
    """
    from detectors.indices._style_kernels import transition_entropies

    rows = as_rows(x)
    values = np.unique(rows[~np.isnan(rows)])
    return transition_entropies(rows, values)


def longest_cycle(x: Matrix, longest: int = 5) -> Vector:
    """``(n,)``: answers in the longest stretch that repeats a pattern of 2..longest answers.

    1-2-1-2-1-2 counts 6; a pattern must come at least twice, whole, and have two answers
    (straight-lining is none). Missing answers are passed over; 0 without a repetition, NaN
    without an answer.

    Raises:
        ValueError: If ``longest`` is below 2.
    """
    from detectors.indices._style_kernels import longest_cycles

    if longest < 2:
        raise ValueError(f"patterns of 2 to {longest} answers")
    return longest_cycles(as_rows(x), longest)


def _shares(x: Matrix, lowest: float, highest: float) -> Matrix:
    from detectors.indices._style_kernels import scale_use

    if not lowest < highest:
        raise ValueError(f"scale from {lowest} to {highest}")
    return scale_use(as_rows(x), float(lowest), float(highest))
