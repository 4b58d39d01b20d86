"""The shape of a unit over several strata: paper and digital forms of one office together.

Each stratum judges a unit against its own peers, in standard deviations of honest units.
Whatever was done to forms of both kinds moves both, so a unit that is large enough in
several strata gets one more score a test, their sum weighted by the roots of its records
there (Stouffer), and the same sums of its pseudo-units as null. It keeps the smallest of
that p-value at half of the error rate and of those of single strata, which share the
other half: what was done to one kind of forms alone still shows there.

Reference: Stouffer et al. (1949), *The American Soldier*; weights after Lipták (1958).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.units._stratum import Judged, joint_of, sided

__all__ = ["Across", "Part", "across"]

SHARE = 0.5

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Part:
    """The large units of one stratum.

    Attributes:
        units: Their numbers.
        sizes: Their records in the stratum.
        judged: What was found.
    """

    units: Rows
    sizes: Rows
    judged: Judged


@dataclass(frozen=True, eq=False)
class Across:
    """Units that were judged in several strata.

    Attributes:
        units: Their numbers.
        sizes: Their records in those strata.
        score: ``(units, tests)``; NaN where no stratum could make the test.
        p_value: ``(units, tests)``, likewise.
        together: ``(units,)``.
        observed: ``(units, tests)`` means over the records of the strata.
        expected: ``(units, tests)``, likewise.
    """

    units: Rows
    sizes: Rows
    score: Array
    p_value: Array
    together: Array
    observed: Array
    expected: Array

    @staticmethod
    def smaller(joint: Array, alone: Array) -> Array:
        """p-values of units from the one over strata and the best of single ones, paid for."""
        answer: Array = np.minimum(np.fmin(joint / SHARE, alone / (1.0 - SHARE)), 1.0)
        return answer


def across(parts: Sequence[Part], weights: Array) -> Across | None:
    """Sum the scores of units over strata; ``None`` where no unit stands in two of them."""
    every = np.concatenate([part.units for part in parts]) if parts else np.zeros(0, dtype=np.intp)
    units, times = np.unique(every, return_counts=True)
    units = units[times > 1]
    if units.size == 0:
        return None
    tests = len(weights)
    total = np.zeros(units.size)
    z, observed, expected, made = (np.zeros((units.size, tests)) for _ in range(4))
    draws = [min(len(part.judged.null[k]) for part in parts) for k in range(tests)]
    null = [np.zeros((count, units.size)) for count in draws]
    for part in parts:
        mine = np.flatnonzero(np.isin(units, part.units))
        place = np.searchsorted(part.units, units[mine])
        size, own = part.sizes[place].astype(np.float64), part.judged
        total[mine] += size
        # a test that the stratum could not make adds nothing, to the unit as to its null
        known = np.isfinite(own.z[place])
        made[mine] += known * size[:, None]
        z[mine] += np.where(known, np.sqrt(size)[:, None] * own.z[place], 0.0)
        observed[mine] += np.where(known, size[:, None] * own.observed[place], 0.0)
        expected[mine] += np.where(known, size[:, None] * own.expected[place], 0.0)
        for k, summed in enumerate(null):
            drawn = np.where(known[:, k], own.null[k][: draws[k]][:, place], 0.0)
            summed[:, mine] += np.sqrt(size) * drawn
    some = made > 0
    z = np.where(some, z / np.sqrt(total)[:, None], np.nan)
    pseudo = tuple(
        np.where(some[:, k], summed / np.sqrt(total), np.nan) for k, summed in enumerate(null)
    )
    p, together = joint_of(z, pseudo, total.astype(np.intp), weights)
    with np.errstate(invalid="ignore"):
        observed, expected = observed / made, expected / made
    return Across(units, total.astype(np.intp), sided(z), p, together, observed, expected)
