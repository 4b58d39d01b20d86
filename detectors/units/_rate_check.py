"""A unit check that is one rate against the peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Message
from detectors.registry import Assessment, CheckInfo
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._rates import rate_test
from detectors.units._report import assessment

__all__ = ["Counts", "Observed", "RateCheck", "answer_mask"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """Hits and tries of each record, ``(n,)``."""

    hits: Vector
    tries: Vector


@dataclass(frozen=True, slots=True)
class Observed:
    """What a finding says: rates in [0, 1], records, p-value, and the batch if it was one."""

    rate: float
    expected: float
    n: int
    p: float
    batch: str

    @property
    def where(self) -> Message:
        """The batch in words, empty for the whole unit."""
        if not self.batch:
            return Message("", "")
        return Message(f" ở lô {self.batch}", f" in batch {self.batch}")


@dataclass(frozen=True, eq=False)
class RateCheck:
    """Counts something on every record and tests each unit's rate.

    Attributes:
        info: Who the check is.
        count: Hits and tries by record, or the reason why there are none.
        side: ``np.positive`` where a high rate is a sign, ``np.negative`` for a low one.
        say: The message of a finding.
        fewest: Records that a unit must have.
        what: The records that take part, for the reasons.
    """

    info: CheckInfo
    count: Callable[[RecordTable], Counts | str]
    side: Callable[[Vector], Vector]
    say: Callable[[Observed], Message]
    fewest: int = FEWEST_RECORDS
    what: str = "records"

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        counts = self.count(subject.records)
        if isinstance(counts, str):
            result = UnitResult.untested(len(subject))
            result.reason.update(dict.fromkeys(range(len(subject)), counts))
            return assessment(subject, self.info, result, _nothing)
        rates = rate_test(
            subject.records,
            counts.hits,
            counts.tries,
            self.side,
            seed=seed,
            fewest=self.fewest,
            what=self.what,
        )
        result = rates.result

        def describe(unit: int) -> tuple[Message, dict[str, Any]]:
            seen = Observed(
                rate=float(result.observed[unit]),
                expected=float(result.expected[unit]),
                n=int(result.tested[unit]),
                p=float(result.p_value[unit]),
                batch=rates.batch.get(unit, ""),
            )
            evidence = {"observed": seen.rate, "expected": seen.expected}
            return self.say(seen), evidence | ({"batch": seen.batch} if seen.batch else {})

        return assessment(subject, self.info, result, describe)


def _nothing(unit: int) -> tuple[Message, dict[str, Any]]:
    raise AssertionError(f"unit {unit} was not tested")


def answer_mask(table: RecordTable, item_id: str, value: object) -> NDArray[np.bool_]:
    """``(n,)``: the answer to an item is ``value``; numbers written as text count, too."""
    texts = table.column(item_id)
    wanted = {str(value).strip()}
    if isinstance(value, int | float):
        wanted |= {f"{float(value):g}", f"{float(value):.1f}"}
    found: NDArray[np.bool_] = np.isin(texts, sorted(wanted))
    return found
