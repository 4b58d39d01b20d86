"""Back-checks: who may be drawn into which arm, and what an answer to the mini-form says. Pure.

The three arms follow Jacob and Levitt's retest of classrooms: records with signs, records
that are as high without any sign, and records drawn from all. A record may be drawn by two
arms and is asked once. Nobody who asks sees an arm or an answer.

What a respondent says is weighed with care: people forget, and a relative may have filled the
form in. Only what cannot be forgotten counts as altered: never used the service, never
answered, somebody of the office filled it in, or an overall opinion at least two steps below
what the form says. Everything else that does not fit is unclear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.backcheck.sampling import draw, ticket

__all__ = [
    *("ATTEMPTS", "Arm", "Drawn", "Eligible", "Outcome", "Said", "Verdict"),
    *("choose", "verdict_of"),
]

ATTEMPTS = 6
"""After so many attempts somebody who was not reached counts as missing."""

STEPS = 2


class Arm(StrEnum):
    """Why a record was drawn."""

    SUSPECT = "suspect"  # it has signs
    HIGH = "high"  # every answer is satisfied, and there is no sign
    RANDOM = "random"  # drawn from all


class Outcome(StrEnum):
    """How the contact ended."""

    REACHED = "reached"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"
    WRONG_CONTACT = "wrong_contact"


class Verdict(StrEnum):
    """What it says about the record."""

    STANDS = "stands"
    ALTERED = "altered"
    UNCLEAR = "unclear"
    MISSING = "missing"  # nobody can be asked any more
    OPEN = "open"  # not asked yet, or to be tried again


@dataclass(frozen=True, slots=True)
class Eligible:
    """A record that may be drawn.

    Attributes:
        record_id: Its id.
        unit_id: Its unit.
        suspect: Whether it has signs that nobody has dismissed.
        counted: Whether it stands in the unit's value.
        satisfied: Its answers in the two best values.
        answers: Its answers to rating items.
        level: Middle of its answers, from 0 (worst) to 1 (best); ``None`` without answers.
        batch: Its batch, if known.
    """

    record_id: str
    unit_id: str
    suspect: bool
    counted: bool
    satisfied: int
    answers: int
    level: float | None
    batch: str | None = None

    def belongs(self, arm: Arm) -> bool:
        """Whether it may be drawn into an arm."""
        if arm is Arm.SUSPECT:
            return self.suspect
        if arm is Arm.HIGH:
            return not self.suspect and self.answers > 0 and self.satisfied == self.answers
        return True


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record that was drawn, in the order of the list."""

    record: Eligible
    arms: tuple[Arm, ...]


def choose(records: Sequence[Eligible], sizes: Mapping[Arm, int], seed: str) -> list[Drawn]:
    """Draw the arms and put them into one list, in a random order of its own.

    The order of the list says nothing of the arms, and inside each arm it is a random order:
    what is known of its first members is a random sample at every moment.
    """
    by_id = {record.record_id: record for record in records}
    arms: dict[str, list[Arm]] = {}
    for arm in Arm:
        names = (name for name, record in by_id.items() if record.belongs(arm))
        for name in draw(names, sizes.get(arm, 0), seed, arm.value):
            arms.setdefault(name, []).append(arm)
    order = sorted(arms, key=lambda name: (ticket(seed, "list", name), name))
    return [Drawn(by_id[name], tuple(arms[name])) for name in order]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer to the mini-form; texts are ``yes``, ``no``, ``unsure`` or ``None``.

    Attributes:
        outcome: How the contact ended.
        attempts: How often it was tried.
        used_service: Used the service of this unit in the period.
        answered: Remembers to have answered.
        filled_by: ``self``, ``helped`` (others wrote what the person said), ``family``,
            ``staff``, ``unsure``.
        facts_fit: Month and procedure fit the register, compared by its keeper.
        overall: Place of the overall opinion on the scale, from 0 to 1.
        step: Distance of two values of that scale.
    """

    outcome: Outcome
    attempts: int | None = None
    used_service: str | None = None
    answered: str | None = None
    filled_by: str | None = None
    facts_fit: str | None = None
    overall: float | None = None
    step: float = 0.25


def verdict_of(said: Said, level: float | None) -> Verdict:
    """What an answer says about a record whose middle answer is ``level``."""
    if said.outcome is Outcome.NOT_REACHED and (said.attempts or 1) < ATTEMPTS:
        return Verdict.OPEN
    if said.outcome is not Outcome.REACHED:
        return Verdict.MISSING
    if "no" in (said.used_service, said.answered) or said.filled_by == "staff":
        return Verdict.ALTERED
    if said.overall is not None and level is not None:
        # "Two steps" with room for the rounding of thirds.
        if level - said.overall >= STEPS * said.step - 1e-9:
            return Verdict.ALTERED
        if said.overall - level >= STEPS * said.step - 1e-9:
            return Verdict.UNCLEAR
    sure = said.used_service == "yes" and said.answered == "yes"
    known = said.filled_by in ("self", "helped", "family")
    return Verdict.STANDS if sure and known and said.facts_fit != "no" else Verdict.UNCLEAR
