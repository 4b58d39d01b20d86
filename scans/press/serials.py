"""Runs of serial numbers and the batches that they are handed out in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detectors.errors import UsageError
from scans.simulate.serial import is_serial, make_serial

__all__ = ["Batch", "batches_of", "serial_run"]

_MOST = 100_000  # sheets in one printing


@dataclass(frozen=True)
class Batch:
    """Sheets handed out together.

    Attributes:
        unit: Who gets them.
        name: Unique within the unit.
        serials: In order.
    """

    unit: str
    name: str
    serials: tuple[str, ...]


def serial_run(first: str, *, last: str | None = None, count: int | None = None) -> list[str]:
    """Serials from ``first`` on, with their check digits.

    Args:
        first: For example ``PB-26-000001-1``; the check digit may be left out.
        last: The last one, or
        count: how many.

    Raises:
        UsageError: If a serial has another shape or a wrong check digit, or the run is empty,
            too long, or goes on into another series.
    """
    prefix, year, start = _parts(first)
    if last is not None:
        other, other_year, end = _parts(last)
        if (other, other_year) != (prefix, year):
            raise UsageError(
                f"{first} and {last} are of two series", remedy="print each series on its own"
            )
        count = end - start + 1
    if count is None or count < 1:
        raise UsageError("the run of serials is empty", remedy="the first stands before the last")
    if count > _MOST or start + count > 1_000_000:
        raise UsageError(
            f"{count} serials from {first} are too many for one printing",
            remedy=f"print at most {_MOST} at a time, numbers up to 999999",
        )
    return [make_serial(start + k, year=2000 + year, prefix=prefix) for k in range(count)]


def _parts(serial: str) -> tuple[str, int, int]:
    parts = serial.strip().split("-")
    if len(parts) == 3 and all(p.isdigit() for p in parts[1:]) and len(parts[2]) <= 6:
        number = int(parts[2])
        serial = make_serial(number, year=2000 + int(parts[1]), prefix=parts[0])
        parts = serial.split("-")
    if not is_serial(serial):
        raise UsageError(
            f"{serial} is no serial number",
            remedy="write it as PB-26-000001-1, or PB-26-000001 without the check digit",
        )
    return parts[0], int(parts[1]), int(parts[2])


def batches_of(
    serials: Sequence[str], shares: Sequence[tuple[str, int]], size: int
) -> Iterator[Batch]:
    """Serials shared out among units, each share cut into batches.

    Args:
        serials: In order.
        shares: Unit and how many sheets it gets; together as many as there are serials.
        size: Most sheets in a batch.

    Raises:
        UsageError: If the shares are not as many as the serials.
    """
    wanted = sum(count for _, count in shares)
    if wanted != len(serials):
        raise UsageError(
            f"{len(serials)} serials for {wanted} sheets",
            remedy="make the shares of the units add up to the run",
        )
    start = 0
    numbers: dict[str, int] = {}
    for unit, count in shares:
        for begin in range(start, start + count, size):
            numbers[unit] = numbers.get(unit, 0) + 1
            part = tuple(serials[begin : min(begin + size, start + count)])
            yield Batch(unit, f"{unit}-{numbers[unit]:02d}", part)
        start += count
