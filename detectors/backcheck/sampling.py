"""Sampling by a public seed: anybody who has the list and the seed draws the same sample.

Every member has a ticket, a hash of the seed, a purpose and the member's name; the lowest
tickets are drawn. Tickets of one purpose say nothing of those of another. A larger sample
holds the smaller one, and what one member is called moves no other. The seed must be made
public after the list is fixed, e.g. by dice: then nobody could choose whom it draws.

Reference: Rivest, "Consistent sampling with replacement" (2018), here without replacement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["ALPHABET", "draw", "reference_of", "reference_valid", "ticket"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Letters and digits that are not mistaken for each other (Crockford)."""

_LENGTH = 7


def ticket(seed: str, purpose: str, name: str) -> bytes:
    """The ticket of one member, 32 bytes; lower ones are drawn first."""
    text = "\x1f".join(("survey-audit back-check 1", seed, purpose, name))
    return hashlib.sha256(text.encode()).digest()


def draw(names: Iterable[str], size: int, seed: str, purpose: str) -> list[str]:
    """A simple random sample without replacement, in order of ticket.

    Args:
        names: Members; one that stands there twice counts once.
        size: How many at most.
        seed: Public.
        purpose: Of the sample, e.g. the name of an arm.

    Example:
        >>> draw(["a", "b", "c", "d"], 2, "20261126", "random")
        ['b', 'a']
    """
    ranked = sorted(set(names), key=lambda name: (ticket(seed, purpose, name), name))
    return ranked[: max(size, 0)]


def reference_of(secret: bytes, name: str) -> str:
    """What a member is called on the list that is handed out: ``7F3K-9Q2M``.

    The last letter is a check: a wrong letter is always seen, two exchanged ones nearly
    always. Without the secret it cannot be told from the name.
    """
    number = int.from_bytes(hashlib.blake2b(name.encode(), key=secret).digest()[:8], "big")
    digits = [number >> (5 * place) & 31 for place in range(_LENGTH)]
    text = "".join(ALPHABET[digit] for digit in (*digits, _check(digits)))
    return f"{text[:4]}-{text[4:]}"


def reference_valid(text: str) -> bool:
    """Whether the check letter fits; the dash and the case of letters do not matter."""
    digits = [ALPHABET.find(letter) for letter in text.upper().replace("-", "").strip()]
    return len(digits) == _LENGTH + 1 and -1 not in digits and _check(digits[:-1]) == digits[-1]


def _check(digits: list[int]) -> int:
    # Odd weights have an inverse modulo 32, so that one wrong digit never cancels.
    return sum((2 * place + 1) * digit for place, digit in enumerate(digits)) % 32
