"""Ratings of no case, of a case that is not there, or of one case again and again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.records._cases import FAULTS, case_size, faults_of, untold
from detectors.records._events import events_of, why_not
from detectors.records._report import significant
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

FEWEST_PEERS = 200
USUAL_RATINGS = 2

Vector = NDArray[np.float64]

INFO = CheckInfo(
    id="channel.case",
    level=Level.RECORD,
    family=Family.CHANNEL,
    kind="case",
    title=Message("Đánh giá không gắn với hồ sơ", "Rating without its case"),
    sees=(
        "No case where others name one, or one that is not among the transactions or belongs to "
        "another unit; a rating before the case was finished; a case rated three times or more: "
        "ratings are made up without the people who were served."
    ),
    null_model=(
        "Each fault is graded by how rare it is in other units of the stratum (a repeated case by "
        "how often), and the rarest of a record is ranked among those of other units, itself "
        "counted: a conformal p-value."
    ),
    source="Custody identities of the survey plan; Circular 01/2018/TT-VPCP, rating by case",
    innocent=(
        Message("Nhập nhầm mã hồ sơ.", "The case number was mistyped."),
        Message(
            "Danh sách giao dịch chưa đủ, hoặc chưa ghi ngày trả kết quả.",
            "The list of transactions is incomplete, or closed late.",
        ),
        Message(
            "Người dân đánh giá ngay khi nộp hồ sơ.",
            "The person rated the service when handing the case in.",
        ),
    ),
    valid_for=frozenset({"case_id", "200 records of other units"}),
    batch_dependent=True,
)


class CaseCheck:
    """Rarity of a record's faults among other units."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance. The score is minus the log10 of p."""
        events, faults, size = events_of(subject), faults_of(subject), case_size(subject)
        graded = dict(faults)
        graded["repeated"] = np.where(
            np.isnan(faults["repeated"]), np.nan, np.maximum(size - USUAL_RATINGS, 0).astype(float)
        )
        judged = events.judged & subject.in_unit
        p_values, worst = _rarest(subject, judged, graded)
        scores = np.where(np.isnan(p_values), np.nan, np.abs(np.log10(p_values)))
        told = np.any([np.isfinite(fault) for fault in faults.values()], axis=0)
        reason = np.where(told, f"fewer than {FEWEST_PEERS} peers", "no case_id")
        reason = np.where(events.excused, "assisted, or from a place shared by right", reason)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            name = list(FAULTS)[int(worst[row])]
            (vi, en), p = FAULTS[name], float(p_values[row])
            return (
                Message(
                    f"Có dấu hiệu đánh giá không gắn với giao dịch: {vi}, hiếm gặp ở các đơn vị "
                    f"cùng nhóm (p = {p:.2g}).",
                    f"Signs of a rating without its transaction: {en}, which is rare in peer units "
                    f"(p = {p:.2g}).",
                ),
                {"fault": name, "ratings_of_the_case": int(size[row])},
            )

        return Assessment(
            scores=scores,
            p_values=p_values,
            findings=significant(subject, INFO, scores, p_values, describe),
            not_assessable=why_not(subject, np.isnan(scores), reason),
            info=untold(subject),
        )


def _rarest(
    table: RecordTable, judged: NDArray[np.bool_], graded: Mapping[str, Vector]
) -> tuple[Vector, NDArray[np.intp]]:
    """p-value of each record, and its rarest fault.

    Faults are made comparable by how rare they are, and the rarest one of each record is
    ranked among those of other units.
    """
    rarity = np.full(len(table), np.nan)
    worst = np.full(len(table), -1, dtype=np.intp)
    p_value = np.full(len(table), np.nan)
    for stratum in range(len(table.stratum_names)):
        mine = judged & (table.stratum == stratum)
        for number, grade in enumerate(graded.values()):
            rows = np.flatnonzero(mine & np.isfinite(grade))
            own = -np.log(_among_other_units(table.unit[rows], grade[rows]))
            better = own > np.nan_to_num(rarity[rows], nan=-1.0)
            rarity[rows[better]] = own[better]
            worst[rows[better]] = number
        rows = np.flatnonzero(mine & np.isfinite(rarity))
        p_value[rows] = _among_other_units(table.unit[rows], rarity[rows])
    return p_value, worst


def _among_other_units(unit: NDArray[np.intp], grade: Vector) -> Vector:
    """(1 + records of other units at least as faulty) / (1 + records of other units)."""
    n = unit.size
    if n == 0:
        return np.full(0, np.nan)
    values, level = np.unique(grade, return_inverse=True)
    at_least = n - np.searchsorted(np.sort(grade), values, side="left")
    own_size = np.bincount(unit)
    # records of the own unit at least as faulty: rank from the top inside the unit
    order = np.lexsort([level, unit])
    start = np.r_[0, np.cumsum(own_size)][unit[order]]
    key = unit[order].astype(np.int64) * (values.size + 1) + level[order]
    below = np.searchsorted(key, key, side="left") - start
    own = np.empty(n)
    own[order] = own_size[unit[order]] - below
    others = n - own_size[unit]
    p = (1.0 + at_least[level] - own) / (1.0 + others)
    return np.where(others >= FEWEST_PEERS, p, np.nan)


CHECK = CaseCheck()
