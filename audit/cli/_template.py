"""What the options of ``survey-audit template`` mean."""

from __future__ import annotations

from pathlib import Path

from detectors.errors import UsageError

__all__ = ["checked_day", "run_of", "shares", "size", "usual_fields"]


def usual_fields(source: Path) -> str:
    """Places to write in that a form gets without being asked."""
    return (
        "agency,comment,date,signature,seal" if source.stem == "yk-b" else "comment,date,signature"
    )


def run_of(serials: str | None, count: int | None) -> list[str]:
    """Every serial of ``A..B``, or ``count`` from ``A`` on."""
    from scans.press.serials import serial_run

    if serials is None:
        if count is not None:
            raise UsageError("--count needs a first serial", remedy="add --serials PB-26-000001")
        return []
    first, _, last = (part.strip() for part in serials.partition(".."))
    if last and "-" not in last:
        last = f"{first.rsplit('-', 2 if first.count('-') == 3 else 1)[0]}-{last}"
    if last and count is not None:
        raise UsageError("--serials A..B and --count say the same twice", remedy="leave one out")
    return serial_run(first, last=last or None, count=None if last else count or 1)


def shares(unit: list[str] | None, total: int) -> list[tuple[str, int]]:
    """Units and their counts; one without a count gets what is left."""
    shares: list[tuple[str, int | None]] = []
    for text in unit or ["unit"]:
        name, _, number = text.partition("=")
        if not name or (number and not number.isdigit()):
            raise UsageError(f"--unit {text} is not understood", remedy="use ID or ID=120")
        shares.append((name, int(number) if number else None))
    open_ = [name for name, number in shares if number is None]
    if len(open_) > 1:
        raise UsageError("only one unit may go without a count", remedy="use --unit ID=120")
    left = total - sum(number or 0 for _, number in shares)
    filled = [(name, left if number is None else number) for name, number in shares]
    return [(name, number) for name, number in filled if number > 0]


def checked_day(text: str | None) -> str | None:
    """A day as it is written into tables."""
    if text is None:
        return None
    import datetime as dt

    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--issued-at {text} is no day", remedy="write it as 2026-07-31") from None


def size(text: str) -> tuple[float, float]:
    """``A5`` or ``148x210`` in mm.

    Raises:
        UsageError: For anything else.
    """
    from scans.draft.sheets import PAPERS

    for name, size in PAPERS.items():
        if name.casefold() == text.casefold():
            return size
    parts = text.casefold().replace("mm", "").split("x")
    try:
        width, height = (float(part) for part in parts)
    except ValueError:
        width = height = 0.0
    if not (20 <= width <= 2000 and 20 <= height <= 2000):
        raise UsageError(
            f"--page-size {text} is no size of paper",
            remedy=f"use {', '.join(PAPERS)} or e.g. 210x297",
        )
    return width, height
