"""Rows of the small tables that results are held against, read column by column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar

from audit.intake._cells import Cell, to_text
from audit.intake.columns import Columns, TableProblem
from audit.scoring.rules import AGENCY, INDEX, SATISFACTION

__all__ = ["ALL_UNITS", "PROGRAMMES", "About", "Rows", "programme_of", "text_of"]

ALL_UNITS = "*"
PROGRAMMES = (SATISFACTION, AGENCY, INDEX)
V = TypeVar("V")
About = tuple[str, str, str, str]


class Rows:
    """The rows of a table, column by column; a missing column is blank throughout."""

    def __init__(self, table: Columns) -> None:
        self.table = table

    def __len__(self) -> int:
        return len(self.table.raw)

    def column(self, name: str, convert: Callable[[Cell], Any], remedy: str) -> list[Any]:
        """Values of a column; ``None`` for blank cells and for those that were wrong, and noted."""
        found = self.table.values(name, convert, remedy)
        return [None] * len(self) if found is None else list(found)

    def note(self, row: int, column: str, what: str, remedy: str) -> None:
        """Note what is wrong in a cell: the table is then refused as a whole."""
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
        remedy = f"known are {', '.join(PROGRAMMES)}"
        programme = self.column("programme", programme_of, remedy)
        measure = self.column("measure", _measure, "write overall, factor or whole_form")
        factor = self.column("factor", to_text, "write the id of a factor")
        for row, unit in enumerate(self.units(units, anything=anything)):
            chosen = measure[row] or ("factor" if factor[row] else "overall")
            of = programme[row] or SATISFACTION
            yield None if unit is None else (of, unit, chosen, factor[row] or "")

    def whole(self, found: list[V]) -> tuple[list[V], list[TableProblem]]:
        """All of it, or nothing and what is wrong."""
        return (found, []) if not self.table.problems else ([], list(self.table.problems))


def text_of(parse: Callable[[str], V]) -> Callable[[Cell], V | None]:
    """A parser of texts as a converter of cells, with blank ones left blank."""

    def convert(cell: Cell) -> V | None:
        text = to_text(cell)
        return None if text is None else parse(text)

    return convert


def programme_of(cell: Cell) -> str | None:
    """The programme that a cell names.

    Raises:
        ValueError: If there is no such programme.
    """
    text = to_text(cell)
    if text is not None and text not in PROGRAMMES:
        raise ValueError(f"{text!r} is no programme")
    return text


def _measure(cell: Cell) -> str | None:
    text = to_text(cell)
    if text is not None and text not in ("overall", "factor", "whole_form"):
        raise ValueError(f"{text!r} is no measure")
    return text
