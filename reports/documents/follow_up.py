"""What was agreed on: targets and actions, and the column that names a unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.documents.blocks import Block, Cell, Column, Heading, Table
from reports.documents.parts import number, plain, share
from reports.locale import Text as Words
from reports.views import UnitReport
from reports.views.outcomes import ActionNote, TargetNote

__all__ = ["actions_table", "targets_table", "unit_cell", "unit_column", "unit_follow_up"]


def targets_table(rows: Sequence[TargetNote], words: Words, *, units: bool) -> Table:
    """Targets and what was reached."""
    columns = (
        *unit_column(words, units=units),
        Column(words("target.indicator"), weight=1.8),
        Column(words("target.target"), right=True),
        Column(words("target.reached"), right=True),
        Column(words("outcome.due"), weight=1.1),
        Column(words("outcome.verdict"), weight=1.6),
        Column(words("outcome.source"), weight=1.4),
    )
    signs = {">=": "≥", "<=": "≤"}
    lines = []
    for row in rows:
        goal = row.target.replace(".", ",") if words.language == "vi" else row.target
        lines.append(
            (
                *unit_cell(row.unit, units=units),
                plain(words.or_raw("indicator", row.indicator) or row.indicator),
                plain(f"{signs.get(row.operator, row.operator)} {goal}%"),
                share(words, row.value),
                plain(words("none") if row.due is None else words.day(row.due)),
                plain(words.say(row.verdict)),
                plain(row.source),
            )
        )
    return Table(words("target.heading"), columns, tuple(lines))


def actions_table(rows: Sequence[ActionNote], words: Words, *, units: bool) -> Table:
    """Actions that were agreed on, and whether they are done."""
    columns = (
        Column(words("action.id"), head=True),
        *unit_column(words, units=units, head=False),
        Column(words("action.text"), weight=2.6),
        Column(words("action.office"), weight=1.4),
        Column(words("outcome.due"), weight=1.1),
        Column(words("action.open_cases"), right=True),
        Column(words("outcome.verdict"), weight=1.4),
    )
    lines = []
    for row in rows:
        late = row.overdue or (row.done is not None and row.due is not None and row.done > row.due)
        lines.append(
            (
                plain(row.id),
                *unit_cell(row.unit or words("outcome.all_units"), units=units),
                plain(row.text),
                plain(row.office),
                plain(words("none") if row.due is None else words.day(row.due)),
                number(words, row.open_cases),
                Cell(
                    words("action.overdue") if row.overdue else words.say(row.verdict),
                    level="yellow" if late else None,
                    under="" if row.done is None else words.day(row.done),
                ),
            )
        )
    return Table(words("action.heading"), columns, tuple(lines))


def unit_column(words: Words, *, units: bool, head: bool = True) -> tuple[Column, ...]:
    """The column of the unit, in tables of a round."""
    return (Column(words("col.unit"), weight=2.2, head=head),) if units else ()


def unit_cell(name: str, *, units: bool) -> tuple[Cell, ...]:
    """The name of the unit, in tables of a round."""
    return (plain(name),) if units else ()


def unit_follow_up(report: UnitReport, words: Words) -> Iterator[Block]:
    """Targets of a unit and what was agreed on."""
    found = report.outcomes
    if found is None:
        return
    if found.targets:
        yield Heading(words("target.heading"), 3)
        yield targets_table(found.targets, words, units=False)
    if found.actions:
        yield Heading(words("action.heading"), 3)
        yield actions_table(found.actions, words, units=False)
