"""Response tables, units and custody, read as people really send them.

What is wrong with one record is a :class:`TableProblem`: the record is kept with its
reason and the rest of the table is read. Only a table that cannot be used at all (no
such file, damaged, a column missing) is an :class:`~detectors.errors.InputError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from audit.intake._cells import Cell, to_bool, to_number, to_text, to_time
from audit.intake._formats import read_raw
from audit.intake._raw import RawTable
from audit.intake.presets import PRESETS
from detectors.errors import ConfigError, InputError, one_line
from detectors.instrument import Instrument, Item

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOCAL_TIME", "META_COLUMNS", "Responses", "TableProblem", "read_responses"]

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
            ``missing_item`` and, for units
            and custody, the codes of :mod:`audit.intake.registers`.
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


@dataclass(frozen=True)
class Responses:
    """A response table with clean types.

    Attributes:
        frame: One row a record, in the order of the file, ``RangeIndex``. ``record_id`` is
            always there and unique; of the contract's other columns those that the file
            has. Texts are ``str`` (missing: NaN), ``started_at`` and ``submitted_at`` are
            ``datetime64[us]`` in local wall-clock time without an offset (missing: NaT),
            ``assisted`` is ``boolean``. One column an item, in the order of the
            instrument: float64 where every scale value is a number (blank: NaN), else
            ``str``. The code for "not applicable" is kept as it is. A value off the scale
            is blank here and stands in ``problems``.
        problems: What could not be taken as it stands.
    """

    frame: pd.DataFrame
    problems: tuple[TableProblem, ...] = ()


@dataclass
class Columns:
    """Takes columns out of a raw table under their contract names, and notes what is wrong."""

    raw: RawTable
    mapping: Mapping[str, str]
    ids: Sequence[str | None] = ()
    problems: list[TableProblem] = field(default_factory=list)

    def name(self, column: str) -> str | None:
        """The file's name of a contract column; ``None`` if the file lacks it."""
        wanted = self.mapping.get(column, column)
        if wanted in self.raw.columns:
            return wanted
        loose = [n for n in self.raw.columns if n.casefold() == wanted.casefold()]
        # Grouped questions come as "group/A1" (KoboToolbox) or "group-A1" (ODK).
        tails = [n for n in self.raw.columns if n.endswith((f"/{wanted}", f"-{wanted}"))]
        for found in (loose, tails):
            if len(found) == 1:
                return found[0]
        return None

    def require(self, column: str) -> str:
        """The file's name of a column that must be there.

        Raises:
            InputError: If it is missing; names the file and the column.
        """
        found = self.name(column)
        if found is None:
            wanted = self.mapping.get(column, column)
            there = ", ".join(one_line(name, 60) for name in list(self.raw.columns)[:12])
            raise InputError(
                f"the column {wanted} is missing",
                where=str(self.raw.path),
                remedy=f"add it, or map it under [columns]; the file has {there}",
            )
        return found

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
    path: Path, mapping: Mapping[str, str] | str | None, name: str | Path | None = None
) -> Columns:
    """Open a table under a mapping (contract name -> name in the file) or a preset's name.

    Raises:
        ConfigError: If there is no such preset.
        InputError: If the table cannot be read.
    """
    if isinstance(mapping, str):
        if mapping not in PRESETS:
            raise ConfigError(
                f"there is no preset {mapping!r}",
                where="columns",
                remedy=f"known are {', '.join(PRESETS)}",
            )
        mapping = PRESETS[mapping]
    return Columns(read_raw(path, None if name is None else Path(name)), dict(mapping or {}))


def read_responses(
    path: str | Path,
    instrument: Instrument,
    *,
    mapping: Mapping[str, str] | str | None = None,
    required: Collection[str] = (),
    units: Collection[str] | None = None,
    timezone: str = LOCAL_TIME,
    name: str | Path | None = None,
    partial: bool = False,
) -> Responses:
    """Read a response table.

    Args:
        path: CSV, XLSX, Parquet, JSON or JSON Lines.
        instrument: Gives the items and their scales. Every rating item needs its column; a
            category item without one is blank throughout.
        mapping: Contract name (or item id) -> name in the file, or the name of a preset.
        required: Columns that must be there beside ``record_id``.
        units: The known units; a record of another is noted as ``unknown_unit``.
        timezone: Where times without an offset are local, and others are brought to.
        name: What the file is called in messages, and by its ending; default ``path``.
        partial: Another questionnaire may have been asked: rating items without a column are
            noted as ``missing_item`` and left out, as long as one is there.

    Raises:
        InputError: If the file cannot be used; names the file and the place or column.
        ConfigError: If ``mapping`` names no preset.
    """
    import pandas as pd

    table = columns_of(Path(path), mapping, name)
    table.require("record_id")
    for column in required:
        table.require(column)
    items = _asked(table, instrument) if partial else instrument.items
    for item in items:
        if item.is_rating:
            table.require(item.id)
    table.ids = _record_ids(table)
    for row, what in table.raw.odd_rows.items():
        table.note(row, None, what, "look for a stray separator or a cut-off line", "odd_row")
    data: dict[str, Any] = {"record_id": pd.Series(table.ids, dtype="str")}
    for column in TEXT_COLUMNS[1:]:
        convert = to_id if column in ID_COLUMNS else to_text
        texts = table.values(column, convert, "write plain text")
        if texts is not None:
            data[column] = pd.Series(texts, dtype="str")
    zone = ZoneInfo(timezone)
    for column in TIME_COLUMNS:
        times = table.values(column, lambda cell: to_time(cell, zone), "write it as ISO 8601")
        if times is not None:
            data[column] = pd.Series(times, dtype="datetime64[us]")
    assisted = table.values("assisted", to_bool, "write true or false")
    if assisted is not None:
        data["assisted"] = pd.Series(assisted, dtype="boolean")
    for item in items:
        data[item.id] = _item_column(table, item)
    if units is not None and "unit_id" in data:
        _check_units(table, list(data["unit_id"]), frozenset(units))
    return Responses(pd.DataFrame(data), tuple(table.problems))


def _asked(table: Columns, instrument: Instrument) -> tuple[Item, ...]:
    """Items of the instrument that the table has, all where no rating item is there."""
    absent = [item.id for item in instrument.ratings if table.name(item.id) is None]
    if len(absent) == len(instrument.ratings):
        return instrument.items
    if absent:
        table.problems.append(
            TableProblem(
                str(table.raw.path),
                f"items that were not asked then: {', '.join(absent)}",
                "periods are compared on the other items only; map columns that were renamed",
                code="missing_item",
            )
        )
    return tuple(item for item in instrument.items if item.id not in absent)


def _record_ids(table: Columns) -> list[str | None]:
    """Ids made unique: a missing one from its row, a repeated one with ``#2`` behind it."""
    read = table.values("record_id", to_id, "write plain text")
    raw: list[str | None] = [] if read is None else read.tolist()
    taken = {value for value in raw if value is not None}
    if len(taken) == len(raw):
        return list(raw)
    table.ids = [None] * len(raw)
    first: dict[str, int] = {}
    ids: list[str | None] = []
    doubts: list[tuple[int, str, str, str]] = []
    for row, value in enumerate(raw):
        if value is None:
            ids.append(f"({table.raw.path.name} row {row + 1})")
            doubts.append((row, "the record has no record_id", "give it one", "no_record_id"))
            continue
        first[value] = first.get(value, 0) + 1
        unique = value if first[value] == 1 else f"{value}#{first[value]}"
        while first[value] > 1 and unique in taken:
            unique += "+"
        taken.add(unique)
        ids.append(unique)
    repeated = {value for value, count in first.items() if count > 1}
    for row, value in enumerate(raw):
        if value in repeated:
            what = f"record_id {value} is used {first[str(value)]} times"
            doubts.append((row, what, "find out which row is right", "duplicate_record_id"))
    table.ids = ids
    name = table.require("record_id")
    for row, what, remedy, code in sorted(doubts):
        table.note(row, name, what, remedy, code)
    return ids


def _item_column(table: Columns, item: Item) -> Any:
    import pandas as pd

    numeric = is_numeric(item)
    convert = _number_on_scale(item) if numeric else _text_on_scale(item)
    scale = ", ".join(map(str, item.scale))
    values = table.values(item.id, convert, f"the scale of {item.id} is {scale}", "off_scale")
    if values is None:
        values = np.full(len(table.raw), None, dtype=object)
    if numeric:
        return values.astype(np.float64)
    return pd.Series(values, dtype="str")


def is_numeric(item: Item) -> bool:
    """Whether every value of the scale is a number, so that the column is float64."""
    return all(isinstance(value, int | float) for value in item.scale)


def _allowed(item: Item) -> tuple[Any, ...]:
    return (*item.scale, *(() if item.not_applicable is None else (item.not_applicable,)))


def _number_on_scale(item: Item) -> Callable[[Cell], float | None]:
    allowed = {float(v) for v in _allowed(item) if not isinstance(v, str)}
    words = {v for v in _allowed(item) if isinstance(v, str)}

    def convert(cell: Cell) -> float | None:
        text = to_text(cell)
        if text in words:
            # A code such as "N/A" cannot stand in a column of numbers: it is no answer.
            return None
        value = to_number(cell)
        if value is not None and value not in allowed:
            raise ValueError(f"{text} is off the scale")
        return value

    return convert


def _text_on_scale(item: Item) -> Callable[[Cell], str | None]:
    exact = {str(to_text(v)): str(to_text(v)) for v in _allowed(item)}
    loose = {key.casefold(): value for key, value in exact.items()}

    def convert(cell: Cell) -> str | None:
        text = to_text(cell)
        if text is None:
            return None
        found = exact.get(text) or loose.get(text.casefold())
        if found is None:
            raise ValueError(f"{text!r} is off the scale")
        return found

    return convert


def _check_units(table: Columns, values: Sequence[Any], known: frozenset[str]) -> None:
    name = table.require("unit_id")
    for row, value in enumerate(values):
        if not isinstance(value, str):
            table.note(row, name, "the record has no unit_id", "give it one", "unknown_unit")
        elif value not in known:
            what = f"unit {value} is not in the list of units"
            table.note(row, name, what, "add it to the units, or correct it", "unknown_unit")
