"""What can go wrong, said once, with the exit code it ends in.

::

    AuditError                      (never raised itself)
    ├── UsageError            1     wrong arguments
    ├── InputError            2     a file that cannot be used
    ├── MissingComponent      3     something that must be installed is not
    ├── AccessError           5     a file or store that cannot be reached
    ├── WorkerDied            7     a worker died and its work could not be redone
    ├── ConfigError           9     a wrong setting
    ├── TrailError           12     the audit trail does not verify
    └── Busy                 75     another run holds the round

Every message is one line: what is wrong, where, and the way out. The numbers
are part of the public contract.
"""

from __future__ import annotations

import re
from enum import IntEnum

__all__ = [
    "AccessError",
    "AuditError",
    "Busy",
    "ConfigError",
    "ExitCode",
    "InputError",
    "MissingComponent",
    "TrailError",
    "UsageError",
    "WorkerDied",
    "one_line",
]

# Controls, marks and overrides of direction, separators, halves of characters: what would
# steer a terminal or turn a line round for its reader (CVE-2021-42574).
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_LONGEST = 600


def one_line(text: str, most: int = _LONGEST) -> str:
    """``text`` fit for a message: on one line, not too long, what steers a terminal spelled out.

    Args:
        text: Anything, also out of a hostile file.
        most: Longest result in characters; of a longer text the middle is left out.
    """
    if len(text) > 4 * most:  # what nobody will read is not even looked at
        text = f"{text[: 2 * most]} … {text[-2 * most :]}"
    shown = _STEERING.sub(lambda found: ascii(found[0])[1:-1], " ".join(text.split()))
    if len(shown) > most:
        half = (most - 3) // 2
        shown = f"{shown[:half]} … {shown[-half:]}"
    return shown


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    USAGE = 1
    INPUT = 2
    MISSING = 3
    ACCESS = 5
    WORKER = 7
    CONFIG = 9
    PARTLY_JUDGED = 10
    FINDINGS = 11
    TRAIL = 12
    BUSY = 75
    INTERRUPTED = 130


class AuditError(Exception):
    """Root of everything this project raises on purpose.

    Args:
        what: What is wrong, in plain words.
        where: The file, and the place in it, e.g. ``units.csv, line 7, column level``.
        remedy: What the reader can do about it.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        """Keep the three parts; ``str()`` joins them into one line."""
        self.what = what = one_line(what)
        self.where = where = None if where is None else one_line(where)
        self.remedy = remedy = None if remedy is None else one_line(remedy)
        parts = [f"{where}: {what}" if where else what]
        if remedy:
            parts.append(remedy)
        super().__init__(" — ".join(parts))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process with all three parts."""
        return (_rebuild, (type(self), self.what, self.where, self.remedy))


def _rebuild(
    kind: type[AuditError], what: str, where: str | None, remedy: str | None
) -> AuditError:
    return kind(what, where=where, remedy=remedy)


class UsageError(AuditError):
    """The command was called wrongly."""

    exit_code = ExitCode.USAGE


class InputError(AuditError):
    """A file of the user's is corrupt, of a wrong kind, or breaks a rule."""

    exit_code = ExitCode.INPUT


class MissingComponent(AuditError):
    """An optional component is needed and not installed."""

    exit_code = ExitCode.MISSING


class AccessError(AuditError):
    """A file or a store cannot be reached or written."""

    exit_code = ExitCode.ACCESS


class WorkerDied(AuditError):
    """A worker process died and its work could not be redone."""

    exit_code = ExitCode.WORKER


class ConfigError(AuditError):
    """The configuration or the rule set is wrong."""

    exit_code = ExitCode.CONFIG


class TrailError(AuditError):
    """The audit trail does not verify."""

    exit_code = ExitCode.TRAIL


class Busy(AuditError):
    """Another run holds this round."""

    exit_code = ExitCode.BUSY
