"""Who and what a report is about, and where its numbers come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from detectors.finding import Message
from reports.views.measures import minimal_sample

__all__ = ["InstrumentIdentity", "Provenance", "RoundIdentity", "Sample", "UnitIdentity"]


@dataclass(frozen=True, slots=True)
class UnitIdentity:
    """One unit in the version that was valid in the round.

    Attributes:
        id: The unit's stable id.
        name: Its name in that version, as the units table gives it.
        valid_from: First day of that version; ``None`` if not known.
        valid_to: Last day; ``None`` while it is valid.
        group: The peer group it is compared with.
        level: Its level, e.g. ministry, province, commune, as the units table gives it.
        parent: Name (or id) of the unit above.
        handles_procedures: Whether it handles administrative procedures.
        lineage: Merger, split or renaming that breaks comparison with earlier rounds.
    """

    id: str
    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    group: str | None = None
    level: str | None = None
    parent: str | None = None
    handles_procedures: bool | None = None
    lineage: Message | None = None


@dataclass(frozen=True, slots=True)
class RoundIdentity:
    """The round: what was measured, when, by which channels.

    Attributes:
        id: Id of the round.
        title: Its title.
        period_from: First day of collection; ``None`` if not known.
        period_to: Last day of collection.
        channels: Channels in use, e.g. ``paper``.
        interim: True for an interim result, false for the final one.
        method_break: What changed against the round before, if anything did.
    """

    id: str
    title: Message
    period_from: date | None
    period_to: date | None
    channels: tuple[str, ...] = ()
    interim: bool = False
    method_break: Message | None = None


@dataclass(frozen=True, slots=True)
class InstrumentIdentity:
    """The form or questionnaire."""

    id: str
    version: str
    title: Message


@dataclass(frozen=True, slots=True)
class Sample:
    """How many forms came in and how many were needed.

    Attributes:
        records: Records received.
        served: Transactions in the period; ``None`` if the units table does not say.
        margin: Margin of error e in n = N / (1 + N e²).
    """

    records: int
    served: int | None = None
    margin: float = 0.05

    @property
    def minimum(self) -> int | None:
        """The minimal sample; ``None`` where the transactions are not known."""
        return None if self.served is None else minimal_sample(self.served, self.margin)

    @property
    def sufficient(self) -> bool | None:
        """Whether the minimal sample was reached; ``None`` if it is not known."""
        return None if self.minimum is None else self.records >= self.minimum


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from, so that anybody can make them again.

    Attributes:
        run_id: The run that made them.
        generated_from: The store or input they were read from.
        as_of: Time of that state, handed in; no renderer looks at a clock.
        rule_set: Id and version of the scoring rules.
        trail_head: Head of the audit trail.
        versions: Name and version of program and checks.
        parameters: Name and value of what was set.
        hashes: Name and SHA-256 of configuration and inputs.
    """

    run_id: str
    generated_from: str
    as_of: datetime | None = None
    rule_set: str | None = None
    trail_head: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
