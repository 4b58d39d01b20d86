"""Custody: who was given which forms, and what became of them.

Serials are compared by their parts, digits as numbers, so that ``PB-23-0042`` comes
before ``PB-23-0107`` and a range named without the check digit holds the serials with it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.intake._cells import Cell, to_date, to_text
from audit.intake.columns import Columns, TableProblem, columns_of
from audit.intake.register_cells import count_of, frame_of
from detectors.serials import serial_key

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COUNTS",
    "CUSTODY_COLUMNS",
    "CUSTODY_MORE",
    "INVALID_REASONS",
    "MORE_COUNTS",
    "Custody",
    "read_custody",
    "serial_in",
]

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
    frame = frame_of(
        table,
        order=CUSTODY_COLUMNS,
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


def serial_in(serial: str, low: str, high: str) -> bool:
    """Whether a serial lies in the range from ``low`` to ``high``, both included."""
    key, first, last = serial_key(serial), serial_key(low), serial_key(high)
    same_kind = [k[0] for k in key[: len(first)]] == [f[0] for f in first]
    return same_kind and first <= key[: len(first)] and key[: len(last)] <= last
