"""The index of the round's year: sheets recomputed, held against group, survey and year before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from audit.pipeline.brought import Brought
from audit.scoring.index import (
    FieldScore,
    IndexBook,
    UnitIndex,
    sheets_of,
    structure_notes,
    survey_verdict,
)
from audit.scoring.lineage import Previous
from audit.scoring.rules import INDEX, RuleSet
from audit.store.outcomes import Outcome
from detectors.out_of_line import gaps_out_of_line, parts_out_of_line

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
        outcomes += _out_of_line(book, sheets[of], units)
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
            "low": _number(low),
            "high": _number(high),
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
        "share": _number(part.share),
        "gap": _number(part.gap),
        "missing": list(part.missing),
        "self_verdict": part.own_verdict,
        "appraised_verdict": part.appraised_verdict,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _number(value: Fraction | float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _out_of_line(
    book: IndexBook, sheets: Mapping[str, UnitIndex], units: Mapping[str, Row]
) -> Iterator[Outcome]:
    """Fields, criteria and gaps out of line with the peer group; and what was not testable."""
    groups: dict[str, list[str]] = {}
    for unit in sheets:
        group = units.get(unit, {}).get("group")
        groups.setdefault(group if isinstance(group, str) else "", []).append(unit)
    for group, members in sorted(groups.items()):
        members = sorted(members)
        reasons: dict[str, str] = {}
        found: list[Outcome] = []
        if not group:
            reasons["*"] = "the units have no peer group"
        else:
            for level, names, points, maximum in _tables(book, sheets, members):
                tested = parts_out_of_line(points, maximum)
                reasons |= {
                    f"{level} {name}": reason
                    for name, reason in zip(names, tested.reasons, strict=True)
                    if reason
                }
                for row, column in np.argwhere(tested.flagged):
                    share = points[row, column] / maximum[column]
                    about = f"{book.year} {level} {names[column]}"
                    body = {
                        "year": book.year,
                        "level": level,
                        "part": names[column],
                        "share": _number(share),
                        "expected": _number(tested.expected[row, column]),
                        "z": round(float(tested.z[row, column]), 3),
                        "p_value": float(f"{tested.p_value[row, column]:.4g}"),
                        "q_value": float(f"{tested.q_value[row, column]:.4g}"),
                    }
                    word = "above" if tested.z[row, column] > 0 else "below"
                    found.append(Outcome("index_line", INDEX, members[row], about, word, body))
            gaps = [sheets[unit].total.gap for unit in members]
            tested = gaps_out_of_line(np.array([np.nan if g is None else float(g) for g in gaps]))
            if tested.reasons[0]:
                reasons["gap"] = tested.reasons[0]
            for row in np.flatnonzero(tested.flagged[:, 0]):
                body = {
                    "year": book.year,
                    "level": "gap",
                    "part": "",
                    "share": _number(gaps[row]),
                    "expected": _number(tested.expected[row, 0]),
                    "z": round(float(tested.z[row, 0]), 3),
                    "p_value": float(f"{tested.p_value[row, 0]:.4g}"),
                    "q_value": float(f"{tested.q_value[row, 0]:.4g}"),
                }
                word = "above" if tested.z[row, 0] > 0 else "below"
                about = f"{book.year} gap"
                found.append(Outcome("index_line", INDEX, members[row], about, word, body))
        yield from found
        body = {
            "year": book.year,
            "group": group,
            "units": len(members),
            "not_testable": reasons,
            "flagged": len(found),
        }
        nothing = len(reasons) >= len(book.criteria) + len(book.fields) + 1 or not group
        word = "not_testable" if nothing else "tested"
        yield Outcome("index_lines", INDEX, None, f"{book.year} {group}", word, body)


def _tables(
    book: IndexBook, sheets: Mapping[str, UnitIndex], members: Sequence[str]
) -> Iterator[tuple[str, list[str], Any, Any]]:
    """Fields and criteria as tables of points: level, names, ``(units, parts)``, maxima."""
    fields = [part.field for part in sheets[members[0]].fields]
    points = [[_float(part.appraised) for part in sheets[unit].fields] for unit in members]
    maximum = [float(part.maximum) for part in sheets[members[0]].fields]
    yield "field", fields, np.array(points, dtype=np.float64), np.array(maximum)
    names = [criterion.id for criterion in book.criteria]
    marks = [[book.marks.get((unit, name)) for name in names] for unit in members]
    points = [[np.nan if m is None else _float(m.appraised) for m in row] for row in marks]
    maximum = [float(criterion.maximum) for criterion in book.criteria]
    yield "criterion", names, np.array(points, dtype=np.float64), np.array(maximum)


def _float(value: Decimal | None) -> float:
    return float("nan") if value is None else float(value)
