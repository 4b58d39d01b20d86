"""One pull of a round: what is new goes into the inbox, whole or not at all.

The file is there before the cursor moves. A pull that dies between the two brings the same
rows again, which the round knows for the same.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.pipeline.lock import round_lock
from audit.pulling.http import Client
from audit.pulling.platforms import fetch_new
from audit.pulling.source import Source
from audit.settings import Settings
from audit.whole_file import write_whole
from detectors.errors import AccessError, AuditError, ConfigError, UsageError

__all__ = ["PULL_LOCK", "STATE", "Brought", "pull_sources"]

STATE = ".survey-audit.pull.json"
PULL_LOCK = ".survey-audit.pull.lock"


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one source: a file with rows, nothing new, or an error."""

    name: str
    rows: int = 0
    file: Path | None = None
    error: AuditError | None = None


def pull_sources(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    again: bool = False,
    now: Callable[[], dt.datetime],
    client: Callable[[Source], Client] | None = None,
) -> list[Brought]:
    """Pull the sources of a round; one that fails does not stop the others.

    Args:
        settings: Of the round.
        names: These only; all without.
        again: Everything, whatever was pulled before. Rows that are the same are the same
            records; what was edited or reviewed since comes with it.
        now: The clock.
        client: Makes what speaks with a server; by default with the network.

    Raises:
        ConfigError: If there are no sources.
        UsageError: If a name is none of them.
        Busy: If another pull is under way.
        AccessError: If the inbox cannot be written.
    """
    known = {source.name: source for source in settings.source}
    if not known:
        raise ConfigError(
            "there is no [[source]]", where="audit.toml", remedy="see docs/adopting.md"
        )
    for name in names:
        if name not in known:
            raise UsageError(f"there is no source {name}", remedy=f"known are {', '.join(known)}")
    found = []
    with round_lock(settings.base / PULL_LOCK, "pull"):
        for name in names or known:
            found.append(_pull(settings, known[name], now, client, again=again))
    return found


def _pull(
    settings: Settings,
    source: Source,
    now: Callable[[], dt.datetime],
    client: Callable[[Source], Client] | None,
    *,
    again: bool,
) -> Brought:
    path = settings.base / STATE
    state = _state(path)
    about = f"{source.kind} {source.url} {source.form}"
    kept = state.get(source.name, {})
    # A source that now means another form begins anew.
    cursor = kept.get("cursor", {}) if kept.get("about") == about and not again else {}
    started = now()
    try:
        secret = source.read_secret(settings.base)
        pulled = fetch_new(
            source,
            secret,
            cursor,
            now=started.timestamp(),
            client=None if client is None else client(source),
        )
    except AuditError as error:
        return Brought(source.name, error=error)
    target = None
    if pulled.data is not None:
        folder = settings.path(settings.responses)
        if source.instrument:
            folder /= source.instrument
        target = _free(folder / f"{source.name}-{started:%Y%m%dT%H%M%SZ}.{pulled.ending}")
        write_whole(target, pulled.data, "the export")
    state[source.name] = {"about": about, "cursor": pulled.cursor}
    text = json.dumps(state, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(path, text.encode(), "the state of the pull")
    return Brought(source.name, pulled.rows, target)


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _state(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise AccessError(
            "the state of earlier pulls cannot be read",
            where=str(path),
            remedy="delete it: everything is pulled again, and known for the same",
        ) from error
    return found if isinstance(found, dict) else {}
