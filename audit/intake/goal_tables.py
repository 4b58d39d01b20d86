"""Targets, actions and proposed awards, for ``[results]``; read whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from audit.intake._cells import Cell, to_date, to_text
from audit.intake.columns import TableProblem, columns_of
from audit.intake.results_rows import PROGRAMMES, Rows, programme_of, text_of
from audit.scoring.publication import parse_percent
from audit.scoring.rules import INDEX

__all__ = ["Action", "Award", "Target", "read_actions", "read_awards", "read_targets"]

_OPERATORS = {">=": ">=", "≥": ">=", ">": ">", "<=": "<=", "≤": "<=", "<": "<", "=": "="}


@dataclass(frozen=True, slots=True)
class Target:
    """A target: what an indicator is to reach.

    Attributes:
        unit_id: The unit, ``*`` for every unit by itself.
        indicator: ``overall``, ``whole_form``, a factor's id, ``agency``, ``index``,
            ``response_rate``, or any other name, which ``actual`` then has to answer.
        operator: ``>=``, ``>``, ``<=``, ``<`` or ``=``.
        value: Per cent.
        actual: What was reached, for what is not measured here.
        due: The day.
        source: The plan it stands in.
    """

    unit_id: str
    indicator: str
    operator: str
    value: Decimal
    actual: Decimal | None
    due: dt.date | None
    source: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that was agreed on after a round; by offices, never by persons."""

    action_id: str
    unit_id: str
    text: str
    office: str
    due: dt.date | None
    done: dt.date | None
    source: str


@dataclass(frozen=True, slots=True)
class Award:
    """A proposed award or criticism of a unit.

    Attributes:
        unit_id: The unit.
        programme: The programme that it rests on.
        title: What is proposed.
        criticism: Whether it is a criticism.
        source: Where it is proposed.
    """

    unit_id: str
    programme: str
    title: str
    criticism: bool
    source: str


def read_targets(
    path: Path, name: str, units: Collection[str]
) -> tuple[list[Target], list[TableProblem]]:
    """Read targets: ``unit_id, indicator, operator, value, actual, due, source``.

    Raises:
        InputError: If the file cannot be used or lacks ``indicator`` or ``value``.
    """
    table = columns_of(path, None, name)
    for column in ("indicator", "value"):
        table.require(column)
    rows = Rows(table)
    unit = rows.units(units, anything=True)
    indicator = rows.column("indicator", to_text, "write overall, index, …")
    operator = rows.column("operator", _operator, f"known are {', '.join(_OPERATORS)}")
    value = rows.column("value", text_of(parse_percent), "write it as 80%")
    actual = rows.column("actual", text_of(parse_percent), "write it as 83,5%")
    due = rows.column("due", to_date, "write it as 2026-12-31")
    source = rows.column("source", to_text, "write plain text")
    found = []
    for row in range(len(rows)):
        for column, cell in (("indicator", indicator[row]), ("value", value[row])):
            if cell is None:
                rows.note(row, column, "the cell is blank or wrong", "write it")
        of = unit[row]
        if indicator[row] is None or value[row] is None or of is None:
            continue
        reached = None if actual[row] is None else actual[row].percent
        found.append(
            Target(
                of,
                indicator[row],
                operator[row] or ">=",
                value[row].percent,
                reached,
                due=due[row],
                source=source[row] or "",
            )
        )
    return rows.whole(found)


def read_actions(
    path: Path, name: str, units: Collection[str]
) -> tuple[list[Action], list[TableProblem]]:
    """Read actions: ``action_id, unit_id, text, office, due, done, source``.

    Raises:
        InputError: If the file cannot be used or lacks ``action_id`` or ``text``.
    """
    table = columns_of(path, None, name)
    for column in ("action_id", "text"):
        table.require(column)
    rows = Rows(table)
    names = rows.column("action_id", to_text, "give it a short name")
    unit = rows.units(units, anything=True)
    texts = rows.column("text", to_text, "say what is to be done")
    office = rows.column("office", to_text, "write the office, not a person")
    due = rows.column("due", to_date, "write it as 2026-12-31")
    done = rows.column("done", to_date, "write it as 2026-11-15")
    source = rows.column("source", to_text, "write plain text")
    found: dict[str, Action] = {}
    for row in range(len(rows)):
        if names[row] is None or texts[row] is None:
            rows.note(row, "action_id", "an action without id or text", "write both")
        elif names[row] in found:
            rows.note(row, "action_id", f"action {names[row]} stands twice", "rename one")
        elif (of := unit[row]) is not None:
            found[names[row]] = Action(
                names[row],
                of,
                texts[row],
                office[row] or "",
                due[row],
                done[row],
                source=source[row] or "",
            )
    return rows.whole(list(found.values()))


def read_awards(
    path: Path, name: str, units: Collection[str]
) -> tuple[list[Award], list[TableProblem]]:
    """Read proposals: ``unit_id, title, kind`` (award or criticism), ``programme, source``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id`` or ``title``.
    """
    table = columns_of(path, None, name)
    for column in ("unit_id", "title"):
        table.require(column)
    rows = Rows(table)
    unit = rows.units(units)
    title = rows.column("title", to_text, "write what is proposed")
    kind = rows.column("kind", _award_kind, "write award or criticism")
    programme = rows.column("programme", programme_of, f"known are {', '.join(PROGRAMMES)}")
    source = rows.column("source", to_text, "write plain text")
    found = []
    for row in range(len(rows)):
        if title[row] is None:
            rows.note(row, "title", "the cell is blank", "write what is proposed")
        elif (of := unit[row]) is not None:
            chosen = programme[row] or INDEX
            found.append(Award(of, chosen, title[row], bool(kind[row]), source[row] or ""))
    return rows.whole(found)


def _operator(cell: Cell) -> str | None:
    text = to_text(cell)
    if text is None:
        return None
    if text not in _OPERATORS:
        raise ValueError(f"{text!r} is no comparison")
    return _OPERATORS[text]


def _award_kind(cell: Cell) -> bool | None:
    text = to_text(cell)
    if text is None:
        return None
    words = {"award": False, "khen thưởng": False, "criticism": True, "phê bình": True}
    if text.casefold() not in words:
        raise ValueError(f"{text!r} is neither an award nor a criticism")
    return words[text.casefold()]
