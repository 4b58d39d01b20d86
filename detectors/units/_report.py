"""Findings of unit checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from detectors.calibration.multiplicity import q_values
from detectors.finding import Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo
from detectors.table import UnitTable
from detectors.unit_result import UnitResult

__all__ = ["FALSE_DISCOVERY_RATE", "assessment"]

FALSE_DISCOVERY_RATE = 0.05

Describe = Callable[[int], tuple[Message, dict[str, Any]]]


def assessment(
    table: UnitTable,
    info: CheckInfo,
    result: UnitResult,
    describe: Describe,
    smallest: Mapping[str, float | None] | None = None,
) -> Assessment:
    """Turn test results into an assessment, with a finding where q is at most .05.

    Args:
        table: The units.
        info: Who tested.
        result: What came out.
        describe: Message and evidence for a unit.
        smallest: Smallest share of tampered records that could be seen, by number of
            records; told with the assessment, and that of a unit's own size with a finding.
    """
    q = q_values(result.p_value)
    findings = []
    for unit in np.flatnonzero(np.nan_to_num(q, nan=1.0) <= FALSE_DISCOVERY_RATE):
        message, evidence = describe(int(unit))
        if np.isfinite(result.smallest[unit]):
            evidence["smallest_share"] = float(result.smallest[unit])
        findings.append(
            Finding(
                detector=info.id,
                family=info.family,
                kind=info.kind,
                score=float(result.score[unit]),
                p_value=float(result.p_value[unit]),
                severity=Severity.YELLOW,
                message=message,
                unit_id=table.unit_ids[unit],
                evidence={**evidence, "n": int(result.tested[unit]), "q": float(q[unit])},
            )
        )
    count = len(table)
    return Assessment(
        scores=result.score[:count],
        p_values=result.p_value[:count],
        findings=tuple(findings),
        not_assessable={unit: why for unit, why in result.reason.items() if unit < count},
        info={"smallest_share": dict(smallest)} if smallest else {},
    )
