"""Reading one sheet of an office's index workbook: cells, their faults, what is declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from audit.intake._cells import to_text
from audit.intake._index_header import Column, Grid, Header
from audit.intake._workbook import AS_TEXT, fold, to_percent, to_points
from audit.intake.columns import TableProblem
from audit.scoring.index import Criterion, Declared, FieldOfIndex, Marks
from audit.scoring.publication import Figure, parse_rank
from audit.scoring.rules import RuleSet

__all__ = ["WHOLE", "Office", "SheetReader", "joined"]

WHOLE = ""
"""Key of what is declared of the whole index."""

V = TypeVar("V")


@dataclass
class Office:
    """What sheets of one workbook gave so far.

    Attributes:
        units: Folded name or id of a unit -> its id.
        rules: Year -> rule set of the index.
        fallback: Text that may name the year where no sheet does: the name of the file.
    """

    units: Mapping[str, str]
    rules: Callable[[int], RuleSet]
    fallback: str
    fields: dict[str, FieldOfIndex] = field(default_factory=dict)
    criteria: dict[str, Criterion] = field(default_factory=dict)
    marks: dict[tuple[int, str, str], Marks] = field(default_factory=dict)
    declared: dict[tuple[int, str, str], Declared] = field(default_factory=dict)
    problems: list[TableProblem] = field(default_factory=list)

    def note(self, where: str, what: str, remedy: str, code: str = "bad_value") -> None:
        """Keep one problem with its place."""
        self.problems.append(TableProblem(where, what, remedy, code=code))

    def unit_of(self, text: str) -> str | None:
        """The unit that a text names, alone or after "Đơn vị:"."""
        plain = fold(re.sub(r"^.*?[:：]", "", text)) if ":" in text else fold(text)
        return self.units.get(plain) or self.units.get(fold(text))


class SheetReader:
    """One sheet of one year."""

    def __init__(self, office: Office, grid: Grid, header: Header, year: int) -> None:
        self.office, self.grid, self.header, self.year = office, grid, header, year

    def read(self) -> None:
        """Read it in the layout of the class."""
        raise NotImplementedError

    def value(
        self, row: int, column: Column | None, convert: Callable[[Any], V | None], remedy: str
    ) -> V | None:
        """A converted cell; ``None`` where it is blank or wrong, which is noted."""
        if column is None:
            return None
        place = (row, column.index)
        where = f"{self.grid.where}, cell {self.grid.place(*place)}"
        if place in self.grid.formulas:
            again = "open the workbook, let it calculate, save it again"
            self.office.note(where, "a formula without a stored result", again)
            return None
        cell = self.grid.cells.get(place)
        if cell is None:
            return None
        try:
            found = convert(cell)
        except ValueError as error:
            self.office.note(where, str(error), remedy)
            return None
        if isinstance(cell.value, str) and isinstance(found, Decimal):
            what = f"the number {cell.value.strip()!r} is stored as text and was read as {found}"
            self.office.note(where, what, "store it as a number", AS_TEXT)
        return found

    def points(self, row: int, column: Column | None) -> Decimal | None:
        """Points of a cell."""
        return self.value(row, column, to_points, "write points, e.g. 1.25")

    def note(self, row: int, column: int, what: str, remedy: str, code: str = "bad_value") -> None:
        """Keep one problem with its cell."""
        where = f"{self.grid.where}, cell {self.grid.place(row, column)}"
        self.office.note(where, what, remedy, code)

    def refuse_merged(self) -> None:
        """Merged cells over points, or down several rows: whose they are would be a guess."""
        told = {c.index for c in self.header.columns if c.key in ("own", "appraised", "maximum")}
        for first_row, first, last_row, last in self.grid.merged:
            if last_row <= self.header.bottom or first_row < self.header.top:
                continue
            over = told & set(range(first, last + 1))
            holds = (first_row, first) in self.grid.cells
            spoken = holds and isinstance(self.grid.value(first_row, first), str)
            if holds and over and (last_row > first_row or not (spoken and first not in told)):
                place = f"{self.grid.place(first_row, first)}:{self.grid.place(last_row, last)}"
                self.office.note(
                    f"{self.grid.where}, cells {place}",
                    "cells are merged where points stand",
                    "unmerge them and write the value into every row",
                    "merged",
                )

    def keep(self, row: int, unit: str, about: str, told: Declared) -> None:
        """Keep what is declared; what is told twice has to be the same."""
        key = (self.year, unit, about)
        old = self.office.declared.get(key)
        if old is None:
            self.office.declared[key] = told
            return
        parts = [
            (getattr(old, name), getattr(told, name))
            for name in ("own", "appraised", "percent", "tier", "rank")
        ]
        if any(a is not None and b is not None and a != b for a, b in parts):
            what = f"the sum of unit {unit} in {self.year} stands twice and differs"
            self.note(row, 1, what, "keep one", "duplicate_unit")
            return
        self.office.declared[key] = Declared(*(b if a is None else a for a, b in parts))

    def told(self, row: int, kind: str, column: Column) -> Declared:
        """The index in per cent, the tier or the rank in a cell."""
        if kind == "percent":
            found = self.value(row, column, to_percent, "write it as 97.71 or 97,71%")
            return Declared(percent=None if found is None else Figure(found))
        if kind == "rank":
            return Declared(rank=self.value(row, column, _rank, "write it as 26/63"))
        text = self.value(row, column, lambda cell: to_text(cell.value), "write a tier")
        if text is None:
            return Declared()
        rules = self.office.rules(self.year)
        tier = rules.tier_called(text)
        if tier is None:
            known = ", ".join(one.name.vi for one in rules.tiers)
            remedy = f"known are {known}" if known else "put a rule set of the index into rules/"
            self.note(row, column.index, f"the tier {text!r} is not known", remedy, "unknown_tier")
            return Declared()
        return Declared(tier=tier.id)


def joined(one: Declared, other: Declared) -> Declared:
    """Two parts of what is declared; the first counts where both say something."""
    return Declared(
        one.own if one.own is not None else other.own,
        one.appraised if one.appraised is not None else other.appraised,
        one.percent or other.percent,
        one.tier or other.tier,
        one.rank or other.rank,
    )


def _rank(cell: Any) -> tuple[int, int | None] | None:
    text = to_text(cell.value)
    return None if text is None else parse_rank(text)
