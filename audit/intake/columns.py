"""A table by the contract's names: which of its columns is which, and what is wrong with a row.

What is wrong with one record is a :class:`TableProblem`: the record is kept with its reason
and the rest of the table is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from audit.intake._cells import Cell, short_text, to_text
from audit.intake._formats import read_raw
from audit.intake._header_rows import Headed, without_extra_headers
from audit.intake._raw import Cells, RawTable
from audit.intake.mapping import TableMapping, mapping_of
from audit.intake.presets import PRESETS
from detectors.errors import ConfigError, InputError, one_line

__all__ = [
    "ID_COLUMNS",
    "LOCAL_TIME",
    "META_COLUMNS",
    "TEXT_COLUMNS",
    "TIME_COLUMNS",
    "Columns",
    "TableProblem",
    "columns_of",
    "to_id",
]

LOCAL_TIME = "Asia/Ho_Chi_Minh"

ID_COLUMNS = (
    *("record_id", "unit_id", "channel", "serial", "batch", "collector"),
    *("device", "account", "ip", "case_id"),
)
TEXT_COLUMNS = (*ID_COLUMNS, "comment")
LONGEST_ID = 300
TIME_COLUMNS = ("started_at", "submitted_at")
META_COLUMNS = (*TEXT_COLUMNS, *TIME_COLUMNS, "assisted")

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class TableProblem:
    """Something in a table that could not be taken as it stands.

    Attributes:
        where: File and place in it, e.g. ``r.csv, line 7, column A1``.
        what: What is wrong.
        remedy: The way out.
        record_id: The record it is about, ``None`` for the table as a whole.
        code: One word for machines: ``off_scale``, ``duplicate_record_id``,
            ``no_record_id``, ``bad_value``, ``unknown_unit``, ``odd_row``,
            ``missing_item``, ``select_multiple``, ``repeated_submission``, ``superseded``,
            ``test_row``, ``not_accepted``, ``not_accepted_counted``, ``bad_mapping`` and, for
            units and custody, the codes of :mod:`audit.intake.registers` and
            :mod:`audit.intake.custody_book`.
        item: The item or contract column it is about, if one.
    """

    where: str
    what: str
    remedy: str
    record_id: str | None = None
    code: str = "bad_value"
    item: str | None = None

    def __post_init__(self) -> None:
        """Make the words fit to be shown, whatever stood in the file."""
        for name in ("where", "what", "remedy"):
            object.__setattr__(self, name, one_line(getattr(self, name)))

    def line(self) -> str:
        """One line for a person."""
        return f"{self.where}: {self.what} — {self.remedy}"


@dataclass
class Columns:
    """Takes columns out of a raw table under their contract names, and notes what is wrong."""

    raw: RawTable
    mapping: TableMapping
    ids: Sequence[str | None] = ()
    problems: list[TableProblem] = field(default_factory=list)
    texts: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None

    def name(self, column: str) -> str | None:
        """The file's name of a contract column; ``None`` if the file lacks it."""
        names = self.mapping.names(column)
        for wanted in names:
            if wanted in self.raw.columns:
                return wanted
        return next((found for wanted in names if (found := self._loose(wanted))), None)

    def _loose(self, wanted: str) -> str | None:
        """A name that differs by case, or stands in a group.

        Grouped questions come as "group/A1" (KoboToolbox), "group-A1" (ODK) or "group[A1]"
        (LimeSurvey).
        """
        loose = [n for n in self.raw.columns if n.casefold() == wanted.casefold()]
        ends = (f"/{wanted}", f"-{wanted}", f"[{wanted}]")
        tails = [n for n in self.raw.columns if n.endswith(ends)]
        for found in (loose, tails):
            if len(found) == 1:
                return found[0]
        return None

    def choice_name(self, column: str, value: str) -> str | None:
        """The file's name of one value of a question that is asked as a list of choices."""
        for wanted in self.mapping.names(column):
            for name in (f"{wanted}/{value}", f"{wanted}[{value}]", f"{wanted} [{value}]"):
                found = name if name in self.raw.columns else self._loose(name)
                if found is not None:
                    return found
        return None

    def require(self, column: str) -> str:
        """The file's name of a column that must be there.

        Raises:
            InputError: If it is missing; names the file and the column.
        """
        found = self.name(column)
        if found is None:
            wanted = " or ".join(dict.fromkeys(self.mapping.names(column)))
            there = ", ".join(one_line(name, 60) for name in list(self.raw.columns)[:12])
            raise InputError(
                f"the column {wanted} is missing",
                where=str(self.raw.path),
                remedy=f"add it, or map it under [columns]; the file has {there}",
            )
        return found

    def note_table(self, what: str, remedy: str, code: str, item: str | None = None) -> None:
        """Keep one problem about the table as a whole."""
        self.problems.append(TableProblem(str(self.raw.path), what, remedy, None, code, item))

    def note(
        self,
        row: int,
        column: str | None,
        what: str,
        remedy: str,
        code: str,
        item: str | None = None,
    ) -> None:
        """Keep one problem with its place; ``column`` is the file's name of it."""
        place = self.raw.place(row, column)
        record = self.ids[row] if row < len(self.ids) else None
        self.problems.append(TableProblem(place, what, remedy, record, code, item))

    def values(
        self,
        column: str,
        convert: Callable[[Cell], V | None],
        remedy: str,
        code_of_problem: str = "bad_value",
    ) -> NDArray[np.object_] | None:
        """A converted column, each distinct cell converted once; ``None`` if it is missing."""
        name = self.name(column)
        if name is None:
            return None
        cells = self.raw.columns[name]
        table = np.empty(len(cells.distinct) + 1, dtype=object)
        wrong: dict[int, str] = {}
        for code, cell in enumerate(cells.distinct):
            try:
                table[code] = convert(cell)
            except ValueError as error:
                wrong[code] = str(error)
        if wrong:
            for row in np.flatnonzero(np.isin(cells.codes, list(wrong))).tolist():
                what = wrong[int(cells.codes[row])]
                self.note(row, name, what, remedy, code_of_problem, column)
        values: NDArray[np.object_] = table[cells.codes]
        return values


def to_id(cell: Cell) -> str | None:
    """Text that names something.

    Raises:
        ValueError: If it is longer than :data:`LONGEST_ID` characters.
    """
    text = to_text(cell)
    if text is not None and len(text) > LONGEST_ID:
        raise ValueError(f"{len(text)} characters, more than the {LONGEST_ID} of a name")
    return text


def columns_of(
    path: Path,
    mapping: Mapping[str, str] | str | TableMapping | None,
    name: str | Path | None = None,
) -> Columns:
    """Open a table under a mapping, names alone, or a preset's name.

    Raises:
        ConfigError: If there is no such preset.
        InputError: If the table cannot be read.
    """
    try:
        whole = mapping_of(mapping)
    except ValueError as error:
        raise ConfigError(
            f"there is no preset {mapping!r}",
            where="columns",
            remedy=f"known are {', '.join(PRESETS)}",
        ) from error
    headed = without_extra_headers(read_raw(path, None if name is None else Path(name)))
    return _without_tests(headed, whole)


def _without_tests(headed: Headed, mapping: TableMapping) -> Columns:
    """Rows that the platform says are trials of the survey's author are told and left out."""
    raw = headed.raw
    out = np.zeros(len(raw), dtype=bool)
    for column, cells_out in mapping.platform.skip.items():
        if column in raw.columns:
            cells = raw.columns[column]
            trial = np.array([short_text(cell) in cells_out for cell in cells.distinct], dtype=bool)
            out |= trial[cells.codes]
    if not out.any():
        return Columns(raw, mapping, texts=headed.texts, timezone=headed.timezone)
    kept = np.flatnonzero(~out)
    place = raw.place
    columns = {
        name: Cells(cells.codes[kept], cells.distinct) for name, cells in raw.columns.items()
    }
    rest = RawTable(
        raw.path,
        columns,
        lambda row, column: place(int(kept[row]), column),
        {new: raw.odd_rows[int(old)] for new, old in enumerate(kept) if int(old) in raw.odd_rows},
    )
    table = Columns(rest, mapping, texts=headed.texts, timezone=headed.timezone)
    what = f"{int(out.sum())} rows are trials of the survey's author"
    table.note_table(what, "they are left out", "test_row")
    return table
