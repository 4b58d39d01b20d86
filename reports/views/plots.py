"""What the small plots of the statistical section show: batches, hours, rounds, cut-offs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from detectors.finding import Message
from reports.views.measures import suppress

__all__ = ["BatchPoint", "Cutoffs", "HourProfile", "PeriodPoint", "Plots"]


@dataclass(frozen=True, slots=True)
class BatchPoint:
    """One batch in the order it came in.

    Attributes:
        label: Name of the batch.
        n: Its forms.
        judged: Those that could be judged.
        flagged: Those with an orange or red sign.
    """

    label: str
    n: int
    judged: int
    flagged: int

    @property
    def share(self) -> float | None:
        """Share of judged forms that are flagged; ``None`` below the minimal cell."""
        return None if suppress(self.judged) else self.flagged / self.judged


@dataclass(frozen=True, slots=True)
class HourProfile:
    """Records by hour of the day, 24 numbers each.

    Attributes:
        unit: Records of the unit sent in each hour.
        force: Shares over all units of the round, which add up to 1.
    """

    unit: tuple[int, ...]
    force: tuple[float, ...]

    @property
    def n(self) -> int:
        """Records with a time."""
        return sum(self.unit)


@dataclass(frozen=True, slots=True)
class PeriodPoint:
    """The unit's value in one round; blanked below the minimal cell.

    Attributes:
        label: Name of the round.
        n: Forms behind it.
        value: Share of the two highest answers.
        low: Lower end of the 95 % interval.
        high: Upper end.
        broken: What changed since the round before, if anything did; the two values are
            then not joined.
    """

    label: Message
    n: int
    value: float | None
    low: float | None = None
    high: float | None = None
    broken: Message | None = None

    def __post_init__(self) -> None:
        """Suppress a small cell."""
        if suppress(self.n):
            for name in ("value", "low", "high"):
                object.__setattr__(self, name, None)


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Values of the peer group around the tiers' cut-offs, without names.

    Attributes:
        values: One a unit at or above the minimal cell.
        cut_offs: Share from which a tier begins, and the tier's name.
        here: The unit's own value.
    """

    values: tuple[float, ...]
    cut_offs: tuple[tuple[float, Message], ...]
    here: float | None = None


@dataclass(frozen=True, slots=True)
class Plots:
    """Small plots of one unit; an empty or missing one has no data to show.

    Attributes:
        batches: Batches in the order they came in.
        hours: Hours of the day.
        periods: Rounds, the earliest first; one alone is not drawn.
        cutoffs: The peer group around the cut-offs.
    """

    batches: tuple[BatchPoint, ...] = ()
    hours: HourProfile | None = None
    periods: tuple[PeriodPoint, ...] = ()
    cutoffs: Cutoffs | None = None

    def without_result(self) -> Plots:
        """The plots of a unit whose result is withheld."""
        last = [replace(point, n=0) for point in self.periods[-1:]]
        cutoffs = None if self.cutoffs is None else replace(self.cutoffs, here=None)
        return replace(self, periods=(*self.periods[:-1], *last), cutoffs=cutoffs)
