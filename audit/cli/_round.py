"""What the commands of a round share: its settings, its store, its clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.cli._console import progress

if TYPE_CHECKING:
    from audit.settings import Settings
    from audit.store import Store

__all__ = ["Config", "now", "open_round", "person", "show"]

Config = Annotated[
    Path,
    typer.Option("--config", "-c", help="The round's audit.toml, or its folder."),
]
HERE = Path("audit.toml")


def now() -> dt.datetime:
    """The time, UTC."""
    return dt.datetime.now(dt.UTC)


def show(items: Iterable[Any], label: str, total: int | None) -> Iterator[Any]:
    """Progress in the shape that a run asks for."""
    return progress(items, label, total=total)


def person() -> str:
    """Who is at the terminal, for the trail: the account of the machine, whatever it is told."""
    from audit.portable import account

    return f"{account()} (command line)"


def open_round(config: Path) -> tuple[Settings, Store]:
    """Settings and store of a round that has run before.

    Raises:
        ConfigError: If the configuration is wrong.
        AccessError: If there is no store yet, or it cannot be reached.
    """
    from audit.settings import load_settings
    from audit.store import open_store

    settings = load_settings(config)
    return settings, open_store(settings.store_url, create=False, now=now)
