"""Writing a small file in one step: it is there whole, or as it was before."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from audit.portable import make_private
from detectors.errors import AccessError

__all__ = ["write_whole"]


def write_whole(path: Path, data: bytes, what: str) -> None:
    """Write beside the place, make it last, rename; its folder is made if need be.

    Args:
        path: Where to.
        data: What.
        what: Name of the thing for the reader of an error, e.g. ``the manifest``.

    Raises:
        AccessError: If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            make_private(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise AccessError(
            f"{what} cannot be written ({error.strerror})",
            where=str(path),
            remedy="check permissions and free space",
        ) from error
