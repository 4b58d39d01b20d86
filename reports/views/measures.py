"""How much a number says: small cells, sample sizes, intervals, bands."""

from __future__ import annotations

import math

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


def minimal_sample(served: int, margin: float = 0.05) -> int:
    """Smallest sample for ``served`` transactions: n = N / (1 + N e²), rounded up.

    Slovin's formula, as the satisfaction measurement of the Ministry of Home Affairs uses it:
    1,000 transactions need 286 forms, 3,000 need 353 at e = 5 %.

    Raises:
        ValueError: If ``served`` is negative or ``margin`` is not in (0, 1).
    """
    if served < 0 or not 0.0 < margin < 1.0:
        raise ValueError(f"no sample size for {served} transactions at a margin of {margin}")
    return math.ceil(round(served / (1.0 + served * margin * margin), 9))


def wilson(share: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's 95 % interval of a share over ``n`` forms; fits shares near 1.

    Answers on one form depend on each other, so ``n`` counts forms, not answers, or is an
    effective number of forms where over-dispersion was measured.

    Raises:
        ValueError: If ``n`` is not positive or ``share`` not in [0, 1].
    """
    if n <= 0 or not 0.0 <= share <= 1.0:
        raise ValueError(f"no interval for a share of {share} over {n}")
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def band_of(flagged: int, judged: int) -> int | None:
    """Band 0 to 3 of a share of flagged forms (see :data:`BAND_EDGES`).

    ``None`` where fewer than :data:`MINIMUM_CELL` forms were judged: one flagged form of
    four is no band.
    """
    if judged < MINIMUM_CELL:
        return None
    return sum(flagged >= edge * judged for edge in BAND_EDGES)
