"""Deleting originals when their time is over; hashes, results and the trail stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.intake.originals import hash_file, list_files
from audit.intake.originals_at import originals_at
from audit.keeping.backup import KEEPING_LOCK
from audit.pipeline.lock import round_lock
from audit.pipeline.run import LOCK
from audit.pseudonyms import load_keys
from audit.settings import Settings
from audit.store import Store
from audit.store.known import with_known
from audit.store.pages import Files
from audit.trail.acts import Act, Action
from audit.trail.canonical import utc

__all__ = ["Purge", "purge"]


@dataclass(frozen=True)
class Purge:
    """What is over its time.

    Attributes:
        files: Path and SHA-256 of each.
        size: Of the originals, in bytes.
        inbox: Copies of them that still stand in the inbox.
        done: Whether they were deleted.
        dates: Kind -> the last day on which it had to be kept.
    """

    files: tuple[tuple[str, str], ...]
    size: int
    inbox: tuple[Path, ...]
    done: bool
    dates: dict[str, dt.date] = field(default_factory=dict)


def purge(
    store: Store,
    settings: Settings,
    *,
    apply: bool,
    now: Callable[[], dt.datetime],
    actor: str,
) -> Purge:
    """Say what the rule of retention takes away, and take it away if ``apply``.

    The store is told first and the files are deleted then: a crash in between leaves files
    that the next call deletes.

    Args:
        store: Of the round.
        settings: Of the round, with ``[retention]``.
        apply: Delete; otherwise nothing is changed.
        now: The clock.
        actor: Who asked for it.

    Raises:
        Busy: If a run or a backup holds the round.
        AccessError: If a file cannot be deleted.
    """
    moment = now()
    dates = _dates(settings)
    over = {kind for kind, last in dates.items() if moment.date() > last}
    if not apply:
        return _look(store, settings, over, dates)
    with (
        round_lock(settings.base / LOCK, "purge"),
        round_lock(settings.base / KEEPING_LOCK, "purge"),
    ):
        found = _look(store, settings, over, dates)
        rule = {kind: last.isoformat() for kind, last in dates.items() if kind in over}
        hashes = sorted({sha256 for _, sha256 in found.files})
        act = Act(
            Action.RETENTION,
            moment,
            actor,
            settings.round.id,
            after={"files": len(found.files), "sha256": hashes},
            reason=", ".join(f"{kind} kept until {day}" for kind, day in sorted(rule.items())),
        )
        with store.writing(act) as connection:
            files = Files(connection, settings.round.id)
            due = [r["id"] for r in _due(files, settings, over)]
            if due:
                files.note_deleted(due, utc(moment))
        _delete(store, settings)
        _forget_key(store, settings, moment)
    return Purge(found.files, found.size, found.inbox, done=True, dates=dates)


def _dates(settings: Settings) -> dict[str, dt.date]:
    days = {"scan": settings.retention.scans, "responses": settings.retention.responses}
    last = settings.round.date_to
    return {kind: last + dt.timedelta(days=n) for kind, n in days.items() if n is not None}


def _due(files: Files, settings: Settings, over: set[str]) -> list[Any]:
    own = (row for row in files.every() if row["round_id"] in with_known(settings.round.id))
    return [row for row in own if row["kind"] in over and row["deleted_at"] is None]


def _look(store: Store, settings: Settings, over: set[str], dates: dict[str, dt.date]) -> Purge:
    with store.reading() as connection:
        rows = _due(Files(connection, settings.round.id), settings, over)
    hashes = {row["sha256"]: row["size"] for row in rows}
    inbox: list[Path] = []
    if hashes:
        for folder in (settings.scans, settings.responses):
            for path in list_files(settings.path(folder)):
                if path.is_file() and not path.is_symlink() and hash_file(path) in hashes:
                    inbox.append(path)
    files = tuple((row["path"], row["sha256"]) for row in rows)
    return Purge(files, sum(hashes.values()), tuple(inbox), done=False, dates=dates)


def _forget_key(store: Store, settings: Settings, moment: dt.datetime) -> None:
    """Forget the key of the round's hashes once no original is left to hold them against."""
    with store.reading() as connection:
        rows = Files(connection, settings.round.id).every()
    own = [r for r in rows if r["round_id"] in with_known(settings.round.id)]
    left = [r for r in own if r["kind"] in ("scan", "responses") and r["deleted_at"] is None]
    ring = None if left else load_keys(settings.path(settings.identity_keys), moment, make=False)
    if ring is not None:
        ring.forget(settings.round.id, moment)


def _delete(store: Store, settings: Settings) -> None:
    """Delete every original that no row needs any more, also what a crash left before."""
    with store.reading() as connection:
        rows = Files(connection, settings.round.id).every()
    needed = {row["sha256"] for row in rows if row["deleted_at"] is None}
    originals = originals_at(settings.originals_place)
    for row in rows:
        if row["round_id"] in with_known(settings.round.id) and row["sha256"] not in needed:
            originals.remove(row["sha256"])
