"""Originals in an S3 bucket: the same keys, written whole or not at all, never over another.

Address, region and keys come from where every program of that kind takes them (the
environment, ``~/.aws``, the machine's role), so that no settings file holds a secret;
``AWS_ENDPOINT_URL`` names a server of one's own. An upload is refused by the server unless
its checksum fits, and an object appears when all of it is there; what a crash leaves of a
large upload is invisible, and a lifecycle rule of the bucket takes it away.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from audit.intake.originals import (
    Original,
    Originals,
    copy_hashed,
    open_regular,
    place_of_hash,
)
from detectors.errors import AccessError, MissingComponent

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Bucket"]

_AT_A_TIME = 8
_READ_AHEAD = 4 << 20
_WAYS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}


class Bucket(Originals):
    """Originals below a prefix of a bucket."""

    shared_paths = False

    def __init__(self, url: str) -> None:
        """Use ``s3://bucket/prefix``; nothing is asked of the server yet.

        Raises:
            MissingComponent: If the extra ``s3`` is not installed.
        """
        self.where = url.rstrip("/")
        self._fs = _file_system()
        self._seen = False

    def key(self, sha256: str) -> str:
        """The URL of an original."""
        return f"{self.where}/{place_of_hash(sha256)}"

    def add(self, source: Path) -> Original:
        """See :meth:`Originals.add`."""
        try:
            # What is hashed is what is sent: the source may change in between.
            with open_regular(source) as (descriptor, _), tempfile.NamedTemporaryFile() as copy:
                sha256 = copy_hashed(descriptor, copy.fileno())
                size = os.fstat(copy.fileno()).st_size
                self._send(Path(copy.name), sha256, size)
        except OSError as error:
            raise AccessError(
                f"the file cannot be kept ({error.strerror or error})",
                where=str(error.filename or source),
                remedy="check permissions and free space",
            ) from error
        return Original(sha256, size)

    def put_back(self, source: Path, sha256: str) -> None:
        """See :meth:`Originals.put_back`."""
        state = self.verify(sha256)
        if state is None:
            return
        if state == "changed":
            with self._asked() as fs:
                fs.copy(self.key(sha256), f"{self.key(sha256)}.changed")
                fs.rm_file(self.key(sha256))
        self._send(source, sha256, source.stat().st_size)

    def read(self, sha256: str) -> IO[bytes]:
        """See :meth:`Originals.read`."""
        with self._asked() as fs:
            stream = fs.open(self.key(sha256), "rb", block_size=_READ_AHEAD, cache_type="readahead")
        return cast("IO[bytes]", _Told(stream, self))

    @contextmanager
    def at_hand(self, hashes: Sequence[str]) -> Iterator[Mapping[str, Path]]:
        """See :meth:`Originals.at_hand`; fetched into a temporary folder, some at a time."""
        with tempfile.TemporaryDirectory(prefix="survey-audit-") as name:
            paths = {sha256: Path(name) / sha256 for sha256 in hashes}
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                list(pool.map(self._fetch, paths.items()))
            yield paths

    def remove(self, sha256: str) -> None:
        """See :meth:`Originals.remove`."""
        try:
            with self._asked() as fs:
                fs.rm_file(self.key(sha256))
        except FileNotFoundError:
            return

    def orphans(self, known: frozenset[str]) -> Iterator[str]:
        """See :meth:`Originals.orphans`."""
        with self._asked() as fs:
            found = sorted(fs.find(self.where))
        for path in found:
            if path.rsplit("/", 1)[-1] not in known:
                yield f"s3://{path}"

    def sweep(self) -> int:
        """Nothing is left half written where anybody would see it."""
        return 0

    def _fetch(self, item: tuple[str, Path]) -> None:
        sha256, path = item
        try:
            with self._asked() as fs:
                fs.get_file(self.key(sha256), str(path))
        except FileNotFoundError:
            path.unlink(missing_ok=True)

    def _send(self, source: Path, sha256: str, size: int) -> None:
        key = self.key(sha256)
        with self._asked() as fs:
            if _size(fs, key) == size:
                return
            try:
                fs.put_file(str(source), key, mode="create")
            except FileExistsError:
                # Another machine was faster with the same content.
                return
            except FileNotFoundError as error:
                raise _unreachable(self.where, error) from error

    @contextmanager
    def _asked(self) -> Iterator[AbstractFileSystem]:
        """The server; what it or the way to it says is one line, a missing file is itself."""
        try:
            if not self._seen:
                self._look()
            yield self._fs
        except FileNotFoundError:
            raise
        except Exception as error:
            if _of_the_way(error):
                raise _unreachable(self.where, error) from error
            raise

    def _look(self) -> None:
        """A bucket that is not there must not look like originals that are not."""
        bucket = self.where.removeprefix("s3://").split("/", 1)[0]
        try:
            self._fs.info(bucket)
        except FileNotFoundError as error:
            raise _unreachable(self.where, error, "the bucket is not there") from error
        self._seen = True


class _Told:
    """A stream whose errors name the bucket."""

    def __init__(self, stream: Any, bucket: Bucket) -> None:
        self._stream, self._bucket = stream, bucket

    def read(self, size: int = -1) -> bytes:
        with self._bucket._asked():
            return cast("bytes", self._stream.read(size))

    def seek(self, place: int, whence: int = 0) -> int:
        return cast("int", self._stream.seek(place, whence))

    def tell(self) -> int:
        return cast("int", self._stream.tell())

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _file_system() -> AbstractFileSystem:
    try:
        from s3fs import S3FileSystem

        # Objects come and go by other hands: nothing that was listed once is believed again.
        # The address is named so that another one is another connection.
        server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return S3FileSystem(endpoint_url=server, use_listings_cache=False, config_kwargs=_WAYS)
    except ImportError as error:
        raise MissingComponent(
            "what reaches an S3 bucket is not installed",
            where="audit.toml, key originals",
            remedy="pip install 'survey-audit[s3]'",
        ) from error


def _size(fs: AbstractFileSystem, key: str) -> int | None:
    try:
        found = fs.info(key)
    except FileNotFoundError:
        return None
    return int(found["size"]) if found["type"] == "file" else None


def _of_the_way(error: Exception) -> bool:
    """Whether an error is of the server or the way to it, and not of this program."""
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, OSError | BotoCoreError | ClientError)


def _unreachable(where: str, error: Exception, what: str | None = None) -> AccessError:
    text = what or " ".join(str(error).split()) or type(error).__name__
    return AccessError(
        f"the originals cannot be reached ({text})",
        where=where,
        remedy="check the address (AWS_ENDPOINT_URL), the keys and their rights, and run again",
    )
