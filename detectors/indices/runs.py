"""Runs of one and the same answer in printed order.

Reproduces careless 1.2.2 ``longstring``. Long runs are usual where most people are content:
they tell of carelessness only against what peers do.
Reference: Johnson (2005), Journal of Research in Personality 39, 103-129.
"""

from __future__ import annotations

from detectors.indices._shared import Matrix, Vector, as_rows

__all__ = ["average_string", "longest_runs", "longstring"]


def longstring(x: Matrix) -> Vector:
    """``(n,)``: longest run of equal answers, 1..items; a missing answer ends a run.

    NaN without an answer. Reference: careless ``longstring``, which counts each missing
    answer as a run of its own; only the average is changed by that.
    """
    from detectors.indices._row_kernels import runs

    return runs(as_rows(x))[0]


def average_string(x: Matrix) -> Vector:
    """``(n,)``: mean length of the runs of equal answers; careless ``longstring(avg=TRUE)``."""
    from detectors.indices._row_kernels import runs

    return runs(as_rows(x))[1]


def longest_runs(x: Matrix, values: Vector) -> Matrix:
    """``(n, len(values))``: longest run of each value, 0 where it is not given.

    Unlike in ``longstring``, a missing answer is passed over and does not end a run.
    """
    from detectors.indices._row_kernels import longest_of_values

    return longest_of_values(as_rows(x), as_rows(values[None, :])[0])
