"""Passwords: argon2id, never stored or compared in clear, equal work for unknown names."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from detectors.errors import UsageError

__all__ = ["MINIMUM", "generate", "hash_password", "verify"]

MINIMUM = 12
_LONGEST = 1024
# Without letters and digits that look alike on paper.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()


def generate() -> str:
    """A password of 99 bits in groups that can be read out and typed."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """The argon2id hash that is stored.

    Raises:
        UsageError: If the password is too short or absurdly long.
    """
    if not MINIMUM <= len(password) <= _LONGEST:
        raise UsageError(
            f"the password has {len(password)} characters",
            remedy=f"use {MINIMUM} or more; any characters will do",
        )
    return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether a password is right; without a stored hash it takes the same time to say no."""
    try:
        return _hasher.verify(stored or _nobody(), password[:_LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
