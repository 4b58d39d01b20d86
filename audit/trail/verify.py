"""The verifier: does everything that is kept still agree with everything else that is kept.

It works with a plain cursor on the store, or on an exported trail alone, and shares with
the code that writes the trail only its format. What it finds are faults (something was
changed) and notes (something worth knowing that is explained).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from audit.intake.originals import hash_file
from audit.intake.originals_at import originals_at
from audit.trail.checkpoint import checkpoints
from audit.trail.cursor import Cursor, reading
from audit.trail.links import Chain
from audit.trail.stored import check_guards, check_rows, check_sqlite
from audit.trail.transcript import Fault, from_file, from_store
from audit.trail.witnesses import Found, Kept, check_checkpoints, check_report
from detectors.errors import InputError

__all__ = ["Place", "Verification", "verify_file", "verify_store", "verify_view"]

_SHOWN = 40


@dataclass(frozen=True)
class Place:
    """Where the things of a round are kept.

    Attributes:
        url: The store.
        round_id: The round.
        originals: Folder of originals, or the URL of their bucket.
        runs: Folder of manifests.
        checkpoints: Folder of checkpoints; ``None`` to leave them out.
        public_key: The key, in hex, that somebody kept, or several; every checkpoint must
            be signed by one of them.
    """

    url: str
    round_id: str
    originals: str
    runs: Path
    checkpoints: Path | None = None
    public_key: Kept = None


@dataclass
class Verification:
    """What was found.

    Attributes:
        size: Entries of the trail.
        head: Hash of the last, in hex.
        checked: How many things of each kind were compared.
        faults: One line for each thing that does not agree.
        notes: One line for each thing worth knowing.
    """

    size: int = 0
    head: str = ""
    checked: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, faults: Iterable[Fault]) -> None:
        """Keep faults, and say where there are too many to show."""
        rest = iter(faults)
        self.faults += [_shown(f"{fault.where}: {fault.what}") for fault in islice(rest, _SHOWN)]
        if more := sum(1 for _ in rest):
            self.faults.append(f"… and {more} more of that kind")


def _shown(text: str) -> str:
    """What a changed store holds must not speak to the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def verify_store(
    place: Place,
    *,
    reports: Sequence[str] = (),
    progress: Callable[..., Iterator[Any]] | None = None,
) -> Verification:
    """Check the store of a round with all that stands around it.

    Args:
        place: Where it is.
        reports: Files of reports, or heads that are printed on them.
        progress: Passes items on: ``(items, label, total=…)``.

    Raises:
        AccessError: If the store cannot be reached.
        InputError: If a report cannot be read.
    """
    there = None if place.checkpoints is None else list(checkpoints(place.checkpoints))
    with reading(place.url) as cursor:
        return verify_view(cursor, place, there, reports=reports, progress=progress)


def verify_view(
    cursor: Cursor,
    place: Place,
    there: Found | None = None,
    *,
    reports: Sequence[str] = (),
    progress: Callable[..., Iterator[Any]] | None = None,
) -> Verification:
    """The same on an open view of the store, e.g. one that is not committed yet.

    Raises:
        InputError: If a report cannot be read.
    """
    found, chain = Verification(), Chain()
    try:
        found.take(check_sqlite(cursor))
        if not _has_trail(cursor):
            found.faults.append("trail: there is none in this store — run `survey-audit run`")
            return found
        found.take(check_guards(cursor))
        found.take(chain.check(from_store(cursor)))
        if not chain.size:
            found.faults.append("trail, seq 1: missing: the trail was removed")
        found.take(check_rows(cursor))
        _originals(found, cursor, place, progress)
    except (sqlite3.DatabaseError, ValueError) as error:
        found.faults.append(_shown(f"store: damaged ({' '.join(str(error).split())})"))
    _end(found, chain, place.checkpoints, place.public_key, reports, there)
    return found


def verify_file(
    path: Path,
    *,
    folder: Path | None = None,
    public_key: Kept = None,
    reports: Sequence[str] = (),
) -> Verification:
    """Check an exported trail, with checkpoints if there are any at hand.

    Args:
        path: The file.
        folder: Of checkpoints.
        public_key: As in :class:`Place`.
        reports: As above.

    Raises:
        InputError: If the file cannot be read.
    """
    found, chain = Verification(), Chain()
    try:
        found.take(chain.check(from_file(path)))
    except OSError as error:
        raise InputError(
            f"the trail cannot be read ({error.strerror})", where=str(path), remedy="name its file"
        ) from error
    _end(found, chain, folder, public_key, reports)
    return found


def _has_trail(cursor: Cursor) -> bool:
    if cursor.postgresql:
        return bool(cursor("SELECT to_regclass('trail') IS NOT NULL")[0][0])
    return bool(cursor("SELECT 1 FROM sqlite_master WHERE name = 'trail' AND type = 'table'"))


def _originals(
    found: Verification,
    cursor: Cursor,
    place: Place,
    progress: Callable[..., Iterator[Any]] | None,
) -> None:
    originals = originals_at(place.originals)
    names: dict[str, tuple[str, Any]] = {}
    query = "SELECT path, sha256, deleted_at, round_id FROM files ORDER BY path, sha256"
    others: set[str] = set()
    own = (place.round_id, f"{place.round_id}~known")  # known forms' scans stand among the round's
    for path, sha256, deleted, round_id in cursor(query):
        if round_id not in own:
            others.add(sha256)
        elif sha256 not in names or deleted is None:
            names[sha256] = (path, deleted)
    items: Iterable[str] = sorted(names)
    deleted_count = 0
    for sha256 in progress(items, "originals", total=len(names)) if progress else items:
        path, deleted = names[sha256]
        fault = originals.verify(sha256)
        if deleted is not None:
            deleted_count += fault == "missing"
            if fault != "missing":
                found.notes.append(f"{path}: was to be deleted on {deleted}; purge again")
        elif fault is not None:
            found.faults.append(_shown(f"{path}: the original {sha256} is {fault}"))
    if deleted_count:
        found.notes.append(f"{deleted_count} originals were deleted by the rule of retention")
    for orphan in originals.orphans(frozenset(names) | others):
        found.notes.append(f"not in the store (left by an interrupted run): {orphan}")
    query = "SELECT manifest, manifest_sha256 FROM runs WHERE round_id = ? AND manifest <> ''"
    manifests = cursor(query, (place.round_id,))
    for name, sha256 in manifests:
        manifest = place.runs / Path(str(name)).name
        if not manifest.is_file():
            found.faults.append(_shown(f"{manifest}: the manifest is missing"))
        elif hash_file(manifest) != sha256:
            found.faults.append(_shown(f"{manifest}: the manifest is changed"))
    found.checked |= {"originals": len(names) - deleted_count, "manifests": len(manifests)}


def _end(
    found: Verification,
    chain: Chain,
    folder: Path | None,
    public_key: Kept,
    reports: Sequence[str],
    there: Found | None = None,
) -> None:
    found.size, found.head = chain.size, chain.head
    found.checked["entries"] = chain.size
    if folder is not None:
        faults, notes, count = check_checkpoints(chain, folder, public_key, there)
        found.take(faults)
        found.notes += notes
        found.checked["checkpoints"] = count
    for report in reports:
        faults, notes = check_report(chain, report)
        found.take(faults)
        found.notes += notes
