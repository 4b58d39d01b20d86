"""Sheets of the PAR index: recomputed sums, gaps, and the survey part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Heading, Level, Table, Text
from reports.documents.parts import plain, share
from reports.locale import Text as Words
from reports.views.outcomes import IndexPart, IndexSheet

__all__ = ["index_sheets", "index_table"]


def index_table(sheets: Sequence[IndexSheet], words: Words) -> Table:
    """One line a unit and year."""
    columns = (
        Column(words("col.unit"), weight=2.2, head=True),
        Column(words("index.year"), right=True, weight=0.8),
        Column(words("index.own"), right=True),
        Column(words("index.appraised"), right=True, weight=1.2),
        Column(words("index.percent"), right=True, weight=1.2),
        Column(words("col.tier"), weight=1.1),
        Column(words("index.arithmetic"), weight=1.6),
        Column(words("index.survey"), weight=2.0),
    )
    lines = []
    for sheet in sheets:
        # mypy widens the levels to texts.
        level: Level = {True: "green", False: "orange", None: "none"}[sheet.holds]  # type: ignore[assignment]
        declared = ""
        if sheet.declared is not None:
            declared = words("index.declared", value=_points(sheet.declared, words))
        lines.append(
            (
                plain(sheet.unit),
                plain(str(sheet.year)),
                plain(_points(sheet.total.own, words)),
                plain(
                    f"{_points(sheet.total.appraised, words)}/{_points(sheet.total.maximum, words)}"
                ),
                share(words, sheet.total.share, declared),
                plain(words("none") if sheet.tier is None else words.say(sheet.tier)),
                Cell(words.say(sheet.arithmetic), level=level),
                plain(words.say(sheet.survey)),
            )
        )
    return Table(words("index.heading"), columns, tuple(lines))


def index_sheets(sheets: Sequence[IndexSheet], words: Words) -> Iterator[Block]:
    """Each sheet of one unit by field, with what is out of line."""
    for sheet in sheets:
        yield Heading(words("index.sheet", year=str(sheet.year)), 3)
        yield _fields(sheet, words)
        yield Text(
            words(
                "index.verdicts", sums=words.say(sheet.arithmetic), survey=words.say(sheet.survey)
            )
        )
        for line in sheet.lines:
            yield Text(f"{words.say(line.what)}: {words.say(line.direction)}.", level="yellow")
        if sheet.above_maximum:
            yield Text(
                words("index.above", criteria=", ".join(sheet.above_maximum)), level="yellow"
            )
        if sheet.not_testable is not None:
            yield Text(words.say(sheet.not_testable), note=True)


def _fields(sheet: IndexSheet, words: Words) -> Table:
    columns = (
        Column(words("index.field"), weight=3.0, head=True),
        Column(words("index.maximum"), right=True),
        Column(words("index.own"), right=True),
        Column(words("index.appraised"), right=True),
        Column(words("index.percent"), right=True),
        Column(words("outcome.verdict"), weight=1.8),
    )
    return Table(
        words("index.sheet", year=str(sheet.year)),
        columns,
        tuple(_line(part, part.name, words) for part in sheet.fields),
        _line(sheet.total, words("total"), words),
        keep=True,
    )


def _line(part: IndexPart, name: str, words: Words) -> tuple[Cell, ...]:
    missing = words("index.missing", criteria=", ".join(part.missing)) if part.missing else ""
    return (
        plain(name),
        plain(_points(part.maximum, words)),
        plain(_points(part.own, words)),
        plain(_points(part.appraised, words)),
        share(words, part.share),
        plain(words("none") if part.verdict is None else words.say(part.verdict), missing),
    )


def _points(value: str | None, words: Words) -> str:
    if value is None:
        return words("none")
    return value.replace(".", ",") if words.language == "vi" else value
