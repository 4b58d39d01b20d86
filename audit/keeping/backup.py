"""A backup: store and originals of one moment, while a run may be writing.

Originals are written before the rows that speak of them and never changed, so a copy of the
store and then the originals that this copy names belong together.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from audit.intake.originals import list_files
from audit.intake.originals_at import originals_at
from audit.keeping.archive import ArchiveWriter
from audit.keeping.stores import copy_store, revision_of
from audit.pipeline.lock import round_lock
from audit.settings import Settings
from audit.store import open_store
from audit.store.known import with_known
from audit.trail.acts import Act, Action
from audit.trail.checkpoint import checkpoints as checkpoints_in
from audit.version import software_version
from detectors.errors import AccessError

__all__ = ["KEEPING_LOCK", "Backup", "back_up"]

KEEPING_LOCK = ".survey-audit.keeping.lock"


@dataclass(frozen=True)
class Backup:
    """What was made.

    Attributes:
        path: The archive.
        files: How many files are in it.
        size: In bytes.
        left_out: Originals that are missing or changed, and so are not in it.
    """

    path: Path
    files: int
    size: int
    left_out: tuple[str, ...]


def back_up(
    settings: Settings,
    target: Path,
    *,
    now: Callable[[], dt.datetime],
    actor: str,
    progress: Callable[..., Iterator[Any]],
) -> Backup:
    """Write an archive of store, originals, manifests, checkpoints and settings.

    Args:
        settings: Of the round.
        target: The archive, or a folder that it gets a name in.
        now: The clock.
        actor: Who asked for it.
        progress: Passes items on: ``(items, label, total=…)``.

    Raises:
        Busy: If originals are being deleted.
        AccessError: If the store cannot be read, or the archive cannot be written.
    """
    # A store of an earlier version gets its trail first.
    open_store(settings.store_url, create=False, now=now).close()
    moment = now()
    if target.is_dir() or target.suffix != ".tar":
        name = settings.round.id.replace(" ", "-")
        target = target / f"{name}-{moment:%Y%m%dT%H%M%SZ}.tar"
    with round_lock(settings.base / KEEPING_LOCK, "backup"):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix=".part-", dir=target.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    made = _write(settings, stream, moment, progress)
                    stream.flush()
                    os.fchmod(stream.fileno(), 0o640)
                    os.fsync(stream.fileno())
                Path(part).replace(target)
            finally:
                Path(part).unlink(missing_ok=True)
        except OSError as error:
            raise AccessError(
                f"the backup cannot be written ({error.strerror})",
                where=str(error.filename or target),
                remedy="check permissions and free space",
            ) from error
    said = made | {"file": target.name, "size": target.stat().st_size}
    act = Act(Action.BACKUP, now(), actor, settings.round.id, after=said, always=True)
    with (
        open_store(settings.store_url, create=False, now=now) as store,
        store.writing(act),
    ):
        pass
    return Backup(target, made["files"], said["size"], tuple(made["left_out"]))


def _write(
    settings: Settings,
    stream: Any,
    moment: dt.datetime,
    progress: Callable[..., Iterator[Any]],
) -> dict[str, Any]:
    archive = ArchiveWriter(stream, int(moment.timestamp()))
    originals = originals_at(settings.originals_place)
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.base) as folder,
        copy_store(settings.store_url, Path(folder)) as cursor,
    ):
        trail = next(iter(cursor("SELECT seq, hash FROM trail ORDER BY seq DESC LIMIT 1")))
        revision = revision_of(cursor)
        query = "SELECT DISTINCT sha256 FROM files WHERE round_id IN (?, ?) AND deleted_at IS NULL"
        wanted = sorted(row[0] for row in cursor(query, with_known(settings.round.id)))
        for path in list_files(Path(folder)):
            if path.suffix != ".db-journal":
                archive.add(f"store/{path.name}", partial(_opened, path))
    left_out = []
    for sha256 in progress(wanted, "originals", total=len(wanted)):
        name = f"originals/{sha256[:2]}/{sha256[2:4]}/{sha256}"
        if not archive.add(name, partial(originals.read, sha256), sha256):
            left_out.append(sha256)
    checkpoints = settings.path(settings.checkpoints)
    # A run that ended in the meantime has a checkpoint of entries that are not in the copy.
    later = {p for p, c in checkpoints_in(checkpoints) if c is None or c.size > trail[0]}
    _add_folder(archive, "runs", settings.path(settings.runs), later)
    if not checkpoints.is_relative_to(settings.path(settings.runs)):
        _add_folder(archive, "checkpoints", checkpoints, later)
    for path in _round_files(settings):
        name = f"round/{path.relative_to(settings.base).as_posix()}"
        archive.add(name, partial(_opened, path))
    manifest = {
        "round": settings.round.id,
        "at": moment.isoformat(),
        "software": software_version(),
        "store": settings.store_url.split(":", 1)[0],
        "revision": revision,
        "trail": {"size": trail[0], "head": trail[1]},
        "left_out": left_out,
    }
    digest = archive.close(manifest)
    return {
        "files": len(archive.files),
        "left_out": left_out,
        "manifest_sha256": digest,
        "trail": manifest["trail"],
    }


def _add_folder(archive: ArchiveWriter, name: str, folder: Path, without: set[Path]) -> None:
    for path in list_files(folder):
        if path.is_file() and not path.is_symlink() and path not in without:
            archive.add(f"{name}/{path.relative_to(folder).as_posix()}", partial(_opened, path))


def _round_files(settings: Settings) -> list[Path]:
    """Settings, rules, forms and registers that stand in the round's folder; never the keys."""
    named = [
        Path("audit.toml"),
        settings.rules,
        *(form.file.parent for form in settings.instrument),
    ]
    for form in settings.instrument:
        named += [path for path in (form.reference, form.previous) if path is not None]
    named += [settings.units, settings.custody, settings.withdrawn]
    named += [*settings.collection.files().values(), *settings.results.tables()]
    found: dict[Path, None] = {}
    base = settings.base.resolve()
    secret = (settings.signing_key, settings.identity_keys, settings.desk.secret)
    keys = {settings.path(each).resolve() for each in secret}
    for path in (settings.path(each) for each in named):
        if path.resolve() == base:
            continue
        for file in [path] if path.is_file() else list_files(path):
            inside = file.resolve().is_relative_to(base) and not file.is_symlink()
            if inside and file.resolve() not in keys:
                found[settings.base / file.resolve().relative_to(base)] = None
    return list(found)


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")
