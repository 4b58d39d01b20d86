"""Several share tests of one idea as one: the smallest p-value, times how many were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.unit_result import UnitResult

__all__ = ["Several", "smallest_of"]


@dataclass(frozen=True, eq=False)
class Several:
    """The combined result, and for each unit which test it is from (-1 none)."""

    result: UnitResult
    which: NDArray[np.intp]


def smallest_of(tests: Mapping[str, UnitResult], units: int) -> Several:
    """Bonferroni over the tests that a unit had; its reason where it had none."""
    result = UnitResult.untested(units)
    which = np.full(units, -1, dtype=np.intp)
    made = np.zeros(units)
    for number, test in enumerate(tests.values()):
        tested = np.isfinite(test.p_value)
        made[tested] += 1.0
        better = tested & ~(test.p_value >= result.p_value)
        which[better] = number
        for name in ("score", "p_value", "observed", "expected", "tested"):
            getattr(result, name)[better] = getattr(test, name)[better]
        for unit in np.flatnonzero(~tested).tolist():
            result.reason.setdefault(unit, test.reason.get(unit, "not enough data"))
    result.p_value[:] = np.minimum(result.p_value * np.maximum(made, 1.0), 1.0)
    for unit in np.flatnonzero(np.isfinite(result.p_value)).tolist():
        result.reason.pop(unit, None)
    return Several(result, which)
