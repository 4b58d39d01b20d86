"""TOML files that people write: read whole, told from what is none."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

from detectors.errors import AuditError

__all__ = ["read_toml"]

_BYTES = 4 << 20
# A key of n parts takes n * n steps to read.
_LONG_KEY = re.compile(rb"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){64}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def read_toml(path: Path, kind: type[AuditError], what: str, remedy: str) -> tuple[bytes, Any]:
    """Bytes and tables of a TOML file.

    Args:
        path: The file.
        kind: Error to raise.
        what: What it is, for messages: "the instrument".
        remedy: The way out where it is not there.

    Raises:
        kind: If it cannot be read, is no TOML, or holds a number that is none.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise kind(f"{what} cannot be read ({reason})", where=str(path), remedy=remedy) from error
    if len(raw) > _BYTES:
        raise kind(f"{what} is larger than {_BYTES >> 20} MB", where=str(path), remedy="shorten it")
    if _LONG_KEY.search(raw):
        raise kind(
            "not a valid TOML file (a key of very many parts)",
            where=str(path),
            remedy="mend that line",
        )
    try:
        data = tomllib.loads(raw.decode("utf-8-sig"))
    # A number of thousands of digits is a plain ValueError.
    except (ValueError, RecursionError, OverflowError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise kind(
            f"not a valid TOML file ({why})", where=str(path), remedy="mend that line"
        ) from error
    odd = _odd(data)
    if odd is not None:
        raise kind(odd[1], where=f"{path}, key {odd[0]}", remedy="correct it")
    return raw, data


def _odd(data: Any) -> tuple[str, str] | None:
    """A value that nobody means: its place, and what it is."""
    left: list[tuple[str, Any]] = [("", data)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                left.append((f"{place}.{key}" if place else key, inner))
        elif isinstance(value, list):
            left += [(place, inner) for inner in value]
        elif isinstance(value, float) and not math.isfinite(value):
            return place, "not a number"
        elif isinstance(value, int) and abs(value) >= 1 << 63:
            return place, "not a number that can be reckoned with"
        elif isinstance(value, str) and _CONTROL.search(value):
            return place, "a control character in the text"
    return None
