"""Ratings that cannot be of the cases they name: more of them than at the peers.

One rating a case and respondent; no more rated cases than cases; a rating is not older than
the case itself; a rated case is in the list, and of this unit. The last is told only of
units whose cases are listed: where four of five are not, the list is incomplete. What is a
practice (rating a case before it is finished) is weighed by ``channel.case_share``.

Each of these rules is one of arithmetic, and yet a broken one says little: people mistype
the number of their case and send a rating twice. So a unit is held against its peers, rule
by rule, and no single rating speaks against anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.records._cases import PRACTICE_SHARE
from detectors.records._events import Events, events_of
from detectors.records._stamps import read_stamps
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.units._report import assessment
from detectors.units._several import smallest_of
from detectors.units._shares import share_test

__all__ = ["CHECK"]

SHOWN = 20

Flags = NDArray[np.bool_]

INFO = CheckInfo(
    id="linkage.identity",
    level=Level.UNIT,
    family=Family.CHANNEL,
    kind="case",
    title=Message("Đối chiếu đánh giá với hồ sơ", "Ratings against their cases"),
    sees=(
        "A case that one account rated again; more rated cases than the list of transactions "
        "has; a rating on a day before the case was received; rated cases that are in no list, "
        "or are those of another unit, where the unit's other cases are listed. More of them "
        "than in peer units."
    ),
    null_model=(
        "Beta-binomial for each rule with the share and over-dispersion of the peer units; "
        "p-value by rank among them, far-out scores by a continued tail. Times the rules that "
        "could be looked at."
    ),
    source=(
        "Custody identities of the survey plan; Circular 01/2018/TT-VPCP, rating by case; "
        "Kleinman (1973)"
    ),
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
    valid_for=frozenset({"case_id, with account or transactions", "20 records, 10 peer units"}),
    batch_dependent=True,
    version="2",
)

# Rule -> what is told of the ratings that break it, after their number.
RULES: Mapping[str, tuple[str, str]] = {
    "again": (
        "lượt đánh giá lặp lại của cùng một tài khoản cho cùng một hồ sơ",
        "ratings repeat a case that the same account had rated",
    ),
    "early": (
        "lượt đánh giá ghi trước ngày tiếp nhận hồ sơ",
        "ratings are dated before their case was received",
    ),
    "unknown": (
        "lượt đánh giá nêu hồ sơ không có trong danh sách",
        "ratings name a case that is not in the list",
    ),
    "other": (
        "lượt đánh giá nêu hồ sơ của đơn vị khác",
        "ratings name a case of another unit",
    ),
}


class LinkageCheck:
    """Ratings that break a rule of the cases they name, against peers."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance. The score is that of the rule that stands out."""
        records, count = subject.records, len(subject)
        linked = _Linked(records)
        tests = {
            name: share_test(records, known, broken.astype(np.float64), "no case_id")
            for name, (known, broken) in linked.rules().items()
        }
        result = smallest_of(tests, count).result
        for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
            result.reason.setdefault(unit, "no case_id")

        def describe(unit: int) -> tuple[Message, dict[str, Any]]:
            told, rows = linked.told(unit)
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    "Có dấu hiệu đánh giá không khớp với hồ sơ, nhiều hơn các đơn vị khác: "
                    f"{'; '.join(vi for vi, _ in told)} (n = {n}, p = {p:.2g}).",
                    "Signs of ratings that do not fit their cases, more than at other units: "
                    f"{'; '.join(en for _, en in told)} (n = {n}, p = {p:.2g}).",
                ),
                {
                    "identities": [en for _, en in told],
                    "records": sorted({str(name) for name in records.record_ids[rows]})[:SHOWN],
                    "expected": float(result.expected[unit]),
                },
            )

        return assessment(subject, INFO, result, describe)


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

    def rules(self) -> dict[str, tuple[Flags, Flags]]:
        """Rule -> records that it can be asked of, and those that break it, ``(n,)`` each."""
        return self.records.memo("linkage_rules", self._rules)

    def _rules(self) -> dict[str, tuple[Flags, Flags]]:
        if not self.usable.any():
            return {}
        found = {
            "again": self._again(),
            "early": (self.usable & np.isfinite(self.received), self.events.day < self.received),
        }
        if self.register:
            found["unknown"] = self._not_a_practice(self.usable, self.listed < 0)
            if self.owner is not None:
                ids = np.array(self.records.unit_ids, dtype=object)[self.records.unit]
                whose = self.usable & (self.listed >= 0) & (self.owner != "")
                found["other"] = self._not_a_practice(whose, self.owner != ids)
        return {name: (known, known & broken) for name, (known, broken) in found.items()}

    def _not_a_practice(self, known: Flags, broken: Flags) -> tuple[Flags, Flags]:
        """Without the units in which nearly every rating is such: their list is incomplete."""
        count = len(self.records.unit_ids)
        unit = self.records.unit
        asked = np.bincount(unit[self.usable], minlength=count)
        hits = np.bincount(unit[known & broken], minlength=count)
        return known & (hits < PRACTICE_SHARE * asked)[unit], broken

    def _again(self) -> tuple[Flags, Flags]:
        """Later ratings of a case by an account that had rated it; shared accounts never."""
        account = self.events.sources["account"].code
        known = self.usable & (account >= 0)
        key = pd.DataFrame({"unit": self.records.unit, "case": self.case, "account": account})
        again = np.zeros(len(self.records), dtype=bool)
        again[known] = key[known].duplicated().to_numpy()
        return known, again

    def told(self, unit: int) -> tuple[list[tuple[str, str]], NDArray[np.intp]]:
        """What cannot be in a unit, Vietnamese and English, and the rows it is about."""
        mine = self.records.unit == unit
        told, about = [], np.zeros(len(self.records), dtype=bool)
        for name, (_, broken) in self.rules().items():
            own = mine & broken
            if own.any():
                vi, en = RULES[name]
                told.append((f"{own.sum()} {vi}", f"{own.sum()} {en}"))
                about |= own
        if self.cases_of is not None:
            rated = len(set(self.case[mine & self.usable].tolist()))
            cases = self.cases_of.get(self.records.unit_ids[unit], 0)
            if cases and rated > cases:
                told.append(
                    (
                        f"{rated} hồ sơ được đánh giá nhưng danh sách chỉ có {cases} hồ sơ",
                        f"{rated} cases were rated but the list has {cases}",
                    )
                )
        return told, np.flatnonzero(about)


CHECK = LinkageCheck()
