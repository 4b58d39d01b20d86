"""Signed checkpoints: how long the trail was and how it ended, kept outside the store.

A chain of hashes only shows that it is whole; that it is the same chain as yesterday, only
somebody can tell who kept yesterday's end. ``<size>.json`` is canonical JSON, signed over
everything else in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit.trail.canonical import canonical
from audit.trail.keys import SigningKey, public_pem, signed_by
from audit.whole_file import write_whole

__all__ = ["KEY_FILE", "Checkpoint", "checkpoints", "write_checkpoint", "write_public"]

KEY_FILE = "key.pem"
_DOMAIN = b"survey-audit checkpoint 1\n"
_NAME = re.compile(r"(\d+)(?:-[0-9a-f]{8})?\.json")
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint.

    Attributes:
        round: Id of the round.
        run: The run at whose end it was made.
        size: Number of the trail's last entry then.
        head: Hash of that entry, in hex.
        at: When, as in the trail.
        key: Public key that signed, in hex.
        signature: Over everything else, in hex.
    """

    round: str
    run: str
    size: int
    head: str
    at: str
    key: str
    signature: str = ""

    @property
    def statement(self) -> bytes:
        """What is signed."""
        data = {name: value for name, value in asdict(self).items() if name != "signature"}
        return _DOMAIN + canonical(data).encode()

    def signed(self, key: SigningKey) -> Checkpoint:
        """The same, signed."""
        return Checkpoint(**{**asdict(self), "signature": key.sign(self.statement)})

    @property
    def genuine(self) -> bool:
        """Whether the signature is that of the key it names."""
        return signed_by(self.key, self.signature, self.statement)

    def text(self) -> bytes:
        """The file's content."""
        return canonical(asdict(self)).encode() + b"\n"


def checkpoints(folder: Path) -> Iterator[tuple[Path, Checkpoint | None]]:
    """Every checkpoint of a folder in order of size; ``None`` for a file that is none."""
    found = []
    if folder.is_dir():
        for path in folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match:
                found.append((int(match[1]), path.name, path))
    for size, _, path in sorted(found):
        checkpoint = _read(path)
        wrong = checkpoint is None or checkpoint.size != size
        yield path, None if wrong else checkpoint


def _read(path: Path) -> Checkpoint | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST)
        fields: dict[str, Any] = json.loads(data)
        checkpoint = Checkpoint(**fields)
        kinds = [isinstance(v, int if n == "size" else str) for n, v in fields.items()]
        # A byte that means nothing to a reader of JSON still is a changed byte.
        return checkpoint if all(kinds) and checkpoint.text() == data else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Keep a checkpoint; one that is there is never written over.

    Raises:
        AccessError: If the folder cannot be written.
    """
    path = folder / f"{checkpoint.size}.json"
    if path.exists() and _read(path) != checkpoint:
        path = folder / f"{checkpoint.size}-{checkpoint.head[:8]}.json"
    write_whole(path, checkpoint.text(), "the checkpoint")
    return path


def write_public(path: Path, public: str) -> None:
    """Keep the public key as a PEM file; nothing is touched where it is there already.

    Raises:
        AccessError: If the folder cannot be written.
    """
    data = public_pem(public)
    if not path.is_file() or path.read_bytes() != data:
        write_whole(path, data, "the public key")
