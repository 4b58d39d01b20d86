"""What a test of units answers, before it becomes findings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_RECORDS", "FEWEST_UNITS", "UnitResult"]

FEWEST_RECORDS = 20
FEWEST_UNITS = 5

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class UnitResult:
    """One statistic of every unit against peers of its level.

    Attributes:
        score: float64 ``(units,)``; higher is more suspicious; NaN where not tested.
        p_value: float64 ``(units,)``.
        observed: Mean of the statistic over the unit's records.
        expected: The same for peers tilted to the unit's level.
        tested: Records it rests on.
        smallest: Smallest share of records that the test could have seen tampered with, at
            a power of .8; NaN where none, or where that is not known.
        reason: Why a unit was not tested.
    """

    score: Vector
    p_value: Vector
    observed: Vector
    expected: Vector
    tested: NDArray[np.intp]
    smallest: Vector
    reason: dict[int, str] = field(default_factory=dict)

    @classmethod
    def untested(cls, units: int) -> UnitResult:
        """A result to be filled in."""
        score, p_value, observed, expected, smallest = (np.full(units, np.nan) for _ in range(5))
        tested = np.zeros(units, dtype=np.intp)
        return cls(score, p_value, observed, expected, tested, smallest)
