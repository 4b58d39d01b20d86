"""More records from shared accounts, devices or networks than in peer units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.records._events import SOURCES, Events, events_of
from detectors.records._hand import LOOK, staged, unlike_rest
from detectors.records._pace import pace_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.units._report import assessment
from detectors.units._several import smallest_of
from detectors.units._shares import hits_of, share_test

__all__ = ["CHECK"]

LARGEST_FAMILY = 3

INFO = CheckInfo(
    id="channel.shared_sources",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="one_source",
    title=Message("Nhiều bản ghi từ ít nguồn", "Many records from few sources"),
    sees=(
        "Share of the unit's records beyond the third of one account, of one device, or of its "
        "largest network prefix: one hand, or a few phones in turn, rate for many. Assisted "
        "records, announced service days, sources shared by right and values that a quarter of "
        "all units share (carriers' networks) are left out."
    ),
    null_model=(
        "Beta-binomial with the share and over-dispersion of the peer units; p-value by rank among "
        "them, far-out scores by a continued tail. As a device may be a kiosk nobody named and a "
        "network the office's, these count for .1 at most, times the p-value of rank-sum tests of "
        "the level and the haste of their records with the variance of a cluster sample. Times "
        "the kinds looked at."
    ),
    source="Survey high-frequency checks (World Bank DIME, SurveyCTO); Kleinman (1973)",
    innocent=(
        Message(
            "Thiết bị dùng chung tại trụ sở chưa được khai báo.",
            "A device that many share at the office and that nobody has named.",
        ),
        Message(
            "Người dân dùng mạng Wi-Fi của trụ sở hoặc chung mạng di động.",
            "People use the office Wi-Fi, or share a mobile network.",
        ),
    ),
    valid_for=frozenset({"account, device or ip", "20 records, 10 peer units"}),
    batch_dependent=True,
)


class SharedSourcesCheck:
    """Share of records beyond the third of one source, by kind."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance."""
        records = subject.records
        events = events_of(records)
        tests, found = {}, {}
        for name in SOURCES:
            usable, beyond = found[name] = _beyond(records, events, name)
            test = share_test(records, usable, beyond, "no account, device or ip")
            if name != "account":
                test.p_value[:] = staged(
                    test.p_value, _unlike(records, usable, beyond, test.p_value)
                )
            tests[name] = test
        several = smallest_of(tests, len(records.unit_ids))

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            seen = several.decisive(unit)
            vi, en = SOURCES[seen.name]
            return (
                Message(
                    f"Có dấu hiệu ít nguồn gửi nhiều bản ghi: {seen.observed:.0%} trong "
                    f"{seen.n} bản ghi đến từ {vi} đã gửi ba bản ghi trước đó, các đơn vị cùng "
                    f"nhóm khoảng {seen.expected:.1%} (p = {seen.p:.2g}).",
                    f"Signs of few sources sending many records: {seen.observed:.0%} of {seen.n} "
                    f"records come from {en} that had sent three before, about "
                    f"{seen.expected:.1%} in peer units (p = {seen.p:.2g}).",
                ),
                {"kind": seen.name} | seen.evidence | hits_of(records, *found[seen.name], unit),
            )

        return assessment(subject, INFO, several.result, describe)


def _beyond(
    table: RecordTable, events: Events, name: str
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Records whose kind of source is known to the table, and those beyond the third of one."""
    hit = np.zeros(len(table))
    code = events.sources[name].code
    usable = events.judged & table.in_unit & events.sources[name].named
    rows = np.flatnonzero(usable & (code >= 0))
    rows = rows[np.lexsort([rows, code[rows], table.unit[rows]])]
    new = np.r_[True, (np.diff(code[rows]) != 0) | (np.diff(table.unit[rows]) != 0)][: rows.size]
    start = np.flatnonzero(new)
    size = np.diff(np.r_[start, rows.size])
    number = np.arange(rows.size) - np.repeat(start, size)
    hit[rows[number >= LARGEST_FAMILY]] = 1.0
    if name == "ip":
        _largest_only(table.unit[rows], size, start, rows, hit)
    return usable, hit


def _unlike(
    table: RecordTable,
    usable: NDArray[np.bool_],
    beyond: NDArray[np.float64],
    together: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Are records beyond the third of a source unlike the unit's others? One p-value a unit."""
    unlike = np.ones(together.shape)
    pace = pace_of(table)
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(table.unit[rows], kind="stable")]
    bounds = np.searchsorted(table.unit[rows], np.arange(together.size + 1))
    for unit in np.flatnonzero(np.nan_to_num(together, nan=1.0) <= LOOK).tolist():
        mine = rows[bounds[unit] : bounds[unit + 1]]
        unlike[unit] = unlike_rest(table.level[mine], pace[mine], beyond[mine] > 0)
    return unlike


def _largest_only(
    unit: NDArray[np.intp],
    size: NDArray[np.intp],
    start: NDArray[np.intp],
    rows: NDArray[np.intp],
    hit: NDArray[np.float64],
) -> None:
    """Keep hits of each unit's largest cluster: neighbours share networks, too."""
    largest = np.zeros(int(unit.max(initial=-1)) + 1, dtype=np.intp)
    np.maximum.at(largest, unit[start], size)
    small = np.repeat(size < largest[unit[start]], size)
    hit[rows[small]] = 0.0


CHECK = SharedSourcesCheck()
