"""Index workbooks as offices keep them: one sheet a unit, one for all, units across or down.

Header and columns are found by what they say (:mod:`audit.intake._index_header`), rows by their
numbers (:mod:`audit.intake._index_rows`). Three layouts are read:

- *sheet*: criteria down, points of one unit beside them; the unit stands in the title;
- *across*: the same with the columns of several units, whose names stand above them;
- *down*: a unit a row, a field a column, their maxima in a row of their own.

Whatever cannot be placed is told by sheet and cell, and then nothing of the workbook is used.
"""

from __future__ import annotations

import re
from decimal import Decimal

from audit.intake._index_down import UnitsDown
from audit.intake._index_header import Column, Grid, Header
from audit.intake._index_rows import Line, lines_of
from audit.intake._index_sheet import WHOLE, Office, SheetReader
from audit.intake._workbook import fold
from audit.scoring.index import Criterion, Declared, FieldOfIndex, Marks

__all__ = ["Office", "read_office_sheet"]

_YEAR = re.compile(r"(?:năm|nam|year|kỳ|ky)\b[^\d]{0,20}((?:19|20|21)\d\d)", re.IGNORECASE)
_BARE_YEAR = re.compile(r"(?<!\d)((?:19|20|21)\d\d)(?!\d)")
_Block = tuple[str, Column | None, Column | None]
"""A unit, its column of self-scores, its column of appraised scores."""


def read_office_sheet(office: Office, grid: Grid, header: Header) -> None:
    """Read one sheet into what the workbook gave so far."""
    year = _year(office, grid, header)
    if year is None:
        return
    down = header.one("unit") is not None and header.one("maximum") is None
    reader = UnitsDown if down else _CriteriaDown
    made = reader(office, grid, header, year)
    made.refuse_merged()
    made.read()


def _year(office: Office, grid: Grid, header: Header) -> int | None:
    above = [
        grid.text(row, column)
        for row in range(1, header.top)
        for column in range(1, grid.width + 1)
    ]
    for texts, pattern in (
        (above, _YEAR),
        ([grid.title], _BARE_YEAR),
        ([office.fallback], _BARE_YEAR),
    ):
        found = {int(match[1]) for text in texts for match in pattern.finditer(text)}
        if len(found) == 1:
            return found.pop()
        if found:
            told = " and ".join(map(str, sorted(found)))
            remedy = "name one year in the title of the sheet"
            office.note(grid.where, f"the title names {told}", remedy)
            return None
    office.note(grid.where, "no year is named", 'write "năm 2025" into the title of the sheet')
    return None


class _CriteriaDown(SheetReader):
    """Criteria down the sheet, points of one unit or of several beside them."""

    def read(self) -> None:
        """Read it."""
        blocks = self._blocks()
        if blocks:
            self._criteria(blocks)

    def _blocks(self) -> list[_Block]:
        """The units of the sheet with their columns; none where they cannot be told."""
        owns, appraised = self.header.all_of("own"), self.header.all_of("appraised")
        across: dict[str, dict[str, Column]] = {}
        for column in (*owns, *appraised):
            unit = next((u for text in column.heads if (u := self.office.unit_of(text))), None)
            if unit is not None:
                across.setdefault(unit, {})[str(column.key)] = column
        if across:
            return [(unit, of.get("own"), of.get("appraised")) for unit, of in across.items()]
        if len(owns) > 1 or len(appraised) > 1:
            column = (owns if len(owns) > 1 else appraised)[1]
            self.note(
                self.header.bottom,
                column.index,
                f"{' / '.join(column.heads)!r} names no unit that is known",
                "write the name or id of the unit over its columns, as in the list of units",
                "unknown_unit",
            )
            return []
        unit = self._titled()
        if unit is None:
            return []
        return [(unit, self.header.one("own"), self.header.one("appraised"))]

    def _titled(self) -> str | None:
        """The unit of a sheet: in its title lines, or the sheet's own name."""
        texts = [
            (row, column, self.grid.text(row, column))
            for row in range(1, self.header.top)
            for column in range(1, self.grid.width + 1)
        ]
        found = {unit for _, _, text in texts if text and (unit := self.office.unit_of(text))}
        own = self.office.unit_of(self.grid.title)
        if own is not None:
            found.add(own)
        if len(found) == 1:
            return found.pop()
        what = "several units are named" if found else "no unit that is known is named"
        remedy = "write its name or id, as in the list of units, into the title or the sheet's name"
        self.office.note(self.grid.where, what, remedy, "unknown_unit")
        return None

    def _criteria(self, blocks: list[_Block]) -> None:
        maximum = self.header.one("maximum")
        if maximum is None:
            what, remedy = "no column of maximal points is found", 'head one with "Điểm tối đa"'
            self.office.note(self.grid.where, what, remedy)
            return
        columns = [c for _, own, app in blocks for c in (own, app) if c is not None]
        places = [maximum.index, *(column.index for column in columns)]
        for line in lines_of(self.grid, self.header, places):
            if line.kind == "unclear":
                self.note(
                    line.row,
                    next(c for c in places if (line.row, c) in self.grid.cells),
                    f"points in a row that is neither field, criterion nor sum ({line.name!r})",
                    "number it as a criterion, or take its points away",
                    "unplaced",
                )
            elif line.kind == "field":
                self._field(line, self.points(line.row, maximum))
                self._declare(line, blocks, line.id)
            elif line.kind == "criterion":
                self._criterion(line, maximum, blocks)
            elif line.kind == "sum":
                self._declare(line, blocks, WHOLE)
            elif line.kind in ("percent", "tier", "rank"):
                self._words(line, blocks)

    def _field(self, line: Line, most: Decimal | None) -> None:
        known = self.office.fields.get(line.id)
        found = FieldOfIndex(line.id, line.name or line.id, most)
        if known is None:
            self.office.fields[line.id] = found
        elif (fold(known.name), known.maximum) != (fold(found.name), found.maximum):
            self._unlike(line, f"field {line.id}")

    def _unlike(self, line: Line, what: str) -> None:
        number = self.header.one("number") or self.header.one("name")
        self.note(
            line.row,
            number.index if number else 1,
            f"{what} has another name or maximum than before in this workbook",
            "give all units the same criteria",
            "index_conflict",
        )

    def _criterion(
        self,
        line: Line,
        maximum: Column,
        blocks: list[_Block],
    ) -> None:
        most = self.points(line.row, maximum)
        if most is None or not most:
            if any(
                (line.row, c.index) in self.grid.cells for _, o, a in blocks for c in (o, a) if c
            ):
                self.note(line.row, maximum.index, "the cell is blank", "write points, e.g. 1.5")
            return
        found = Criterion(line.id, line.field, line.name or line.id, most, self._surveyed(line))
        known = self.office.criteria.get(line.id)
        if known is None:
            self.office.criteria[line.id] = found
            if line.field not in self.office.fields:
                self.office.fields[line.field] = FieldOfIndex(line.field, line.field, None)
        elif (fold(known.name), known.maximum) != (fold(found.name), found.maximum):
            self._unlike(line, f"criterion {line.id}")
            return
        for unit, own, appraised in blocks:
            key = (self.year, unit, line.id)
            marks = Marks(self.points(line.row, own), self.points(line.row, appraised))
            if key in self.office.marks:
                what = f"criterion {line.id} of unit {unit} in {self.year} stands twice"
                column = appraised or own
                self.note(
                    line.row, column.index if column else 1, what, "keep one", "duplicate_unit"
                )
            elif marks != Marks(None, None):
                self.office.marks[key] = marks

    def _surveyed(self, line: Line) -> bool:
        """Whether the points come from a survey: a column says so, or the words do."""
        column = self.header.one("survey")
        if column is not None:
            return (line.row, column.index) in self.grid.cells
        return re.search(r"\bxhh\b|xa hoi hoc|khao sat", fold(line.name)) is not None

    def _declare(self, line: Line, blocks: list[_Block], about: str) -> None:
        for unit, own, appraised in blocks:
            told = Declared(self.points(line.row, own), self.points(line.row, appraised))
            if told != Declared():
                self.keep(line.row, unit, about, told)

    def _words(self, line: Line, blocks: list[_Block]) -> None:
        """A row below the sums: the index in per cent, the tier, the rank."""
        for unit, own, appraised in blocks:
            column = appraised or own
            if column is not None:
                self.keep(line.row, unit, WHOLE, self.told(line.row, line.kind, column))
