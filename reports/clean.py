"""Make text from outside safe to show: what an eye cannot see must not steer a page.

Unit names, comments and serials come from tables that anybody may have edited. HTML
escaping stops markup, but not control characters and bidirectional overrides, which can
reorder what a reader sees ("001" shown as "100"; the "Trojan Source" class of tricks,
CVE-2021-42574). Those are replaced by the replacement character, so that they show.
Joiners and marks that real names need are kept; text is put into NFC, as Vietnamese
arrives both composed and decomposed.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["printable"]

_SPACE = re.compile("[\t\n\r]+")
# C0 and C1 controls, marks of direction, zero-width space and word joiner, line and
# paragraph separators, byte-order mark, lone surrogates, private use.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060"
    "\u2066-\u2069\ud800-\udfff\ue000-\uf8ff\ufeff\ufffe\uffff\U000f0000-\U0010ffff]"
)


def printable(text: str) -> str:
    """``text`` in NFC, with every control and direction character made visible.

    Tab and line breaks become one space.
    """
    spaced = _SPACE.sub(" ", unicodedata.normalize("NFC", text))
    return _HIDDEN.sub("\ufffd", spaced)
