"""What checks share that correlate a record's answers with what its peers have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.finding import Message
from detectors.records._profile import by_stratum
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo
from detectors.table import RecordTable

__all__ = ["CorrelationCheck"]


@dataclass(frozen=True, eq=False)
class CorrelationCheck:
    """Minus a correlation, ranked among peers.

    Attributes:
        info: Who the check is.
        correlate: ``(k, items)`` answers of one stratum -> ``(k,)`` correlations.
        nothing: Reason where the peers have nothing in common.
        message: From the record's correlation and the usual one.
    """

    info: CheckInfo
    correlate: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    nothing: str
    message: Callable[[float, float], Message]

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance, ``seed`` is there for the contract."""
        found, reasons = by_stratum(subject, self.correlate, self.nothing)
        scores = -found
        p_values = by_rank(scores, subject.stratum)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            r = float(found[row])
            usual = float(np.nanmedian(found[subject.stratum == subject.stratum[row]]))
            return self.message(r, usual), {"correlation": r, "usual": usual}

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, self.info, scores, p_values, describe),
            not_assessable=reasons,
        )
