"""Which rows the trail covers, and how a row is hashed from what a plain cursor gives.

Every table of the store is covered, but for sessions and leases. Values are brought to one
form whatever the database calls them, and nothing is normalised beyond that: what is stored
is what is hashed. The
boxes and the fingerprint of a page are hashed with the page, the answers of a record by its
column ``content`` (:func:`audit.trail.canonical.answers_hash`), and its pages as one group.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from audit.trail.canonical import answers_hash, row_hash

__all__ = [
    *("CHILDREN", "GROUPS", "PASSING", "TABLES", "Covered", "Rows"),
    *("digests", "number_of", "wrong_answers"),
]

_STEP = 500


class Rows(Protocol):
    """Rows of a query with ``?`` for parameters, as the database's own driver gives them."""

    postgresql: bool

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        """Run a query."""
        ...


@dataclass(frozen=True)
class Covered:
    """One table.

    Attributes:
        key: Its key column.
        columns: Its columns in order: name and kind (``text``, ``int``, ``real``, ``bool``,
            ``json``, ``day``, ``time``).
        late: How many of the last columns came to the store later. Where all of them are
            empty the row is hashed without them, as it was before they were there: a store
            that is brought up to date keeps the hashes it has.
    """

    key: str
    columns: tuple[tuple[str, str], ...]
    late: int = 0

    @property
    def named(self) -> bool:
        """Whether the key is a name, and no number."""
        return dict(self.columns)[self.key] == "text"


def _table(columns: str, key: str = "id", late: int = 0) -> Covered:
    pairs = (part.partition(":") for part in columns.split())
    return Covered(key, tuple((name, kind or "text") for name, _, kind in pairs), late)


# A test holds these against audit.store.schema.
TABLES: Mapping[str, Covered] = {
    "backcheck_draws": _table(
        "id:int round_id instrument_id number:int seed at parameters:json arms:json units:json "
        "population_sha256"
    ),
    "backcheck_members": _table(
        "id:int draw_id:int reference position:int record_id unit_id batch arms:json "
        "satisfied:int answers:int counted:bool level:real"
    ),
    "backcheck_results": _table(
        "seq:int member_id:int outcome attempts:int method used_service answered filled_by "
        "facts_fit overall verdict checked_on:day checker file_sha256 at actor",
        key="seq",
    ),
    "batches": _table(
        "id:int round_id unit_id batch serial_from serial_to issued:int returned:int valid:int "
        "invalid:int lost:int spoilt:int issued_at:day returned_at:day handler printed:int "
        "unissued:int handed_out:int taken_home:int outstanding:int scanned_at:day invalid_reasons",
        late=7,
    ),
    "breakdowns": _table(
        "id:int round_id instrument_id scope scope_id dimension category measure factor "
        "records_received:int records_counted:int "
        + "".join(
            f"satisfied_{v}:int answers_{v}:int "
            for v in ("as_received", "after_review", "bound_low", "bound_high")
        )
        + "interval_low:real interval_high:real"
    ),
    "cases": _table(
        "id:int round_id instrument_id subject subject_id unit_id severity holds:bool evidence "
        "reasons:json opened_run withdrawn_run"
    ),
    "corrections": _table(
        "seq:int round_id instrument_id record_id case_id:int step about:int kind subject was "
        "value actor note at",
        key="seq",
    ),
    "decisions": _table("seq:int case_id:int evidence actor verdict reason note at", key="seq"),
    "explanations": _table(
        "seq:int round_id unit_id step about:int case_id:int due:day text actor at", key="seq"
    ),
    "factors": _table("user_id:int secret confirmed_at last_step:int recovery:json", key="user_id"),
    "files": _table("id:int round_id path kind sha256 size:int state reason added_run deleted_at"),
    "findings": _table(
        "id:int round_id instrument_id run_id withdrawn_run detector detector_version family kind "
        "score:real p_value:real severity item field box_mm:json record_id unit_id page_id:int "
        "matches:json message_vi message_en evidence:json"
    ),
    "forms": _table("id:int round_id instrument_id serial sheet:int unit_id batch state record_id"),
    "key_choices": _table("user_id:int chosen:json", key="user_id"),
    "known_forms": _table(
        "case_id:int round_id truth items:json source added_by added_at", key="case_id"
    ),
    "outcomes": _table("id:int round_id kind programme unit_id about verdict body:json"),
    "notes": _table(
        "seq:int case_id:int about:int sha256 page:int x:real y:real width:real height:real "
        "text actor at",
        key="seq",
    ),
    "pages": _table(
        "id:int file_id:int instrument_id page:int form_page:int status reason serial "
        "suspicion_alone:real suspicion:real flagged:bool severity scan_class residual_mm:real "
        "not_assessable:json quality:json findings:json matches:json work_key"
    ),
    "problems": _table("id:int round_id place what remedy code instrument_id record_id"),
    "records": _table(
        "id:int round_id instrument_id record_id source file_id:int unit_id channel serial batch "
        "collector started_at:time submitted_at:time assisted:bool reasons:json p_value:real "
        "q_value:real severity flagged:bool not_testable detectors:json content state"
    ),
    "rounds": _table("id title_vi title_en period_from:day period_to:day"),
    "runs": _table(
        "id round_id started_at finished_at status exit_code:int input_key software "
        "config_sha256 counts:json manifest manifest_sha256"
    ),
    "scores": _table(
        "id:int round_id instrument_id unit_id measure factor rule_set counts:json "
        + "".join(
            f"satisfied_{v}:int answers_{v}:int tier_{v} rank_{v}:int "
            for v in ("as_received", "after_review", "bound_low", "bound_high")
        )
        + "records_counted:int ranked_units:int rank_best:int rank_worst:int tier_firm:bool "
        "firmness:json"
    ),
    "unit_results": _table(
        "id:int round_id instrument_id unit_id n:int value:real p_value:real q_value:real "
        "severity flagged:bool not_testable detectors:json"
    ),
    "units": _table(
        "id:int round_id unit_id name peer_group level parent_id handles_procedures:bool "
        "served:real valid_from:day valid_to:day"
    ),
    "users": _table(
        "id:int name full_name role scope_unit home_unit password_hash created_at valid_to:day "
        "disabled_at"
    ),
}
# What comes and goes by the minute and decides nothing.
PASSING = ("leases", "login_attempts", "sessions")
# Rows that are covered together under one key: the table, that key's column, the columns hashed.
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "codes": ("page_id", ("room", "code")),
    "likenesses": ("one", ("other", "what", "p_pair", "alike", "count", "box_mm", "saved_again")),
    "record_pages": ("record", ("page_id",)),
}
# Tables whose rows are hashed with those of another: name, its column, that other table.
CHILDREN = (
    ("answers", "record", "records"),
    ("marks", "page_id", "pages"),
    ("fingerprints", "page_id", "pages"),
    ("record_pages", "record", "records"),
    ("codes", "page_id", "pages"),
    ("likenesses", "one", "pages"),
)


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
