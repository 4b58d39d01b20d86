"""Which batch a serial was issued in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.intake.custody_book import serial_in
from detectors.serials import serial_key

__all__ = ["Issued", "SerialRanges"]

# Ranges that overlap are a problem of the custody table; a serial is looked for in this
# many ranges that begin before it, which finds it across a handful of nested ones.
_NESTED = 8


@dataclass(frozen=True, slots=True)
class Issued:
    """A batch that a serial belongs to."""

    unit_id: str | None
    batch: str | None


class SerialRanges:
    """Custody's ranges, ready for many look-ups."""

    def __init__(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        """Take ``unit_id, batch, serial_from, serial_to`` of each row that has a range."""
        ranges: list[tuple[tuple[tuple[int, int, str], ...], str, str, Issued]] = []
        for row in rows:
            low, high = row["serial_from"], row["serial_to"]
            if isinstance(low, str) and isinstance(high, str):
                unit, batch = row["unit_id"], row["batch"]
                issued = Issued(
                    unit if isinstance(unit, str) else None,
                    batch if isinstance(batch, str) else None,
                )
                ranges.append((serial_key(low), low, high, issued))
        self._ranges = sorted(ranges, key=lambda r: (r[0], r[2]))
        self._starts = [r[0] for r in self._ranges]

    def __bool__(self) -> bool:
        """Whether there is any range."""
        return bool(self._ranges)

    def find(self, serial: str) -> Issued | None:
        """The batch whose range holds ``serial``; ``None`` if it was issued in none."""
        end = bisect_right(self._starts, serial_key(serial))
        for _, low, high, issued in reversed(self._ranges[max(0, end - _NESTED) : end]):
            if serial_in(serial, low, high):
                return issued
        return None
