"""How a row that the trail covers is hashed, from what a plain cursor gives.

Values are brought to one form whatever the database calls them, and nothing is normalised
beyond that: what is stored is what is hashed. The boxes and the fingerprint of a page are
hashed with the page, the answers of a record by its column ``content``
(:func:`audit.trail.canonical.answers_hash`), and its pages as one group.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from audit.trail.canonical import answers_hash, row_hash
from audit.trail.covered import GROUPS, TABLES, Covered

__all__ = ["Rows", "digests", "number_of", "wrong_answers"]

_STEP = 500


class Rows(Protocol):
    """Rows of a query with ``?`` for parameters, as the database's own driver gives them."""

    postgresql: bool

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Run a query."""
        ...


def number_of(key: Any) -> int:
    """A row's key as a number of 63 bits: numbers are themselves, names are hashed."""
    if isinstance(key, int):
        return key
    return int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:8], "big") >> 1


def digests(
    rows: Rows, table: str, keys: Iterable[int] | None = None
) -> Iterator[tuple[int, bytes]]:
    """Key and hash of rows of a table, in order of key.

    Args:
        rows: Runs queries on the store.
        table: One of :data:`TABLES` or :data:`GROUPS`.
        keys: These rows only, those that are there; all if ``None``.
    """
    if table in GROUPS:
        owner, columns = GROUPS[table]
        for chunk in _chunks(rows, table, owner, keys):
            found = _children(rows, table, owner, columns, chunk)
            for key in chunk:
                if key in found:
                    members = sorted(([_member(v) for v in row] for row in found[key]), key=str)
                    yield key, row_hash(table, [key, members])
        return
    covered = TABLES[table]
    select = _select(rows, table, covered)
    read = _reader(covered)
    if covered.named:
        wanted = None if keys is None else set(keys)
        named = [(number_of(row[0]), row_hash(table, read(row))) for row in rows(select)]
        yield from sorted(pair for pair in named if wanted is None or pair[0] in wanted)
        return
    for chunk in _chunks(rows, table, covered.key, keys):
        inside = f"{covered.key} IN ({','.join(map(str, chunk))})"
        found_rows = list(rows(f"{select} WHERE {inside} ORDER BY {covered.key}"))
        more = _page_parts(rows, chunk) if table == "pages" else {}
        for row in found_rows:
            yield row[0], row_hash(table, [*read(row), *more.get(row[0], ())])


def wrong_answers(rows: Rows) -> Iterator[tuple[int, str]]:
    """Key and id of records whose answers are not those that the record was stored with."""
    for chunk in _chunks(rows, "records", "id", None):
        inside = ",".join(map(str, chunk))
        found = _children(rows, "answers", "record", ("item", "state", "value"), chunk)
        query = f"SELECT id, record_id, content FROM records WHERE id IN ({inside}) ORDER BY id"
        for key, record, content in rows(query):
            answers = [(row[0], row[1], row[2]) for row in found.get(key, ())]
            if answers_hash(answers) != content:
                yield key, str(record)


def _select(rows: Rows, table: str, covered: Covered) -> str:
    names = [
        # PostgreSQL gives the text of a JSON column only when it is asked for text.
        f'"{name}"::text' if kind == "json" and rows.postgresql else f'"{name}"'
        for name, kind in covered.columns
    ]
    return f"SELECT {', '.join(names)} FROM {table}"


def _chunks(
    rows: Rows, table: str, key: str, keys: Iterable[int] | None
) -> Iterator[Sequence[int]]:
    if keys is not None:
        ordered = sorted(keys)
        yield from (ordered[start : start + _STEP] for start in range(0, len(ordered), _STEP))
        return
    where = ""
    after: tuple[Any, ...] = ()
    while True:
        query = f"SELECT DISTINCT {key} FROM {table} {where} ORDER BY {key} LIMIT {_STEP}"
        chunk = [row[0] for row in rows(query, after)]
        if not chunk:
            return
        if not all(isinstance(found, int) for found in chunk):
            raise ValueError(f"{table} holds a key that is no number")
        yield chunk
        where, after = f"WHERE {key} > ?", (chunk[-1],)


def _children(
    rows: Rows, table: str, owner: str, columns: Sequence[str], keys: Sequence[int]
) -> dict[int, list[Sequence[Any]]]:
    # The text of a JSON column, as it was written.
    cast = "::text" if rows.postgresql else ""
    names = ", ".join(f'"{n}"{cast if n == "box_mm" else ""}' for n in columns)
    inside = ",".join(map(str, keys))
    found: dict[int, list[Sequence[Any]]] = {}
    for row in rows(f"SELECT {owner}, {names} FROM {table} WHERE {owner} IN ({inside})"):
        found.setdefault(row[0], []).append(row[1:])
    return found


def _page_parts(rows: Rows, keys: Sequence[int]) -> dict[int, list[Any]]:
    """The boxes of pages and the hashes of their fingerprints."""
    columns = ("item", "value", "state", "ink", "confidence")
    marks = _children(rows, "marks", "page_id", columns, keys)
    prints = _children(rows, "fingerprints", "page_id", ("data",), keys)
    return {
        key: [
            sorted([[_real(v) for v in row] for row in marks.get(key, ())], key=str),
            [hashlib.sha256(bytes(row[0])).hexdigest() for row in prints.get(key, ())],
        ]
        for key in keys
    }


def _reader(covered: Covered) -> Callable[[Sequence[Any]], list[Any]]:
    kinds = enumerate(kind for _, kind in covered.columns)
    forms = [(place, _FORMS[kind]) for place, kind in kinds if kind in _FORMS]

    def read(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, form in forms:
            if values[place] is not None:
                values[place] = form(values[place])
        if covered.late and all(value is None for value in values[-covered.late :]):
            return values[: -covered.late]
        return values

    return read


def _member(value: Any) -> Any:
    """A value of a row of a group, whatever its database calls it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(bytes(value)).hexdigest()
    return value


def _real(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _truth(value: Any) -> Any:
    return {0: False, 1: True}.get(value, repr(value)) if isinstance(value, int) else value


def _day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _time(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, dt.datetime) else value


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "real": _real,
    "bool": _truth,
    "day": _day,
    "time": _time,
}
