"""The index of the round's year: sheets recomputed, held against group, survey and year before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from audit.pipeline.brought import Brought
from audit.pipeline.index_lines import number, out_of_line
from audit.scoring.index import (
    FieldScore,
    IndexBook,
    UnitIndex,
    sheets_of,
    structure_notes,
)
from audit.scoring.index_groups import survey_verdict
from audit.scoring.lineage import Previous
from audit.scoring.rules import INDEX, RuleSet
from audit.store.outcomes import Outcome

__all__ = ["IndexStanding", "index_standing"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class IndexStanding:
    """The index of one year.

    Attributes:
        year: The year; that of the round, or the last one before it that there is.
        rules: Valid at its end.
        sheets: Unit -> its sheet.
        current: Unit -> value, tier, rank and denominator in its peer group.
        before: Unit -> result of the year before, where a workbook has it.
        outcomes: Statements about all years.
    """

    year: int
    rules: RuleSet
    sheets: Mapping[str, UnitIndex]
    current: Mapping[str, Row]
    before: Mapping[str, Previous]
    outcomes: Sequence[Outcome]

    @property
    def flagged(self) -> list[Outcome]:
        """Fields, criteria and gaps of this year that are out of line."""
        return [
            one
            for one in self.outcomes
            if one.kind == "index_line" and one.body["year"] == self.year
        ]

    def shares(self, unit: str, field: str) -> dict[str, Fraction | None]:
        """The share of a unit's field, or of the whole where ``field`` is empty."""
        sheet = self.sheets.get(unit)
        if sheet is None:
            return {}
        parts = [sheet.total] if not field else [f for f in sheet.fields if f.field == field]
        return {"after_review": parts[0].share} if parts else {}

    def lines(self) -> list[list[Any]]:
        """Results as plain values, for a hash."""
        return [
            [unit, part.field, str(part.appraised), str(part.maximum)]
            for unit, sheet in sorted(self.sheets.items())
            for part in (sheet.total, *sheet.fields)
        ]


def index_standing(
    brought: Brought,
    units: Mapping[str, Row],
    year: int,
    scores: Mapping[tuple[str, str, str], Row],
) -> IndexStanding:
    """Recompute and judge every year that a workbook gives.

    Args:
        brought: With the books, and the rule set of each year.
        units: Unit -> its version of the round's last day.
        year: Of the round.
        scores: Stored scores of the round's survey, by unit, measure, factor.
    """
    books = {book.year: book for book in brought.books}
    if not books:
        from audit.scoring.rules import untiered

        return IndexStanding(year, untiered(INDEX, dt.date(year, 12, 31)), {}, {}, {}, ())
    chosen = max((y for y in books if y <= year), default=max(books))
    outcomes: list[Outcome] = []
    sheets: dict[int, dict[str, UnitIndex]] = {}
    for of, book in books.items():
        rules = brought.index_rules[of]
        sheets[of] = {sheet.unit_id: sheet for sheet in sheets_of(book, rules)}
        survey = scores if of == year else {}
        outcomes += [_sheet(sheet, book, survey) for sheet in sheets[of].values()]
        for name, declared, parts in structure_notes(book):
            body = {"declared": str(declared), "sum": str(parts), "year": of}
            outcomes.append(Outcome("index_weights", INDEX, None, f"{of} {name}", "differs", body))
        outcomes += out_of_line(book, sheets[of], units)
    ranked = {of: _ranks(sheets[of], units) for of in books}
    before = {}
    if chosen - 1 in sheets:
        for unit, sheet in sheets[chosen - 1].items():
            place = ranked[chosen - 1].get(unit, (None, None))
            before[unit] = Previous(
                value=None if sheet.total.share is None else float(sheet.total.share),
                rank=place[0],
                ranked_units=place[1],
                tier=sheet.tier,
                period=str(chosen - 1),
                ended=dt.date(chosen - 1, 12, 31),
            )
    current = {
        unit: {
            "value": sheet.total.share,
            "effective": None,
            "rank": ranked[chosen].get(unit, (None, None))[0],
            "ranked_units": ranked[chosen].get(unit, (None, None))[1],
            "tier": sheet.tier,
        }
        for unit, sheet in sheets[chosen].items()
    }
    rules = brought.index_rules[chosen]
    return IndexStanding(chosen, rules, sheets[chosen], current, before, outcomes)


def _ranks(sheets: Mapping[str, UnitIndex], units: Mapping[str, Row]) -> dict[str, tuple[int, int]]:
    """Rank and denominator inside each peer group; ties share the best rank."""
    groups: dict[str, dict[str, Fraction]] = {}
    for unit, sheet in sheets.items():
        group = units.get(unit, {}).get("group")
        if isinstance(group, str) and sheet.total.share is not None:
            groups.setdefault(group, {})[unit] = sheet.total.share
    return {
        unit: (1 + sum(other > value for other in values.values()), len(values))
        for values in groups.values()
        for unit, value in values.items()
    }


def _sheet(
    sheet: UnitIndex, book: IndexBook, scores: Mapping[tuple[str, str, str], Row]
) -> Outcome:
    low, high = _survey(scores.get((sheet.unit_id, "overall", "")))
    verdict, points, maximum = survey_verdict(sheet, book, low, high)
    declared = book.declared.get((sheet.unit_id, ""))
    body = {
        "year": sheet.year,
        "tier": sheet.tier,
        "total": _part(sheet.total),
        "fields": [
            {**_part(part), "name": next(f.name for f in book.fields if f.id == part.field)}
            for part in sheet.fields
        ],
        "declared_percent": None
        if declared is None or declared.percent is None
        else str(declared.percent.percent),
        "percent_verdict": sheet.percent_verdict,
        "tier_verdict": sheet.tier_verdict,
        "above_maximum": list(sheet.above_maximum),
        "survey": {
            "verdict": verdict,
            "points": None if points is None else str(points),
            "maximum": str(maximum),
            "low": number(low),
            "high": number(high),
        },
    }
    holds = sheet.arithmetic_holds
    word = "differs" if holds is False else "incomplete" if sheet.total.missing else None
    word = word or ("nothing_declared" if holds is None else "holds")
    return Outcome("index", INDEX, sheet.unit_id, str(sheet.year), word, body)


def _survey(row: Row | None) -> tuple[Fraction | None, Fraction | None]:
    """What the audited survey allows: its bounds, widened by sampling."""
    if row is None or not row["answers_bound_low"]:
        return None, None
    answers = row["answers_bound_low"]
    low = Fraction(row["satisfied_bound_low"], answers)
    high = Fraction(row["satisfied_bound_high"], answers)
    interval = (row["firmness"] or {}).get("interval")
    if interval is not None:
        low, high = min(low, Fraction(str(interval[0]))), max(high, Fraction(str(interval[1])))
    return low, high


def _part(part: FieldScore) -> dict[str, Any]:
    return {
        "field": part.field,
        "maximum": _text(part.maximum),
        "self": _text(part.own),
        "appraised": _text(part.appraised),
        "share": number(part.share),
        "gap": number(part.gap),
        "missing": list(part.missing),
        "self_verdict": part.own_verdict,
        "appraised_verdict": part.appraised_verdict,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
