"""Many records from one account or one device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.peers import FEWEST_PEERS, among_peers
from detectors.finding import Family, Finding, Message, Severity
from detectors.records._events import SOURCES, Events, events_of, group_of, why_not
from detectors.records._hand import LOOK, staged, unlike_rest
from detectors.records._pace import pace_of
from detectors.records._report import significant, unit_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable

__all__ = ["CHECK"]

KINDS = ("account", "device")
AT_ONCE = 3

Vector = NDArray[np.float64]

INFO = CheckInfo(
    id="channel.source",
    level=Level.RECORD,
    family=Family.CHANNEL,
    kind="one_source",
    title=Message("Nhiều bản ghi từ một nguồn", "Many records from one source"),
    sees=(
        "More records of a unit from one account or device than any source of the peer units "
        "sends: one hand rates for many. Assisted records, announced service days and sources "
        "shared by right are left out. Three records of one account in one second and in three "
        "units are a rule."
    ),
    null_model=(
        "The unit's largest cluster among those of peer units: rank, far-out sizes by a continued "
        "tail. An account belongs to one person; a device may be a kiosk nobody named, so its size "
        "counts for .1 at most, times the p-value of rank-sum tests of the level and the haste of "
        "its records with the variance of a cluster sample. Times the kinds looked at."
    ),
    source="Vovk et al. (2005), ranks as p-values; Wilcoxon (1945); Kish (1965)",
    innocent=(
        Message(
            "Thiết bị dùng chung tại trụ sở chưa được khai báo.",
            "A device that many share at the office and that nobody has named.",
        ),
        Message(
            "Một người làm hồ sơ thay cho nhiều người, có ủy quyền.",
            "One person files cases for many, with their authority.",
        ),
        Message(
            "Cán bộ hỗ trợ người dân nhưng không ghi là có hỗ trợ.",
            "Staff helped people and did not mark the records as assisted.",
        ),
    ),
    valid_for=frozenset({"account or device", "10 peer units"}),
    batch_dependent=True,
)


@dataclass(frozen=True, eq=False)
class _Found:
    """Smallest p-value of the kinds, its kind (-1 none), and the records of that source."""

    p_value: Vector
    kind: NDArray[np.intp]
    size: NDArray[np.intp]


class SourceCheck:
    """Size of the cluster that a record belongs to, inside its unit."""

    info = INFO

    def assess(self, subject: RecordTable, *, seed: int = 0) -> Assessment:
        """Judge every record; uses no chance. The score is minus the log10 of p."""
        events = events_of(subject)
        known = np.zeros(len(subject), dtype=bool)
        found = _Found(
            np.full(len(subject), np.nan),
            np.full(len(subject), -1, dtype=np.intp),
            np.zeros(len(subject), dtype=np.intp),
        )
        kinds = np.zeros(len(subject))
        for number, name in enumerate(KINDS):
            code = events.sources[name].code
            known |= code >= 0
            usable = events.judged & subject.in_unit & (code >= 0)
            rows = np.flatnonzero(usable)
            kinds[rows] += _one_kind(subject, rows, code, number, found)
        p_values = np.minimum(found.p_value * np.maximum(kinds, 1.0), 1.0)
        scores = np.where(np.isnan(p_values), np.nan, np.abs(np.log10(p_values)))
        reason = np.where(known, f"fewer than {FEWEST_PEERS} peer units", "no account or device")
        reason = np.where(events.excused, "assisted, or from a place shared by right", reason)

        def describe(row: int) -> tuple[Message, dict[str, object]]:
            return _describe(events, found, row, float(p_values[row]))

        rare = significant(subject, INFO, scores, p_values, describe)
        ruled = _at_once(subject, events, scores)
        return Assessment(
            scores, p_values, (*ruled, *rare), why_not(subject, np.isnan(scores), reason)
        )


def _one_kind(
    table: RecordTable, rows: NDArray[np.intp], code: NDArray[np.intp], kind: int, found: _Found
) -> NDArray[np.bool_]:
    """Judge the largest cluster of each unit; which ``rows`` had peers to be judged by."""
    if rows.size == 0:
        return np.zeros(0, dtype=bool)
    unit = table.unit[rows]
    key = unit.astype(np.int64) * (int(code.max()) + 1) + code[rows]
    _, cluster, count = np.unique(key, return_inverse=True, return_counts=True)
    size = count[cluster]
    largest = np.zeros(len(table.unit_ids), dtype=np.intp)
    np.maximum.at(largest, unit, size)
    score = np.where(largest > 0, largest - 1.0, np.nan)
    p = among_peers(score, group_of(table, rows))
    if KINDS[kind] != "account":
        p = staged(p, _unlike(table, rows, size == largest[unit], p))
    judged = np.isfinite(p[unit])
    own = np.where(size == largest[unit], p[unit], 1.0)
    better = judged & ~(own >= found.p_value[rows])
    at = rows[better]
    found.p_value[at] = own[better]
    found.kind[at] = kind
    found.size[at] = size[better]
    return judged


def _unlike(
    table: RecordTable, rows: NDArray[np.intp], member: NDArray[np.bool_], together: Vector
) -> Vector:
    """Are the records of a unit's largest cluster unlike its others? One p-value a unit."""
    unlike = np.ones(together.shape)
    pace = pace_of(table)
    order = np.argsort(table.unit[rows], kind="stable")
    bounds = np.searchsorted(table.unit[rows][order], np.arange(together.size + 1))
    for unit in np.flatnonzero(np.nan_to_num(together, nan=1.0) <= LOOK).tolist():
        part = order[bounds[unit] : bounds[unit + 1]]
        mine = rows[part]
        unlike[unit] = unlike_rest(table.level[mine], pace[mine], member[part])
    return unlike


def _at_once(table: RecordTable, events: Events, scores: Vector) -> tuple[Finding, ...]:
    """Records that one account sent in one second into several units."""
    code = events.sources["account"].code
    usable = events.judged & table.in_unit & (code >= 0) & np.isfinite(events.when)
    rows = np.flatnonzero(usable & (events.grain <= 1.0))
    second = np.floor(events.when[rows])
    rows = rows[np.lexsort([table.unit[rows], second, code[rows]])]
    second = np.floor(events.when[rows])
    new = np.r_[True, (np.diff(code[rows]) != 0) | (np.diff(second) != 0)][: rows.size]
    other = new | np.r_[True, np.diff(table.unit[rows]) != 0][: rows.size]
    group = np.cumsum(new) - 1
    places = np.bincount(group, other)
    findings = []
    for place in np.flatnonzero(places >= AT_ONCE):
        mine = rows[group == place]
        message = Message(
            f"Có dấu hiệu gửi tự động: một tài khoản gửi {mine.size} bản ghi cho "
            f"{places[place]:.0f} đơn vị trong cùng một giây.",
            f"Signs of a script: one account sent {mine.size} records into "
            f"{places[place]:.0f} units within one second.",
        )
        for row in mine.tolist():
            judged = float(scores[row]) if np.isfinite(scores[row]) else 0.0
            findings.append(
                Finding(
                    detector=INFO.id,
                    family=INFO.family,
                    kind=INFO.kind,
                    score=judged,
                    p_value=None,
                    severity=Severity.YELLOW,
                    message=message,
                    record_id=str(table.record_ids[row]),
                    unit_id=unit_of(table, row),
                    evidence={"records": int(mine.size), "units": int(places[place])},
                )
            )
    return tuple(findings)


def _describe(
    events: Events, found: _Found, row: int, p: float
) -> tuple[Message, dict[str, object]]:
    name = KINDS[int(found.kind[row])]
    source, size = events.sources[name], int(found.size[row])
    vi, en = SOURCES[name]
    return (
        Message(
            f"Có dấu hiệu làm hộ nhiều người: {size} bản ghi của đơn vị cùng đến từ {vi}, không "
            f"ghi là có hỗ trợ; nguồn lớn nhất ở các đơn vị cùng nhóm hiếm khi nhiều như vậy "
            f"(p = {p:.2g}).",
            f"Signs of one hand rating for many: {size} records of the unit come from {en} and are "
            f"not marked as assisted; the largest source of peer units is rarely so large "
            f"(p = {p:.2g}).",
        ),
        {"kind": name, "records": size, "source": source.shown(int(source.code[row]))},
    )


CHECK = SourceCheck()
