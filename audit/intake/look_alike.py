"""Texts that look alike and are not: Cyrillic or Greek letters among Latin ones, wide letters.

By Unicode's own list of confusable characters (UTS #39), as the package
``confusable_homoglyphs`` keeps it. Letters that differ to the eye stay different: ``Hoà`` is
not ``Hoa``.
"""

from __future__ import annotations

import unicodedata
from functools import cache

__all__ = ["skeleton"]


def skeleton(text: str) -> str:
    """The same for texts that look the same; for itself of no meaning."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    return "".join(_latin(sign) for sign in plain)


@cache
def _latin(sign: str) -> str:
    """The Latin letter that a letter of another script is taken for, or the sign itself."""
    if sign.isascii() or unicodedata.combining(sign):
        return sign
    from confusable_homoglyphs import categories, confusables

    if categories.alias(sign) == "LATIN":
        return sign
    found = confusables.is_confusable(sign, greedy=True, preferred_aliases=[])
    others = [one["c"] for entry in found or () for one in entry["homoglyphs"]]
    return min((c for c in others if c.isascii() and c.isalnum()), default=sign)
