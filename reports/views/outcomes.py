"""What results are held against: the period before, publication, the index, awards, targets.

Values over fewer than :data:`MINIMUM_CELL` forms are withheld by who makes these objects,
with :func:`~reports.views.measures.suppress`; verdicts on them are, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from detectors.finding import Message

__all__ = [
    *("FIRM", "ActionNote", "AwardNote", "BunchingNote", "ChangeNote", "ComplaintNote", "Firmness"),
    *("GroupStanding", "IndexLine", "IndexPart", "IndexSheet", "PublishedFigure"),
    *("ResultSlice", "RoundOutcomes", "TargetNote"),
]

FIRM = 0.95
"""Chance from which a tier is called firm."""


@dataclass(frozen=True, slots=True)
class Firmness:
    """How firm one result is; see ``docs/results.md``.

    Attributes:
        interval: 95 % interval of the value after review.
        effective: What the answers are worth as independent ones.
        sample_needed: Smallest sample for the transactions served.
        margin: Margin of error that was reached.
        tier_chances: Name and chance of each tier, best first.
        tier_chance_least: Smallest chance of its tier under sampling and bounds.
        rank_interval: 95 % interval of the rank by sampling.
        rank_interval_bounds: The same with held records counted either way.
        rank_chances: Rank and its chance by sampling, best rank first; unlikely ones left out.
    """

    interval: tuple[float, float] | None
    effective: float
    sample_needed: int | None
    margin: float | None
    tier_chances: tuple[tuple[Message, float], ...]
    tier_chance_least: float | None
    rank_interval: tuple[int, int] | None
    rank_interval_bounds: tuple[int, int] | None
    rank_chances: tuple[tuple[int, float], ...] = ()

    @property
    def tier_open(self) -> bool:
        """Whether sampling or held records could still change the tier."""
        return self.tier_chance_least is not None and self.tier_chance_least < FIRM


@dataclass(frozen=True, slots=True)
class ResultSlice:
    """A result over a slice of the records; ``None`` where it is withheld.

    Attributes:
        scope: What is cut: all, a group, a level, units below one (``parent``), a unit.
        where: Which one; empty for all and for a unit.
        dimension: By what: channel, respondent kind, field; ``None`` for all records.
        category: Which; empty without a dimension.
        label: What the instrument calls it.
        n: Records received.
        value: Share after review.
        low: Lower end of the 95 % interval.
        high: Upper end.
        suppressed: Whether it is withheld.
        factors: Value of each factor, ``None`` where it is withheld; empty for a unit.
    """

    scope: str
    dimension: Message | None
    category: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    suppressed: bool
    factors: tuple[tuple[str, float | None], ...] = ()
    where: str = ""
    label: Message | None = None


@dataclass(frozen=True, slots=True)
class ChangeNote:
    """Change against the period before.

    Attributes:
        unit: Name of the unit.
        programme: Satisfaction, agency opinions or index.
        period: Name of the period before.
        before: Its value; ``None`` where there is no simple one.
        value: Now.
        points: Change of the share.
        interval: Its 95 % interval by sampling.
        rank: Rank now and denominator.
        rank_before: Rank before and denominator.
        places: Places gained; only between equal denominators.
        predecessors: Where the unit comes from, if not from itself.
        spread_before: Lowest and highest value of several predecessors.
        method_break: Whether the method changed in between.
        verdict: In words.
    """

    unit: str
    programme: Message
    period: str
    before: float | None
    value: float | None
    points: float | None
    interval: tuple[float, float] | None
    rank: tuple[int | None, int | None]
    rank_before: tuple[int | None, int | None]
    places: int | None
    predecessors: tuple[str, ...]
    spread_before: tuple[float, float] | None
    method_break: bool
    verdict: Message


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published figure beside the recomputed one.

    Attributes:
        unit: Name of the unit; ``None`` for all units together.
        programme: Satisfaction, agency opinions or index.
        what: Value, change, rank or tier, and of which factor.
        published: As published.
        recomputed: The recomputed figure; ``None`` where there is none or it is withheld.
        agrees: Whether the two agree but for rounding; ``None`` if it cannot be said.
        verdict: In words.
        source: Where it was published.
        is_change: Whether it is a change in points, not a share.
    """

    unit: str | None
    programme: Message
    what: Message
    published: str
    recomputed: str | float | None
    agrees: bool | None
    verdict: Message
    source: str
    is_change: bool = False


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A field of an index sheet, or the whole (empty name); points as written."""

    name: str
    maximum: str
    own: str | None
    appraised: str | None
    share: float | None
    gap: float | None
    missing: tuple[str, ...]
    verdict: Message | None


@dataclass(frozen=True, slots=True)
class IndexLine:
    """A field, a criterion or a gap out of line with the unit's other points and its group."""

    what: Message
    share: float | None
    expected: float | None
    q_value: float
    direction: Message


@dataclass(frozen=True, slots=True)
class IndexSheet:
    """The index of one unit in one year, recomputed.

    Attributes:
        unit: Name of the unit.
        year: The year.
        total: The whole.
        fields: Each field.
        tier: Its tier by the exact value.
        declared: The declared index in per cent.
        arithmetic: Whether what was declared follows from the criteria, in words.
        survey: The survey part against the audited survey, in words.
        above_maximum: Criteria with more points than they can bring.
        lines: What is out of line. Empty says nothing where ``not_testable`` is there.
        not_testable: Why nothing, or a part, could be tested for being out of line.
        holds: Whether the sheet adds up; ``None`` if that cannot be said.
    """

    unit: str
    year: int
    total: IndexPart
    fields: tuple[IndexPart, ...]
    tier: Message | None
    declared: str | None
    arithmetic: Message
    survey: Message
    above_maximum: tuple[str, ...]
    lines: tuple[IndexLine, ...]
    not_testable: Message | None
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """Mean, spread and tiers of a group; the mean is the result of no unit.

    Attributes:
        group: Its name.
        programme: Satisfaction, agency opinions or index.
        units: Units in it.
        ranked: Units with a value.
        mean: Mean of their values.
        lowest: Lowest.
        highest: Highest.
        iqr: Distance of the quartiles.
        leaders: Names of the units with the highest value.
        tiers: Tier, units now, units in the period before (``None`` if not known).
    """

    group: str
    programme: Message
    units: int
    ranked: int
    mean: float | None
    lowest: float | None
    highest: float | None
    iqr: float | None
    leaders: tuple[str, ...]
    tiers: tuple[tuple[Message, int, int | None], ...]


@dataclass(frozen=True, slots=True)
class BunchingNote:
    """Units just above and below a cut-off; ``p_value`` is ``None`` if not testable."""

    programme: Message
    cut_off: float
    above: int | None
    below: int | None
    p_value: float | None
    verdict: Message


@dataclass(frozen=True, slots=True)
class AwardNote:
    """An award or criticism, and whether it should wait.

    Attributes:
        unit: Name of the unit.
        programme: What it rests on.
        title: What is proposed, or the tier that leads to it.
        criticism: Whether it is a criticism.
        hold: Whether to wait; ``None`` where the unit has no result.
        reasons: Why.
        notes: What is no reason by itself.
    """

    unit: str
    programme: Message
    title: str
    criticism: bool
    hold: bool | None
    reasons: tuple[Message, ...]
    notes: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class TargetNote:
    """A target and what was reached, ``met`` if surely so; withheld for few forms."""

    unit: str
    indicator: str
    operator: str
    target: str
    value: float | None
    due: date | None
    verdict: Message
    source: str
    met: bool = False


@dataclass(frozen=True, slots=True)
class ActionNote:
    """An action that was agreed on; ``overdue`` on the day of the report."""

    id: str
    unit: str | None
    text: str
    office: str
    due: date | None
    done: date | None
    overdue: bool
    open_cases: int
    verdict: Message


@dataclass(frozen=True, slots=True)
class ComplaintNote:
    """Complaints beside satisfaction; ``quiet`` where nothing had to be asked or was seen."""

    unit: str
    value: float | None
    complaints: int
    served: int | None
    verdict: Message
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class RoundOutcomes:
    """Everything that follows from the scores of a round; empty where nothing was brought.

    Attributes:
        interim: Whether results are interim.
        snapshot: SHA-256 of all results.
        changes: Against the period before.
        groups: By group.
        bunching: At cut-offs.
        published: Published figures.
        index: Index sheets, by unit and year.
        index_weights: Weights that do not add up: year and part, declared, sum.
        awards: Awards and criticisms.
        targets: Targets.
        actions: Actions.
        complaints: Complaints.
    """

    interim: bool
    snapshot: str
    changes: tuple[ChangeNote, ...] = ()
    groups: tuple[GroupStanding, ...] = ()
    bunching: tuple[BunchingNote, ...] = ()
    published: tuple[PublishedFigure, ...] = ()
    index: tuple[IndexSheet, ...] = ()
    index_weights: tuple[tuple[str, str, str], ...] = ()
    awards: tuple[AwardNote, ...] = ()
    targets: tuple[TargetNote, ...] = ()
    actions: tuple[ActionNote, ...] = ()
    complaints: tuple[ComplaintNote, ...] = ()
