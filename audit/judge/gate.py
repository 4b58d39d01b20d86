"""The gate: which records count. No record with an open flag is scored. Pure."""

from __future__ import annotations

from enum import StrEnum

from audit.judge.decision import CaseState

__all__ = ["Gate", "gate"]


class Gate(StrEnum):
    """What the gate says about one record."""

    SCORED = "scored"
    HELD = "held"
    EXCLUDED = "excluded"
    NOT_SCORED = "not_scored"


def gate(*, unit_known: bool, case: CaseState | None, holds: bool) -> Gate:
    """Whether a record counts.

    Args:
        unit_known: Whether the record belongs to a unit of the round; without one there is
            no result it could count in.
        case: State of its case, ``None`` without one.
        holds: Whether that case keeps the record out while it is open.
    """
    if not unit_known:
        return Gate.NOT_SCORED
    if case is CaseState.CONFIRMED:
        return Gate.EXCLUDED
    if case is None or case is CaseState.DISMISSED or not holds:
        return Gate.SCORED
    return Gate.HELD
