"""Whether a store still is what its trail says, asked before and after its tables are changed.

Bringing a store up to date covers every row anew: what was changed by hand would be taken for
good from then on. So the chain is followed before anything is done, and rows are held against
what the trail covers as soon as the tables can be read, all in the transaction of the upgrade:
where anything does not agree nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from audit.trail.cursor import Cursor
from audit.trail.links import Chain
from audit.trail.stored import check_rows
from audit.trail.transcript import Fault, from_store
from detectors.errors import TrailError

__all__ = ["Columns", "refuse_changed", "refuse_forged"]

Columns = Mapping[str, frozenset[str]]
"""Table -> its columns."""

_SHOWN = 3


class _View(Cursor):
    """The connection of the upgrade as the verifier reads it."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection, postgresql=connection.dialect.name == "postgresql")

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
        return list(self.stream(sql, parameters))

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
        text = sql.replace("?", "%s") if self.postgresql else sql
        result = self._connection.exec_driver_sql(text, tuple(parameters) or None)
        for row in result:
            yield tuple(row)


def refuse_forged(connection: sa.Connection) -> Columns:
    """Follow the chain of a store that is to be brought up to date.

    Returns:
        The columns that its tables have, for :func:`refuse_changed`.

    Raises:
        TrailError: If an entry is not what it was; names it.
    """
    inspector = sa.inspect(connection)
    tables = inspector.get_table_names()
    if "trail" in tables:
        _refuse(connection, Chain().check(from_store(_View(connection))))
    return {t: frozenset(c["name"] for c in inspector.get_columns(t)) for t in tables}


def refuse_changed(connection: sa.Connection, before: Columns) -> None:
    """Hold every row against what the trail covers, where the columns are those it had.

    Args:
        connection: With the tables as they are now.
        before: The columns that they had when the trail was written.

    Raises:
        TrailError: If a row is not what the trail covers; names it.
    """
    sa.inspect(connection).clear_cache()
    now = sa.inspect(connection)
    same = {
        table
        for table, columns in before.items()
        if columns == frozenset(c["name"] for c in now.get_columns(table))
    }
    _refuse(
        connection,
        (
            fault
            for fault in check_rows(_View(connection))
            if fault.where.removeprefix("table ").partition(",")[0] in same
        ),
    )


def _refuse(connection: sa.Connection, faults: Iterable[Fault]) -> None:
    try:
        found = list(islice(faults, _SHOWN + 1))
    except (SQLAlchemyError, ValueError) as error:
        found = [Fault("store", f"cannot be read ({' '.join(str(error).split())[:200]})")]
    if not found:
        return
    told = "; ".join(f"{fault.where}: {fault.what}" for fault in found[:_SHOWN])
    more = "; and more" if len(found) > _SHOWN else ""
    raise TrailError(
        f"this store is not brought up to date, for its trail does not verify: {told}{more}",
        where=connection.engine.url.render_as_string(hide_password=True),
        remedy="find out who changed it, or restore a backup; the store is as it was",
    )
