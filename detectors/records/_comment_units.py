"""Units in which more comments repeat each other than comments dealt out at random do.

Used by the unit check, and by the record check: a comment is judged against other units
alone only where its whole unit stands out, as in the twin test.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.multiplicity import q_values
from detectors.calibration.tail import HonestDistribution
from detectors.records._comments import against_others, copies_of
from detectors.table import RecordTable
from detectors.unit_result import FEWEST_UNITS, UnitResult

__all__ = ["copied_units_of", "selected_p_values"]

FALSE_DISCOVERY_RATE = 0.05
FEWEST_COMMENTS = 5
NULL_SCORES = 20_000
FEWEST_DRAWS = 20
MOST_DRAWS = 1000


def copied_units_of(table: RecordTable, seed: int) -> UnitResult:
    """Test of every unit; worked out once for a table and a seed."""
    return table.memo(("copied comments", seed), lambda: _copied_units(table, seed))


def selected_p_values(table: RecordTable, seed: int) -> NDArray[np.float64]:
    """``(n,)`` p-values of comments, units first.

    In the units that the unit test selects, against comments of the units that it does
    not: a text that was dealt out to several units does not excuse itself.

    Reference: Benjamini & Bogomolov (2014), selective inference on families, JRSS B 76.
    """
    copies, units = copies_of(table), copied_units_of(table, seed)
    tested = int(np.isfinite(units.p_value).sum())
    chosen = np.nan_to_num(q_values(units.p_value), nan=1.0) <= FALSE_DISCOVERY_RATE
    if not chosen.any():
        return copies.p_value
    known = np.isfinite(copies.p_foreign)
    inside = chosen[table.unit] & known
    factor = max(1.0, inside.sum() / known.sum() * tested / int(chosen.sum()))
    foreign = against_others(table, copies, honest=~chosen[table.unit])
    return np.where(inside, np.minimum(foreign * factor, 1.0), copies.p_value)


def _copied_units(table: RecordTable, seed: int) -> UnitResult:
    copies = copies_of(table)
    units = len(table.unit_ids)
    result = UnitResult.untested(units)
    rows = np.flatnonzero(np.isfinite(copies.score))
    size = np.bincount(table.unit[rows], minlength=units)
    large = size >= FEWEST_COMMENTS
    for few in np.flatnonzero(~large).tolist():
        result.reason[few] = f"fewer than {FEWEST_COMMENTS} comments (n = {size[few]})"
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_COMMENTS} comments"
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), why))
        return result
    unit = table.unit[rows]
    place = np.full(len(table), -1, dtype=np.intp)
    place[rows] = np.arange(rows.size)
    first, second = place[copies.pairs[0]], place[copies.pairs[1]]
    seen = _repeated(unit, first, second, units)
    clean = ~(np.nan_to_num(q_values(copies.p_value[rows]), nan=1.0) <= FALSE_DISCOVERY_RATE)
    kept = clean[first] & clean[second]
    null_first, null_second = first[kept], second[kept]
    draws = int(np.clip(NULL_SCORES // int(large.sum()), FEWEST_DRAWS, MOST_DRAWS))
    rng = np.random.default_rng([seed, 59])
    null = np.array(
        [_repeated(rng.permutation(unit), null_first, null_second, units) for _ in range(draws)]
    )
    # how unusual a count is hangs on the number of comments
    mean = null[:, large].mean()
    per_comment = mean / size[large].mean()
    expected = np.maximum(per_comment * size, 1e-9)
    score = (seen - expected) / np.sqrt(expected + 1.0)
    null_score = (null - expected) / np.sqrt(expected + 1.0)
    p_value = HonestDistribution.fit(null_score[:, large]).p_value(score)
    result.score[large], result.p_value[large] = score[large], p_value[large]
    result.observed[large] = seen[large] / size[large]
    result.expected[large] = per_comment
    result.tested[large] = size[large]
    return result


def _repeated(
    unit: NDArray[np.intp], first: NDArray[np.intp], second: NDArray[np.intp], units: int
) -> NDArray[np.float64]:
    """``(units,)``: comments with a like one in their unit."""
    same = unit[first] == unit[second]
    repeated = np.unique(np.concatenate([first[same], second[same]]))
    return np.bincount(unit[repeated], minlength=units).astype(np.float64)
