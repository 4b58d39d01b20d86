"""Records of a unit crowded into minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.peers import among_peers
from detectors.finding import Family, Message
from detectors.records._events import Events, events_of, group_of
from detectors.records._hand import LOOK, staged, unlike_rest
from detectors.records._pace import pace_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._report import assessment
from detectors.units._shares import ids_of, why_untested

__all__ = ["CHECK"]

# seconds of the window, and of the stretch around it whose own pace is the measure
SCALES = ((180.0, 3_600.0), (1_200.0, 18_000.0))
SMALLEST_TAIL = 1e-300

Vector = NDArray[np.float64]

INFO = CheckInfo(
    id="channel.burst",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="burst",
    title=Message("Bản ghi dồn dập trong vài phút", "Records crowded into minutes"),
    sees=(
        "Many records within 3 or 20 minutes, given how many the unit got in the hours around, "
        "whose level is unlike the unit's others or which are filled in faster: a script, one "
        "hand, or others who flood the unit with low ratings. Busy hours, busy days, assisted "
        "records and announced service days are allowed for."
    ),
    null_model=(
        "Scan statistic: records of the surrounding hour (5 hours) fall evenly into its half, as "
        "desks open and close; binomial tail times all windows of the unit; rank among peer units. "
        "As honest people come in groups, a crowd counts for .1 at most, times the p-value of "
        "rank-sum tests of its level and its haste with the variance of a cluster sample."
    ),
    source="Naus (1965), clusters of random points; Kulldorff (1997), scan statistics",
    innocent=(
        Message(
            "Một nhóm người (cơ quan, trường học) cùng đến và cùng đánh giá.",
            "A group, of a firm or a school, came together and rated together.",
        ),
        Message(
            "Ngày phục vụ lưu động chưa được khai báo; mạng có lại sau khi mất.",
            "A mobile service day nobody announced; a network that came back.",
        ),
    ),
    valid_for=frozenset({"started_at or submitted_at", "20 records, 10 peer units"}),
    batch_dependent=True,
)


@dataclass(frozen=True, eq=False)
class _Windows:
    """Best window of each unit: score in nats, first record, records in it and around."""

    score: Vector
    first: NDArray[np.intp]
    inside: NDArray[np.intp]
    around: NDArray[np.intp]
    scale: NDArray[np.intp]


class BurstCheck:
    """Most surprising window of a unit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance. The score is in nats."""
        records = subject.records
        events = events_of(records)
        usable = events.judged & records.in_unit & np.isfinite(events.when)
        rows = np.flatnonzero(usable)
        rows = rows[np.lexsort([rows, events.when[rows], records.unit[rows]])]
        count = np.bincount(records.unit[rows], minlength=len(records.unit_ids))
        windows = _scan(records, events, rows, count)
        result = UnitResult.untested(len(records.unit_ids))
        score = np.where(count >= FEWEST_RECORDS, windows.score, np.nan)
        crowded = among_peers(score, group_of(records, np.sort(rows)))
        result.p_value[:] = staged(crowded, _unlike(records, rows, windows, crowded))
        tested = np.isfinite(result.p_value)
        result.score[tested] = score[tested]
        result.tested[:] = count
        for unit in np.flatnonzero(~tested).tolist():
            result.reason[unit] = why_untested(int(count[unit]), "no times")

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            return _describe(records, rows, windows, unit, float(result.p_value[unit]))

        return assessment(subject, INFO, result, describe)


def _scan(
    table: RecordTable, events: Events, rows: NDArray[np.intp], count: NDArray[np.intp]
) -> _Windows:
    """Best window of each unit; ``rows`` stand in order of unit and time."""
    from scipy.special import bdtrc

    units = len(count)
    best = _Windows(np.full(units, np.nan), *(np.full(units, -1, dtype=np.intp) for _ in range(4)))
    if rows.size == 0:
        return best
    unit, when = table.unit[rows], events.when[rows]
    # one axis for all units, far enough apart that no window reaches the next
    axis = when - when.min()
    axis += unit * (float(axis.max()) + 10.0 * max(around for _, around in SCALES))
    place = np.arange(rows.size)
    for scale, (window, around) in enumerate(SCALES):
        margin = (around - window) / 2.0
        inside = np.searchsorted(axis, axis + window, side="right") - place
        near = np.searchsorted(axis, axis + window + margin, side="right")
        near = near - np.searchsorted(axis, axis - margin, side="left")
        chance = 2.0 * window / around
        tail = np.maximum(bdtrc(inside - 2, np.maximum(near - 1, 1), chance), SMALLEST_TAIL)
        score = -np.log(tail * count[unit] * len(SCALES))
        order = np.lexsort([-place, score, unit])
        last = np.flatnonzero(np.diff(unit[order], append=-1) != 0)
        top = order[last]
        mine = unit[top]
        better = ~(score[top] <= best.score[mine])
        top, mine = top[better], mine[better]
        best.score[mine] = score[top]
        best.first[mine] = top
        best.inside[mine] = inside[top]
        best.around[mine] = near[top]
        best.scale[mine] = scale
    return best


def _unlike(
    table: RecordTable, rows: NDArray[np.intp], windows: _Windows, crowded: Vector
) -> Vector:
    """Are the records of a crowded window unlike the unit's others? One p-value a unit."""
    unlike = np.ones(crowded.shape)
    pace = pace_of(table)
    bounds = np.searchsorted(table.unit[rows], np.arange(crowded.size + 1))
    for unit in np.flatnonzero(np.nan_to_num(crowded, nan=1.0) <= LOOK).tolist():
        mine = rows[bounds[unit] : bounds[unit + 1]]
        first = int(windows.first[unit]) - int(bounds[unit])
        place = np.arange(mine.size)
        member = (place >= first) & (place < first + int(windows.inside[unit]))
        unlike[unit] = unlike_rest(table.level[mine], pace[mine], member)
    return unlike


def _describe(
    table: RecordTable, rows: NDArray[np.intp], windows: _Windows, unit: int, p: float
) -> tuple[Message, dict[str, object]]:
    first, inside = int(windows.first[unit]), int(windows.inside[unit])
    window, around = SCALES[int(windows.scale[unit])]
    mine = rows[first : first + inside]
    others = rows[table.unit[rows] == unit]
    others = others[~np.isin(others, mine)]
    level = float(np.nanmean(table.level[mine]))
    usual = float(np.nanmean(table.level[others])) if others.size else level
    near = int(windows.around[unit])
    return (
        Message(
            f"Có dấu hiệu bản ghi dồn dập: {inside} bản ghi trong {window / 60:.0f} phút, trong "
            f"khi {around / 3600:.0f} giờ xung quanh có {near} bản ghi (p = {p:.2g}). Điểm trung "
            f"bình trong đợt này {level:.0%} thang điểm, ngoài đợt {usual:.0%}.",
            f"Signs of a burst: {inside} records within {window / 60:.0f} minutes, {near} in the "
            f"{around / 3600:.0f} hours around (p = {p:.2g}). Their mean is {level:.0%} of the "
            f"scale, that of the others {usual:.0%}.",
        ),
        {
            "records": inside,
            "minutes": window / 60.0,
            "records_around": near,
            "level_inside": level,
            "level_outside": usual,
            "record_ids": ids_of(table, mine),
        },
    )


CHECK = BurstCheck()
