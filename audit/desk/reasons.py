"""Reason codes of decisions: data in two languages, by verdict."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from audit.judge.decision import Verdict
from detectors.finding import Message

__all__ = ["WITHDRAWN", "all_reasons", "reason_text"]

WITHDRAWN = "withdraw.slip"


@cache
def all_reasons() -> Mapping[Verdict, Mapping[str, Message]]:
    """Codes and texts by verdict, in the order in which they are offered."""
    path = Path(__file__).parent / "reasons.toml"
    data = tomllib.loads(path.read_text("utf-8"))
    return {
        Verdict(verdict): {code: Message(text["vi"], text["en"]) for code, text in codes.items()}
        for verdict, codes in data.items()
    }


def reason_text(code: str) -> Message:
    """What a code says; one that is not known stands as it is."""
    for codes in all_reasons().values():
        if code in codes:
            return codes[code]
    return Message(code, code)
