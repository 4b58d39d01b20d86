"""A log for machines: one JSON object a line, and nothing in it that names anybody.

What may stand in a line is decided here and not where something is logged: keys that are
known, numbers, codes and hashes. Anything else (a path, a message, a text from a form) is
replaced by ``withheld``, so that a log can be shipped to where others read it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from audit.pipeline.phases import Log, silent
from detectors.errors import AccessError

__all__ = ["log_to"]

_NUMBERS = frozenset(
    {
        *("seconds", "exit_code", "files", "pages", "tables", "problems", "records", "findings"),
        *("cases", "withdrawn", "not_judged", "not_read", "pages_judged", "size"),
    }
)
_WORDS = frozenset(
    {
        *("event", "timestamp", "run", "phase", "status", "error", "software", "instrument"),
        *("sha256", "kind"),
    }
)
_WORD = re.compile(r"[A-Za-z0-9_.:+-]{1,80}")


@contextmanager
def log_to(place: str | None, base: Path) -> Iterator[Log]:
    """A log into a file below ``base``, or to standard error for ``stderr``; ``None`` is silent.

    Raises:
        AccessError: If the file cannot be written.
    """
    if place is None:
        yield silent
        return
    if place == "stderr":
        yield _logger(sys.stderr)
        return
    path = base / place
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise AccessError(
            f"the log cannot be written ({error.strerror})",
            where=str(path),
            remedy="choose another place under log, or check permissions",
        ) from error
    with stream:
        yield _logger(stream)


def _logger(stream: TextIO) -> Log:
    import structlog

    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _nameless,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.BoundLogger,
    )
    return cast("Log", _told(logger.msg))


def _told(write: Callable[..., Any]) -> Callable[..., None]:
    def log(event: str, **facts: Any) -> None:
        write(event, **facts)

    return log


def _nameless(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        number = value is None or isinstance(value, int | float)
        if number and (key in _NUMBERS or key in _WORDS or key.startswith("new_")):
            continue
        if key in _WORDS and isinstance(value, str) and _WORD.fullmatch(value):
            continue
        line[key] = "withheld"
    return line
