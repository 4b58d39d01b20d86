"""The published numbers: values, bounds, tiers, ranks, factors and peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detectors.finding import Message
from reports.views.measures import MINIMUM_CELL, suppress

__all__ = [
    "FactorResult",
    "PeerGroup",
    "PeerPoint",
    "Previous",
    "Result",
    "Standing",
    "without_complement",
]


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
        rank_range: Best and worst rank that the bounds of all units allow.
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
    rank_range: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Suppress a small cell."""
        few_left = 0 < self.scored < MINIMUM_CELL
        if suppress(self.received) or few_left:
            for name in ("after_review", "bound_low", "bound_high"):
                object.__setattr__(self, name, Standing())
            object.__setattr__(self, "tier_firm", None)
            object.__setattr__(self, "interval", None)
            object.__setattr__(self, "rank_range", None)
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


def without_complement(factors: Sequence[FactorResult]) -> tuple[FactorResult, ...]:
    """The factors, with a second one withheld where only one is.

    The whole less the factors that are shown would be the one that is not.
    """
    hidden = [factor for factor in factors if factor.value is None]
    shown = [factor for factor in factors if factor.value is not None]
    if len(hidden) != 1 or not hidden[0].n or not shown:
        return tuple(factors)
    smallest = min(shown, key=lambda factor: factor.n)
    return tuple(
        replace(factor, value=None, low=None, high=None) if factor is smallest else factor
        for factor in factors
    )


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
        points: One point a unit; units below :data:`MINIMUM_CELL` are left out.
    """

    name: str
    units: int
    median: float | None = None
    pooled: float | None = None
    rho: float | None = None
    points: tuple[PeerPoint, ...] = ()

    def __post_init__(self) -> None:
        """Leave out small cells."""
        kept = tuple(point for point in self.points if not suppress(point.n))
        object.__setattr__(self, "points", kept)
