"""Progress in the shape that was asked for: a bar, plain lines, or JSON lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from audit.cli._console import progress, talk
from audit.defused import json_words

__all__ = ["SHAPES", "progress_as"]

SHAPES = ("auto", "bar", "plain", "json", "none")
_EVERY_SECONDS = 5.0

Show = Callable[[Iterable[Any], str, int | None], Iterator[Any]]


def progress_as(shape: str, *, clock: Callable[[], float] = time.monotonic) -> Show:
    """What passes items on and shows how far they are, on standard error.

    Args:
        shape: ``auto`` (a bar on a terminal, else nothing), ``bar``, ``plain``, ``json``, ``none``.
        clock: Seconds, to tell no more than a line every few.
    """
    if shape in ("auto", "bar"):
        return lambda items, label, total: progress(items, label, total=total, force=shape == "bar")
    if shape == "none":
        return lambda items, label, total: iter(items)
    write = _plain if shape == "plain" else _json
    return lambda items, label, total: _lines(items, label, total, write, clock)


def _lines(
    items: Iterable[Any],
    label: str,
    total: int | None,
    write: Callable[[str, int, int | None, float], str],
    clock: Callable[[], float],
) -> Iterator[Any]:
    began = told = clock()
    done = 0
    talk(write(label, 0, total, 0.0))
    for item in items:
        yield item
        done += 1
        if done != total and clock() - told >= _EVERY_SECONDS:
            told = clock()
            talk(write(label, done, total, told - began))
    talk(write(label, done, done, clock() - began))


def _plain(label: str, done: int, total: int | None, seconds: float) -> str:
    of = "" if total is None else f" of {total}"
    return f"{label}: {done}{of}, {seconds:.0f} s"


def _json(label: str, done: int, total: int | None, seconds: float) -> str:
    line = {"event": "progress", "what": label, "done": done, "total": total}
    return json_words(line | {"seconds": round(seconds, 1)})
