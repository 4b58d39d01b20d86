"""Bringing a store's tables up to date, from inside the program."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

import sqlalchemy as sa

__all__ = ["upgrade"]

T = TypeVar("T")


def upgrade(
    engine: sa.Engine,
    target: str = "head",
    *,
    first: Callable[[sa.Connection], T] | None = None,
    then: Callable[[sa.Connection, str | None, T | None], None] | None = None,
) -> None:
    """Apply the migrations that a store lacks, all of them in one transaction.

    Args:
        engine: Of the store.
        target: Revision to go to.
        first: Called in the same transaction before anything is applied to a store that is
            there.
        then: Called in the same transaction with the revision that the store had, and what
            ``first`` gave, if anything was applied.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = _config()
    head = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current == (head if target == "head" else target):
            return
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        known = None if first is None or current is None else first(connection)
        command.upgrade(config, target)
        if then is not None:
            then(connection, current, known)


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("audit.store") / "migrations"))
    return config
