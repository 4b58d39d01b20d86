"""Files on their way in: which ones are pages, what they hold, their hash.

What a file is, its first bytes say; a name is only a hint for what to look at. In a
folder nothing is followed that leads out of it, so that a scan folder other people
write to cannot make the audit read (or wait for) something else. Residual risk: a file
that is swapped between the look and the reading is caught by its hash, not here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from detectors.errors import AccessError, AuditError, InputError
from scans.source.types import Limits

__all__ = ["check_file", "expand", "media_type", "media_type_of", "sha256_of"]

PAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".pdf"})
_HEAD = 1024  # a PDF may begin with up to this much of something else
_FOREIGN = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"8BPS", "Photoshop"),
    (b"PK\x03\x04", "ZIP, Office or EPUB"),
    (b"%!PS", "PostScript"),
    (b"\x97JB2\r\n\x1a\n", "bare JBIG2"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"AT&TFORM", "DjVu"),
    (b"\x1f\x8b", "gzip"),
    (b"<", "HTML, SVG or XML"),
)
_REMEDY = "give JPEG, PNG, TIFF or PDF"


def media_type(head: bytes) -> str | None:
    """Media type by the first bytes of a file; ``None`` for what is no page file."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "image/tiff"
    if b"%PDF-" in head[:_HEAD]:
        return "application/pdf"
    return None


def media_type_of(path: Path) -> str:
    """Media type of a page file by content.

    Raises:
        InputError: If it is empty or no JPEG, PNG, TIFF or PDF.
        AccessError: If it cannot be read.
    """
    head = _head(path)
    if not head:
        raise InputError("the file is empty", where=str(path), remedy="copy or scan it again")
    kind = media_type(head)
    if kind is None:
        raise InputError(f"no page file: {_foreign(head)}", where=str(path), remedy=_REMEDY)
    return kind


def check_file(path: Path, limits: Limits) -> None:
    """Refuse what is no regular file or too long, before anything opens it.

    Raises:
        InputError: If it is a folder, pipe, device or socket, or exceeds ``file_bytes``.
        AccessError: If it is not there.
    """
    try:
        info = path.stat()
    except (OSError, ValueError) as error:
        raise _unreachable(path, error) from error
    if not stat.S_ISREG(info.st_mode):
        raise InputError(
            f"this is a {_kind(info.st_mode)}, not a file", where=str(path), remedy=_REMEDY
        )
    if info.st_size > limits.file_bytes:
        raise InputError(
            f"{info.st_size / 2**20:.1f} MB exceed the limit of "
            f"{limits.file_bytes / 2**20:.3g} MB a file",
            where=str(path),
            remedy="split it into smaller files",
        )


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a whole file, lower-case hex; read in pieces.

    Raises:
        AccessError: If it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreachable(Path(path), error) from error


def expand(
    paths: Iterable[Path | str], *, refuse: Callable[[AuditError], None] | None = None
) -> Iterator[Path]:
    """Page files among ``paths``, folders walked in sorted order, each file once.

    A file that is named is always given back, whatever it holds: reading it says what is
    wrong. In a folder, hidden entries and what is neither by name nor by content a page
    are passed over; links out of the folder, pipes and devices are refused.

    Args:
        paths: Files and folders.
        refuse: Is told of each refused entry, and of each that cannot be looked into, and the
            walk goes on; without it the first one ends the walk.

    Raises:
        AccessError: If a path is not there.
        AuditError: For the first refused entry, if ``refuse`` is not given.
    """
    seen: set[Path] = set()
    for named in map(Path, paths):
        try:
            real = named.resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreachable(named, error) from error
        if real in seen or not seen.isdisjoint(real.parents):
            continue
        if not real.is_dir():
            seen.add(real)
            yield named
            continue
        for path in _walk(named, real, refuse or _raise):
            if seen.isdisjoint((path.resolve(), *path.resolve().parents)):
                yield path
        seen.add(real)


def _walk(folder: Path, root: Path, refuse: Callable[[AuditError], None]) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths, are sorted
    except OSError as error:
        refuse(_unreachable(folder, error))
        return
    for name in names:
        if name.startswith("."):
            continue
        path = folder / name
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            # A link that stays inside would give the same sheet twice.
            if not _inside(path, root):
                refuse(_refused(path, "a link that leads out of the folder"))
        elif stat.S_ISDIR(mode):
            yield from _walk(path, root, refuse)
        elif not stat.S_ISREG(mode):
            refuse(_refused(path, f"a {_kind(mode)}"))
        elif path.suffix.lower() in PAGE_SUFFIXES or _is_page(path, refuse):
            yield path


def _is_page(path: Path, refuse: Callable[[AuditError], None]) -> bool:
    try:
        return media_type(_head(path)) is not None
    except AccessError as error:
        refuse(error)
        return False


def _inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _refused(path: Path, what: str) -> InputError:
    return InputError(
        f"{what} is not followed", where=str(path), remedy="copy the file itself into the folder"
    )


def _raise(error: AuditError) -> None:
    raise error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise _unreachable(path, error) from error


def _foreign(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "it looks like WebP"
    if head[4:8] == b"ftyp":
        return "it looks like HEIC, AVIF or video"
    for magic, name in _FOREIGN:
        if head.lstrip().startswith(magic):
            return f"it looks like {name}"
    if b"\x00" not in head:
        return "it looks like text"
    return "its content is of no known picture format"


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "folder"),
        (stat.S_ISFIFO, "pipe"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISBLK, "device"),
        (stat.S_ISCHR, "device"),
    ):
        if test(mode):
            return name
    return "special file"


def _unreachable(path: Path, error: Exception) -> AccessError:
    reason = getattr(error, "strerror", None) or str(error)
    return AccessError(
        f"cannot be read: {reason}", where=str(path), remedy="check the path and its permissions"
    )
