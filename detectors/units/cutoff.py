"""Values that lie just above the threshold of a better tier, more often than chance.

For the round: units whose satisfaction lies within one point above a threshold are
counted against those within one point below, given how the density of all values slopes
there. For a unit: how probable it was to land as close above a threshold as it did, by
its sampling error and by its previous value or its peers. To lie just above a threshold
is nothing by itself, so the p-value of a unit is never smaller than that of the round at
its threshold: where the round does not bunch, no unit is named.

Reference: McCrary (2008), density at a cut-off, Journal of Econometrics 142; Frandsen
(2017) for the binomial form with discrete values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.bunching import WINDOW, bunching
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._features import features_of
from detectors.units._peers import FEWEST_PEERS, Peers, error_at, logits, robust_line
from detectors.units._report import assessment
from detectors.units._rounds import before_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="unit.cutoff",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="cutoff",
    title=Message("Dồn sát trên ngưỡng xếp loại", "Just above the threshold of a tier"),
    sees=(
        "More units within one point above a threshold than the slope of the density explains "
        "against those within one point below; then the units that lie closest above it."
    ),
    null_model=(
        "For the round a binomial between the two windows, its share from a smooth density; for "
        "a unit a normal around its previous value or its peers. The larger of the two p-values "
        "counts, which is conservative."
    ),
    source="McCrary (2008), density at a cut-off; Frandsen (2017), its binomial form",
    innocent=(
        Message(
            "Giá trị rơi ngẫu nhiên sát trên ngưỡng.",
            "The value fell just above the threshold by chance.",
        ),
        Message(
            "Đơn vị thực sự phấn đấu để đạt ngưỡng.",
            "The unit really worked to reach the threshold.",
        ),
    ),
    valid_for=frozenset({"thresholds", "15 units", "20 records"}),
    batch_dependent=True,
)


class CutoffCheck:
    """Bunching above thresholds."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        cuts = subject.records.circumstances.cutoffs
        seen: dict[str, Any] = {}
        if not cuts:
            result.reason.update(dict.fromkeys(range(count), "no thresholds are known"))
        elif count:
            seen = _tested(subject, cuts, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            value, cut = float(result.observed[unit]), float(result.expected[unit])
            p = float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu dồn sát trên ngưỡng {cut:.0%}: giá trị {value:.2%}, và nhiều "
                    f"đơn vị cùng kỳ nằm ngay trên ngưỡng này (p = {p:.2g}).",
                    f"Signs of bunching above the threshold {cut:.0%}: value {value:.2%}, and many "
                    f"units of the round lie just above it (p = {p:.2g}).",
                ),
                {"value": value, "threshold": cut},
            )

        return replace(assessment(subject, INFO, result, describe), info=seen)


def _tested(table: UnitTable, cuts: tuple[float, ...], result: UnitResult) -> dict[str, Any]:
    records, count = table.records, len(table)
    share = features_of(records).top_two / np.maximum(records.answered, 1)
    rated = (records.answered > 0) & records.in_unit
    n, y, worth = logits(records.unit[rated], share[rated], count)
    error = error_at(y, worth)
    usable = n >= FEWEST_RECORDS
    few = f"fewer than {FEWEST_RECORDS} records"
    result.reason.update(dict.fromkeys(np.flatnonzero(~usable).tolist(), few))
    if usable.sum() < FEWEST_PEERS:
        lone = f"fewer than {FEWEST_PEERS} units of {FEWEST_RECORDS} records"
        result.reason.update(dict.fromkeys(np.flatnonzero(usable).tolist(), lone))
        return {}
    asked = np.bincount(records.unit[rated], records.answered[rated], minlength=count)
    top = np.bincount(records.unit[rated], features_of(records).top_two[rated], minlength=count)
    value = top[usable] / asked[usable]
    centre, spread = _prediction(table, y, error, n, usable)
    best_p, best_cut = np.ones(value.size), np.full(value.size, np.nan)
    round_wide = {}
    for cut in cuts:
        above, below, p_round = bunching(value, y[usable], cut)
        round_wide[f"{cut:g}"] = {"above": above, "below": below, "p": p_round}
        step = 0.5 / asked[usable]
        inside = (value >= cut - 1e-12) & (value < cut + WINDOW)
        p = _mass(cut - step, value + step, centre, spread)
        p = np.where(inside, np.minimum(np.maximum(p * len(cuts), p_round), 1.0), 1.0)
        best_cut = np.where(inside & (p <= best_p), cut, best_cut)
        best_p = np.minimum(best_p, p)
    result.p_value[usable] = np.maximum(best_p, 1e-12)
    result.score[usable] = -np.log10(result.p_value[usable]) + 0.0
    result.observed[usable] = value
    result.expected[usable] = best_cut
    result.tested[usable] = n[usable].astype(np.intp)
    return {"bunching": round_wide}


def _prediction(
    table: UnitTable,
    y: NDArray[np.float64],
    error: NDArray[np.float64],
    n: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre and standard deviation of the logit each usable unit was to have."""
    peers = Peers.of(y[usable], error[usable])
    centre = np.full(y.size, peers.centre)
    spread = np.sqrt(error**2 + peers.spread**2)
    before = before_of(table)
    if before is not None and not before.reason:
        old = before.records
        share = features_of(old).top_two / np.maximum(old.answered, 1)
        rated = (old.answered > 0) & (before.unit >= 0)
        n_old, x, worth = logits(before.unit[rated], share[rated], y.size)
        x_error = error_at(x, worth)
        both = usable & (n_old >= FEWEST_RECORDS)
        if both.sum() >= FEWEST_PEERS:
            slope, offset = robust_line(x[both], y[both])
            total = np.sqrt(error[both] ** 2 + (slope * x_error[both]) ** 2)
            change = Peers.of(y[both] - offset - slope * x[both], total)
            centre[both] = offset + slope * x[both] + change.centre
            spread[both] = np.sqrt(total**2 + change.spread**2)
    return centre[usable], spread[usable]


def _mass(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    centre: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> NDArray[np.float64]:
    from scipy.stats import norm

    ends = [np.clip(end, 1e-6, 1.0 - 1e-6) for end in (low, high)]
    lower, upper = [norm.cdf((np.log(e / (1.0 - e)) - centre) / spread) for e in ends]
    mass: NDArray[np.float64] = upper - lower
    return mass


CHECK = CutoffCheck()
