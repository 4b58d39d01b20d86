"""Ratings that cannot be of the cases they name: identities, no statistics.

One rating a case and respondent; no more rated cases than cases; a rating is not older than
the case itself; a rated case is in the list, and of this unit. The last is told only of
units whose cases are listed: where four of five are not, the list is incomplete. What is a
practice (rating a case before it is finished) is weighed by ``channel.case_share``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.finding import Family, Finding, Message, Severity
from detectors.records._cases import PRACTICE_SHARE
from detectors.records._events import Events, events_of
from detectors.records._stamps import read_stamps
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.units._custody_book import Broken

__all__ = ["CHECK"]

SHOWN = 20

INFO = CheckInfo(
    id="linkage.identity",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="case",
    title=Message("Đối chiếu đánh giá với hồ sơ", "Ratings against their cases"),
    sees=(
        "A case that one account rated again; more rated cases than the list of transactions "
        "has; a rating on a day before the case was received; rated cases that are in no list, "
        "or are those of another unit, where the unit's other cases are listed."
    ),
    null_model="Rules of arithmetic: no p-value.",
    source="Custody identities of the survey plan; Circular 01/2018/TT-VPCP, rating by case",
    innocent=(
        Message("Nhập nhầm mã hồ sơ.", "The case number was mistyped."),
        Message(
            "Danh sách giao dịch được trích trước khi kỳ kết thúc.",
            "The list of transactions was drawn before the period ended.",
        ),
        Message(
            "Người dân sửa đánh giá và hệ thống ghi thành lượt mới.",
            "The person corrected the rating and the system wrote a new one.",
        ),
        Message(
            "Hồ sơ được chuyển sang đơn vị khác sau khi tiếp nhận.",
            "The case was passed on to another unit after it was received.",
        ),
    ),
    valid_for=frozenset({"case_id, with account or transactions"}),
    batch_dependent=True,
)


class LinkageCheck:
    """Rules over the cases that a unit's ratings name."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance. The score is the number of ratings in doubt."""
        records, count = subject.records, len(subject)
        scores = np.full(count, np.nan)
        findings: list[Finding] = []
        if count and "case_id" in records.frame.columns:
            found = _Linked(records)
            for unit, name in enumerate(subject.unit_ids):
                if name and found.named(unit).size:
                    faults, rows = found.faults(unit)
                    scores[unit] = sum(fault.forms for fault in faults)
                    if faults:
                        findings.append(_finding(records, name, float(scores[unit]), faults, rows))
        why = dict.fromkeys(np.flatnonzero(np.isnan(scores)).tolist(), "no case_id")
        return Assessment(scores, np.full(count, np.nan), tuple(findings), why)


class _Linked:
    """The records with their cases, and the list of transactions by case."""

    def __init__(self, records: RecordTable) -> None:
        self.records = records
        self.events: Events = events_of(records)
        self.case = records.column("case_id")
        self.usable = self.events.digital & (self.case != "")
        self.listed = np.full(len(records), -1, dtype=np.intp)
        self.owner: NDArray[np.object_] | None = None
        self.received = np.full(len(records), np.nan)
        self.cases_of: dict[str, int] | None = None
        known = records.circumstances.transactions
        self.register = known is not None and "case_id" in known.columns and len(known) > 0
        if self.register:
            assert known is not None
            self._read(known)

    def _read(self, known: pd.DataFrame) -> None:
        register = known.assign(case_id=known["case_id"].map(str).str.strip())
        register = register.drop_duplicates("case_id").reset_index(drop=True)
        self.listed = pd.Index(register["case_id"]).get_indexer(pd.Index(self.case))
        there = self.listed >= 0
        if "unit_id" in register.columns:
            owner = register["unit_id"].fillna("").map(str).str.strip()
            self.owner = owner.to_numpy(dtype=object)[self.listed]
            # A case without a unit may be anybody's: then no count of a unit is complete.
            if (owner != "").all():
                self.cases_of = {str(k): int(v) for k, v in owner.value_counts().items()}
        if "received_at" in register.columns:
            alone = np.arange(len(register), dtype=np.intp)
            days = read_stamps(register["received_at"], self.events.zone, alone, alone).day
            self.received[there] = days[self.listed[there]]

    def named(self, unit: int) -> NDArray[np.intp]:
        """Rows of a unit that name a case."""
        return np.flatnonzero(self.usable & (self.records.unit == unit))

    def faults(self, unit: int) -> tuple[list[Broken], list[int]]:
        """What cannot be, and the rows it is about."""
        rows = self.named(unit)
        name = self.records.unit_ids[unit]
        faults: list[Broken] = []
        about: list[int] = []

        def told(found: NDArray[np.intp], vi: str, en: str) -> None:
            if found.size:
                n = int(found.size)
                faults.append(Broken(float(n), f"{n} {vi}", f"{n} {en}"))
                about.extend(found.tolist())

        told(
            self._again(rows),
            "lượt đánh giá lặp lại của cùng một tài khoản cho cùng một hồ sơ",
            "ratings repeat a case that the same account had rated",
        )
        early = rows[self.events.day[rows] < self.received[rows]]
        told(
            early,
            "lượt đánh giá ghi trước ngày tiếp nhận hồ sơ",
            "ratings are dated before their case was received",
        )
        if not self.register:
            return faults, about
        unknown = rows[self.listed[rows] < 0]
        if unknown.size < PRACTICE_SHARE * rows.size:
            told(
                unknown,
                "lượt đánh giá nêu hồ sơ không có trong danh sách",
                "ratings name a case that is not in the list",
            )
        if self.owner is not None:
            whose = self.owner[rows]
            other = rows[(self.listed[rows] >= 0) & (whose != "") & (whose != name)]
            if other.size < PRACTICE_SHARE * rows.size:
                told(
                    other,
                    "lượt đánh giá nêu hồ sơ của đơn vị khác",
                    "ratings name a case of another unit",
                )
        if self.cases_of is not None:
            rated = len(set(self.case[rows].tolist()))
            cases = self.cases_of.get(name, 0)
            if cases and rated > cases:
                faults.append(
                    Broken(
                        float(rated - cases),
                        f"{rated} hồ sơ được đánh giá nhưng danh sách chỉ có {cases} hồ sơ",
                        f"{rated} cases were rated but the list has {cases}",
                    )
                )
        return faults, about

    def _again(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Later ratings of a case by an account that had rated it; shared accounts never."""
        account = self.events.sources["account"].code[rows]
        with_one = rows[account >= 0]
        pairs = pd.DataFrame(
            {"case": self.case[with_one], "account": account[account >= 0]}
        ).duplicated()
        again: NDArray[np.intp] = with_one[pairs.to_numpy()]
        return again


def _finding(
    records: RecordTable, unit: str, score: float, broken: list[Broken], rows: list[int]
) -> Finding:
    ids = records.frame["record_id"].map(str).to_numpy(dtype=object)
    evidence: dict[str, Any] = {
        "identities": [fault.en for fault in broken],
        "records": sorted({str(ids[row]) for row in rows})[:SHOWN],
    }
    return Finding(
        detector=INFO.id,
        family=INFO.family,
        kind=INFO.kind,
        score=score,
        p_value=None,
        severity=Severity.YELLOW,
        message=Message(
            "Có dấu hiệu đánh giá không khớp với hồ sơ: "
            + "; ".join(fault.vi for fault in broken)
            + ".",
            "Signs of ratings that do not fit their cases: "
            + "; ".join(fault.en for fault in broken)
            + ".",
        ),
        unit_id=unit,
        evidence=evidence,
    )


CHECK = LinkageCheck()
