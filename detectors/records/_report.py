"""Findings of checks whose p-value is a rank among peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.finding import Finding, Message, Severity
from detectors.registry import CheckInfo
from detectors.table import RecordTable

__all__ = ["Describe", "no_answers", "significant", "unit_of"]

FALSE_DISCOVERY_RATE = 0.05

Describe = Callable[[int], tuple[Message, dict[str, Any]]]


def significant(
    table: RecordTable,
    info: CheckInfo,
    scores: NDArray[np.float64],
    p_values: NDArray[np.float64],
    describe: Describe,
) -> tuple[Finding, ...]:
    """One finding for each record whose q-value is at most .05.

    ``describe`` gives the message and the evidence of a row.
    """
    q = q_values(p_values)
    findings = []
    for row in np.flatnonzero(np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE):
        message, evidence = describe(int(row))
        findings.append(
            Finding(
                detector=info.id,
                family=info.family,
                kind=info.kind,
                score=float(scores[row]),
                p_value=float(p_values[row]),
                severity=Severity.YELLOW,
                message=message,
                record_id=str(table.record_ids[row]),
                unit_id=unit_of(table, int(row)),
                evidence={**evidence, "q": float(q[row])},
            )
        )
    return tuple(findings)


def unit_of(table: RecordTable, row: int) -> str | None:
    """Unit of a row; ``None`` for a table without units."""
    return table.unit_ids[int(table.unit[row])] if table.has_units else None


def no_answers(table: RecordTable, fewest: int = 1) -> dict[int, str]:
    """Rows with fewer than ``fewest`` valid ratings and the reason they are not judged."""
    why = "no answers" if fewest == 1 else f"fewer than {fewest} answers"
    return dict.fromkeys(np.flatnonzero(table.answered < fewest).tolist(), why)
