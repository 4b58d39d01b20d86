"""What left the program: an entry in the trail, and a manifest with the head it was made at."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from audit.intake.originals import hash_file
from audit.pipeline.manifest import write_manifest
from audit.settings import Settings
from audit.store import Store
from audit.trail.acts import Act, Action
from audit.trail.chain import covering_head, note

__all__ = ["Exported", "record_export"]


@dataclass(frozen=True, slots=True)
class Exported:
    """One export.

    Attributes:
        what: The table.
        format: Of the file.
        rows: How many.
        file: Its name; empty for the terminal.
        sha256: Of its content.
    """

    what: str
    format: str
    rows: int
    file: str
    sha256: str = ""

    def of_text(self, text: str) -> Exported:
        """With the hash of what goes to the terminal."""
        return dataclasses.replace(self, sha256=hashlib.sha256(text.encode()).hexdigest())

    def of_file(self, path: Path) -> Exported:
        """With the hash of a file's content."""
        return dataclasses.replace(self, sha256=hash_file(path))


def record_export(
    store: Store, settings: Settings, exported: Exported, *, at: dt.datetime, actor: str
) -> Path:
    """Record an export before anybody gets it.

    Returns:
        The manifest: ``runs/exports/<number of the entry>.json``.

    Raises:
        AccessError: If store or folder cannot be written: then nothing may leave.
    """
    said = dataclasses.asdict(exported)
    with store.writing(Act(Action.EXPORT, at, actor)) as connection:
        made_from = covering_head(connection)
        entry = note(connection, Action.EXPORT, object=exported.what, after=said)
    manifest = said | {
        "round": settings.round.id,
        "at": at.isoformat(),
        "trail": {"size": made_from.size, "head": made_from.hash.hex()},
    }
    folder = settings.path(settings.runs) / "exports"
    return write_manifest(folder, str(entry.size), manifest)[0]
