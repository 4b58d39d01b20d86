"""Finished forms that lay somewhere before they were scanned.

The longer finished sheets lie with those who are rated by them, the more can be done to
them. The mean days between return and scan of a unit's batches are held, in logs, against
its peers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import UnitResult
from detectors.units._custody_book import rows_of
from detectors.units._peers import FEWEST_PEERS, Peers, upper_p
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
        "More days between the return of the forms and their scan than at the peers: finished "
        "forms were long in somebody's hands."
    ),
    null_model=(
        "Log of the mean days, with the spread between the units of the round and Student's t."
    ),
    source="Georgia's erasure inquiry (who held the sheets, how long); robust peers: own work",
    innocent=(
        Message("Đơn vị ở xa, gửi phiếu về theo đợt.", "A remote unit sends its forms in one go."),
        Message("Máy quét hỏng hoặc dùng chung.", "The scanner was broken, or is shared."),
        Message("Ngày trong sổ được ghi bù.", "The days in the book were written in later."),
    ),
    valid_for=frozenset({"returned_at and scanned_at", "15 units"}),
    batch_dependent=True,
)


class DelayCheck:
    """Days between return and scan against peers."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        rows = [r for r in rows_of(subject.custody) if r.get("returned_at") and r.get("scanned_at")]
        days: dict[str, list[float]] = {}
        for row in rows:
            lay = (row["scanned_at"] - row["returned_at"]).days
            if lay >= 0:
                days.setdefault(row["unit_id"], []).append(float(lay))
        mean = np.array([np.mean(days[n]) if n in days else np.nan for n in subject.unit_ids])
        known = np.isfinite(mean)
        absent = "no days of return and scan"
        result.reason.update(dict.fromkeys(np.flatnonzero(~known).tolist(), absent))
        if known.sum() < FEWEST_PEERS:
            few = f"fewer than {FEWEST_PEERS} units with days of return and scan"
            result.reason.update(dict.fromkeys(np.flatnonzero(known).tolist(), few))
        else:
            estimate = np.log1p(mean[known])
            error = np.full(estimate.size, A_DAY)
            peers = Peers.of(estimate, error)
            result.score[known] = z = peers.z(estimate, error, estimate.size)
            result.p_value[known] = upper_p(z, peers)
            result.observed[known], result.expected[known] = mean[known], np.expm1(peers.centre)
            result.tested[known] = [len(days[n]) for n in subject.unit_ids if n in days]

        def describe(unit: int) -> tuple[Message, dict[str, Any]]:
            lay, usual = float(result.observed[unit]), float(result.expected[unit])
            name, p = subject.unit_ids[unit], float(result.p_value[unit])
            held = sorted({r["handler"] for r in rows if r["unit_id"] == name and r.get("handler")})
            return (
                Message(
                    f"Có dấu hiệu phiếu để lâu trước khi quét: trung bình {lay:.0f} ngày, các đơn "
                    f"vị khác khoảng {usual:.0f} ngày (p = {p:.2g}).",
                    f"Signs of forms that lay before they were scanned: {lay:.0f} days on average, "
                    f"about {usual:.0f} at other units (p = {p:.2g}).",
                ),
                {"days": lay, "usual_days": usual, "held_by": held},
            )

        return assessment(subject, INFO, result, describe)


CHECK = DelayCheck()
