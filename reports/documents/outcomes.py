"""What results are held against: the period before, publication, complaints, awards.

Tables of the round name the unit in their first column; those of one unit leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Heading, Level, Table, Text
from reports.documents.firmness import firmness_part
from reports.documents.follow_up import unit_cell, unit_column
from reports.documents.parts import number, plain, share, shares
from reports.documents.slices import slices_table
from reports.locale import Text as Words
from reports.views import UnitReport
from reports.views.outcomes import AwardNote, ChangeNote, ComplaintNote, PublishedFigure

__all__ = [
    "awards_table",
    "changes_table",
    "complaints_table",
    "published_table",
    "unit_held_against",
]


def changes_table(rows: Sequence[ChangeNote], words: Words, *, units: bool) -> Table:
    """Change against the period before, with where the unit comes from."""
    columns = (
        *unit_column(words, units=units),
        Column(words("outcome.programme"), weight=1.4),
        Column(words("change.before"), right=True, weight=1.3),
        Column(words("change.now"), right=True),
        Column(words("change.points"), right=True, weight=1.4),
        Column(words("change.rank"), right=True, weight=1.2),
        Column(words("outcome.verdict"), weight=2.4),
    )
    lines = []
    for row in rows:
        points = Cell(words("none"))
        if row.points is not None:
            ends = "" if row.interval is None else " – ".join(map(words.signed, row.interval))
            points = Cell(words.signed(row.points), row.points, "points", under=ends)
        lines.append(
            (
                *unit_cell(row.unit, units=units),
                plain(words.say(row.programme)),
                _before_cell(row, words),
                share(words, row.value),
                points,
                plain(_places(row, words)),
                plain(words.say(row.verdict), _lineage(row, words)),
            )
        )
    return Table(words("change.heading"), columns, tuple(lines))


def _before_cell(row: ChangeNote, words: Words) -> Cell:
    if row.before is not None:
        return share(words, row.before, row.period)
    if row.spread_before is not None:
        return Cell(shares(words, *row.spread_before), under=words("change.spread"))
    return Cell(words("none"), under=row.period)


def _places(row: ChangeNote, words: Words) -> str:
    def place(rank: tuple[int | None, int | None]) -> str:
        if rank[0] is None:
            return words("none")
        return words.number(rank[0]) + (f"/{words.number(rank[1])}" if rank[1] else "")

    if row.rank[0] is None and row.rank_before[0] is None:
        return words("none")
    return f"{place(row.rank_before)} → {place(row.rank)}"


def _lineage(row: ChangeNote, words: Words) -> str:
    told = []
    if row.predecessors:
        told.append(words("change.from", units=", ".join(row.predecessors)))
    if row.method_break:
        told.append(words("change.method"))
    return "; ".join(told)


def published_table(rows: Sequence[PublishedFigure], words: Words, *, units: bool) -> Table:
    """Published figures beside recomputed ones."""
    columns = (
        *unit_column(words, units=units),
        Column(words("comparison.indicator"), weight=1.8),
        Column(words("comparison.published"), right=True),
        Column(words("comparison.recomputed"), right=True, weight=1.3),
        Column(words("comparison.match"), weight=2.2),
        Column(words("outcome.source"), weight=1.4),
    )
    lines = []
    for row in rows:
        found = plain(row.recomputed) if isinstance(row.recomputed, str) else Cell(words("none"))
        if isinstance(row.recomputed, float):
            found = share(words, row.recomputed)
            if row.is_change:
                found = Cell(words.signed(row.recomputed), row.recomputed, "points")
        # mypy widens the levels to texts.
        level: Level = {True: "green", False: "orange", None: "none"}[row.agrees]  # type: ignore[assignment]
        what = f"{words.say(row.programme)}: {words.say(row.what)}"
        lines.append(
            (
                *unit_cell(row.unit or words("outcome.all_units"), units=units),
                plain(what),
                plain(row.published.replace(".", ",") if words.language == "vi" else row.published),
                found,
                Cell(words.say(row.verdict), level=level),
                plain(row.source),
            )
        )
    return Table(words("published.heading"), columns, tuple(lines))


def awards_table(rows: Sequence[AwardNote], words: Words, *, units: bool) -> Table:
    """Awards and criticisms with whether they should wait."""
    columns = (
        *unit_column(words, units=units),
        Column(words("award.title"), weight=1.8),
        Column(words("outcome.programme"), weight=1.4),
        Column(words("award.advice"), weight=1.6),
        Column(words("award.reasons"), weight=3.0),
    )
    lines = []
    for row in rows:
        level: Level = "none" if row.hold is None else "orange" if row.hold else "green"
        advice = {None: "award.unknown", True: "award.hold", False: "award.go"}[row.hold]
        title = row.title
        if row.criticism:
            title = words("award.criticism", title=row.title)
        reasons = "; ".join(map(words.say, row.reasons))
        notes = "; ".join(map(words.say, row.notes))
        if notes:
            notes = words("award.note", notes=notes)
        lines.append(
            (
                *unit_cell(row.unit, units=units),
                plain(title),
                plain(words.say(row.programme)),
                Cell(words(advice), level=level),
                plain(reasons or words("none"), notes),
            )
        )
    return Table(words("award.heading"), columns, tuple(lines))


def complaints_table(rows: Sequence[ComplaintNote], words: Words, *, units: bool) -> Table:
    """Complaints beside satisfaction."""
    columns = (
        *unit_column(words, units=units),
        Column(words("col.value"), right=True),
        Column(words("complaint.count"), right=True),
        Column(words("complaint.served"), right=True),
        Column(words("outcome.verdict"), weight=2.6),
    )
    lines = tuple(
        (
            *unit_cell(row.unit, units=units),
            share(words, row.value),
            number(words, row.complaints),
            number(words, row.served),
            plain(words.say(row.verdict)),
        )
        for row in rows
    )
    return Table(words("complaint.heading"), columns, lines)


def unit_held_against(report: UnitReport, words: Words) -> Iterator[Block]:
    """How firm the result of a unit is, its slices, and what it is held against."""
    yield from firmness_part(report.firmness, report.result.ranked_units, words)
    if report.slices:
        yield Heading(words("slice.heading"), 3)
        yield slices_table(report.slices, words("slice.heading"), words)
    found = report.outcomes
    if found is None:
        return
    if found.changes:
        yield Heading(words("change.heading"), 3)
        yield changes_table(found.changes, words, units=False)
    if found.published:
        yield Heading(words("published.heading"), 3)
        yield published_table(found.published, words, units=False)
    if found.complaints:
        yield Heading(words("complaint.heading"), 3)
        yield complaints_table(found.complaints, words, units=False)
    if found.awards:
        yield Heading(words("award.heading"), 3)
        yield awards_table(found.awards, words, units=False)
        yield Text(words("award.lead"), note=True)
