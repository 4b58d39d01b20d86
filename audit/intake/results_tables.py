"""``[results]``: what people bring to hold results against, read whole or not at all.

Published figures, results of the period before, lineage of units, targets, actions and awards
are small tables kept by hand. One with anything wrong is refused as a whole, with every place
that is wrong: a comparison over half a table misleads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from audit.intake._cells import Cell, to_date, to_number, to_text
from audit.intake.registers import count_of
from audit.intake.tables import Columns, TableProblem, columns_of
from audit.scoring.lineage import Kind, Link, Previous
from audit.scoring.publication import Figure, parse_change, parse_percent, parse_rank
from audit.scoring.rules import AGENCY, INDEX, SATISFACTION, RuleSet, Tier

__all__ = [
    *("ALL_UNITS", "Action", "Award", "Published", "Target", "read_actions", "read_awards"),
    *("read_lineage", "read_previous_results", "read_published", "read_targets"),
]

ALL_UNITS = "*"
_PROGRAMMES = (SATISFACTION, AGENCY, INDEX)
_KINDS = {
    **{kind.value: kind for kind in Kind},
    "đổi tên": Kind.RENAMED,
    "sáp nhập": Kind.MERGED,
    "hợp nhất": Kind.MERGED,
    "chia": Kind.SPLIT,
    "tách": Kind.SPLIT,
    "chia tách": Kind.SPLIT,
    "giải thể": Kind.DISSOLVED,
}
_OPERATORS = {">=": ">=", "≥": ">=", ">": ">", "<=": "<=", "≤": "<=", "<": "<", "=": "="}
V = TypeVar("V")
About = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of one result as they were published; ``None``: not published.

    Attributes:
        about: Programme, unit (``*`` for all units together), measure, factor.
        value: The value.
        change: Change against the period before.
        rank: Rank and denominator.
        tier: The tier.
        source: Where it was published.
    """

    about: About
    value: Figure | None
    change: Figure | None
    rank: tuple[int, int | None] | None
    tier: Tier | None
    source: str


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


def read_published(
    path: Path, name: str, units: Collection[str], books: Mapping[str, RuleSet]
) -> tuple[list[Published], list[TableProblem]]:
    """Read published figures: ``unit_id`` and any of ``value, change, rank, tier``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id``.
    """
    table = columns_of(path, None, name)
    table.require("unit_id")
    rows = _Rows(table)
    about = list(rows.about(units, anything=True))
    value = rows.column("value", _text_of(parse_percent), "write it as 97,71%")
    change = rows.column("change", _text_of(parse_change), "write it as giảm 0,93 điểm phần trăm")
    rank = rows.column("rank", _text_of(parse_rank), "write it as 26/63")
    tier = rows.column("tier", to_text, "write the name of a tier")
    source = rows.column("source", to_text, "write plain text")
    found: dict[About, Published] = {}
    for row, one in enumerate(about):
        known = None
        if one is not None and tier[row] is not None:
            known = books[one[0]].tier_called(tier[row])
            if known is None:
                names = ", ".join(t.name.vi for t in books[one[0]].tiers) or "none"
                rows.note(row, "tier", f"the tier {tier[row]!r} is not known", f"known are {names}")
        if one is None:
            continue
        if one in found:
            what = f"unit {one[1]} stands twice for the same result"
            rows.note(row, "unit_id", what, "keep one row")
        text = source[row] or ""
        found[one] = Published(one, value[row], change[row], rank[row], known, text)
    return rows.whole(list(found.values()))


def read_previous_results(
    path: Path, name: str, units: Collection[str]
) -> tuple[dict[About, Previous], list[TableProblem]]:
    """Read results of the period before, by hand or from ``export scores`` of that round.

    Units that are no longer there are welcome: lineage may lead to them.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id`` or a value.
    """
    table = columns_of(path, None, name)
    table.require("unit_id")
    exported = table.name("value") is None
    table.require("value_after_review" if exported else "value")
    ending = "_after_review" if exported else ""
    rows = _Rows(table)
    about = list(rows.about(None))
    value = rows.column(f"value{ending}", _share, "write it as 98,64% or 0.9864")
    worth = rows.column("effective_n", to_number, "write a number from 0")
    n = rows.column("n", count_of, "write a whole number from 0")
    ranks = rows.column(f"rank{ending}", _text_of(parse_rank), "write it as 26/63")
    ranked = rows.column("ranked_units", count_of, "write a whole number from 1")
    tier = rows.column(f"tier{ending}", to_text, "write the name of a tier")
    period = rows.column("period", to_text, "write plain text")
    ended = rows.column("period_to", to_date, "write it as 2025-12-31")
    found: dict[About, Previous] = {}
    for row, one in enumerate(about):
        if one is None:
            continue
        if one in found:
            rows.note(row, "unit_id", f"unit {one[1]} stands twice for one result", "keep one row")
        rank, total = ranks[row] or (None, None)
        if total is None and ranked[row] is not None:
            total = int(ranked[row])
        size = worth[row] if worth[row] is not None else n[row]
        found[one] = Previous(
            value=value[row],
            n=size or None,
            rank=rank,
            ranked_units=total,
            tier=tier[row],
            period=period[row] or "",
            ended=ended[row],
        )
    return (found, []) if not table.problems else ({}, list(table.problems))


def read_lineage(
    path: Path, name: str, units: Collection[str]
) -> tuple[list[Link], list[TableProblem]]:
    """Read the lineage of units: ``predecessor, successor, kind, day, source``.

    Raises:
        InputError: If the file cannot be used or lacks ``predecessor`` or ``kind``.
    """
    table = columns_of(path, None, name)
    for column in ("predecessor", "kind"):
        table.require(column)
    rows = _Rows(table)
    before = rows.column("predecessor", to_text, "write the id of a unit")
    after = rows.column("successor", to_text, "write the id of a unit")
    kinds = rows.column("kind", _kind, f"known are {', '.join(kind.value for kind in Kind)}")
    days = rows.column("day", to_date, "write it as 2025-07-01")
    source = rows.column("source", to_text, "write plain text")
    found = []
    for row in range(len(rows)):
        if before[row] is None:
            rows.note(row, "predecessor", "the cell is blank", "write the id of a unit")
        elif kinds[row] is None:
            rows.note(row, "kind", "the cell is blank or not known", "write renamed or merged")
        elif after[row] is None and kinds[row] is not Kind.DISSOLVED:
            rows.note(row, "successor", "the cell is blank", "only a dissolved unit has none")
        elif after[row] is not None and after[row] not in units:
            what = f"unit {after[row]} is not in the list of units"
            rows.note(row, "successor", what, "add it to the units, or correct it")
        else:
            link = Link(before[row], after[row], kinds[row], days[row], source[row] or "")
            found.append(link)
    return rows.whole(found)


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
    rows = _Rows(table)
    unit = rows.units(units, anything=True)
    indicator = rows.column("indicator", to_text, "write overall, index, …")
    operator = rows.column("operator", _operator, f"known are {', '.join(_OPERATORS)}")
    value = rows.column("value", _text_of(parse_percent), "write it as 80%")
    actual = rows.column("actual", _text_of(parse_percent), "write it as 83,5%")
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
    rows = _Rows(table)
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
    rows = _Rows(table)
    unit = rows.units(units)
    title = rows.column("title", to_text, "write what is proposed")
    kind = rows.column("kind", _award_kind, "write award or criticism")
    programme = rows.column("programme", _programme, f"known are {', '.join(_PROGRAMMES)}")
    source = rows.column("source", to_text, "write plain text")
    found = []
    for row in range(len(rows)):
        if title[row] is None:
            rows.note(row, "title", "the cell is blank", "write what is proposed")
        elif (of := unit[row]) is not None:
            chosen = programme[row] or INDEX
            found.append(Award(of, chosen, title[row], bool(kind[row]), source[row] or ""))
    return rows.whole(found)


class _Rows:
    """The rows of a table, column by column; a missing column is blank throughout."""

    def __init__(self, table: Columns) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table.raw)

    def column(self, name: str, convert: Callable[[Cell], Any], remedy: str) -> list[Any]:
        found = self.table.values(name, convert, remedy)
        return [None] * len(self) if found is None else list(found)

    def note(self, row: int, column: str, what: str, remedy: str) -> None:
        self.table.note(row, self.table.name(column), what, remedy, "bad_value")

    def units(self, units: Collection[str] | None, *, anything: bool = False) -> list[str | None]:
        """Unit of each row; noted where it is blank or not known."""
        found = self.column("unit_id", to_text, "write the id of a unit")
        for row, unit in enumerate(found):
            if unit is None and anything:
                found[row] = ALL_UNITS
            elif unit is None:
                self.note(row, "unit_id", "the cell is blank", "write the id of a unit")
            elif units is not None and unit not in units and not (anything and unit == ALL_UNITS):
                what = f"unit {unit} is not in the list of units"
                self.note(row, "unit_id", what, "add it to the units, or correct it")
                found[row] = None
        return found

    def about(
        self, units: Collection[str] | None, *, anything: bool = False
    ) -> Iterator[About | None]:
        """Programme, unit, measure and factor of each row."""
        remedy = f"known are {', '.join(_PROGRAMMES)}"
        programme = self.column("programme", _programme, remedy)
        measure = self.column("measure", _measure, "write overall, factor or whole_form")
        factor = self.column("factor", to_text, "write the id of a factor")
        for row, unit in enumerate(self.units(units, anything=anything)):
            chosen = measure[row] or ("factor" if factor[row] else "overall")
            about = (programme[row] or SATISFACTION, unit, chosen, factor[row] or "")
            yield None if unit is None else about  # type: ignore[misc]

    def whole(self, found: list[V]) -> tuple[list[V], list[TableProblem]]:
        """All of it, or nothing and what is wrong."""
        return (found, []) if not self.table.problems else ([], list(self.table.problems))


def _text_of(parse: Callable[[str], V]) -> Callable[[Cell], V | None]:
    def convert(cell: Cell) -> V | None:
        text = to_text(cell)
        return None if text is None else parse(text)

    return convert


def _share(cell: Cell) -> float | None:
    """``98,64%``, ``98.64`` and ``0.9864`` are one share; up to 1 it is taken as a share."""
    value = to_number(cell)
    if value is None:
        return None
    text = to_text(cell) or ""
    share = value / 100 if "%" in text or value > 1 else value
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is no share and no percentage from 0 to 100")
    return float(Fraction(str(value)) / 100) if share != value else share


def _kind(cell: Cell) -> Kind | None:
    text = to_text(cell)
    if text is None:
        return None
    if text.casefold() not in _KINDS:
        raise ValueError(f"{text!r} is no kind of lineage")
    return _KINDS[text.casefold()]


def _operator(cell: Cell) -> str | None:
    text = to_text(cell)
    if text is None:
        return None
    if text not in _OPERATORS:
        raise ValueError(f"{text!r} is no comparison")
    return _OPERATORS[text]


def _programme(cell: Cell) -> str | None:
    text = to_text(cell)
    if text is not None and text not in _PROGRAMMES:
        raise ValueError(f"{text!r} is no programme")
    return text


def _measure(cell: Cell) -> str | None:
    text = to_text(cell)
    if text is not None and text not in ("overall", "factor", "whole_form"):
        raise ValueError(f"{text!r} is no measure")
    return text


def _award_kind(cell: Cell) -> bool | None:
    text = to_text(cell)
    if text is None:
        return None
    words = {"award": False, "khen thưởng": False, "criticism": True, "phê bình": True}
    if text.casefold() not in words:
        raise ValueError(f"{text!r} is neither an award nor a criticism")
    return words[text.casefold()]
