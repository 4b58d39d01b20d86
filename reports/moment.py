"""The time that goes into a file: that of the state it shows, so that bytes can be made again."""

from __future__ import annotations

import os
from datetime import UTC, datetime

__all__ = ["stamp"]


def stamp(as_of: datetime | None) -> int:
    """Seconds since 1970, UTC: ``SOURCE_DATE_EPOCH`` if it is set, else ``as_of``, else 0."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    if as_of is None:
        return 0
    return int((as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)).timestamp())
