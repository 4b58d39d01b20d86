"""Several share tests of one idea as one: the smallest p-value, times how many were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.unit_result import UnitResult

__all__ = ["Decisive", "Several", "smallest_of"]


@dataclass(frozen=True, slots=True)
class Decisive:
    """The test that decided for a unit: its name, records, shares and the combined p-value."""

    name: str
    n: int
    observed: float
    expected: float
    p: float

    @property
    def evidence(self) -> dict[str, object]:
        """The two shares, for programs."""
        return {"observed": self.observed, "expected": self.expected}


@dataclass(frozen=True, eq=False)
class Several:
    """The combined result, and for each unit which test it is from (-1 none)."""

    names: tuple[str, ...]
    result: UnitResult
    which: NDArray[np.intp]

    def decisive(self, unit: int) -> Decisive:
        """What decided for a unit that was tested."""
        result = self.result
        return Decisive(
            name=self.names[int(self.which[unit])],
            n=int(result.tested[unit]),
            observed=float(result.observed[unit]),
            expected=float(result.expected[unit]),
            p=float(result.p_value[unit]),
        )


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
    return Several(tuple(tests), result, which)
