"""What was seen on images, in numbers, on digital channels and in custody."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from detectors.finding import Message, Severity
from reports.views.measures import suppress

__all__ = [
    "ChannelCount",
    "CustodyRow",
    "DigitalSection",
    "Direction",
    "FlaggedForm",
    "ImageExample",
    "ImageSection",
    "NotJudged",
    "Sign",
    "SignCount",
    "StatisticsSection",
]


@dataclass(frozen=True, slots=True)
class CustodyRow:
    """One batch of forms, from the custody table; ``None`` where it is silent.

    Attributes:
        batch: Name of the batch.
        serials: First and last serial, e.g. "004201 - 004300".
        issued: Forms issued to the unit.
        returned: Forms that came back.
        valid: Valid among the returned.
        invalid: Invalid among the returned.
        lost: Reported lost.
        spoilt: Reported spoilt and destroyed.
        scanned: Forms of the batch in this audit's store.
        notes: Signs found in the custody of the batch.
        printed: Forms printed.
        unissued: Printed and never issued.
        handed_out: Given to people.
        taken_home: Of these, taken away.
        outstanding: Issued and not returned yet.
        scanned_at: Day of the scan.
        invalid_reasons: ``CODE=count; CODE=count``.
    """

    batch: str
    serials: str | None = None
    issued: int | None = None
    returned: int | None = None
    valid: int | None = None
    invalid: int | None = None
    lost: int | None = None
    spoilt: int | None = None
    scanned: int | None = None
    notes: tuple[Message, ...] = ()
    printed: int | None = None
    unissued: int | None = None
    handed_out: int | None = None
    taken_home: int | None = None
    outstanding: int | None = None
    scanned_at: dt.date | None = None
    invalid_reasons: str | None = None

    @property
    def unaccounted(self) -> int | None:
        """Issued minus returned, lost, spoilt and outstanding; ``None`` if the first two are."""
        if self.issued is None or self.returned is None:
            return None
        told = (self.lost or 0) + (self.spoilt or 0) + (self.outstanding or 0)
        return self.issued - self.returned - told

    @property
    def unsorted(self) -> int | None:
        """Returned minus valid and invalid; ``None`` if one of the three is silent."""
        if self.returned is None or self.valid is None or self.invalid is None:
            return None
        return self.returned - self.valid - self.invalid


@dataclass(frozen=True, slots=True)
class NotJudged:
    """What could not be judged, how often, and why.

    Attributes:
        what: Check, page state or kind of record.
        reason: Why it could not be judged.
        count: How many forms or pages it concerns; ``None`` where the whole unit.
    """

    what: Message
    reason: Message
    count: int | None = None


@dataclass(frozen=True, slots=True)
class SignCount:
    """How many forms show one kind of sign, against the whole force.

    Attributes:
        kind: E.g. ``erasure``.
        title: Its name.
        forms: Forms with the sign.
        judged: Forms on which this could be judged; the rate rests on them.
        force_rate: The rate over all units of the round; ``None`` if not known.
        p_value: Of the unit's rate against the force, if tested.
        severity: The worst severity among them; green if there are none.
    """

    kind: str
    title: Message
    forms: int
    judged: int
    force_rate: float | None = None
    p_value: float | None = None
    severity: Severity = Severity.GREEN

    @property
    def rate(self) -> float | None:
        """Share of judged forms with the sign; ``None`` below the minimal cell."""
        return None if suppress(self.judged) else self.forms / self.judged


@dataclass(frozen=True, slots=True)
class Direction:
    """Changed marks by direction; a correction by the respondent goes either way.

    Attributes:
        up: From a lower to a higher answer.
        down: From a higher to a lower answer.
        same: Within satisfied or within dissatisfied.
        unknown: The earlier mark could not be read.
        force_up_share: Share of upward changes over the whole force.
    """

    up: int
    down: int
    same: int = 0
    unknown: int = 0
    force_up_share: float | None = None

    @property
    def readable(self) -> int:
        """Changes whose direction is known."""
        return self.up + self.down + self.same


@dataclass(frozen=True, slots=True)
class ImageExample:
    """One place on one page.

    Attributes:
        label: Serial or record id as this reader may see it.
        message: What was seen.
        severity: Of the finding.
        page: Page of the form.
        item: Item of the instrument.
        p_value: Of the finding.
        crop: PNG or JPEG bytes of the place, identity zones masked; ``None`` if not kept.
    """

    label: str
    message: Message
    severity: Severity
    page: int | None = None
    item: str | None = None
    p_value: float | None = None
    crop: bytes | None = None


@dataclass(frozen=True, slots=True)
class ImageSection:
    """Signs on the scanned forms.

    Attributes:
        pages: Pages received.
        judged: Pages that could be judged.
        counts: Kinds of signs, also those with zero forms.
        direction: Direction of changed marks.
        examples: The strongest first.
        not_judged: Pages and checks that could not be judged.
    """

    pages: int
    judged: int
    counts: tuple[SignCount, ...] = ()
    direction: Direction | None = None
    examples: tuple[ImageExample, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """One statistical sign about the unit.

    Attributes:
        title: Name of the check.
        message: What was seen, with its numbers.
        severity: Of the sign.
        p_value: How often honest units look like this.
        q_value: After correction for the number of tests (Benjamini-Hochberg).
        innocent: What honest people and circumstances do that looks alike.
    """

    title: Message
    message: Message
    severity: Severity
    p_value: float | None = None
    q_value: float | None = None
    innocent: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class StatisticsSection:
    """Signs in the numbers.

    Attributes:
        checks: Names of the checks that were made on this unit.
        signs: What they found, the strongest first.
        counts: Signs on single records, by kind, against the force.
        not_judged: Checks that could not be made, and why.
    """

    checks: tuple[Message, ...]
    signs: tuple[Sign, ...] = ()
    counts: tuple[SignCount, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """Records that came by one channel."""

    channel: str
    records: int


@dataclass(frozen=True, slots=True)
class DigitalSection:
    """The digital channels.

    Attributes:
        channels: Records by digital channel.
        linked: Records with the administrative file they rate; ``None`` if not known.
        signs: Clusters of device, account, address and time.
        checks: Names of the checks that were made.
        not_judged: Checks that could not be made, and why.
    """

    channels: tuple[ChannelCount, ...]
    linked: int | None = None
    signs: tuple[Sign, ...] = ()
    checks: tuple[Message, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()


@dataclass(frozen=True, slots=True)
class FlaggedForm:
    """One line of the list of flagged forms.

    Attributes:
        label: Serial or record id as this reader may see it.
        severity: Worst severity among its signs.
        signs: What was seen.
        page: Page of the form.
        item: Item of the instrument.
        status: Where its review stands, e.g. held, confirmed, cleared.
    """

    label: str
    severity: Severity
    signs: tuple[Message, ...]
    page: int | None = None
    item: str | None = None
    status: Message | None = None
