"""Talking to the terminal: data on standard output, talk and progress on standard error."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

__all__ = ["program", "progress", "say", "table", "talk", "write_data"]

# All but tab and line feed: names and comments out of a file must not speak to the terminal.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

T = TypeVar("T")


def talk(text: str) -> None:
    """One message to the person at the terminal."""
    sys.stderr.write(f"{_harmless(text)}\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """One line of data, see :func:`write_data`."""
    write_data(f"{text}\n")


def write_data(text: str) -> None:
    """Data on standard output: as they are into a file or a pipe, harmless on a terminal."""
    sys.stdout.write(_harmless(text) if sys.stdout.isatty() else text)


def program() -> str:
    """How the person at the terminal can call this program again, from where they are."""
    called = Path(sys.argv[0])
    if called.name != "survey-audit" or shutil.which("survey-audit") is not None:
        return "survey-audit"
    return str(called)


def progress(
    items: Iterable[T], label: str, *, total: int | None = None, force: bool = False
) -> Iterator[T]:
    """Pass ``items`` on and show a bar, where standard error is a terminal.

    Args:
        items: Anything; consumed one by one, never collected.
        label: What is being done, a few words.
        total: How many there will be, if known.
        force: Show it wherever standard error goes.
    """
    if not (force or sys.stderr.isatty()):
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), Remaining(), console=console) as bar:
        task = bar.add_task(label, total=total)
        for item in items:
            yield item
            bar.advance(task)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of text for a person, each as wide as its widest cell, numbers to the right."""
    lines = [tuple("" if cell is None else _cell(cell) for cell in row) for row in rows]
    every = [tuple(header), *lines]
    widths = [max(len(row[i]) for row in every) for i in range(len(header))]
    numeric = [
        bool(lines)
        and all(row[i].lstrip("-").replace(".", "", 1).isdigit() or not row[i] for row in lines)
        for i in range(len(header))
    ]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in every)


def _cell(cell: object) -> str:
    return _harmless(" ".join(str(cell).split()) if isinstance(cell, str) else str(cell))


def _harmless(text: str) -> str:
    """``text`` with what would steer a terminal spelled out."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)
