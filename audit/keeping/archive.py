"""A backup as a file: a tar archive whose last member says what is in it, with hashes.

Names in an archive are ours alone: anything else, links, devices and paths that lead out
are refused when it is read.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from audit.intake.originals import hash_stream
from detectors.errors import InputError

__all__ = ["FORMAT", "MANIFEST", "ArchiveWriter", "extract"]

FORMAT = "survey-audit backup 1"
MANIFEST = "manifest.json"
_ROOTS = frozenset({"store", "originals", "runs", "checkpoints", "round"})
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 1 << 30
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class ArchiveWriter:
    """Adds files and remembers their hashes."""

    def __init__(self, stream: IO[bytes], moment: int) -> None:
        """Write to ``stream``; every member gets the time ``moment`` (seconds since 1970)."""
        self._tar = tarfile.TarFile(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)
        self._moment = moment
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, opened: Callable[[], IO[bytes]], sha256: str | None = None) -> bool:
        """Add a file.

        Args:
            name: In the archive.
            opened: Opens it at its beginning.
            sha256: What it must be; otherwise it is whatever it is.

        Returns:
            Whether it was there and was what it must be; if not, it is not in the archive.
        """
        try:
            with opened() as stream:
                digest, size = hash_stream(stream), stream.tell()
                if sha256 is not None and digest != sha256:
                    return False
                stream.seek(0)
                self._member(name, stream, size)
        except FileNotFoundError:
            return False
        self.files[name] = {"sha256": digest, "size": size}
        return True

    def close(self, manifest: dict[str, Any]) -> str:
        """Add the manifest and end the archive; its SHA-256."""
        text = json.dumps(
            {**manifest, "format": FORMAT, "files": self.files}, sort_keys=True, ensure_ascii=False
        ).encode()
        self._member(MANIFEST, io.BytesIO(text), len(text))
        self._tar.close()
        return hashlib.sha256(text).hexdigest()

    def _member(self, name: str, stream: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._moment, 0o640
        self._tar.addfile(info, stream)


def extract(archive: Path, folder: Path) -> tuple[dict[str, Any], str]:
    """Take an archive apart below an empty folder and check every file against its hash.

    Returns:
        The manifest and its SHA-256.

    Raises:
        InputError: If it is no backup, or a file in it is not what the manifest says.
    """
    hashes: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    manifest_hash = ""
    try:
        with tarfile.open(archive, mode="r|") as tar:
            for name, stream, size in _members(tar, archive):
                if manifest is not None:
                    raise _wrong(archive, f"something follows the manifest ({name})")
                if name == MANIFEST:
                    data = stream.read(min(size, _LARGEST_MANIFEST))
                    manifest, manifest_hash = _manifest(data, archive), _sha256(data)
                else:
                    hashes[name] = _place(stream, folder / name)
    # Headers are numbers as text, which tarfile reads with int().
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise _wrong(archive, f"it cannot be read to its end ({error})") from error
    except OSError as error:
        raise _wrong(archive, f"it cannot be read ({error.strerror or error})") from error
    if manifest is None:
        raise _wrong(archive, "it has no manifest: it was cut off")
    for name in sorted({*hashes, *manifest["files"]}):
        entry = manifest["files"].get(name)
        said = entry.get("sha256") if isinstance(entry, dict) else None
        if said is None or hashes.get(name) != said:
            raise _wrong(archive, f"{name} is not what the manifest says")
    return manifest, manifest_hash


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[tuple[str, IO[bytes], int]]:
    seen: set[str] = set()
    room = archive.stat().st_size
    for member in tar:
        parts = member.name.split("/")
        plain = not _CONTROL.search(member.name) and not {"", ".", ".."} & set(parts)
        known = member.name == MANIFEST or (len(parts) > 1 and parts[0] in _ROOTS)
        # What is longer than the archive has holes (GNU sparse files), or lies.
        whole = member.isreg() and not member.issparse() and 0 <= member.size <= room
        stream = tar.extractfile(member) if whole else None
        if stream is None or not plain or not known or member.name in seen:
            raise _wrong(archive, f"it holds {member.name!r}, which no backup holds")
        seen.add(member.name)
        yield member.name, stream, member.size


def _place(stream: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _manifest(data: bytes, archive: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(data)
        if manifest["format"] == FORMAT and isinstance(manifest["files"], dict):
            return manifest
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise _wrong(archive, f"its manifest is none of this program's ({FORMAT})")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _wrong(archive: Path, what: str) -> InputError:
    return InputError(
        f"this backup cannot be used: {what}", where=str(archive), remedy="use another backup"
    )
