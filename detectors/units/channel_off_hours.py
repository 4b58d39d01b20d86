"""More records outside desk hours than in peer units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.records._events import Events, events_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.units._report import assessment
from detectors.units._shares import hits_of, share_test

__all__ = ["CHECK"]

DAY_HOURS = 24
SHIFTED = 0.3
USUAL = 1.5
EVEN_HOURS = 2.0

INFO = CheckInfo(
    id="channel.off_hours",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="off_hours",
    title=Message("Nhiều bản ghi ngoài giờ làm việc", "Many records outside desk hours"),
    sees=(
        "Share of the unit's devices whose first record was made outside desk hours, local time: "
        "ratings entered in the evening or at night by few hands. A device counts once, so that "
        "one device with a wrong clock cannot make a unit look so."
    ),
    null_model=(
        "Beta-binomial with the share and over-dispersion of the peer units; p-value by rank among "
        "them, far-out scores by a continued tail."
    ),
    source="Survey high-frequency checks (World Bank DIME); Kleinman (1973)",
    innocent=(
        Message(
            "Người dân đánh giá ở nhà vào buổi tối; nơi đó có nếp làm việc khác.",
            "People rate at home in the evening, or the place keeps other hours.",
        ),
        Message(
            "Đồng hồ hoặc múi giờ của hệ thống bị lệch.",
            "The clock or the time zone of the system is off.",
        ),
    ),
    valid_for=frozenset({"started_at or submitted_at", "20 records, 10 peer units"}),
    batch_dependent=True,
)


class OffHoursCheck:
    """Share of first records of devices outside desk hours and days."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance."""
        records = subject.records
        events = events_of(records)
        usable = events.judged & np.isfinite(events.clock) & records.in_unit
        usable &= _first_of_device(records, events, usable)
        outside = _outside(records, events.day, events.clock).astype(np.float64)
        result = share_test(records, usable, outside, "no times")
        for unit, hours in _shifted(records, events, usable, result.expected).items():
            result.score[unit] = result.p_value[unit] = np.nan
            result.reason[unit] = f"the clock seems to be {hours:+d} hours off"

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, own = int(result.tested[unit]), float(result.observed[unit])
            usual, p = float(result.expected[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu nhập ngoài giờ: {own:.0%} trong {n} thiết bị gửi bản ghi đầu "
                    f"tiên ngoài giờ làm việc, các đơn vị cùng nhóm khoảng {usual:.0%} "
                    f"(p = {p:.2g}).",
                    f"Signs of entry outside desk hours: {own:.0%} of {n} devices sent their first "
                    f"record then, about {usual:.0%} in peer units (p = {p:.2g}).",
                ),
                {"observed": own, "expected": usual} | hits_of(records, usable, outside, unit),
            )

        return assessment(subject, INFO, result, describe)


def _first_of_device(
    table: RecordTable, events: Events, usable: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The first usable record of each device in a unit; each record of an unknown device."""
    code = events.sources["device"].code
    rows = np.flatnonzero(usable & (code >= 0))
    first = usable & (code < 0)
    order = rows[np.lexsort([rows, events.when[rows], code[rows], table.unit[rows]])]
    key = np.column_stack([table.unit[order], code[order]])
    first[order[np.r_[True, np.any(np.diff(key, axis=0) != 0, axis=1)][: order.size]]] = True
    return first


def _outside(
    table: RecordTable, day: NDArray[np.float64], clock: NDArray[np.float64]
) -> NDArray[np.bool_]:
    opens, closes = table.circumstances.office_hours
    weekday = (np.nan_to_num(day).astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    open_day = np.isin(weekday, sorted(table.circumstances.office_days))
    outside: NDArray[np.bool_] = ~open_day | (clock < opens * 3600) | (clock > closes * 3600)
    return outside


def _shifted(
    table: RecordTable, events: Events, usable: NDArray[np.bool_], expected: NDArray[np.float64]
) -> dict[int, int]:
    """Units whose whole day seems moved: many records off hours, the usual few after a shift.

    A day squeezed into two hours is no shifted day.
    """
    units = len(table.unit_ids)
    outside = usable & _outside(table, events.day, events.clock)
    count = np.bincount(table.unit[usable], minlength=units)
    late = np.bincount(table.unit[outside], minlength=units) >= SHIFTED * np.maximum(count, 1)
    rows = np.flatnonzero(usable & (late & np.isfinite(expected))[table.unit])
    rows = rows[np.argsort(table.unit[rows], kind="stable")]
    suspects, starts = np.unique(table.unit[rows], return_index=True)
    if rows.size == 0:
        return {}
    turns = [h for h in range(-DAY_HOURS // 2, DAY_HOURS // 2 + 1) if h]
    after = []
    for hours in turns:
        moved = events.clock[rows] + 3600.0 * hours
        day = events.day[rows] + np.floor(moved / 86_400.0)
        still = _outside(table, day, moved % 86_400.0).astype(np.float64)
        after.append(np.add.reduceat(still, starts) / count[suspects])
    best = np.argmin(after, axis=0)
    share = np.min(after, axis=0)
    found: dict[int, int] = {}
    for place, part in enumerate(np.split(rows, starts[1:])):
        hours = turns[int(best[place])]
        low, high = np.quantile((events.clock[part] + 3600.0 * hours) % 86_400.0, [0.25, 0.75])
        usual = share[place] <= USUAL * expected[suspects[place]]
        if usual and high - low >= EVEN_HOURS * 3600.0:
            found[int(suspects[place])] = -hours
    return found


CHECK = OffHoursCheck()
