"""The two reports as wholes: of one unit and of a round."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.finding import Message, Severity
from reports.views.fairness import FairnessTable
from reports.views.identity import (
    InstrumentIdentity,
    Provenance,
    RoundIdentity,
    Sample,
    UnitIdentity,
)
from reports.views.measures import band_of, suppress
from reports.views.outcomes import Firmness, ResultSlice, RoundOutcomes
from reports.views.plots import Plots
from reports.views.results import FactorResult, PeerGroup, Result, without_complement
from reports.views.signs import (
    CustodyRow,
    DigitalSection,
    FlaggedForm,
    ImageSection,
    NotJudged,
    StatisticsSection,
)

__all__ = ["Appendix", "DetectorYield", "GroupSummary", "RoundReport", "UnitReport", "UnitRow"]


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
        plots: Small plots of the statistical section; ``None`` if there is nothing to draw.
        firmness: How firm the result is; ``None`` where that is not known.
        slices: The result by channel, respondent kind and field.
        outcomes: What the result is held against; ``None`` if that was not worked out.
        false_flag_rate: Accepted share of honest records that are flagged; ``None``: not known.
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
    plots: Plots | None = None
    firmness: Firmness | None = None
    slices: tuple[ResultSlice, ...] = ()
    outcomes: RoundOutcomes | None = None
    false_flag_rate: float | None = None

    def __post_init__(self) -> None:
        """Take green from what was not examined; withhold what would give a small cell away."""
        if self.severity is Severity.GREEN and not self.examined:
            object.__setattr__(self, "severity", None)
        if self.factors is not None and not self.result.suppressed:
            object.__setattr__(self, "factors", without_complement(self.factors))
        if self.result.after_review.value is None:
            object.__setattr__(self, "firmness", None)
            object.__setattr__(self, "slices", ())
        if self.plots is not None and self.result.after_review.value is None:
            object.__setattr__(self, "plots", self.plots.without_result())

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
        firmness: How firm the result is; ``None`` where that is not known.
    """

    unit: UnitIdentity
    result: Result
    severity: Severity | None
    flagged: int
    judged: int
    firmness: Firmness | None = None

    def __post_init__(self) -> None:
        """Take green from what nothing could judge, firmness from what is withheld."""
        if self.result.after_review.value is None:
            object.__setattr__(self, "firmness", None)
        if self.severity is Severity.GREEN and not self.judged:
            object.__setattr__(self, "severity", None)

    @property
    def tier_open(self) -> bool:
        """Whether held records or sampling could still change the tier."""
        by_sampling = self.firmness is not None and self.firmness.tier_open
        return self.result.tier_firm is False or by_sampling

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
        factors: Results by factor over all units, each against the median of the units.
        fairness: Flag rates by groups of respondents, channels and scanners.
        left_out: Units that the totals leave out, since their difference to the units that
            are shown would be a small cell.
        slices: Results by peer group, level, channel, respondent kind and field.
        outcomes: What the results are held against; ``None`` if that was not worked out.
    """

    round: RoundIdentity
    instruments: tuple[InstrumentIdentity, ...]
    units: tuple[UnitRow, ...]
    result: Result
    provenance: Provenance
    groups: tuple[GroupSummary, ...] = ()
    not_judged: tuple[NotJudged, ...] = ()
    detectors: tuple[DetectorYield, ...] = ()
    factors: tuple[FactorResult, ...] = ()
    fairness: tuple[FairnessTable, ...] = ()
    left_out: int = 0
    slices: tuple[ResultSlice, ...] = ()
    outcomes: RoundOutcomes | None = None
