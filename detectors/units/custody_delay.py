"""Finished forms that lay somewhere before they were scanned.

The longer finished sheets lie with those who are rated by them, the more can be done to
them. The days between return and scan of every batch are held, in logs, against those of all
batches of the round; a unit has the smallest p-value of its batches times their number. As
some honest units are far away and others use a weekly courier, that only ranks: the p-value
is the unit's place among its peers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.peers import among_peers
from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import UnitResult
from detectors.units._custody_book import rows_of
from detectors.units._peers import FEWEST_PEERS, Peers
from detectors.units._report import assessment

__all__ = ["CHECK"]

A_DAY = 0.25

INFO = CheckInfo(
    id="custody.delay",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="custody",
    title=Message("Phiếu để lâu trước khi quét", "Forms that lay before they were scanned"),
    sees=(
        "A batch with more days between the return of its forms and their scan than those of the "
        "peers: finished forms were long in somebody's hands."
    ),
    null_model=(
        "Log of the days of each batch, with the spread between batches, times the unit's "
        "batches; p-value by rank among the units, far-out scores by a continued tail."
    ),
    source="Georgia's erasure inquiry (who held the sheets, how long); robust peers: own work",
    innocent=(
        Message("Đơn vị ở xa, gửi phiếu về theo đợt.", "A remote unit sends its forms in one go."),
        Message("Máy quét hỏng hoặc dùng chung.", "The scanner was broken, or is shared."),
        Message("Ngày trong sổ được ghi bù.", "The days in the book were written in later."),
    ),
    valid_for=frozenset({"returned_at and scanned_at", "15 units"}),
    batch_dependent=True,
    version="2",
)


def _surprise(
    z: NDArray[np.float64], unit: NDArray[np.intp], batches: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Minus the log of each unit's smallest normal tail times its batches; NaN without any."""
    from scipy.stats import norm

    score = np.full(batches.size, -np.inf)
    np.maximum.at(score, unit, -norm.logsf(z))
    known = batches > 0
    score[known] = np.maximum(score[known] - np.log(batches[known]), 0.0)
    return np.where(known, score, np.nan)


class DelayCheck:
    """Days between return and scan, batch by batch, against peers."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        rows = [r for r in rows_of(subject.custody) if r.get("returned_at") and r.get("scanned_at")]
        place = {name: unit for unit, name in enumerate(subject.unit_ids) if name}
        lay = [(row, (row["scanned_at"] - row["returned_at"]).days) for row in rows]
        lay = [(row, days) for row, days in lay if days >= 0 and row["unit_id"] in place]
        unit = np.array([place[row["unit_id"]] for row, _ in lay], dtype=np.intp)
        days = np.array([float(n) for _, n in lay])
        batches = np.bincount(unit, minlength=count)
        known = batches > 0
        absent = "no days of return and scan"
        result.reason.update(dict.fromkeys(np.flatnonzero(~known).tolist(), absent))
        if known.sum() < FEWEST_PEERS:
            few = f"fewer than {FEWEST_PEERS} units with days of return and scan"
            result.reason.update(dict.fromkeys(np.flatnonzero(known).tolist(), few))
        else:
            estimate = np.log1p(days)
            error = np.full(estimate.size, A_DAY)
            peers = Peers.of(estimate, error)
            score = _surprise(peers.z(estimate, error, estimate.size), unit, batches)
            result.score[known] = score[known]
            result.p_value[:] = among_peers(score, np.zeros(count, dtype=np.intp))
            longest = np.zeros(count)
            np.maximum.at(longest, unit, days)
            result.observed[known] = longest[known]
            result.expected[known] = np.expm1(peers.centre)
            result.tested[known] = batches[known]

        def describe(unit: int) -> tuple[Message, dict[str, Any]]:
            long, usual = float(result.observed[unit]), float(result.expected[unit])
            name, p = subject.unit_ids[unit], float(result.p_value[unit])
            mine = [row for row, n in lay if row["unit_id"] == name and n == long]
            batch = str(mine[0].get("batch") or "?")
            held = sorted({row["handler"] for row in mine if row.get("handler")})
            return (
                Message(
                    f"Có dấu hiệu phiếu để lâu trước khi quét: lô {batch} để {long:.0f} ngày, các "
                    f"lô khác khoảng {usual:.0f} ngày (p = {p:.2g}).",
                    f"Signs of forms that lay before they were scanned: batch {batch} for "
                    f"{long:.0f} days, other batches about {usual:.0f} (p = {p:.2g}).",
                ),
                {"batch": batch, "days": long, "usual_days": usual, "held_by": held},
            )

        return assessment(subject, INFO, result, describe)


CHECK = DelayCheck()
