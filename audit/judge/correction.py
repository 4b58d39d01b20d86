"""Corrections of what was read: proposed by one person, agreed to by another. Pure.

A correction never changes the reading: it is a row of its own that says which reading it
supersedes. It counts while that reading stands; read again and read differently, it is
stale and has to be proposed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from detectors.errors import UsageError

__all__ = ["Correction", "Event", "Stage", "Step", "check_step", "fold"]


class Step(StrEnum):
    """What somebody does about a correction."""

    PROPOSE = "propose"
    AGREE = "agree"  # another person
    REFUSE = "refuse"  # another person
    WITHDRAW = "withdraw"  # whoever proposed it, while nobody has answered


class Stage(StrEnum):
    """Where a correction stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"  # a later correction of the same place was agreed to


@dataclass(frozen=True, slots=True)
class Event:
    """One row.

    Attributes:
        seq: Its number.
        step: What was done.
        about: Number of the proposal, for every other step.
        kind: ``answer`` or ``region``.
        subject: The item, or the id of the sign.
        was: The reading that it supersedes, as plain data.
        value: What is right, as plain data.
        actor: Who.
        note: In the person's words.
        at: UTC, ISO 8601.
    """

    seq: int
    step: Step
    about: int | None
    kind: str
    subject: str
    was: Any
    value: Any
    actor: str
    note: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A proposal and what became of it.

    Attributes:
        event: The proposal.
        stage: Where it stands.
        answered_by: Who agreed or refused.
    """

    event: Event
    stage: Stage = Stage.PROPOSED
    answered_by: str | None = None


_ENDS = {Step.AGREE: Stage.AGREED, Step.REFUSE: Stage.REFUSED, Step.WITHDRAW: Stage.WITHDRAWN}


def fold(events: Iterable[Event]) -> Sequence[Correction]:
    """Every proposal with its stage, in order."""
    found: dict[int, Correction] = {}
    for event in events:
        if event.step is Step.PROPOSE:
            found[event.seq] = Correction(event)
            continue
        before = found[event.about or 0]
        if event.step is Step.AGREE:
            for seq, other in found.items():
                same = (other.event.kind, other.event.subject) == (
                    before.event.kind,
                    before.event.subject,
                )
                if same and other.stage is Stage.AGREED:
                    found[seq] = replace(other, stage=Stage.SUPERSEDED)
        who = None if event.step is Step.WITHDRAW else event.actor
        found[event.about or 0] = replace(before, stage=_ENDS[event.step], answered_by=who)
    return list(found.values())


def check_step(found: Mapping[int, Correction], step: Step, about: int, actor: str) -> None:
    """Whether somebody may answer a proposal, or take back their own.

    Raises:
        UsageError: If there is none that waits, or it is for the other person to say.
    """
    correction = found.get(about)
    if step is Step.PROPOSE or correction is None or correction.stage is not Stage.PROPOSED:
        raise UsageError("there is no such proposal that waits", remedy="look at the case again")
    own = correction.event.actor.strip().casefold() == actor.strip().casefold()
    if own is not (step is Step.WITHDRAW):
        raise UsageError(
            "a correction is agreed to by another person", remedy="ask a colleague to look"
        )
