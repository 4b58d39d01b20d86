"""Where a command writes: the terminal, or a file that is whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.cli._console import write_data
from detectors.errors import AccessError

__all__ = ["output_text"]


@contextmanager
def output_text(path: Path | None) -> Iterator[Callable[[str], object]]:
    """A function that writes text to ``path``, or to standard output for ``None``.

    The file appears under its name when everything was written; a run that fails leaves
    the old one as it was.

    Raises:
        AccessError: If the folder cannot be written to.
    """
    if path is None:
        yield write_data
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise AccessError(
            f"cannot be written ({error.strerror})",
            where=str(path),
            remedy="choose a folder that you may write to",
        ) from error
    part = Path(name)
    try:
        # A name that is no UTF-8 stands in JSON as JSON spells it.
        with os.fdopen(
            handle, "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
