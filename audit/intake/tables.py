"""Response tables, read as people really send them.

What is wrong with one record is a :class:`TableProblem`: the record is kept with its
reason and the rest of the table is read. Only a table that cannot be used at all (no
such file, damaged, a column missing) is an :class:`~detectors.errors.InputError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from audit.intake._cells import Cell, short_text, to_bool, to_text, to_time
from audit.intake._items import item_column
from audit.intake._repeats import note_repeats
from audit.intake._review import note_reviews
from audit.intake.mapping import TableMapping
from detectors.instrument import Instrument, Item

if TYPE_CHECKING:
    import pandas as pd

from audit.intake.columns import (
    ID_COLUMNS,
    LOCAL_TIME,
    TEXT_COLUMNS,
    TIME_COLUMNS,
    Columns,
    TableProblem,
    columns_of,
    to_id,
)

__all__ = ["MINOR_CODES", "Responses", "read_responses"]

# Worth telling, but nothing goes unjudged for them.
MINOR_CODES = frozenset(
    {
        *("unknown_parent", "no_group", "missing_item", "select_multiple"),
        *("repeated_submission", "number_as_text", "sheet_not_used"),
    }
    | {"superseded", "test_row", "not_accepted", "not_accepted_counted"}
)


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
    note_reviews(table)
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
    undated = mapping.platform.undated

    def read(cell: Cell) -> Any:
        if undated and str(cell).startswith(undated):
            return None
        return to_time(cell, zone, source=source, month_first=mapping.month_first)

    return read


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
