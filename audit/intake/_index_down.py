"""The layout of an index workbook with a unit a row and a field a column."""

from __future__ import annotations

import re

from audit.intake._index_header import Column
from audit.intake._index_sheet import WHOLE, SheetReader, joined
from audit.intake._workbook import fold
from audit.scoring.index import Criterion, Declared, FieldOfIndex, Marks

__all__ = ["UnitsDown"]

_SUMS = re.compile(r"(tong|cong|trung binh|binh quan)\b")
_ENDS = ("total", "percent", "tier", "rank")


class UnitsDown(SheetReader):
    """Each field counts as one criterion; the row of maxima stands under the header."""

    def read(self) -> None:
        named = self.header.one("unit")
        assert named is not None
        ended = [c.index for c in self.header.columns if c.key in _ENDS]
        last = min(ended, default=self.grid.width + 1)
        columns = [
            c
            for c in self.header.columns
            if named.index < c.index < last and c.key not in ("number", "remark", "unit")
        ]
        rows = range(self.header.bottom + 1, self.grid.rows + 1)
        tops = [row for row in rows if "toi da" in fold(self._head(row, named.index))]
        if len(tops) != 1 or not columns:
            what = "a row with the maximal points of each field is missing"
            remedy = 'write one under the header and call it "Điểm tối đa"'
            self.office.note(self.grid.where, what, remedy)
            return
        for number, column in enumerate(columns, start=1):
            most = self.points(tops[0], column)
            name, known = " ".join(column.heads), str(number)
            if most is None or not most:
                self.note(tops[0], column.index, "the cell is blank", "write points, e.g. 14.5")
                continue
            self.office.fields[known] = FieldOfIndex(known, name, most)
            surveyed = re.search(r"\bxhh\b|xa hoi hoc|khao sat", fold(name)) is not None
            self.office.criteria[known] = Criterion(known, known, name, most, surveyed)
        for row in rows:
            if row != tops[0]:
                self._unit_row(row, named, columns)

    def _head(self, row: int, column: int) -> str:
        return " ".join(self.grid.text(row, c) for c in range(1, column + 1))

    def _unit_row(self, row: int, named: Column, columns: list[Column]) -> None:
        text = self.grid.text(row, named.index)
        held = [c for c in columns if (row, c.index) in self.grid.cells]
        if not held or re.match(
            r"(tong|cong|trung binh|binh quan)\b", fold(self._head(row, named.index))
        ):
            return
        unit = self.office.unit_of(text) if text else None
        if unit is None:
            what = f"unit {text!r} is not in the list of units" if text else "the cell is blank"
            remedy = "write its name or id as in the list of units"
            self.note(row, named.index, what, remedy, "unknown_unit")
            return
        if any(key[:2] == (self.year, unit) for key in self.office.marks):
            what = f"unit {text} stands twice in {self.year}"
            self.note(row, named.index, what, "keep one row", "duplicate_unit")
            return
        for number, column in enumerate(columns, start=1):
            found = self.points(row, column)
            if found is not None:
                self.office.marks[self.year, unit, str(number)] = Marks(None, found)
        total = self.points(row, self.header.one("total"))
        told = Declared(appraised=total)
        for kind in ("percent", "tier", "rank"):
            at = self.header.one(kind)
            if at is not None:
                extra = self.told(row, kind, at)
                told = joined(told, extra)
        if told != Declared():
            self.office.declared[self.year, unit, WHOLE] = told
