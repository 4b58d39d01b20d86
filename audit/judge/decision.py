"""Decisions on a case: who may say what, and where that leaves the case. Pure.

::

    open ──first──▶ second_needed ──agrees──▶ confirmed | dismissed
      │                  │
      │                  └─disagrees or escalates──▶ escalated ──third person──▶ closed
      └──(a case that holds nothing: one person closes it)

    any of them but closed ──back-check──▶ backcheck ──first──▶ second_needed …

A case that holds a record back needs two different people; the second does not see what
the first said. After disagreement a third person, who has said nothing yet, decides. A
back-check (asking the respondent again) brings something new, so that both opinions are
asked for afresh. A decision counts only for the evidence it was made on: new evidence opens
the case again. Decisions are only added: ``reopen`` and ``withdraw`` are new ones, not an
erasure of old ones. A word can be taken back only while nobody else's stands beside it:
whoever has seen what another said may not choose again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.errors import UsageError

__all__ = [
    *("CaseState", "Decision", "Verdict"),
    *("can_withdraw", "check_decision", "has_spoken", "state_of", "visible_to"),
]


class Verdict(StrEnum):
    """What a person says."""

    CONFIRM = "confirm"  # the signs hold: the record is excluded
    DISMISS = "dismiss"  # an innocent explanation: the record counts
    ESCALATE = "escalate"  # somebody else has to look
    BACKCHECK = "backcheck"  # the respondent or the unit has to be asked first
    REOPEN = "reopen"  # a closed case is looked at again
    WITHDRAW = "withdraw"  # one's own last word is taken back


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    SECOND_NEEDED = "second_needed"
    ESCALATED = "escalated"
    BACKCHECK = "backcheck"
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


_OPINIONS = (Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE)
_CLOSED_BY = {Verdict.CONFIRM: CaseState.CONFIRMED, Verdict.DISMISS: CaseState.DISMISSED}


def _standing(history: Sequence[Decision], evidence: str) -> list[Decision]:
    """Decisions on this evidence that were not taken back."""
    standing: list[Decision] = []
    for decision in history:
        if decision.evidence != evidence:
            continue
        if decision.verdict is not Verdict.WITHDRAW:
            standing.append(decision)
        elif standing and _same(standing[-1].actor, decision.actor):
            standing.pop()
    return standing


def _since(history: Sequence[Decision], evidence: str, *ends: Verdict) -> list[Decision]:
    """Standing decisions after the last one of ``ends``."""
    current: list[Decision] = []
    for decision in _standing(history, evidence):
        if decision.verdict in ends:
            current = []
        else:
            current.append(decision)
    return current


def _current(history: Sequence[Decision], evidence: str) -> list[Decision]:
    """The opinions that count together: since the last reopening or back-check."""
    return _since(history, evidence, Verdict.REOPEN, Verdict.BACKCHECK)


def state_of(history: Sequence[Decision], *, evidence: str, needs_two: bool) -> CaseState:
    """Where a case stands after ``history``.

    Args:
        history: All decisions on the case, in order.
        evidence: Hash of the evidence as it is now.
        needs_two: Whether two people must agree.
    """
    standing = _standing(history, evidence)
    ends = [d.verdict for d in standing if d.verdict in (Verdict.REOPEN, Verdict.BACKCHECK)]
    state = CaseState.BACKCHECK if ends[-1:] == [Verdict.BACKCHECK] else CaseState.OPEN
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


def can_withdraw(history: Sequence[Decision], actor: str, *, evidence: str) -> bool:
    """Whether ``actor`` may take back the last word: their own, and nobody else's beside it."""
    standing = _standing(history, evidence)
    if not standing or not _same(standing[-1].actor, actor):
        return False
    last = standing[-1].verdict
    if last is Verdict.REOPEN:
        return True
    # A back-check asked for after another's first word: that word was hidden, and stays so.
    beside = _since(history, evidence, Verdict.REOPEN)
    return all(_same(d.actor, actor) for d in beside)


def has_spoken(history: Sequence[Decision], actor: str, *, evidence: str) -> bool:
    """Whether ``actor`` has an opinion on the case that stands."""
    return any(_same(actor, decision.actor) for decision in _current(history, evidence))


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
    if new.verdict is Verdict.WITHDRAW:
        if not can_withdraw(history, new.actor, evidence=evidence):
            raise UsageError(
                "there is no word of yours that can be taken back",
                remedy="once another person has spoken, an approver reopens the case",
            )
        return state_of([*history, new], evidence=evidence, needs_two=needs_two)
    if state.closed:
        raise UsageError(f"the case is {state} already", remedy="reopen it first")
    if new.verdict is Verdict.BACKCHECK and state is CaseState.BACKCHECK:
        raise UsageError("a back-check is under way already", remedy="wait for its result")
    if has_spoken(history, new.actor, evidence=evidence):
        raise UsageError(
            f"{new.actor} has decided on this case already",
            remedy="another person has to decide",
        )
    return state_of([*history, new], evidence=evidence, needs_two=needs_two)


def visible_to(
    history: Sequence[Decision], viewer: str, *, evidence: str, needs_two: bool
) -> tuple[Decision, ...]:
    """What ``viewer`` may see: opinions of others stay hidden until all are in.

    While a case is neither closed nor escalated, of the opinions given since it was last
    reopened only the viewer's own are shown; that a back-check was asked for is no opinion.
    """
    state = state_of(history, evidence=evidence, needs_two=needs_two)
    if state.closed or state is CaseState.ESCALATED:
        return tuple(history)
    start = 0
    for number, decision in enumerate(history):
        if decision.verdict is Verdict.REOPEN and decision.evidence == evidence:
            start = number
    blind = {id(d) for d in history[start:] if d.evidence == evidence and d.verdict in _OPINIONS}
    return tuple(d for d in history if id(d) not in blind or _same(d.actor, viewer))


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
