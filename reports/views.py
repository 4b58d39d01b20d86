"""What a report is made from: frozen, plain values, already masked.

The caller asks the store and builds these objects; a renderer only shows them and
never asks anything. Shares are fractions in [0, 1]; dates are dates; texts that
people read are :class:`~detectors.finding.Message`, in both languages.

Two promises are kept here, before any renderer, so that no format can break them:

* A result over fewer than :data:`MINIMUM_CELL` forms is suppressed: its ``n`` stays,
  its value, interval, tier and rank become ``None``. Small cells would tell who gave a
  low score (the rule of the NHS Friends and Family review, and of HCAHPS).
* ``None`` means "not judged" or "no data" and is never the same as zero or clean. A
  section that was not examined is ``None``; an examined one without signs is there,
  with the number of forms it rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

from detectors.finding import Message, Severity

__all__ = [
    "BAND_EDGES",
    "LOW_N",
    "MINIMUM_CELL",
    "Appendix",
    "ChannelCount",
    "CustodyRow",
    "DetectorYield",
    "DigitalSection",
    "Direction",
    "FactorResult",
    "FlaggedForm",
    "GroupSummary",
    "ImageExample",
    "ImageSection",
    "InstrumentIdentity",
    "NotJudged",
    "PeerGroup",
    "PeerPoint",
    "Previous",
    "Provenance",
    "Result",
    "RoundIdentity",
    "RoundReport",
    "Sample",
    "Sign",
    "SignCount",
    "Standing",
    "StatisticsSection",
    "UnitIdentity",
    "UnitReport",
    "UnitRow",
    "band_of",
    "minimal_sample",
    "suppress",
    "wilson",
]

MINIMUM_CELL = 10
"""Results over fewer forms than this are not shown."""

LOW_N = 30
"""Results over fewer forms than this carry a note that the sample is small."""

BAND_EDGES = (0.06, 0.11, 0.25)
"""Shares of flagged forms that separate the four bands (below 6, 6-10, 11-24, 25 % and more).

The bands of the State of Georgia's erasure audits, which banded schools by the share of
their classes that were flagged; published by the Governor's Office of Student Achievement.
"""


def suppress(n: int) -> bool:
    """True where a result over ``n`` forms must not be shown."""
    return n < MINIMUM_CELL


def minimal_sample(served: int, margin: float = 0.05) -> int:
    """Smallest sample for ``served`` transactions: n = N / (1 + N e²), rounded up.

    Slovin's formula, as the satisfaction measurement of the Ministry of Home Affairs uses it:
    1,000 transactions need 286 forms, 3,000 need 353 at e = 5 %.

    Raises:
        ValueError: If ``served`` is negative or ``margin`` is not in (0, 1).
    """
    if served < 0 or not 0.0 < margin < 1.0:
        raise ValueError(f"no sample size for {served} transactions at a margin of {margin}")
    return math.ceil(round(served / (1.0 + served * margin * margin), 9))


def wilson(share: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's 95 % interval of a share over ``n`` forms; fits shares near 1.

    Answers on one form depend on each other, so ``n`` counts forms, not answers, or is an
    effective number of forms where over-dispersion was measured.

    Raises:
        ValueError: If ``n`` is not positive or ``share`` not in [0, 1].
    """
    if n <= 0 or not 0.0 <= share <= 1.0:
        raise ValueError(f"no interval for a share of {share} over {n}")
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def band_of(flagged: int, judged: int) -> int | None:
    """Band 0 to 3 of a share of flagged forms (see :data:`BAND_EDGES`).

    ``None`` where fewer than :data:`MINIMUM_CELL` forms were judged: one flagged form of
    four is no band.
    """
    if judged < MINIMUM_CELL:
        return None
    return sum(flagged >= edge * judged for edge in BAND_EDGES)


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
class Standing:
    """Value, tier and rank under one reading of the records; ``None`` where there is none.

    Attributes:
        value: Satisfaction, a share in [0, 1].
        tier: Name of the tier in the rule set.
        rank: 1 is the best of the peer group.
    """

    value: float | None = None
    tier: Message | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """The result of the round before.

    Attributes:
        label: Its name, e.g. "2022".
        standing: Its published standing.
        ranked_units: Units in that ranking.
        comparable: False where the unit, the channel or the method changed.
        note: Why it is not comparable.
    """

    label: str
    standing: Standing
    ranked_units: int | None = None
    comparable: bool = True
    note: Message | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The three published numbers and what they rest on.

    With fewer than :data:`MINIMUM_CELL` records all standings, the interval and the
    firmness are blanked. With that few left after review, everything but the value as
    received is blanked, since the bounds would give it away.

    Attributes:
        received: Records received.
        scored: Records that count after review.
        held: Records held out of scoring until two people have decided.
        not_judged: Records that no check could judge (unreadable, wrong form, ...).
        excluded: Records excluded by decision.
        as_received: All records.
        after_review: Without what is held or excluded.
        bound_low: Held records all counted as dissatisfied.
        bound_high: Held records all counted as satisfied.
        ranked_units: Denominator of the ranks; ``None`` if not ranked.
        tier_firm: True if the tier is the same at both bounds; ``None`` if that cannot be
            said.
        interval: 95 % interval of ``after_review.value``.
        previous: The round before.
    """

    received: int
    scored: int
    held: int
    not_judged: int
    as_received: Standing = Standing()
    after_review: Standing = Standing()
    bound_low: Standing = Standing()
    bound_high: Standing = Standing()
    ranked_units: int | None = None
    tier_firm: bool | None = None
    excluded: int = 0
    interval: tuple[float, float] | None = None
    previous: Previous | None = None

    def __post_init__(self) -> None:
        """Suppress a small cell."""
        few_left = 0 < self.scored < MINIMUM_CELL
        if suppress(self.received) or few_left:
            for name in ("after_review", "bound_low", "bound_high"):
                object.__setattr__(self, name, Standing())
            object.__setattr__(self, "tier_firm", None)
            object.__setattr__(self, "interval", None)
        if suppress(self.received):
            object.__setattr__(self, "as_received", Standing())

    @property
    def suppressed(self) -> bool:
        """Whether the values are withheld because too few records came in."""
        return suppress(self.received)

    @property
    def effect(self) -> float | None:
        """Value after review minus value as received, as a share."""
        before, after = self.as_received.value, self.after_review.value
        return None if before is None or after is None else after - before


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

    @property
    def unaccounted(self) -> int | None:
        """Issued minus returned, lost and spoilt; ``None`` if issued or returned is silent."""
        if self.issued is None or self.returned is None:
            return None
        return self.issued - self.returned - (self.lost or 0) - (self.spoilt or 0)

    @property
    def unsorted(self) -> int | None:
        """Returned minus valid and invalid; ``None`` if one of the three is silent."""
        if self.returned is None or self.valid is None or self.invalid is None:
            return None
        return self.returned - self.valid - self.invalid


@dataclass(frozen=True, slots=True)
class FactorResult:
    """One factor of the unit against its peer group; blanked below the minimal cell.

    Attributes:
        id: Letter or id of the factor.
        title: Its name.
        n: Forms with an answer in this factor.
        value: Share of the two highest answers.
        low: Lower end of the 95 % interval.
        high: Upper end.
        peer_median: Median of the peer group's units.
        peer_units: Units behind that median.
    """

    id: str
    title: Message
    n: int
    value: float | None
    low: float | None
    high: float | None
    peer_median: float | None = None
    peer_units: int = 0

    def __post_init__(self) -> None:
        """Suppress a small cell."""
        if suppress(self.n):
            for name in ("value", "low", "high"):
                object.__setattr__(self, name, None)

    @property
    def suppressed(self) -> bool:
        """Whether the values are withheld because too few forms answered."""
        return suppress(self.n)


@dataclass(frozen=True, slots=True)
class PeerPoint:
    """One unit of the peer group in the funnel: records and value, without a name."""

    n: int
    value: float


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """The peer group of a unit.

    Attributes:
        name: Its name.
        units: Units in it.
        median: Median of their values.
        pooled: Pooled value of the group, the centre of the funnel.
        rho: Measured over-dispersion between units (intra-class correlation); without it
            the funnel is drawn without limits, since binomial limits accuse honest units.
        points: One point a unit.
    """

    name: str
    units: int
    median: float | None = None
    pooled: float | None = None
    rho: float | None = None
    points: tuple[PeerPoint, ...] = ()


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
        """Share of judged forms with the sign; ``None`` where none could be judged."""
        return self.forms / self.judged if self.judged else None


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


@dataclass(frozen=True, slots=True)
class Appendix:
    """Flagged forms and provenance."""

    provenance: Provenance
    flagged: tuple[FlaggedForm, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitReport:
    """Everything the report of one unit says. ``None`` sections were not examined.

    Green needs something that was examined: a unit that nothing could judge becomes "not
    judged", whatever the caller says.

    Attributes:
        unit: The unit.
        round: The round.
        instrument: The form.
        sample: Forms received and needed.
        severity: Of the unit as a whole; ``None`` if it could not be judged.
        result: The numbers.
        appendix: Flagged forms and provenance.
        severity_reason: Why it has that severity, or why it could not be judged.
        custody: Batches; ``None`` without a custody table.
        factors: Results by factor; ``None`` if the instrument has none.
        peers: The peer group; ``None`` if the unit has none.
        images: Signs on scanned forms; ``None`` if no page was examined.
        statistics: Signs in the numbers; ``None`` if no check was made.
        digital: Digital channels; ``None`` if there is no digital record.
        innocent: Innocent explanations about the unit as a whole.
        recommendations: Beyond the standing ones that follow from severity and custody.
    """

    unit: UnitIdentity
    round: RoundIdentity
    instrument: InstrumentIdentity
    sample: Sample
    severity: Severity | None
    result: Result
    appendix: Appendix
    severity_reason: Message | None = None
    custody: tuple[CustodyRow, ...] | None = None
    factors: tuple[FactorResult, ...] | None = None
    peers: PeerGroup | None = None
    images: ImageSection | None = None
    statistics: StatisticsSection | None = None
    digital: DigitalSection | None = None
    innocent: tuple[Message, ...] = ()
    recommendations: tuple[Message, ...] = ()

    def __post_init__(self) -> None:
        """Take green from a unit that was not examined."""
        if self.severity is Severity.GREEN and not self.examined:
            object.__setattr__(self, "severity", None)

    @property
    def examined(self) -> bool:
        """Whether any check could judge anything about the unit."""
        images, statistics, digital = self.images, self.statistics, self.digital
        counts = (*(images.counts if images else ()), *(statistics.counts if statistics else ()))
        checks = (*(statistics.checks if statistics else ()), *(digital.checks if digital else ()))
        return bool(checks) or any(count.judged for count in counts)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit in the round's table. Green needs a form that could be judged.

    Attributes:
        unit: The unit.
        result: Its numbers.
        severity: ``None`` if it could not be judged.
        flagged: Forms with an orange or red sign.
        judged: Forms that could be judged.
    """

    unit: UnitIdentity
    result: Result
    severity: Severity | None
    flagged: int
    judged: int

    def __post_init__(self) -> None:
        """Take green from a unit of which nothing could be judged."""
        if self.severity is Severity.GREEN and not self.judged:
            object.__setattr__(self, "severity", None)

    @property
    def flagged_share(self) -> float | None:
        """Share of judged forms that are flagged; ``None`` below the minimal cell."""
        return None if suppress(self.judged) else self.flagged / self.judged

    @property
    def band(self) -> int | None:
        """Band 0 to 3 of that share; ``None`` below the minimal cell."""
        return band_of(self.flagged, self.judged)


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """Spread inside one peer group, over units at or above the minimal cell.

    Attributes:
        group: The peer group.
        lowest: Lowest value after review.
        median: Median.
        highest: Highest value.
        pooled: Pooled value, the centre of the funnel.
        rho: Measured over-dispersion; see :class:`PeerGroup`.
    """

    group: str
    lowest: float | None
    median: float | None
    highest: float | None
    pooled: float | None = None
    rho: float | None = None


@dataclass(frozen=True, slots=True)
class DetectorYield:
    """What one check brought in this round.

    Attributes:
        id: Id of the check.
        title: Its name.
        judged: Subjects (pages, records or units) it could judge.
        not_judged: Subjects it could not judge.
        findings: Signs it gave.
        confirmed: Confirmed by review; ``None`` while nothing is decided.
        cleared: Cleared by review; ``None`` while nothing is decided.
    """

    id: str
    title: Message
    judged: int
    not_judged: int
    findings: int
    confirmed: int | None = None
    cleared: int | None = None


@dataclass(frozen=True, slots=True)
class RoundReport:
    """Everything the page of a round says.

    Attributes:
        round: The round.
        instruments: Forms in use.
        units: One row a unit.
        result: Numbers of the whole round (its standings have no tier or rank).
        provenance: Where the numbers come from.
        groups: Spread by peer group.
        not_judged: What could not be judged, over the whole round.
        detectors: What the checks brought.
    """

    round: RoundIdentity
    instruments: tuple[InstrumentIdentity, ...]
    units: tuple[UnitRow, ...]
    result: Result
    provenance: Provenance
    groups: tuple[GroupSummary, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    detectors: tuple[DetectorYield, ...] = ()
