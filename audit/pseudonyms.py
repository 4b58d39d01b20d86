"""Keyed hashes in place of devices, accounts and addresses: HMAC-SHA-256, key outside the store.

A plain hash of a telephone number is found again by trying all numbers; a keyed one only by
whoever has the key. Keys stand in one file that only its owner may read, like the key that
signs checkpoints. Every round keeps the key that it was begun with, so that working it out
anew gives the same findings; ``survey-audit rotate-keys`` makes a new one for rounds to come,
and ``purge`` forgets a key when the originals of its last round are gone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import stat
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from detectors.errors import AccessError, ConfigError

__all__ = ["MARK", "SOURCES", "Keyring", "Pseudonyms", "load_keys"]

SOURCES = ("account", "device", "ip")
"""Columns of a response table that name where a record came from."""

MARK = "~"
"""What a keyed hash begins with, so that nothing takes it for a name."""

_SHOWN = 12
_FOUR = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


@dataclass(frozen=True)
class Pseudonyms:
    """One key in use.

    Attributes:
        key_id: Its name: the first 12 hex digits of its SHA-256; may be told.
    """

    key_id: str
    _key: bytes = field(repr=False)

    def of(self, column: str, value: str) -> str:
        """The short keyed hash of a value; of an address, of its network.

        Args:
            column: ``account``, ``device``, ``ip``, ``phone``, ``name``: what it is.
            value: As it stands in the table.
        """
        plain = unicodedata.normalize("NFC", value).strip()
        if column == "ip":
            plain = _network(plain)
        elif column == "phone":
            plain = re.sub(r"^\+?84", "0", re.sub(r"[\s.()-]", "", plain))
        said = hmac.new(self._key, f"{column}\x1f{plain}".encode(), hashlib.sha256)
        return MARK + said.hexdigest()[:_SHOWN]

    def cover(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table with keyed hashes in place of accounts, devices and addresses."""
        covered = {}
        for column in SOURCES:
            if column in frame:
                values = frame[column]
                known = {v: self.of(column, _text(v)) for v in values.dropna().unique()}
                covered[column] = values.astype(object).map(known)
        return frame.assign(**covered) if covered else frame

    def cover_names(self, names: Iterable[str]) -> frozenset[str]:
        """Names of sources that may be of any kind, as :meth:`cover` writes them."""
        return frozenset(self.of(column, name) for name in names for column in SOURCES)


def _text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    # A number, as asked before.
    return str(int(value)) if whole else str(value)  # type: ignore[call-overload]  # a number


def _network(text: str) -> str:
    """/24 of IPv4, /48 of IPv6; what is neither stays."""
    if "/" not in text and (":" in text or _FOUR.fullmatch(text)):
        try:
            wide = ipaddress.ip_address(text).version == 4
            return str(ipaddress.ip_network((text, 24 if wide else 48), strict=False))
        except ValueError:
            return text
    return text


@dataclass
class Keyring:
    """The keys of a file, and which round uses which.

    Attributes:
        path: The file.
        current: Key id for rounds to come.
        keys: Key id -> key in hex and when it was made.
        rounds: Round id -> key id.
    """

    path: Path
    current: str
    keys: dict[str, dict[str, str]]
    rounds: dict[str, str]

    def of_round(self, round_id: str) -> Pseudonyms:
        """The key of a round: the one it began with, else the current one from now on.

        Raises:
            ConfigError: If the round's key is no longer in the file.
        """
        key_id = self.rounds.get(round_id)
        if key_id is None:
            key_id = self.rounds[round_id] = self.current
            self._write()
        if key_id not in self.keys:
            raise ConfigError(
                f"the key {key_id} of round {round_id} is not in the file",
                where=str(self.path),
                remedy="put the file back from its backup",
            )
        return Pseudonyms(key_id, bytes.fromhex(self.keys[key_id]["key"]))

    def rotate(self, at: dt.datetime) -> str:
        """Make a new key for rounds to come and give its id; rounds that began keep theirs."""
        self.current = _new(self.keys, at)
        self._write()
        return self.current

    def forget(self, round_id: str, at: dt.datetime) -> str | None:
        """Forget a round, and its key if no other round needs it; gives the id of that key."""
        key_id = self.rounds.pop(round_id, None)
        gone = key_id if key_id not in (*self.rounds.values(), None) else None
        if gone is not None:
            self.keys.pop(gone, None)
            if self.current == gone:
                self.current = _new(self.keys, at)
        self._write()
        return gone

    def _write(self) -> None:
        data = {"current": self.current, "keys": self.keys, "rounds": self.rounds}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f"{self.path.name}.", dir=self.path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:  # mkstemp: mode 600
                json.dump(data, stream, indent=1, sort_keys=True)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(self.path)
        except OSError as error:
            raise AccessError(
                f"the keys of pseudonyms cannot be written ({error.strerror})",
                where=str(self.path),
                remedy="name a place under identity_keys that you may write to",
            ) from error


def _new(keys: dict[str, dict[str, str]], at: dt.datetime) -> str:
    key = secrets.token_bytes(32)
    key_id = hashlib.sha256(key).hexdigest()[:12]
    keys[key_id] = {"key": key.hex(), "made": at.isoformat()}
    return key_id


def load_keys(path: Path, at: dt.datetime, *, make: bool = True) -> Keyring | None:
    """The keys of a file; a new file with a first key where there is none and ``make``.

    Raises:
        ConfigError: If others may read the file, or it holds no keys.
        AccessError: If it cannot be read or written.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        if not make:
            return None
        ring = Keyring(path, "", {}, {})
        ring.rotate(at)
        return ring
    except OSError as error:
        raise AccessError(
            f"the keys of pseudonyms cannot be read ({error.strerror})",
            where=str(path),
            remedy="check its owner, or name another file under identity_keys",
        ) from error
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        if mode & 0o077:
            raise ConfigError(
                f"the keys of pseudonyms may be read by others (mode {mode:03o})",
                where=str(path),
                remedy="chmod 600 the file",
            )
        text = stream.read(1_000_000)
    try:
        data = json.loads(text)
        ring = Keyring(path, data["current"], data["keys"], data["rounds"])
        if ring.current not in ring.keys or any(
            len(bytes.fromhex(kept["key"])) != 32 for kept in ring.keys.values()
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            "this file holds no keys of pseudonyms",
            where=str(path),
            remedy="put it back from its backup, or move it away: the next run makes a new key",
        ) from error
    return ring
