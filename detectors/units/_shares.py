"""Is a share of a unit's records larger than among peers, honest differences allowed for?

The score of a unit is minus the log of a beta-binomial tail: as many hits or more of as many
records, at the share of the peers and with the over-dispersion that honest units show. Where
the model holds it is exponential with mean one at most. It only ranks; the p-value comes
from :mod:`detectors.calibration.peers`.

Reference: beta-binomial moments as in Kleinman (1973), JASA 68.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.peers import EXPONENTIAL_QUARTILES, FAR_OUT, FEWEST_PEERS, among_peers
from detectors.records._events import group_of
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult

__all__ = ["hits_of", "ids_of", "share_test", "why_untested"]

LEAST_OVERDISPERSION = 0.005
MOST_OVERDISPERSION = 0.9
SHOWN = 20
PASSES = 4
START_BELOW = 0.8

Vector = NDArray[np.float64]


def ids_of(table: RecordTable, rows: NDArray[np.intp]) -> list[str]:
    """Names of the first twenty of ``rows``, for evidence."""
    return [str(name) for name in table.record_ids[rows[:SHOWN]]]


def hits_of(
    table: RecordTable, usable: NDArray[np.bool_], hit: Vector, unit: int
) -> dict[str, object]:
    """Evidence of a share: which records are the hits."""
    rows = np.flatnonzero(usable & (hit > 0) & (table.unit == unit))
    return {"records": int(rows.size), "record_ids": ids_of(table, rows)}


def why_untested(n: int, lacking: str) -> str:
    """Reason of a unit with ``n`` records that a test could use; ``lacking`` where none."""
    if n == 0:
        return lacking
    if n < FEWEST_RECORDS:
        return f"fewer than {FEWEST_RECORDS} records that can be compared (n = {n})"
    return f"fewer than {FEWEST_PEERS} peer units of {FEWEST_RECORDS} records"


def share_test(
    table: RecordTable, usable: NDArray[np.bool_], hit: Vector, lacking: str
) -> UnitResult:
    """Test the share of hits of every unit.

    Args:
        table: The records.
        usable: bool ``(n,)``: records that can be judged.
        hit: float64 ``(n,)``: 1 for a hit, 0 for none.
        lacking: Reason of a unit without any record that can be judged.
    """
    units = len(table.unit_ids)
    result = UnitResult.untested(units)
    rows = np.flatnonzero(usable & table.in_unit)
    n: NDArray[np.intp] = np.bincount(table.unit[rows], minlength=units)
    k: Vector = np.bincount(table.unit[rows], hit[rows], minlength=units).astype(np.float64)
    group = group_of(table, rows)
    enough = n >= FEWEST_RECORDS
    score = np.full(units, np.nan)
    for number in np.unique(group[enough]):
        mine = np.flatnonzero(enough & (group == number))
        share, spread = _peers(k[mine], n[mine])
        score[mine] = -log_tail(k[mine], n[mine], share, spread)
        result.expected[mine] = share
    result.p_value[:] = among_peers(score, group)
    tested = np.isfinite(result.p_value)
    result.score[tested] = score[tested]
    result.observed[tested] = k[tested] / n[tested]
    result.tested[:] = n
    for unit in np.flatnonzero(~tested).tolist():
        result.reason[unit] = why_untested(int(n[unit]), lacking)
    return result


def _peers(k: Vector, n: NDArray[np.intp]) -> tuple[float, float]:
    """Share of hits and over-dispersion of the units that do not stand far out."""
    # the start leaves the highest fifth out, or tampered units would vouch for each other
    kept = k / n <= np.quantile(k / n, START_BELOW)
    share, spread = 0.5, LEAST_OVERDISPERSION
    for _ in range(PASSES):
        hits, total = k[kept], n[kept].astype(np.float64)
        share = float((hits.sum() + 0.5) / (total.sum() + 1.0))
        variance = total * share * (1.0 - share)
        excess = ((hits - total * share) ** 2 / variance - 1.0).sum()
        spread = float(np.clip(excess / np.maximum(total - 1.0, 1.0).sum(), 0.0, 1.0))
        spread = min(max(spread, LEAST_OVERDISPERSION), MOST_OVERDISPERSION)
        score = -log_tail(k, n, share, spread)
        low, high = np.quantile(score, [0.25, 0.75])
        kept = score <= high + FAR_OUT * max(high - low, EXPONENTIAL_QUARTILES)
    return share, spread


def log_tail(k: Vector, n: NDArray[np.intp], share: float, spread: float) -> Vector:
    """Log of P(K >= k), K beta-binomial of ``n`` with mean ``share`` and correlation ``spread``."""
    from scipy.special import betaln, gammaln

    size = (1.0 - spread) / spread
    a, b = share * size, (1.0 - share) * size
    first = np.ceil(k).astype(np.intp)
    length = n - first + 1
    start = np.r_[0, np.cumsum(length)[:-1]]
    unit = np.repeat(np.arange(k.size), length)
    j = (np.arange(length.sum()) - start[unit] + first[unit]).astype(np.float64)
    m = n[unit].astype(np.float64)
    log_pmf = (
        gammaln(m + 1.0) - gammaln(j + 1.0) - gammaln(m - j + 1.0)
        + betaln(j + a, m - j + b) - betaln(a, b)
    )  # fmt: skip
    top = np.maximum.reduceat(log_pmf, start)
    total = np.add.reduceat(np.exp(log_pmf - top[unit]), start)
    answer: Vector = np.minimum(np.log(total) + top, 0.0)
    return answer
