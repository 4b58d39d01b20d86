"""What a call that writes many reports has finished, so that the next can go on from there."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from audit.version import software_version
from detectors.errors import AccessError

__all__ = ["Journal"]


class Journal:
    """Units that are written, a line each, in a hidden file of the folder.

    The file is named after the state that the reports show, so that one of another state, or
    of another program, is never taken for it. A finished call removes it.
    """

    def __init__(self, folder: Path, state: Sequence[Any]) -> None:
        """Nothing is read or written yet.

        Args:
            folder: Of the reports.
            state: What they are made from, and how.
        """
        key = hashlib.sha256(json.dumps([software_version(), *state]).encode()).hexdigest()[:16]
        self._folder = folder
        self._path = folder / f".unfinished-{key}.jsonl"
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Open it for writing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it there for the next call, unless it was closed as finished."""
        if self._file is not None:
            self._file.close()

    def done(self) -> Mapping[str, tuple[Path, ...]]:
        """Units whose files are all there; a line that was cut off counts as none."""
        found: dict[str, tuple[Path, ...]] = {}
        with contextlib.suppress(OSError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    unit, *names = json.loads(line)
                    paths = tuple(self._folder / name for name in names)
                    if all(path.is_file() for path in paths):
                        found[unit] = paths
        return found

    def note(self, unit_id: str, paths: Sequence[Path]) -> None:
        """One more unit is written.

        Raises:
            AccessError: If the file cannot be written.
        """
        names = [path.relative_to(self._folder).as_posix() for path in paths]
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8")
            self._file.write(json.dumps([unit_id, *names]) + "\n")
            self._file.flush()
        except OSError as error:
            raise AccessError(
                f"the list of finished reports cannot be written ({error.strerror})",
                where=str(self._path),
                remedy="check the folder, its rights and the free space",
            ) from error

    def close(self) -> None:
        """All is done: the list is not needed any more."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with contextlib.suppress(OSError):
            for old in self._folder.glob(".unfinished-*.jsonl"):
                old.unlink()
