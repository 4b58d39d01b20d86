"""Originals, kept by their content and never changed; deleted by the rule of retention alone.

``originals/ab/cd/<sha256>``, in a folder here or in a bucket (:mod:`audit.intake.bucket`): a
copy is there whole, and lasts, before any row in the store speaks of it. In a folder it is
written beside its place, synced, renamed, and the folder synced; a crash leaves at most a
temporary file, which the next run removes. Sources are untrusted: only regular files are
taken, links are not followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from audit.portable import AS_BYTES, NO_LINKS, make_private, sync_folder
from detectors.errors import AccessError, AuditError, InputError

__all__ = ["Folder", "Original", "Originals", "list_files", "place_of_hash"]

_CHUNK = 1 << 20
_TEMPORARY = ".part-"


@dataclass(frozen=True, slots=True)
class Original:
    """One kept file.

    Attributes:
        sha256: Of its content, lower-case hex.
        size: In bytes.
    """

    sha256: str
    size: int


class Originals(ABC):
    """Where originals are kept."""

    where: str
    """The folder or the URL."""

    shared_paths: bool
    """Whether workers on other machines may find files by the paths of this one."""

    @abstractmethod
    def add(self, source: Path) -> Original:
        """Keep a copy of ``source``; harmless when it is kept already.

        Raises:
            InputError: If it is no regular file.
            AccessError: If it cannot be read, or it cannot be kept.
        """

    @abstractmethod
    def put_back(self, source: Path, sha256: str) -> None:
        """Bring a file of known content, synced and on the same disk, to its place.

        The source may be gone afterwards. A file that stands there and is not what its name
        says is kept beside it.

        Raises:
            AccessError: If it cannot be brought there.
        """

    @abstractmethod
    def read(self, sha256: str) -> IO[bytes]:
        """One original, to be read from its beginning and closed.

        Raises:
            FileNotFoundError: If it is not there.
            AccessError: If the place cannot be reached.
        """

    @abstractmethod
    def at_hand(self, hashes: Sequence[str]) -> AbstractContextManager[Mapping[str, Path]]:
        """Paths on this machine for some originals, for as long as the context lasts.

        A path is there for every hash; the file is not where the original is missing. Files
        are not to be changed.

        Raises:
            AccessError: If the place cannot be reached.
        """

    @abstractmethod
    def remove(self, sha256: str) -> None:
        """Delete one original for good, as the rule of retention asks; harmless if it is gone.

        Raises:
            AccessError: If it cannot be deleted.
        """

    @abstractmethod
    def orphans(self, known: frozenset[str]) -> Iterator[str]:
        """Kept files that no row speaks of, e.g. after a crash; in order of name."""

    @abstractmethod
    def sweep(self) -> int:
        """Remove what a crash left half written; the number of files removed."""

    def verify(self, sha256: str) -> str | None:
        """What is wrong with one original: ``missing``, ``changed``, or ``None``.

        Raises:
            AccessError: If the place cannot be reached.
        """
        try:
            with self.read(sha256) as stream:
                return None if hash_stream(stream) == sha256 else "changed"
        except FileNotFoundError:
            return "missing"


def place_of_hash(sha256: str) -> str:
    """Where an original stands below the root, with forward slashes."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


class Folder(Originals):
    """A folder of originals on this machine, or one that several machines share."""

    shared_paths = True

    def __init__(self, root: Path) -> None:
        """Use ``root``; it is made when the first file is added."""
        self.root = root
        self.where = str(root)

    def path(self, sha256: str) -> Path:
        """Where the original with this hash is kept."""
        return self.root / place_of_hash(sha256)

    def add(self, source: Path) -> Original:
        """See :meth:`Originals.add`."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with open_regular(source) as (descriptor, size):
                handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=self.root)
                temporary = Path(name)
                try:
                    try:
                        digest = copy_hashed(descriptor, handle)
                        make_private(handle, 0o440)
                        os.fsync(handle)
                    finally:
                        # Closed before it is renamed: Windows renames no open file.
                        os.close(handle)
                    if not self.path(digest).exists():
                        self._move(temporary, digest)
                    return Original(digest, size)
                finally:
                    temporary.unlink(missing_ok=True)
        except OSError as error:
            raise AccessError(
                f"the file cannot be kept ({error.strerror})",
                where=str(error.filename or source),
                remedy="check permissions and free space",
            ) from error

    def _move(self, source: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        for folder in (target.parent, target.parent.parent, self.root):
            sync_folder(folder)

    def put_back(self, source: Path, sha256: str) -> None:
        """See :meth:`Originals.put_back`."""
        try:
            state = self.verify(sha256)
            if state is None:
                return
            if state == "changed":
                target = self.path(sha256)
                target.rename(target.with_name(f"{sha256}.changed"))
            source.chmod(0o440)
            self._move(source, sha256)
        except OSError as error:
            raise AccessError(
                f"the original cannot be put back ({error.strerror})",
                where=str(error.filename or source),
                remedy="check permissions",
            ) from error

    def read(self, sha256: str) -> IO[bytes]:
        """See :meth:`Originals.read`."""
        return self.path(sha256).open("rb")

    def at_hand(self, hashes: Sequence[str]) -> AbstractContextManager[Mapping[str, Path]]:
        """See :meth:`Originals.at_hand`; they are there already, nothing is copied."""
        if hashes and not self.root.is_dir():
            # A disk that is not mounted must not look like files that are gone.
            raise AccessError(
                "the folder of originals is not there",
                where=self.where,
                remedy="mount it, or restore a backup",
            )
        return nullcontext({sha256: self.path(sha256) for sha256 in hashes})

    def remove(self, sha256: str) -> None:
        """See :meth:`Originals.remove`."""
        path = self.path(sha256)
        try:
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)
        except OSError as error:
            raise AccessError(
                f"the original cannot be deleted ({error.strerror})",
                where=str(path),
                remedy="check permissions of the folder, and purge again",
            ) from error

    def orphans(self, known: frozenset[str]) -> Iterator[str]:
        """See :meth:`Originals.orphans`."""
        if self.root.is_dir():
            for path in sorted(self.root.rglob("*")):
                if path.is_file() and path.name not in known:
                    yield str(path)

    def sweep(self) -> int:
        """See :meth:`Originals.sweep`."""
        left = list(self.root.glob(f"{_TEMPORARY}*")) if self.root.is_dir() else []
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


class open_regular:  # noqa: N801 - reads as a function at its only call
    """A descriptor of a regular file, links not followed, and its size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1

    def __enter__(self) -> tuple[int, int]:
        flags = os.O_RDONLY | AS_BYTES | NO_LINKS
        try:
            self.descriptor = os.open(self.path, flags)
        except OSError as error:
            if self.path.is_symlink():
                raise InputError(
                    "a link is not taken in",
                    where=str(self.path),
                    remedy="put the file itself there",
                ) from error
            raise
        state = os.fstat(self.descriptor)
        if not stat.S_ISREG(state.st_mode):
            os.close(self.descriptor)
            raise InputError(
                "this is no regular file",
                where=str(self.path),
                remedy="put the file itself there",
            )
        return self.descriptor, state.st_size

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def copy_hashed(source: int, target: int) -> str:
    """Copy between descriptors; the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    while chunk := os.read(source, _CHUNK):
        digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content, lower-case hex.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as stream:
        return hash_stream(stream)


def hash_regular(path: Path) -> str:
    """The same of a regular file that others may have put there; links are not followed.

    Raises:
        InputError: If it is a link, a pipe, a device or a folder.
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with open_regular(path) as (descriptor, _):
        while chunk := os.read(descriptor, _CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_stream(stream: IO[bytes]) -> str:
    """SHA-256 of what is left of a stream, lower-case hex."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def list_files(folder: Path, *, refuse: Callable[[AuditError], None] | None = None) -> list[Path]:
    """Files below a folder in order of name; hidden ones are passed by, links to folders refused.

    Args:
        folder: Where to look; nothing is there if it is not.
        refuse: Is told of each folder that cannot be looked into, or is a link.
    """
    found: list[Path] = []
    if not folder.is_dir():
        return found

    def closed(error: OSError) -> None:
        if refuse is not None:
            what = f"the folder cannot be read ({error.strerror})"
            refuse(AccessError(what, where=str(error.filename), remedy="check permissions"))

    for root, folders, names in os.walk(folder, onerror=closed, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(root) / name for name in folders):
            if refuse is not None and path.is_symlink():
                what = "a link to a folder is not followed"
                refuse(InputError(what, where=str(path), remedy="copy its files into the folder"))
        found.extend(
            Path(root) / name for name in sorted(names) if not name.startswith((".", "~$"))
        )
    return sorted(found)
