"""Paper and digital answers of one unit that differ otherwise than they do at its peers.

The gap between the logits of the mean levels, paper less digital, is held against the
gaps of the peers, which differ by sampling and by a spread of their own. The mean gap of
all units (people on paper are more content everywhere) is the centre, no sign.

Reference: DerSimonian & Laird (1986), random effects; mode effects in surveys: de Leeuw
(2005).
"""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._peers import FEWEST_PEERS, Peers, error_at, logits, upper_p
from detectors.units._report import assessment
from detectors.units._rounds import mode_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="unit.mode_gap",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="mode_gap",
    title=Message("Chênh lệch giữa phiếu giấy và trực tuyến", "Gap between paper and digital"),
    sees=(
        "The difference in mean level between a unit's paper and digital records, up or down, "
        "against the differences at its peers: one channel that was tampered with departs from "
        "the other."
    ),
    null_model=(
        "The peers' gaps: their centre, sampling, and the spread between units beyond it; "
        "Student's t for the tail, two-sided."
    ),
    source="DerSimonian & Laird (1986), random effects; de Leeuw (2005), mode effects",
    innocent=(
        Message(
            "Hai kênh phục vụ những nhóm người dân hoặc thủ tục khác nhau.",
            "The two channels serve other people or other procedures.",
        ),
        Message(
            "Người cao tuổi được hướng dẫn điền phiếu giấy.",
            "Elderly people were helped to fill in the paper form.",
        ),
        Message("Hệ thống trực tuyến gặp lỗi trong kỳ.", "The online system had faults."),
    ),
    valid_for=frozenset({"20 paper and 20 digital records", "15 such units"}),
    batch_dependent=True,
)


class ModeGapCheck:
    """Two-sided test of paper less digital."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        if count:
            _tested(subject, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            gap, usual = float(result.observed[unit]), float(result.expected[unit])
            p = float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu hai kênh lệch nhau khác thường: phiếu giấy so với trực tuyến "
                    f"{gap:+.2f} (thang logit), các đơn vị khác {usual:+.2f} (p = {p:.2g}).",
                    f"Signs that one channel departs from the other: paper less digital "
                    f"{gap:+.2f} (logits), {usual:+.2f} at other units (p = {p:.2g}).",
                ),
                {"gap": gap, "usual_gap": usual},
            )

        return assessment(subject, INFO, result, describe)


def _tested(table: UnitTable, result: UnitResult) -> None:
    records, count = table.records, len(table)
    modes = np.array([mode_of(name) for name in records.stratum_names])
    rated = records.in_unit & (records.answered > 0)
    n, y, worth = np.full((3, 2, count), np.nan)
    for row, mode in enumerate(("paper", "digital")):
        mine = rated & (modes == mode)[records.stratum]
        n[row], y[row], worth[row] = logits(records.unit[mine], records.level[mine], count)
    enough = (n >= FEWEST_RECORDS).all(axis=0)
    few = f"fewer than {FEWEST_RECORDS} records on paper or in digital form"
    result.reason.update(dict.fromkeys(np.flatnonzero(~enough).tolist(), few))
    if enough.sum() < FEWEST_PEERS:
        lone = f"fewer than {FEWEST_PEERS} units with {FEWEST_RECORDS} records of either mode"
        result.reason.update(dict.fromkeys(np.flatnonzero(enough).tolist(), lone))
        return
    y, worth = y[:, enough], worth[:, enough]
    gap = y[0] - y[1]
    # without a departure both modes stand where the unit stands as a whole
    share = (worth / (1.0 + np.exp(-y))).sum(axis=0) / worth.sum(axis=0)
    both = np.log(share / (1.0 - share))
    error = np.sqrt(error_at(both, worth[0]) ** 2 + error_at(both, worth[1]) ** 2)
    peers = Peers.of(gap, error)
    z = np.abs(peers.z(gap, error, gap.size))
    result.score[enough] = z
    result.p_value[enough] = np.minimum(2.0 * upper_p(z, peers), 1.0)
    result.observed[enough] = gap
    result.expected[enough] = peers.centre
    result.tested[enough] = n[:, enough].sum(axis=0).astype(np.intp)


CHECK = ModeGapCheck()
