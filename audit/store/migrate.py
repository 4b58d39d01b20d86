"""Bringing a store's tables up to date, from inside the program."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import sqlalchemy as sa

__all__ = ["upgrade"]


def upgrade(
    engine: sa.Engine,
    target: str = "head",
    *,
    first: Callable[[sa.Connection], None] | None = None,
    then: Callable[[sa.Connection, str | None, frozenset[str] | None], None] | None = None,
) -> None:
    """Apply the migrations that a store lacks, all of them in one transaction.

    Args:
        engine: Of the store.
        target: Revision to go to.
        first: Called in the same transaction before anything is applied to a store that is
            there.
        then: Called in the same transaction with the revision that the store had and the
            tables whose rows the migrations say they change (``rewrites``; ``None`` where one
            does not say), if anything was applied.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = _config()
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current == (head if target == "head" else target):
            return
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if first is not None and current is not None:
            first(connection)
        command.upgrade(config, target)
        if then is not None:
            applied = list(scripts.iterate_revisions(target, current or "base"))
            named = [getattr(script.module, "rewrites", None) for script in applied]
            every = [name for names in named if names is not None for name in names]
            then(connection, current, None if None in named else frozenset(every))


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("audit.store") / "migrations"))
    return config
