"""Passwords: argon2id, never stored or compared in clear, equal work for unknown names.

A new one may have any signs, but must not be one that is guessed first: ``zxcvbn`` knows the
passwords that were leaked most often, keyboard walks, dates and repetitions, and is told the
words of this place (ASVS 5.0, 6.2.4, 6.2.5, 6.2.11, 6.2.12).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from detectors.errors import UsageError

__all__ = ["MINIMUM", "WORDS", "generate", "hash_password", "in_turn", "verify"]

MINIMUM = 12
WORDS = (
    *("survey", "audit", "surveyaudit", "khaosat", "hailong", "matkhau", "password", "vneid"),
    *("congan", "bocongan", "canbo", "nguoidan", "cchc", "sipas", "tracuu", "vietnam"),
    *("inspector", "approver", "reader", "admin", "auditor", "thanhtra", "kiemtra"),
)
"""Words of this place that are no secret."""
# Its score of 3 begins at 10^8, where a name with 1234 behind it still passes.
_LEAST_GUESSES = 10**9
_LONGEST = 1024
# Without letters and digits that look alike on paper.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()


def generate() -> str:
    """A password of 99 bits in groups that can be read out and typed."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(4))


def hash_password(password: str, about: Sequence[str] = ()) -> str:
    """The argon2id hash that is stored.

    Args:
        password: The new one.
        about: Words that belong to the person: account and name.

    Raises:
        UsageError: If the password is too short, absurdly long, or guessed first.
    """
    if not MINIMUM <= len(password) <= _LONGEST:
        raise UsageError(
            f"the password has {len(password)} characters",
            remedy=f"use {MINIMUM} or more; any characters will do",
        )
    if _guessed_first(password, about):
        raise UsageError(
            "the password is one that is guessed first",
            remedy="use several words that do not belong together",
        )
    return _hasher.hash(password)


def _guessed_first(password: str, about: Sequence[str]) -> bool:
    from zxcvbn import zxcvbn

    known = [*WORDS, *(part for text in about for part in text.lower().split())]
    # Its work grows with the square of the length, and the first signs decide.
    return int(zxcvbn(password[:72], user_inputs=known)["guesses"]) < _LEAST_GUESSES


def verify(stored: str | None, password: str) -> bool:
    """Whether a password is right; without a stored hash it takes the same time to say no.

    Every sign counts: one that is longer than any password can be is wrong, not cut.
    """
    known = stored is not None and len(password) <= _LONGEST
    try:
        return _hasher.verify(stored or _nobody(), password[:_LONGEST]) and known
    except (VerificationError, InvalidHashError):
        return False


async def in_turn(check: Callable[[str | None, str], bool], stored: str | None, given: str) -> bool:
    """Check the password of somebody at the door: one after the other, behind all other work.

    Fifty who log in at eight o'clock cost fifty hashes, whoever waits. They wait here, where
    they hold no thread that decisions need, and on a thread that lets others go first.
    """
    return await asyncio.get_running_loop().run_in_executor(_door(), check, stored, given)


@cache
def _door() -> ThreadPoolExecutor:
    """As many at a time as leave half of the machine to those who are inside."""
    half = max(1, (os.cpu_count() or 1) // 2)
    return ThreadPoolExecutor(half, "desk-door", initializer=_step_back)


def _step_back() -> None:
    """Lower the priority of this thread, where the system has one for threads (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
