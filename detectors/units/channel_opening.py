"""Runs of records at desk opening or closing, from one hand."""

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

EDGE_SECONDS = 1_800.0
NEXT_SECONDS = 180.0

INFO = CheckInfo(
    id="channel.opening",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="opening_run",
    title=Message("Nhập liền mạch lúc mở, đóng cửa", "Runs at opening and closing"),
    sees=(
        "Share of records made within half an hour of desk opening or closing and within three "
        "minutes of another from the same account or device (of the unit, where neither is "
        "known): staff enter ratings of many cases in one go when nobody is at the desk."
    ),
    null_model=(
        "Beta-binomial with the share and over-dispersion of the peer units; p-value by rank among "
        "them, far-out scores by a continued tail."
    ),
    source="Own work; Kleinman (1973) for the over-dispersed share",
    innocent=(
        Message(
            "Người dân xếp hàng từ trước giờ mở cửa và dùng chung một máy.",
            "People queue before the doors open and use one device.",
        ),
        Message(
            "Cán bộ hỗ trợ người dân nhưng không ghi là có hỗ trợ.",
            "Staff helped people and did not mark the records as assisted.",
        ),
    ),
    valid_for=frozenset({"started_at or submitted_at", "20 records, 10 peer units"}),
    batch_dependent=True,
)


class OpeningCheck:
    """Share of records in runs at the edges of desk hours."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance."""
        records = subject.records
        events = events_of(records)
        usable = events.judged & np.isfinite(events.clock) & records.in_unit
        run = _at_edge(records, events) & _in_run(records, events, usable)
        hit = run.astype(np.float64)
        result = share_test(records, usable, hit, "no times")

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            n, own = int(result.tested[unit]), float(result.observed[unit])
            usual, p = float(result.expected[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu nhập thay lúc mở hoặc đóng cửa: {own:.0%} trong {n} bản ghi được "
                    f"nhập liền nhau từ một nguồn vào lúc đó, các đơn vị cùng nhóm khoảng "
                    f"{usual:.1%} (p = {p:.2g}).",
                    f"Signs of entry by staff at opening or closing: {own:.0%} of {n} records were "
                    f"made then in runs from one source, about {usual:.1%} in peer units "
                    f"(p = {p:.2g}).",
                ),
                {"observed": own, "expected": usual} | hits_of(records, usable, hit, unit),
            )

        return assessment(subject, INFO, result, describe)


def _at_edge(table: RecordTable, events: Events) -> NDArray[np.bool_]:
    clock = np.nan_to_num(events.clock, nan=-1e9)
    edge = np.zeros(len(table), dtype=bool)
    for hour in table.circumstances.office_hours:
        edge |= np.abs(clock - hour * 3_600.0) <= EDGE_SECONDS
    return edge


def _in_run(table: RecordTable, events: Events, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Records with another of their account, device or else unit within three minutes."""
    account, device = events.sources["account"].code, events.sources["device"].code
    neither = (account < 0) & (device < 0)
    run = np.zeros(len(table), dtype=bool)
    for code in (account, device, np.where(neither, table.unit, -1)):
        rows = np.flatnonzero(usable & (code >= 0))
        rows = rows[np.lexsort([rows, events.when[rows], code[rows], table.unit[rows]])]
        close = np.diff(events.when[rows]) <= NEXT_SECONDS
        close &= (np.diff(code[rows]) == 0) & (np.diff(table.unit[rows]) == 0)
        run[rows[:-1][close]] = True
        run[rows[1:][close]] = True
    return run


CHECK = OpeningCheck()
