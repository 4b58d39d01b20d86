"""Units by period of validity, and custody: who was given which forms.

Serials are compared by their parts, digits as numbers, so that ``PB-23-0042`` comes
before ``PB-23-0107`` and a range named without the check digit holds the serials with it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.intake._cells import Cell, to_bool, to_date, to_number, to_text
from audit.intake.look_alike import skeleton
from audit.intake.tables import Columns, TableProblem, columns_of, to_id
from detectors.serials import serial_key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Custody", "Units", "count_of", "read_custody", "read_units", "serial_in", "units_at"]

UNIT_COLUMNS = (
    *("unit_id", "name", "group", "level", "parent_id"),
    *("handles_procedures", "served", "valid_from", "valid_to"),
)
# More than there are people, so that sums of it stay numbers.
_MOST = 1e12
COUNTS = ("issued", "returned", "valid", "invalid", "lost", "spoilt")
CUSTODY_COLUMNS = (
    *("unit_id", "batch", "serial_from", "serial_to", *COUNTS),
    *("issued_at", "returned_at", "handler"),
)
# What a book may hold beside; a round without them is judged by the rest.
MORE_COUNTS = ("printed", "unissued", "handed_out", "taken_home", "outstanding")
CUSTODY_MORE = (*MORE_COUNTS, "scanned_at", "invalid_reasons")
INVALID_REASONS = (
    *("SAI_MAU", "KHONG_SERI", "KHONG_DAU", "DANH_NHIEU_O", "BO_TRONG", "THEM_NOI_DUNG"),
    *("RACH_NAT", "ANH_KHONG_DOC_DUOC", "NGOAI_KY", "TRUNG_SO", "SAI_DON_VI"),
    *("KHONG_CO_GIAO_DICH", "KHAC"),
)


@dataclass(frozen=True)
class Units:
    """Units, one row a version.

    Attributes:
        frame: ``unit_id, name, group, level, parent_id`` as ``str`` (missing: NaN),
            ``handles_procedures`` as ``boolean``, ``served`` as float64,
            ``valid_from, valid_to`` as ``datetime64[us]`` (missing: NaT, meaning open).
        problems: ``no_unit_id``, ``duplicate_unit``, ``bad_period``, ``no_group``,
            ``unknown_parent``, ``bad_value``, ``look_alike``.
    """

    frame: pd.DataFrame
    problems: tuple[TableProblem, ...] = ()


@dataclass(frozen=True)
class Custody:
    """Custody, one row a batch.

    Attributes:
        frame: ``unit_id, batch, serial_from, serial_to, handler`` as ``str``, the counts as
            float64 (blank: NaN), ``issued_at, returned_at`` as ``datetime64[us]``. Of the
            optional columns (``CUSTODY_MORE``) those that the file has; ``invalid_reasons``
            as ``CODE=count; CODE=count``.
        problems: ``unknown_unit``, ``duplicate_batch``, ``bad_range``, ``overlap``,
            ``bad_value``.
    """

    frame: pd.DataFrame
    problems: tuple[TableProblem, ...] = ()


def read_units(
    path: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    groups: Iterable[str] | None = None,
    name: str | Path | None = None,
) -> Units:
    """Read the units table.

    Args:
        path: Any of the five kinds of table.
        mapping: Contract name -> name in the file.
        groups: The known peer groups; another is noted as ``unknown_group``.
        name: What the file is called in messages, and by its ending; default ``path``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id``.
    """
    table = columns_of(Path(path), mapping, name)
    table.require("unit_id")
    frame = _frame(
        table,
        texts=("unit_id", "name", "group", "level", "parent_id"),
        counts=("served",),
        days=("valid_from", "valid_to"),
        flags=("handles_procedures",),
    )
    rows = frame.to_dict("records")
    known = {row["unit_id"] for row in rows if isinstance(row["unit_id"], str)}
    allowed = None if groups is None else frozenset(groups)
    spans: dict[str, list[tuple[Any, Any]]] = {}
    keep: list[int] = []
    for number, row in enumerate(rows):
        if _check_unit(table, number, row, known, spans, allowed):
            keep.append(number)
    _tell_look_alikes(table, [(number, rows[number]) for number in keep])
    kept = frame.iloc[keep].reset_index(drop=True)
    kept["name"] = kept["name"].fillna(kept["unit_id"])
    return Units(kept, tuple(table.problems))


def _check_unit(
    table: Columns,
    number: int,
    row: Mapping[Any, Any],
    known: set[str],
    spans: dict[str, list[tuple[Any, Any]]],
    groups: frozenset[str] | None,
) -> bool:
    """Note what is wrong with one version of a unit; whether it can be used at all."""
    import pandas as pd

    unit = row["unit_id"]
    if not isinstance(unit, str):
        table.note(
            number, table.require("unit_id"), "the unit has no unit_id", "give it one", "no_unit_id"
        )
        return False
    start = row["valid_from"] if not pd.isna(row["valid_from"]) else pd.Timestamp.min
    end = row["valid_to"] if not pd.isna(row["valid_to"]) else pd.Timestamp.max
    if end < start:
        what = f"valid_to of {unit} lies before valid_from"
        table.note(number, None, what, "correct one of them", "bad_period")
        return False
    if any(
        start <= other_end and other_start <= end for other_start, other_end in spans.get(unit, ())
    ):
        what = f"two versions of unit {unit} are valid at the same time"
        table.note(number, None, what, "end one before the other begins", "duplicate_unit")
        return False
    spans.setdefault(unit, []).append((start, end))
    if not isinstance(row["group"], str):
        table.note(number, None, f"unit {unit} has no group", "name its peer group", "no_group")
    elif groups is not None and row["group"] not in groups:
        what = f"unit {unit} is in group {row['group']}, which is not known"
        table.note(number, None, what, f"known are {', '.join(sorted(groups))}", "unknown_group")
    if isinstance(row["parent_id"], str) and row["parent_id"] not in known:
        what = f"the parent {row['parent_id']} of unit {unit} is not in the list"
        table.note(number, None, what, "add it, or correct parent_id", "unknown_parent")
    return True


def _tell_look_alikes(table: Columns, rows: Sequence[tuple[int, Mapping[Any, Any]]]) -> None:
    """Note ids and names that a reader cannot tell from those of another unit."""
    for column, what in (("unit_id", "id"), ("name", "name")):
        seen: dict[str, dict[str, str]] = {}
        for number, row in rows:
            text, unit = row[column], row["unit_id"]
            if not isinstance(text, str):
                continue
            others = seen.setdefault(skeleton(text), {})
            twin = next((who for other, who in others.items() if other != text), None)
            others.setdefault(text, unit)
            if twin is not None and twin != unit:
                told = f"the {what} of unit {unit} looks like that of unit {twin} and is another"
                way = "write both with letters of one alphabet, or make them one unit"
                table.note(number, table.name(column), told, way, "look_alike")


def units_at(frame: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The versions that are valid on ``day``, one row a unit, in order of ``unit_id``.

    A unit that has no version on that day but had one earlier is left out: it was
    dissolved or merged before the round ended.
    """
    import pandas as pd

    moment = pd.Timestamp(day)
    begun = frame["valid_from"].isna() | (frame["valid_from"] <= moment)
    open_ = frame["valid_to"].isna() | (frame["valid_to"] >= moment)
    return frame[begun & open_].sort_values("unit_id").reset_index(drop=True)


def read_custody(
    path: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    units: Iterable[str] | None = None,
    name: str | Path | None = None,
) -> Custody:
    """Read the custody table.

    Args:
        path: Any of the five kinds of table.
        mapping: Contract name -> name in the file.
        units: The known units; a batch of another is noted as ``unknown_unit``.
        name: What the file is called in messages, and by its ending; default ``path``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id``.
    """
    table = columns_of(Path(path), mapping, name)
    table.require("unit_id")
    frame = _frame(
        table,
        texts=("unit_id", "batch", "serial_from", "serial_to", "handler"),
        counts=COUNTS,
        days=("issued_at", "returned_at"),
    )
    _add_more(table, frame)
    known = None if units is None else frozenset(units)
    seen: set[tuple[Any, Any]] = set()
    ranges: list[tuple[tuple[Any, ...], tuple[Any, ...], int]] = []
    for number, row in enumerate(frame.to_dict("records")):
        unit, batch = row["unit_id"], row["batch"]
        if known is not None and unit not in known:
            what = f"unit {unit} is not in the list of units"
            table.note(number, None, what, "add it to the units, or correct it", "unknown_unit")
        if isinstance(batch, str) and (unit, batch) in seen:
            what = f"batch {batch} of unit {unit} stands twice"
            table.note(number, None, what, "join the two rows", "duplicate_batch")
        seen.add((unit, batch))
        low, high = row["serial_from"], row["serial_to"]
        if isinstance(low, str) and isinstance(high, str):
            if serial_key(high) < serial_key(low):
                what = f"serial_to {high} lies before serial_from {low}"
                table.note(number, None, what, "correct one of them", "bad_range")
            else:
                ranges.append((serial_key(low), serial_key(high), number))
        elif isinstance(low, str) or isinstance(high, str):
            what = "the range of serials has one end only"
            table.note(number, None, what, "give both ends or none", "bad_range")
    ranges.sort()
    for before, after in itertools.pairwise(ranges):
        if after[0] <= before[1]:
            what = "the range of serials overlaps with that of another batch"
            table.note(after[2], None, what, "one serial belongs to one batch", "overlap")
    return Custody(frame, tuple(table.problems))


def _add_more(table: Columns, frame: pd.DataFrame) -> None:
    """Optional columns that the file has, beside those of the contract."""
    import pandas as pd

    for name in MORE_COUNTS:
        counts = table.values(name, count_of, "write a whole number from 0")
        if counts is not None:
            frame[name] = pd.Series(counts, dtype="float64")
    days = table.values("scanned_at", to_date, "write it as 2026-07-31")
    if days is not None:
        frame["scanned_at"] = pd.Series(pd.to_datetime(pd.Series(days)), dtype="datetime64[us]")
    remedy = f"write e.g. BO_TRONG=3; RACH_NAT=1; known are {', '.join(INVALID_REASONS)}"
    reasons = table.values("invalid_reasons", _reasons_of, remedy)
    if reasons is not None:
        frame["invalid_reasons"] = pd.Series(reasons, dtype="str")


def _reasons_of(cell: Cell) -> str | None:
    """``CODE=count; CODE=count`` in one spelling.

    Raises:
        ValueError: If a code is not known, or a count is none.
    """
    text = to_text(cell)
    if text is None:
        return None
    found: dict[str, int] = {}
    for part in re.split(r"[;,]", text):
        code, _, count = (piece.strip() for piece in part.partition("="))
        if not code:
            continue
        if code.upper() not in INVALID_REASONS:
            raise ValueError(f"{code!r} is no known reason")
        found[code.upper()] = found.get(code.upper(), 0) + int(count_of(count) or 0)
    return "; ".join(f"{code}={count}" for code, count in sorted(found.items())) or None


def _frame(
    table: Columns,
    *,
    texts: Sequence[str],
    counts: Sequence[str],
    days: Sequence[str],
    flags: Sequence[str] = (),
) -> pd.DataFrame:
    import pandas as pd

    size = len(table.raw)
    data: dict[str, Any] = {}
    for name in texts:
        found = table.values(name, to_id, "write plain text")
        data[name] = pd.Series(found if found is not None else [None] * size, dtype="str")
    for name in flags:
        found_flags = table.values(name, to_bool, "write true or false")
        flags_ = found_flags if found_flags is not None else [None] * size
        data[name] = pd.Series(flags_, dtype="boolean")
    for name in counts:
        found_counts = table.values(name, count_of, "write a whole number from 0")
        counts_ = found_counts if found_counts is not None else [None] * size
        data[name] = pd.Series(counts_, dtype="float64")
    for name in days:
        found_days = table.values(name, to_date, "write it as 2026-07-31")
        days_ = found_days if found_days is not None else [None] * size
        data[name] = pd.Series(pd.to_datetime(pd.Series(days_)), dtype="datetime64[us]")
    order = [name for name in (*UNIT_COLUMNS, *CUSTODY_COLUMNS) if name in data]
    return pd.DataFrame(data)[list(dict.fromkeys(order))]


def count_of(cell: Cell) -> float | None:
    """A whole number from 0; ``22.250`` is the Vietnamese way to write 22250.

    Raises:
        ValueError: If the cell is no count.
    """
    if isinstance(cell, str) and re.fullmatch(r"\s*\d{1,3}([. ]\d{3})+\s*", cell):
        # no count has decimals
        cell = re.sub(r"[. ]", "", cell)
    value = to_number(cell)
    if value is not None and not (0 <= value <= _MOST and value == int(value)):
        raise ValueError(f"{to_text(cell)} is no count")
    return value


def serial_in(serial: str, low: str, high: str) -> bool:
    """Whether a serial lies in the range from ``low`` to ``high``, both included."""
    key, first, last = serial_key(serial), serial_key(low), serial_key(high)
    same_kind = [k[0] for k in key[: len(first)]] == [f[0] for f in first]
    return same_kind and first <= key[: len(first)] and key[: len(last)] <= last
