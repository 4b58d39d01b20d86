"""Decisions on a case: who may say what, and where that leaves the case. Pure.

::

    open ──first──▶ second_needed ──agrees──▶ confirmed | dismissed
      │                  │
      │                  └─disagrees or escalates──▶ escalated ──third person──▶ closed
      └──(a case that holds nothing: one person closes it)

A case that holds a record back needs two different people; the second does not see what
the first said. After disagreement a third person, who has said nothing yet, decides. A
decision counts only for the evidence it was made on: new evidence opens the case again.
Decisions are only added; ``reopen`` is a new one, not an erasure of old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.errors import UsageError

__all__ = ["CaseState", "Decision", "Verdict", "check_decision", "state_of", "visible_to"]


class Verdict(StrEnum):
    """What a person says."""

    CONFIRM = "confirm"  # the signs hold: the record is excluded
    DISMISS = "dismiss"  # an innocent explanation: the record counts
    ESCALATE = "escalate"  # somebody else has to look
    REOPEN = "reopen"  # a closed case is looked at again


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    SECOND_NEEDED = "second_needed"
    ESCALATED = "escalated"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"

    @property
    def closed(self) -> bool:
        """Whether it is decided."""
        return self in (CaseState.CONFIRMED, CaseState.DISMISSED)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    Attributes:
        actor: Who made it: a person's account, never a role.
        verdict: What was said.
        evidence: Hash of the evidence it was made on.
        reason: Reason code.
        note: In the person's words.
        at: UTC, ISO 8601.
    """

    actor: str
    verdict: Verdict
    evidence: str
    reason: str
    note: str | None = None
    at: str = ""


_CLOSED_BY = {Verdict.CONFIRM: CaseState.CONFIRMED, Verdict.DISMISS: CaseState.DISMISSED}


def _current(history: Sequence[Decision], evidence: str) -> list[Decision]:
    """The decisions of the present round of review: on this evidence, since the last reopening."""
    current: list[Decision] = []
    for decision in history:
        if decision.evidence != evidence:
            continue
        if decision.verdict is Verdict.REOPEN:
            current = []
        else:
            current.append(decision)
    return current


def state_of(history: Sequence[Decision], *, evidence: str, needs_two: bool) -> CaseState:
    """Where a case stands after ``history``.

    Args:
        history: All decisions on the case, in order.
        evidence: Hash of the evidence as it is now.
        needs_two: Whether two people must agree.
    """
    state = CaseState.OPEN
    first: Verdict | None = None
    for decision in _current(history, evidence):
        verdict = decision.verdict
        if state is CaseState.ESCALATED:
            state = _CLOSED_BY.get(verdict, CaseState.ESCALATED)
        elif verdict is Verdict.ESCALATE:
            state = CaseState.ESCALATED
        elif not needs_two or verdict is first:
            state = _CLOSED_BY[verdict]
        elif first is None:
            first, state = verdict, CaseState.SECOND_NEEDED
        else:
            state = CaseState.ESCALATED
    return state


def check_decision(
    history: Sequence[Decision], new: Decision, *, evidence: str, needs_two: bool
) -> CaseState:
    """The state that ``new`` would lead to.

    Raises:
        UsageError: If the person may not decide now: an unknown or stale evidence, a closed
            case, a second word by the same person, a reopening of an open case.
    """
    if not new.actor.strip():
        raise UsageError("a decision needs the name of who makes it", remedy="log in")
    if new.evidence != evidence:
        raise UsageError(
            "the evidence has changed since it was looked at", remedy="look at the case again"
        )
    state = state_of(history, evidence=evidence, needs_two=needs_two)
    if new.verdict is Verdict.REOPEN:
        if not state.closed:
            raise UsageError("only a decided case can be reopened", remedy="decide it")
        return CaseState.OPEN
    if state.closed:
        raise UsageError(f"the case is {state} already", remedy="reopen it first")
    if any(_same(new.actor, old.actor) for old in _current(history, evidence)):
        raise UsageError(
            f"{new.actor} has decided on this case already",
            remedy="another person has to decide",
        )
    return state_of([*history, new], evidence=evidence, needs_two=needs_two)


def visible_to(
    history: Sequence[Decision], viewer: str, *, evidence: str, needs_two: bool
) -> tuple[Decision, ...]:
    """What ``viewer`` may see: while a second opinion is due, only their own decision."""
    state = state_of(history, evidence=evidence, needs_two=needs_two)
    if state is not CaseState.SECOND_NEEDED:
        return tuple(history)
    hidden = {id(decision) for decision in _current(history, evidence)}
    return tuple(d for d in history if id(d) not in hidden or _same(d.actor, viewer))


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
