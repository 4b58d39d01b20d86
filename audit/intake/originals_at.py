"""Where the originals of a round are: a folder, or a bucket of objects."""

from __future__ import annotations

from pathlib import Path

from audit.intake.originals import Folder, Originals

__all__ = ["originals_at"]


def originals_at(where: str | Path) -> Originals:
    """The originals in a folder, or in a bucket where ``s3://…`` is given.

    Raises:
        MissingComponent: If what reaches the bucket is not installed.
    """
    if str(where).startswith("s3://"):
        from audit.intake.bucket import Bucket

        return Bucket(str(where))
    return Folder(Path(where))
