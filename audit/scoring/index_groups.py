"""Index sheets of a group of units: its mean, its spread, and the survey beside it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from audit.scoring.index import IndexBook, UnitIndex, share_of, total_of
from audit.scoring.rules import RuleSet

__all__ = ["GroupSummary", "group_summary", "survey_verdict"]


def survey_verdict(
    sheet: UnitIndex, book: IndexBook, low: Fraction | None, high: Fraction | None
) -> tuple[str, Decimal | None, Decimal]:
    """Survey points of a sheet against the audited survey.

    Points are taken to be proportional to satisfaction; where the owner's rule turns shares
    into points in another way, this says so by ``differs`` and nothing more.

    Args:
        sheet: The unit's sheet.
        book: Of its year.
        low: Lowest share that the audited survey allows (bounds and sampling).
        high: Highest.

    Returns:
        ``agrees``, ``above``, ``below`` or ``cannot_compare``, the survey's points and their
        maximum.
    """
    criteria = [c for c in book.criteria if c.survey]
    maximum = sum((c.maximum for c in criteria), Decimal(0))
    marks = [book.marks.get((sheet.unit_id, c.id)) for c in criteria]
    points = total_of([m.appraised if m is not None else None for m in marks])
    share = share_of(points, maximum)
    if share is None or low is None or high is None:
        return "cannot_compare", points, maximum
    half = Fraction(1, 200) / Fraction(maximum)  # points are written with two decimals
    if share > high + half:
        return "above", points, maximum
    return ("below" if share < low - half else "agrees"), points, maximum


@dataclass(frozen=True)
class GroupSummary:
    """Results of one peer group; zero counts are said.

    Attributes:
        group: Its name.
        units: Units in it.
        ranked: Units with a value.
        mean: Mean of the units' values; not the result of any unit above them.
        lowest: Lowest value.
        highest: Highest value.
        iqr: Distance of the quartiles; ``None`` below four units.
        leaders: Units with the highest value.
        tiers: Tier id -> units, in the order of the rule set.
    """

    group: str
    units: int
    ranked: int
    mean: Fraction | None
    lowest: Fraction | None
    highest: Fraction | None
    iqr: float | None
    leaders: tuple[str, ...]
    tiers: Mapping[str, int]

    @property
    def spread(self) -> Fraction | None:
        """Highest less lowest value."""
        if self.highest is None or self.lowest is None:
            return None
        return self.highest - self.lowest


def group_summary(
    group: str, values: Mapping[str, Fraction | None], rules: RuleSet
) -> GroupSummary:
    """Mean, spread, leaders and tiers of a group.

    Args:
        group: Its name.
        values: Unit -> value.
        rules: Tiers.
    """
    known = {unit: value for unit, value in values.items() if value is not None}
    tiers = {tier.id: 0 for tier in rules.tiers}
    for value in known.values():
        tier = rules.tier(value)
        if tier is not None:
            tiers[tier.id] += 1
    if not known:
        return GroupSummary(group, len(values), 0, None, None, None, None, (), tiers)
    top = max(known.values())
    iqr = None
    if len(known) >= 4:
        first, _, third = statistics.quantiles([float(v) for v in known.values()], n=4)
        iqr = round(third - first, 6)
    return GroupSummary(
        group=group,
        units=len(values),
        ranked=len(known),
        mean=sum(known.values(), Fraction(0)) / len(known),
        lowest=min(known.values()),
        highest=top,
        iqr=iqr,
        leaders=tuple(sorted(unit for unit, value in known.items() if value == top)),
        tiers=tiers,
    )
