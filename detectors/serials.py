"""Serials of printed forms: their order, whatever somebody wrote or a code holds."""

from __future__ import annotations

import re

__all__ = ["serial_key"]


def serial_key(serial: str) -> tuple[tuple[int, int, str], ...]:
    """Order of a serial: its parts in turn, digits as numbers, letters without case.

    Numbers are ordered by how many digits they have, then by them, and never reckoned
    with: a code on paper holds up to seven thousand digits.
    """
    parts = re.findall(r"\d+|[^\W\d_]+", serial.casefold())
    return tuple(_number(part) if part.isdecimal() else (1, 0, part) for part in parts)


def _number(digits: str) -> tuple[int, int, str]:
    plain = "".join(str(int(digit)) for digit in digits).lstrip("0")
    return (0, len(plain), plain)
