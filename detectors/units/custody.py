"""Counts, serials and days of forms that cannot be so.

The identities of the survey plan: printed = issued + unissued + spoilt; issued = returned +
lost + outstanding; taken home <= handed out <= issued; returned <= handed out; returned =
valid + invalid; invalid forms have a reason where reasons are written down; valid paper
forms = paper records; records not more than people served; a serial belongs to one batch; a
batch is returned after it was issued and scanned after it was returned; an answer is dated
inside the period. What is unknown breaks none of them.

Valid forms without a record are told only where at least half of the units have a record
for every valid form: while forms are still being read, most units lack some.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._custody_book import (
    Broken,
    by_unit,
    faults_of,
    of_batches,
    overlaps,
    rows_of,
)
from detectors.units._register import number_of

__all__ = ["CHECK"]

FEW_MISSING = 0.01
ENOUGH_READ = 0.5
FEW_OUTSIDE = 0.01
HALF_A_DAY = 15 * 3600.0  # no zone is farther from UTC

INFO = CheckInfo(
    id="custody.balance",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="custody",
    title=Message("Đối chiếu số phiếu", "Form balance"),
    sees=(
        "Printed, issued, handed out, returned and valid forms that do not add up, batch by "
        "batch; invalid forms without a reason; valid forms unlike the paper records received; "
        "more records than people served; serials in two batches; batches returned before they "
        "were issued, or scanned before they were returned; answers dated outside the period."
    ),
    null_model="Rules of arithmetic: no p-value.",
    source="HHCAHPS submission checks; custody identities of the survey plan",
    innocent=(
        Message("Nhầm lẫn khi ghi sổ.", "A slip in the book."),
        Message("Phiếu đến sau ngày chốt số liệu.", "Forms that arrived after the closing day."),
        Message("Đồng hồ của thiết bị chạy sai.", "A device's clock was wrong."),
    ),
    valid_for=frozenset({"custody table, served or period"}),
    batch_dependent=True,
    version="3",
)


class CustodyCheck:
    """Rules over the batches and records of a unit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance. The score is the number of forms in doubt."""
        count = len(subject)
        if count == 0:
            return Assessment(np.zeros(0), np.zeros(0))
        rows = rows_of(subject.custody)
        books = by_unit(rows)
        place = {name: unit for unit, name in enumerate(subject.unit_ids) if name}
        broken: dict[int, list[Broken]] = {unit: [] for unit in place.values()}
        for name, fault in (*faults_of(rows), *of_batches(rows), *overlaps(rows)):
            if name in place:
                broken[place[name]].append(fault)
        judged = np.array([name in books for name in subject.unit_ids], dtype=bool)
        judged |= _against_records(subject, books, broken)
        judged |= _outside_period(subject, broken)
        scores = np.where(judged, 0.0, np.nan)
        findings = []
        for unit, faults in sorted(broken.items()):
            if faults:
                name = subject.unit_ids[unit]
                scores[unit] = sum(max(fault.forms, 1.0) for fault in faults)
                held_by = _handlers(rows, name, faults)
                findings.append(_finding(name, float(scores[unit]), faults, held_by))
        why = "no custody counts, no number of people served, and no period with dated records"
        missing = dict.fromkeys(np.flatnonzero(np.isnan(scores)).tolist(), why)
        known = set(subject.unit_ids)
        without = sorted(name for name in books if name and name not in known)
        info = {"units_without_records": without}
        return Assessment(scores, np.full(count, np.nan), tuple(findings), missing, info)


def _against_records(
    table: UnitTable, books: dict[str, Any], broken: dict[int, list[Broken]]
) -> NDArray[np.bool_]:
    """Hold counts against the records received; gives the units that had any count."""
    records, count = table.records, len(table)
    total = np.bincount(records.unit, minlength=count)
    on_paper = (records.column("channel") == "paper") & (records.answered > 0)
    paper = np.bincount(records.unit, on_paper, minlength=count)
    valid = np.array([books.get(name, {}).get("valid", np.nan) for name in table.unit_ids])
    served = number_of(table, "served")
    missing = valid - paper
    known = np.isfinite(valid)
    read = known.any() and np.mean(missing[known] <= 0) >= ENOUGH_READ
    for unit, faults in broken.items():
        if missing[unit] < 0:
            faults.append(
                Broken(
                    -float(missing[unit]),
                    f"nhận được {paper[unit]:.0f} phiếu giấy nhưng sổ chỉ ghi {valid[unit]:.0f} "
                    "phiếu hợp lệ",
                    f"{paper[unit]:.0f} paper records received but only {valid[unit]:.0f} valid "
                    "forms in the book",
                )
            )
        elif read and missing[unit] > max(1.0, FEW_MISSING * valid[unit]):
            faults.append(
                Broken(
                    float(missing[unit]),
                    f"sổ ghi {valid[unit]:.0f} phiếu hợp lệ nhưng chỉ nhận được "
                    f"{paper[unit]:.0f} phiếu giấy",
                    f"{valid[unit]:.0f} valid forms in the book but only {paper[unit]:.0f} paper "
                    "records received",
                )
            )
        if total[unit] > served[unit]:
            faults.append(
                Broken(
                    float(total[unit] - served[unit]),
                    f"{total[unit]} phiếu nhưng chỉ {served[unit]:.0f} lượt phục vụ",
                    f"{total[unit]} records but only {served[unit]:.0f} people served",
                )
            )
    judged: NDArray[np.bool_] = known | np.isfinite(served)
    return judged


def _outside_period(table: UnitTable, broken: dict[int, list[Broken]]) -> NDArray[np.bool_]:
    """Records dated outside the period; gives the units with a dated record."""
    records, count = table.records, len(table)
    judged = np.zeros(count, dtype=bool)
    if table.period is None or not records.times:
        return judged
    first, last = (pd.Timestamp(day) for day in table.period)
    start, end = first.timestamp(), (last + pd.Timedelta(days=1)).timestamp()
    when = np.full(len(records), np.nan)
    for column in ("started_at", "submitted_at"):
        if column in records.times:
            when = np.where(np.isnan(when), records.times[column], when)
    dated = np.bincount(records.unit[np.isfinite(when)], minlength=count)
    judged[dated > 0] = True
    edge = np.flatnonzero((when < start + HALF_A_DAY) | (when >= end - HALF_A_DAY))
    day = _days(table, edge)
    outside = edge[(day < first) | (day > last)]
    batch = records.column("batch")
    for unit in np.unique(records.unit[outside]).tolist():
        if unit not in broken:
            continue
        mine = outside[records.unit[outside] == unit]
        if mine.size <= max(1.0, FEW_OUTSIDE * dated[unit]):
            continue  # one wrong clock, or somebody who sent after midnight of the last day
        batches = tuple(sorted({name for name in batch[mine].tolist() if name}))
        of_vi = f" (lô {', '.join(batches)})" if batches else ""
        of_en = f" (batch {', '.join(batches)})" if batches else ""
        broken[unit].append(
            Broken(
                float(mine.size),
                f"{mine.size} phiếu ghi ngày ngoài kỳ khảo sát{of_vi}",
                f"{mine.size} records are dated outside the period{of_en}",
                batches,
            )
        )
    return judged


def _days(table: UnitTable, rows: NDArray[np.intp]) -> pd.Series[Any]:
    """Local day of the start (else the end) of records; a stamp without a zone is local."""
    frame = table.records.frame.iloc[rows]
    zone = table.records.circumstances.timezone
    days = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    for column in ("started_at", "submitted_at"):
        if column in frame.columns:
            # An empty column of times would stay one of times under `map`.
            text = frame[column].astype(object).map(str).str.strip()
            zoned = text.str.contains(r"[T ]\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$")
            local = pd.to_datetime(text.where(~zoned), errors="coerce", format="ISO8601")
            world = pd.to_datetime(
                text.where(zoned), errors="coerce", format="ISO8601", utc=True
            ).dt.tz_convert(zone)
            found = local.fillna(world.dt.tz_localize(None)).dt.normalize()
            days = days.fillna(found.astype("datetime64[ns]"))
    return days.reset_index(drop=True)


def _handlers(rows: list[dict[str, Any]], unit: str, broken: list[Broken]) -> list[str]:
    """Who held the batches that are told, or all of the unit's where none is named."""
    named = {batch for fault in broken for batch in fault.batches}
    mine = [row for row in rows if row["unit_id"] == unit and row.get("handler")]
    return sorted({r["handler"] for r in mine if not named or r.get("batch") in named})


def _finding(unit: str, score: float, broken: list[Broken], handlers: list[str]) -> Finding:
    return Finding(
        detector=INFO.id,
        family=INFO.family,
        kind=INFO.kind,
        score=score,
        p_value=None,
        severity=Severity.YELLOW,
        message=Message(
            "Có dấu hiệu số phiếu không khớp: " + "; ".join(fault.vi for fault in broken) + ".",
            "Signs of forms that do not add up: " + "; ".join(fault.en for fault in broken) + ".",
        ),
        unit_id=unit,
        evidence={
            "identities": [fault.en for fault in broken],
            "batches": sorted({name for fault in broken for name in fault.batches}),
            "held_by": handlers,
        },
    )


CHECK = CustodyCheck()
