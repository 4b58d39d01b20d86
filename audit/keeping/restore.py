"""Putting a backup in its place: checked before anything is touched, and told in the trail."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.intake.originals import list_files
from audit.intake.originals_at import originals_at
from audit.keeping.archive import extract
from audit.keeping.stores import load_postgresql
from audit.pipeline.lock import round_lock, store_lock
from audit.pipeline.run import LOCK
from audit.settings import Settings, load_settings
from audit.store import open_store
from audit.trail.acts import Act, Action
from audit.trail.checkpoint import checkpoints
from audit.trail.cursor import Cursor, reading
from audit.trail.verify import Place, Verification, verify_store, verify_view
from audit.verification import place_of
from detectors.errors import AuditError, InputError, TrailError, UsageError

__all__ = ["Restored", "restore"]


@dataclass(frozen=True)
class Restored:
    """What was done.

    Attributes:
        size: Entries of the trail that was restored.
        head: Its last hash, in hex.
        set_aside: Where the store that was there before stands now, if there was one.
        faults: What did not verify, where it was restored all the same.
    """

    size: int
    head: str
    set_aside: Path | None
    faults: tuple[str, ...]


def restore(
    archive: Path,
    config: Path,
    *,
    force: bool,
    now: Callable[[], dt.datetime],
    actor: str,
    progress: Callable[..., Iterator[Any]],
) -> Restored:
    """Put a backup in the place of a round.

    Args:
        archive: The backup.
        config: The round's ``audit.toml`` or its folder; taken from the backup if it is not
            there.
        force: Replace a store that is there, and restore what does not verify.
        now: The clock.
        actor: Who asked for it.
        progress: Passes items on: ``(items, label, total=…)``.

    Raises:
        UsageError: If there is a store already, and no ``force``.
        InputError: If the archive is no backup, is damaged, or is of another round.
        TrailError: If what is in it does not verify, and no ``force``.
        Busy: If a run holds the round.
    """
    if config.is_dir() or not config.suffix:
        config = config / "audit.toml"
    base = config.parent
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=base) as name:
        folder = Path(name)
        manifest, digest = extract(archive, folder)
        if not config.is_file():
            _place_round(folder / "round", base)
        settings = load_settings(config)
        _fits(settings, manifest, archive)
        with round_lock(settings.base / LOCK, "restore"):
            before = _there(settings)
            if before is not None and not force:
                raise UsageError(
                    "this round has a store already",
                    where=settings.store_url.split("@")[-1],
                    remedy="--force puts the backup in its place and keeps the old one beside it",
                )
            work = _Work(settings, folder, manifest, digest, before, force)
            put = _sqlite if settings.store_url.startswith("sqlite:///") else _postgresql
            return put(work, now, actor, progress)


@dataclass(frozen=True)
class _Work:
    settings: Settings
    folder: Path
    manifest: dict[str, Any]
    digest: str
    before: dict[str, Any] | None
    force: bool

    @property
    def place(self) -> Place:
        """Where the extracted things are, for the verifier."""
        folder = self.settings.path(self.settings.checkpoints)
        runs = self.settings.path(self.settings.runs)
        kept = self.folder / "checkpoints"
        if folder.is_relative_to(runs):
            kept = self.folder / "runs" / folder.relative_to(runs)
        return replace(
            place_of(self.settings),
            url=f"sqlite:///{self.folder / 'store/audit.db'}",
            originals=str(self.folder / "originals"),
            runs=self.folder / "runs",
            checkpoints=kept,
        )

    def accept(self, found: Verification) -> None:
        """Refuse what does not verify, unless told otherwise."""
        if found.faults and not self.force:
            raise TrailError(
                f"what is in this backup does not verify: {found.faults[0]}"
                + (f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""),
                where=str(self.folder.parent),
                remedy="use another backup, or restore it with --force and look into it",
            )


def _fits(settings: Settings, manifest: dict[str, Any], archive: Path) -> None:
    kind = settings.store_url.split(":", 1)[0]
    for key, here in (("round", settings.round.id), ("store", kind)):
        if manifest.get(key) != here:
            raise InputError(
                f"the backup is of {key} {manifest.get(key)}, and this is {here}",
                where=str(archive),
                remedy="name the audit.toml that it belongs to",
            )


def _there(settings: Settings) -> dict[str, Any] | None:
    """How the trail of the store that is there ends; ``None`` if there is no store."""
    query = "SELECT seq, hash FROM trail ORDER BY seq DESC LIMIT 1"
    url = settings.store_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return None
    try:
        with reading(url) as cursor:
            if cursor.postgresql and not cursor("SELECT to_regclass('trail')")[0][0]:
                return None
            last = list(cursor(query))
    except AuditError:
        raise
    except Exception:
        # Whatever is wrong with the store may be why it is being replaced.
        return {"size": None, "head": None}
    return {"size": last[0][0], "head": last[0][1]} if last else {"size": 0, "head": None}


def _sqlite(
    work: _Work,
    now: Callable[[], dt.datetime],
    actor: str,
    progress: Callable[..., Iterator[Any]],
) -> Restored:
    settings, place = work.settings, work.place
    found = verify_store(place, progress=progress)
    work.accept(found)
    _record(work, place.url, found, now, actor)
    _place_files(work, progress)
    target = Path(settings.store_url.removeprefix("sqlite:///"))
    aside = _set_aside(target, f"{now():%Y%m%dT%H%M%SZ}")
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("-wal", ""):
        # Its log is empty and gone, unless somebody looked into it meanwhile.
        path = work.folder / f"store/audit.db{ending}"
        if path.exists():
            path.rename(target.with_name(target.name + ending))
    return Restored(found.size, found.head, aside, tuple(found.faults))


def _postgresql(
    work: _Work,
    now: Callable[[], dt.datetime],
    actor: str,
    progress: Callable[..., Iterator[Any]],
) -> Restored:
    settings = work.settings
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.store_url, now=now))
        stack.enter_context(store_lock(store, settings.round.id))
        with load_postgresql(settings.store_url, work.folder / "store") as cursor:
            found = verify_view(cursor, work.place, progress=progress)
            work.accept(found)
        _record(work, settings.store_url, found, now, actor)
    _place_files(work, progress)
    return Restored(found.size, found.head, None, tuple(found.faults))


def _record(
    work: _Work, url: str, found: Verification, now: Callable[[], dt.datetime], actor: str
) -> None:
    """Tell the trail, with the checkpoints of what is left behind."""
    heads = _heads(url)
    folder = work.settings.path(work.settings.checkpoints)
    left = [c.head for _, c in checkpoints(folder) if c is not None and c.head not in heads]
    after = {
        "manifest_sha256": work.digest,
        "trail": {"size": found.size, "head": found.head},
        "made_at": work.manifest.get("at"),
        "faults": len(found.faults),
        "set_aside": left,
    }
    act = Act(Action.RESTORE, now(), actor, work.settings.round.id, always=True)
    with (
        open_store(url, create=False, now=now) as store,
        store.writing(replace(act, before=work.before, after=after)),
    ):
        pass


def _heads(url: str) -> set[str]:
    with reading(url) as cursor:
        return {str(row[0]) for row in _stream(cursor)}


def _stream(cursor: Cursor) -> Iterator[Any]:
    yield from cursor.stream("SELECT hash FROM trail")


def _place_files(work: _Work, progress: Callable[..., Iterator[Any]]) -> None:
    """Originals by their content, manifests and checkpoints by their names."""
    originals = originals_at(work.settings.originals_place)
    kept = list_files(work.folder / "originals")
    for path in progress(kept, "originals", total=len(kept)):
        originals.put_back(path, path.name)
    for name, folder in (
        ("runs", work.settings.path(work.settings.runs)),
        ("checkpoints", work.settings.path(work.settings.checkpoints)),
    ):
        _move(work.folder / name, folder)


def _place_round(source: Path, base: Path) -> None:
    """Settings, rules and forms, where a round is made anew from its backup."""
    for path in list_files(source):
        target = base / path.relative_to(source)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)


def _move(source: Path, folder: Path) -> None:
    for path in list_files(source):
        target = folder / path.relative_to(source)
        if target.is_file() and target.read_bytes() == path.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.rename(target.with_name(f"{target.name}.replaced"))
        path.rename(target)


def _set_aside(target: Path, stamp: str) -> Path | None:
    """Keep the store that was there, with its log: nothing is lost by a restore."""
    aside = target.with_name(f"{target.name}.replaced-{stamp}")
    for ending in ("-wal", "-shm", ""):
        path = target.with_name(target.name + ending)
        if path.exists():
            path.rename(aside.with_name(aside.name + ending))
    return aside if aside.exists() else None
