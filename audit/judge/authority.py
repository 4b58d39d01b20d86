"""Who may say what about a case: roles, and the unit one belongs to. Pure.

The order of the words (a second, different person; no word after closing) is kept by
:mod:`audit.judge.decision`; here stands who may speak at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from audit.judge.decision import CaseState, Verdict

__all__ = ["Bar", "Role", "bar", "belongs_to", "verdicts"]


class Role(StrEnum):
    """What a person is in the review."""

    INSPECTOR = "inspector"  # decides first or second
    APPROVER = "approver"  # also decides what was escalated, and reopens
    READER = "reader"  # results and reports only
    ADMIN = "admin"  # people and sessions, no cases
    AUDITOR = "auditor"  # sees everything, changes nothing


class Bar(StrEnum):
    """Why a person may not say something now."""

    ROLE = "role"  # the role decides nothing
    OWN_UNIT = "own_unit"  # the person belongs to the unit
    APPROVER = "approver"  # only an approver may
    CLOSED = "closed"  # the case is decided


_DECIDING = (Role.INSPECTOR, Role.APPROVER)


def belongs_to(home: str | None, unit: str | None, parents: Mapping[str, str | None]) -> bool:
    """Whether somebody who works at ``home`` belongs to ``unit``: it is theirs, or above it.

    Args:
        home: The unit a person works at, if any.
        unit: The unit a case is about, if known.
        parents: Unit -> the unit above it.
    """
    seen: set[str] = set()
    step = home
    while step is not None and unit is not None and step not in seen:
        if step == unit:
            return True
        seen.add(step)
        step = parents.get(step)
    return False


def bar(role: Role, state: CaseState, verdict: Verdict, *, own_unit: bool) -> Bar | None:
    """What stands in the way of a word; ``None`` if nothing does.

    Args:
        role: Of the person.
        state: Of the case.
        verdict: The word.
        own_unit: Whether the case is about a unit that the person belongs to.
    """
    if role not in _DECIDING:
        return Bar.ROLE
    if own_unit:
        return Bar.OWN_UNIT
    if verdict is Verdict.WITHDRAW:
        return None
    if state.closed and verdict is not Verdict.REOPEN:
        return Bar.CLOSED
    above = verdict is Verdict.REOPEN or state is CaseState.ESCALATED
    return Bar.APPROVER if above and role is not Role.APPROVER else None


def verdicts(role: Role, state: CaseState, *, own_unit: bool) -> tuple[Verdict, ...]:
    """The words that are open to a person, apart from taking back one's own."""
    words = [v for v in Verdict if v is not Verdict.WITHDRAW]
    if not state.closed:
        words.remove(Verdict.REOPEN)
    if state is CaseState.BACKCHECK:
        words.remove(Verdict.BACKCHECK)
    return tuple(v for v in words if bar(role, state, v, own_unit=own_unit) is None)
