"""The PAR index: criteria, fields and totals of each unit, recomputed. Exact and pure.

An index is made from the unit's own criteria and from nothing else. That of a province is
*not* the mean of its units' indices, and no function here makes one from the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from audit.scoring.publication import Figure, check_value
from audit.scoring.rules import RuleSet

__all__ = [
    *("Criterion", "Declared", "FieldOfIndex", "FieldScore", "IndexBook", "Marks", "UnitIndex"),
    *("share_of", "sheets_of", "structure_notes", "total_of"),
]


@dataclass(frozen=True, slots=True)
class FieldOfIndex:
    """One field (lĩnh vực). ``maximum`` as declared; ``None`` where it is not."""

    id: str
    name: str
    maximum: Decimal | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion (tiêu chí) with the points that it can bring.

    Attributes:
        id: Its number.
        field: The field it belongs to.
        name: Its name.
        maximum: Points.
        survey: Whether its points come from the satisfaction survey.
    """

    id: str
    field: str
    name: str
    maximum: Decimal
    survey: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """Points of one unit in one criterion; ``None``: not given."""

    own: Decimal | None
    appraised: Decimal | None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a workbook states of a unit's field, or of its whole index (field empty).

    Attributes:
        own: Sum of self-scores.
        appraised: Sum of appraised scores.
        percent: The index, in per cent, as written.
        tier: Id of the tier.
        rank: Rank and denominator.
    """

    own: Decimal | None = None
    appraised: Decimal | None = None
    percent: Figure | None = None
    tier: str | None = None
    rank: tuple[int, int | None] | None = None


@dataclass(frozen=True)
class IndexBook:
    """Everything of one year, from one or several workbooks.

    Attributes:
        year: The year.
        fields: In order.
        criteria: In order; only those that have no sub-criteria.
        marks: ``(unit, criterion)`` -> points.
        declared: ``(unit, field)`` -> what was stated, the whole under an empty field.
        subtotals: Criterion with sub-criteria -> its stated maximum.
    """

    year: int
    fields: tuple[FieldOfIndex, ...]
    criteria: tuple[Criterion, ...]
    marks: Mapping[tuple[str, str], Marks]
    declared: Mapping[tuple[str, str], Declared]
    subtotals: Mapping[str, Decimal]

    @property
    def units(self) -> list[str]:
        """Units with any points, in order."""
        return sorted({unit for unit, _ in self.marks})


@dataclass(frozen=True, slots=True)
class FieldScore:
    """One field of one unit, or the whole index (field empty), recomputed.

    Attributes:
        field: Its id.
        maximum: Points that can be reached.
        own: Sum of self-scores; ``None`` where one is missing.
        appraised: Sum of appraised scores; ``None`` where one is missing.
        missing: Criteria without an appraised score. Never counted as zero.
        own_verdict: Declared against recomputed: ``equal``, ``truncated``, ``tolerance``,
            ``differs``, ``cannot_recompute``; empty where nothing was declared.
        appraised_verdict: The same of the appraised score.
    """

    field: str
    maximum: Decimal
    own: Decimal | None
    appraised: Decimal | None
    missing: tuple[str, ...]
    own_verdict: str = ""
    appraised_verdict: str = ""

    @property
    def share(self) -> Fraction | None:
        """Appraised points over those that can be reached."""
        return share_of(self.appraised, self.maximum)

    @property
    def own_share(self) -> Fraction | None:
        """Self-scored points over those that can be reached."""
        return share_of(self.own, self.maximum)

    @property
    def gap(self) -> Fraction | None:
        """Self-score less appraised score, over the maximum."""
        if self.share is None or self.own_share is None:
            return None
        return self.own_share - self.share


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """The index of one unit in one year.

    Attributes:
        unit_id: The unit.
        year: The year.
        total: The whole.
        fields: Each field.
        tier: Id of the tier by the exact share; ``None`` without a total.
        percent_verdict: Declared index against the recomputed one.
        tier_verdict: ``equal``, ``differs``; empty where none was declared.
        above_maximum: Criteria with more points than they can bring.
    """

    unit_id: str
    year: int
    total: FieldScore
    fields: tuple[FieldScore, ...]
    tier: str | None
    percent_verdict: str = ""
    tier_verdict: str = ""
    above_maximum: tuple[str, ...] = ()

    @property
    def arithmetic_holds(self) -> bool | None:
        """Whether everything declared follows from the criteria; ``None``: nothing to compare."""
        parts = (self.total, *self.fields)
        verdicts = [self.percent_verdict, self.tier_verdict]
        verdicts += [v for part in parts for v in (part.own_verdict, part.appraised_verdict)]
        told = [v for v in verdicts if v and v != "cannot_recompute"]
        if self.above_maximum:
            return False
        return None if not told else "differs" not in told


def sheets_of(book: IndexBook, rules: RuleSet) -> list[UnitIndex]:
    """Recompute every unit of a year, in order of unit."""
    found = []
    for unit in book.units:
        by_field: dict[str, list[Criterion]] = {}
        for criterion in book.criteria:
            by_field.setdefault(criterion.field, []).append(criterion)
        fields = tuple(
            _sum(book, unit, name.id, by_field[name.id])
            for name in book.fields
            if name.id in by_field
        )
        total = _sum(book, unit, "", book.criteria)
        declared = book.declared.get((unit, ""), Declared())
        tier = rules.tier(total.share)
        percent = ""
        if declared.percent is not None:
            percent = check_value(declared.percent, {"after_review": total.share})
        said = ""
        if declared.tier is not None and tier is not None:
            said = "equal" if declared.tier == tier.id else "differs"
        above = [
            c.id
            for c in book.criteria
            if any(
                value is not None and value > c.maximum
                for one in [book.marks.get((unit, c.id))]
                if one is not None
                for value in (one.own, one.appraised)
            )
        ]
        found.append(
            UnitIndex(
                unit,
                book.year,
                total,
                fields,
                None if tier is None else tier.id,
                percent,
                said,
                tuple(above),
            )
        )
    return found


def _sum(book: IndexBook, unit: str, field: str, criteria: Sequence[Criterion]) -> FieldScore:
    marks = {c.id: book.marks.get((unit, c.id)) for c in criteria}
    own = [m.own if m is not None else None for m in marks.values()]
    appraised = [m.appraised if m is not None else None for m in marks.values()]
    missing = tuple(c for c, m in marks.items() if m is None or m.appraised is None)
    sums = [total_of(own), total_of(appraised)]
    declared = book.declared.get((unit, field), Declared())
    return FieldScore(
        field=field,
        maximum=sum((c.maximum for c in criteria), Decimal(0)),
        own=sums[0],
        appraised=sums[1],
        missing=missing,
        own_verdict=_points(declared.own, sums[0]),
        appraised_verdict=_points(declared.appraised, sums[1]),
    )


def total_of(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(values) else None


def _points(declared: Decimal | None, recomputed: Decimal | None) -> str:
    """Declared points against recomputed ones, at the decimals they were declared with."""
    if declared is None:
        return ""
    if recomputed is None:
        return "cannot_recompute"
    return check_value(Figure(declared), {"after_review": Fraction(recomputed) / 100})


def share_of(points: Decimal | None, maximum: Decimal) -> Fraction | None:
    return Fraction(points) / Fraction(maximum) if points is not None and maximum > 0 else None


def structure_notes(book: IndexBook) -> list[tuple[str, Decimal, Decimal]]:
    """Weights that do not add up: ``(field or criterion, declared, sum of its parts)``."""
    notes = []
    for field in book.fields:
        parts = sum((c.maximum for c in book.criteria if c.field == field.id), Decimal(0))
        if field.maximum is not None and field.maximum != parts:
            notes.append((field.id, field.maximum, parts))
    for name, declared in book.subtotals.items():
        below = (c.maximum for c in book.criteria if c.id.startswith(f"{name}."))
        parts = sum(below, Decimal(0))
        if declared != parts:
            notes.append((name, declared, parts))
    return notes
