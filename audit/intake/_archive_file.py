"""A ZIP archive of CSV files, as ODK Central gives a form's submissions.

The form's own table stands at the top of the archive; tables of its repeat groups are called
after it (``form-visits.csv`` beside ``form.csv``), and attachments lie in a folder. Only the
form's table is read. What the directory says is checked before anything is unpacked.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from audit.intake._csv_file import read_csv
from audit.intake._raw import RawTable
from detectors.errors import InputError

__all__ = ["read_archive"]

_UNPACKED = 2 << 30
_RATIO = 400
_PARTS = 100_000  # every submission may bring attachments
_FAULTS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, OSError, EOFError),
    *(RuntimeError, NotImplementedError, ValueError),
)


def read_archive(path: Path, data: bytes) -> RawTable:
    """Read the main table of an archive.

    Raises:
        InputError: If it is damaged, encrypted, unpacks to too much, or does not hold just one
            table of its own at the top.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            part = _main(path, archive.infolist())
            if part.file_size > _UNPACKED or part.file_size > _RATIO * max(part.compress_size, 64):
                raise InputError(
                    f"{part.filename} unpacks to far more than it holds",
                    where=str(path),
                    remedy="unpack it by hand and give the CSV file",
                )
            with archive.open(part) as stream:
                text = stream.read(part.file_size + 1)
    except _FAULTS as error:
        raise InputError(
            f"the archive is damaged or encrypted ({type(error).__name__})",
            where=str(path),
            remedy="export it again, or unpack it and give the CSV file",
        ) from error
    return read_csv(path, text)


def _main(path: Path, parts: Sequence[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """The one table that no other is the stem of."""
    if len(parts) > _PARTS:
        raise InputError(
            f"the archive has {len(parts)} parts",
            where=str(path),
            remedy="export it without attachments",
        )
    tables = [
        part
        for part in parts
        if len(PurePosixPath(part.filename).parts) == 1 and part.filename.lower().endswith(".csv")
    ]
    stems = {part.filename[:-4] for part in tables}
    own = [
        part
        for part in tables
        if not any(part.filename.startswith(f"{s}-") for s in stems - {part.filename[:-4]})
    ]
    if len(own) == 1:
        return own[0]
    names = ", ".join(part.filename for part in own[:4])
    raise InputError(
        f"the archive holds {len(own)} tables of its own ({names})" if own else
        "the archive holds no CSV file at its top",
        where=str(path),
        remedy="unpack it and give the one file that holds the answers",
    )  # fmt: skip
