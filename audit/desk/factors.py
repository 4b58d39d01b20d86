"""The second factor: one-time codes (RFC 6238) and recovery codes.

The secret lies in the store encrypted by a key that is a file of the desk's, so that a copy of
the database alone makes no codes. A code counts once: the time step of the last one is kept,
and only later ones are taken. Recovery codes are random, shown once and kept as hashes; each
counts once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

import pyotp
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from audit.desk.people import stamp
from audit.store import schema
from audit.trail.chain import touched
from detectors.errors import ConfigError

__all__ = ["STEP", "Factors", "enrolment_uri", "load_secret_key"]

STEP = 30
"""Seconds that one code is shown."""

_SLACK = 1  # steps that a telephone's clock may be off
_RECOVERY = 10
_ISSUER = "survey-audit"


def load_secret_key(path: Path) -> bytes:
    """The key that second factors are encrypted with; made if there is none.

    Raises:
        ConfigError: If the file holds no key, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(
            f"the desk's key cannot be made ({error.strerror})",
            where=str(path),
            remedy="let the desk's account write there, or name another file under desk.secret",
        ) from error
    else:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(Fernet.generate_key() + b"\n")
    if path.stat().st_mode & 0o077:
        raise ConfigError(
            "the desk's key may be read by others", where=str(path), remedy="chmod 600 it"
        )
    try:
        key = path.read_bytes().strip()
        Fernet(key)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "this is no key of the desk",
            where=str(path),
            remedy="put the right file back from a backup; without it, second factors are reset",
        ) from error
    return key


def enrolment_uri(secret: str, name: str, place: str) -> str:
    """What the QR code says: ``otpauth://totp/…``."""
    issuer = f"{_ISSUER} {place}".strip()
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=name, issuer_name=issuer)


class Factors:
    """Repository of second factors, one a user."""

    def __init__(self, connection: sa.Connection, key: bytes) -> None:
        """Work inside the caller's transaction."""
        self.connection = connection
        self._box = Fernet(key)

    def confirmed(self, user_id: int) -> bool:
        """Whether a user has a second factor in use."""
        row = self._row(user_id)
        return row is not None and row["confirmed_at"] is not None

    def left(self, user_id: int) -> int:
        """How many recovery codes are left."""
        row = self._row(user_id)
        return 0 if row is None else len(row["recovery"])

    def begin(self, user_id: int) -> str:
        """Make a new secret, not in use before a code of it was given; the secret."""
        table, secret = schema.factors, pyotp.random_base32(32)
        values: dict[str, object] = {
            "secret": self._box.encrypt(secret.encode()).decode(),
            "confirmed_at": None,
            "last_step": 0,
            "recovery": [],
        }
        if self._row(user_id) is None:
            self.connection.execute(sa.insert(table).values(user_id=user_id, **values))
        else:
            self._update(user_id, values)
        touched(self.connection, table.name, [user_id])
        return secret

    def pending(self, user_id: int) -> str | None:
        """The secret that waits for its first code."""
        row = self._row(user_id)
        waits = row is not None and row["confirmed_at"] is None
        return self._open(row["secret"]) if row is not None and waits else None

    def confirm(self, user_id: int, code: str, now: dt.datetime) -> list[str] | None:
        """Put a new factor into use by its first code.

        Returns:
            Recovery codes, which are not kept and cannot be shown again; ``None`` for a
            wrong code.
        """
        secret = self.pending(user_id)
        step = None if secret is None else _step_of(secret, code, now, 0)
        if step is None:
            return None
        codes = [_code() for _ in range(_RECOVERY)]
        kept = [_hash(user_id, code) for code in codes]
        values: dict[str, object] = {
            "confirmed_at": stamp(now),
            "last_step": step,
            "recovery": kept,
        }
        self._update(user_id, values)
        return codes

    def check(self, user_id: int, code: str, now: dt.datetime) -> bool:
        """Whether a code is right; it will not be again."""
        row = self._row(user_id)
        if row is None or row["confirmed_at"] is None:
            return False
        secret = self._open(row["secret"])
        step = None if secret is None else _step_of(secret, code, now, row["last_step"])
        if step is not None:
            self._update(user_id, {"last_step": step})
            return True
        given = _hash(user_id, code)
        left = [kept for kept in row["recovery"] if not hmac.compare_digest(kept, given)]
        if len(left) == len(row["recovery"]):
            return False
        self._update(user_id, {"recovery": left})
        return True

    def remove(self, user_id: int) -> None:
        """Take a second factor away."""
        table = schema.factors
        self.connection.execute(sa.delete(table).where(table.c.user_id == user_id))
        touched(self.connection, table.name, [user_id])

    def _row(self, user_id: int) -> sa.RowMapping | None:
        table = schema.factors
        query = sa.select(table).where(table.c.user_id == user_id)
        return self.connection.execute(query).mappings().first()

    def _update(self, user_id: int, values: dict[str, object]) -> None:
        table = schema.factors
        self.connection.execute(sa.update(table).where(table.c.user_id == user_id).values(**values))
        touched(self.connection, table.name, [user_id])

    def _open(self, box: str) -> str | None:
        try:
            return self._box.decrypt(box.encode()).decode()
        except InvalidToken:
            return None


def _step_of(secret: str, code: str, now: dt.datetime, after: int) -> int | None:
    """The time step of a code, if it is right and later than the last one used."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    totp, current = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    for step in range(current - _SLACK, current + _SLACK + 1):
        if step > after and hmac.compare_digest(totp.at(step * STEP), digits):
            return step
    return None


def _code() -> str:
    """118 bits that can be read out and typed."""
    signs = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(signs) for _ in range(4)) for _ in range(6))


def _hash(user_id: int, code: str) -> str:
    # Random and of more than 112 bits: nothing is gained by a slow hash (ASVS 6.5.2).
    text = "".join(sign for sign in code.casefold() if sign.isalnum())
    digest = hashlib.sha256(f"{user_id}\x1f{text}".encode()).digest()
    return urlsafe_b64encode(digest).decode()
