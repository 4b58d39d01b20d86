"""Response tables, units and custody, read as people really send them.

What is wrong with one record is a :class:`TableProblem`: the record is kept with its
reason and the rest of the table is read. Only a table that cannot be used at all (no
such file, damaged, a column missing) is an :class:`~detectors.errors.InputError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from audit.intake._cells import Cell, short_text, to_bool, to_text, to_time
from audit.intake._formats import read_raw
from audit.intake._header_rows import Headed, without_extra_headers
from audit.intake._items import item_column
from audit.intake._raw import Cells, RawTable
from audit.intake._repeats import note_repeats
from audit.intake.mapping import TableMapping, mapping_of
from audit.intake.presets import PRESETS
from detectors.errors import ConfigError, InputError, one_line
from detectors.instrument import Instrument, Item

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LOCAL_TIME",
    "META_COLUMNS",
    "MINOR_CODES",
    "Responses",
    "TableProblem",
    "read_responses",
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

# Worth telling, but nothing goes unjudged for them.
MINOR_CODES = frozenset(
    {
        *("unknown_parent", "no_group", "missing_item", "select_multiple"),
        *("repeated_submission", "number_as_text", "sheet_not_used"),
    }
    | {"superseded", "test_row"}
)

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
            ``test_row``, ``bad_mapping`` and, for units
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


def read_responses(
    path: str | Path,
    instrument: Instrument,
    *,
    mapping: Mapping[str, str] | str | TableMapping | None = None,
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
        mapping: The whole of it; or contract name (or item id) -> name in the file; or the
            name of a preset.
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
    if table.name("record_id") is None and _has_ids(table.mapping):
        table.require("record_id")
    for column in required:
        if not (column == "unit_id" and table.mapping.unit):
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
    _fill_constants(table, data)
    zone = ZoneInfo(timezone)
    for column in TIME_COLUMNS:
        times = table.values(column, _time_of(table, column, zone), "write it as ISO 8601")
        if times is not None:
            data[column] = pd.Series(times, dtype="datetime64[us]")
    assisted = table.values("assisted", to_bool, "write true or false")
    if assisted is not None:
        data["assisted"] = pd.Series(assisted, dtype="boolean")
    for item in items:
        data[item.id] = item_column(table, item)
    if units is not None and "unit_id" in data:
        _check_units(table, list(data["unit_id"]), frozenset(units))
    frame = pd.DataFrame(data)
    if table.mapping.repeated is not None:
        note_repeats(table, frame, table.mapping.repeated)
    return Responses(frame, tuple(table.problems))


def _has_ids(mapping: TableMapping) -> bool:
    """Whether exports of this kind name their records; some platforms do not."""
    return (
        mapping.preset is None
        or "record_id" in mapping.columns
        or ("record_id" in mapping.platform.columns)
    )


def _fill_constants(table: Columns, data: dict[str, Any]) -> None:
    """Names of units as ids, and what the mapping says of every row."""
    import pandas as pd

    mapping = table.mapping
    size = len(table.raw)
    if "unit_id" in data and mapping.units:
        data["unit_id"] = data["unit_id"].map(lambda name: mapping.units.get(name, name))
    elif "unit_id" not in data and mapping.unit:
        data["unit_id"] = pd.Series([mapping.unit] * size, dtype="str")
    channel = mapping.channel or mapping.platform.channel
    if "channel" not in data and channel:
        data["channel"] = pd.Series([channel] * size, dtype="str")


def _time_of(table: Columns, column: str, zone: ZoneInfo) -> Callable[[Cell], Any]:
    """Reader of a time column: whose clock it is when a cell does not say so."""
    mapping = table.mapping
    name = table.name(column)
    said = mapping.times or table.timezone
    if name in mapping.platform.utc:
        said = "UTC"
    try:
        source = zone if said is None else ZoneInfo(said)
    except (ValueError, KeyError):
        table.note_table(
            f"the file names the time zone {said!r}, which is not known",
            "set times in [instrument.mapping]",
            "bad_mapping",
        )
        source = zone
    return lambda cell: to_time(cell, zone, source=source, month_first=mapping.month_first)


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
    raw: list[str | None] = _hashed_ids(table) if read is None else read.tolist()
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
    name = table.name("record_id")
    for row, what, remedy, code in sorted(doubts):
        table.note(row, name, what, remedy, code)
    return ids


def _hashed_ids(table: Columns) -> list[str | None]:
    """Ids from what a row holds, for a file that names no records: the same in any export."""
    columns = [list(map(short_text, cells)) for cells in table.raw.columns.values()]
    rows = zip(*columns, strict=True)
    return [
        hashlib.sha256("\x1f".join(cell or "" for cell in row).encode()).hexdigest()[:16]
        for row in rows
    ]


def _check_units(table: Columns, values: Sequence[Any], known: frozenset[str]) -> None:
    name = table.name("unit_id")
    for row, value in enumerate(values):
        if not isinstance(value, str):
            table.note(row, name, "the record has no unit_id", "give it one", "unknown_unit")
        elif value not in known:
            what = f"unit {value} is not in the list of units"
            table.note(row, name, what, "add it to the units, or correct it", "unknown_unit")
