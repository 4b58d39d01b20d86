"""How much a number says: small cells, sample sizes, intervals, bands."""

from __future__ import annotations

from detectors.proportions import minimal_sample, wilson

__all__ = ["BAND_EDGES", "LOW_N", "MINIMUM_CELL", "band_of", "minimal_sample", "suppress", "wilson"]

MINIMUM_CELL = 10
"""Results over fewer forms than this are not shown."""

LOW_N = 30
"""Results over fewer forms than this carry a note that the sample is small."""

BAND_EDGES = (0.06, 0.11, 0.25)
"""Shares of flagged forms that separate the four bands (below 6, 6-10, 11-24, 25 % and more).

The bands of the State of Georgia's erasure audits, which banded schools by the share of
their classes that were flagged; published by the Governor's Office of Student Achievement.
"""


def suppress(n: int) -> bool:
    """True where a result over ``n`` forms must not be shown."""
    return n < MINIMUM_CELL


def band_of(flagged: int, judged: int) -> int | None:
    """Band 0 to 3 of a share of flagged forms (see :data:`BAND_EDGES`).

    ``None`` where fewer than :data:`MINIMUM_CELL` forms were judged: one flagged form of
    four is no band.
    """
    if judged < MINIMUM_CELL:
        return None
    return sum(flagged >= edge * judged for edge in BAND_EDGES)
