"""JSON and JSON Lines: a list of objects, one a record."""

from __future__ import annotations

import json
import unicodedata
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from audit.intake._cells import Cell
from audit.intake._raw import Cells, Places, RawTable, check_columns, decode, header_of
from detectors.errors import InputError

__all__ = ["plain_cell", "read_json", "read_jsonl"]

_DEEPEST = 8


def read_json(path: Path, data: bytes) -> RawTable:
    """Read a JSON list of objects, wrapped or not.

    Raises:
        InputError: If it is no such list.
    """
    loaded = _load(decode(path, data), str(path))
    if isinstance(loaded, dict):
        # KoboToolbox and others wrap the rows: {"count": …, "results": [ … ]}.
        lists = [value for value in loaded.values() if isinstance(value, list)]
        loaded = lists[0] if len(lists) == 1 else loaded
    if not isinstance(loaded, list) or not all(isinstance(row, dict) for row in loaded):
        raise InputError(
            "expected a list of objects, one a record", where=str(path), remedy="export it again"
        )
    return _from_objects(path, loaded, Places(str(path), "object", range(1, len(loaded) + 1)))


def read_jsonl(path: Path, data: bytes) -> RawTable:
    """Read one object a line.

    Raises:
        InputError: If a line holds none; names the line.
    """
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(decode(path, data).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = _load(line, where)
        if not isinstance(row, dict):
            raise InputError("expected one object a line", where=where, remedy="mend it")
        rows.append(row)
        lines.append(number)
    return _from_objects(path, rows, Places(str(path), "line", lines))


def plain_cell(value: Any) -> Cell:
    """A value as a cell; what is nested, as JSON text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "isoformat") and not hasattr(value, "hour"):
        return value  # type: ignore[no-any-return]  # JSON says which
    if hasattr(value, "isoformat") and hasattr(value, "year"):
        return value  # type: ignore[no-any-return]  # JSON says which
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole and abs(value) < Decimal(10) ** 400 else float(value)
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _load(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        what = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"not valid JSON ({what})", where=where, remedy="export it again"
        ) from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"one object names {twice!r} twice")
    return made


def _integer(text: str) -> int | float:
    # Thousands of digits are no number that anybody wrote: infinite, which no scale holds.
    return int(text) if len(text) < 400 else float(text)


def _flat_row(row: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Objects inside a record as columns of their own: ``group/A1``, ``__system/deviceId``."""
    if not any(isinstance(value, dict) for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    waiting = deque(row.items())
    while waiting:
        name, value = waiting.popleft()
        if isinstance(value, dict) and value and name.count("/") < _DEEPEST:
            inner = [(f"{name}/{key}", each) for key, each in value.items()]
            waiting.extendleft(reversed(inner))
        else:
            flat[name] = value
    check_columns(len(flat), str(path))
    return flat


def _from_objects(
    path: Path, rows: Sequence[Mapping[str, Any]], place: Callable[[int, str | None], str]
) -> RawTable:
    names: dict[str, str] = {}
    rows = [_flat_row(row, path) for row in rows]
    for row in rows:
        if row.keys() <= names.keys():
            continue
        for name in row:
            names.setdefault(name, unicodedata.normalize("NFC", name).strip())
        check_columns(len(names), str(path))
    if not names:
        raise InputError("no records in the file", where=str(path), remedy="export it again")
    header = header_of(path, [*names.values(), "."], str(path))  # the last may be blank
    try:
        columns = {
            clean: Cells.of([plain_cell(row.get(name)) for row in rows])
            for name, clean in zip(names, header, strict=False)
        }
    except RecursionError as error:
        raise InputError(
            "not valid JSON (nested too deep)", where=str(path), remedy="export it again"
        ) from error
    return RawTable(path, columns, place, {})
