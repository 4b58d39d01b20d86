"""Rows of the unit's previous period, handed in again."""

from __future__ import annotations

import numpy as np

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.units._past_rows import ALIKE, past_rows
from detectors.units._report import assessment

__all__ = ["CHECK"]

PAIRS_NAMED = 5

INFO = CheckInfo(
    id="answers.past_rows",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message("Phiếu lặp lại của kỳ trước", "Rows of the previous period again"),
    sees=(
        "Records that agree with rows of the same unit's previous period more than with those of "
        "other units: answers of last time handed in again, a few of them changed. Rare answers in "
        "common weigh, usual ones (all 5) cost nothing."
    ),
    null_model=(
        "As many rows of other units of the previous period, as satisfied; conformal p-value of "
        "each record, their surprises summed over the unit and held against the sums of these "
        "draws; the spread between honest units is measured in the round."
    ),
    source="van der Linden & Sotaridona (2006); conformal null from other units: own work",
    innocent=(
        Message(
            "Cùng những người đó trả lời ở cả hai kỳ và giữ nguyên ý kiến.",
            "The same people answered in both periods and hold the same opinion.",
        ),
        Message(
            "Bảng của kỳ trước được nộp nhầm cho kỳ này.",
            "The table of the previous period was handed in by mistake.",
        ),
    ),
    valid_for=frozenset({"previous period", "20 records in both", "5 peer units"}),
    batch_dependent=True,
)


class PastRowsCheck:
    """Upper-tail test of the sum of surprises; see :mod:`detectors.units._past_rows`."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        found = past_rows(subject, seed)
        records, old, result = subject.records, subject.previous, found.result

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            mine = np.flatnonzero((records.unit == unit) & np.isfinite(found.p_record))
            mine = mine[np.argsort(found.p_record[mine], kind="stable")]
            alike = mine[found.p_record[mine] <= ALIKE]
            assert old is not None  # without a previous period no unit has a p-value
            pairs = [
                [records.record_id(row), old.record_id(int(found.partner[row]))]
                for row in alike[:PAIRS_NAMED].tolist()
            ]
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            usual = float(result.expected[unit])
            vi = f", ví dụ {pairs[0][0]} và {pairs[0][1]}" if pairs else ""
            en = f", for example {pairs[0][0]} and {pairs[0][1]}" if pairs else ""
            return (
                Message(
                    f"Có dấu hiệu dùng lại phiếu của kỳ trước: {alike.size} trong {n} phiếu giống "
                    f"một phiếu kỳ trước của chính đơn vị ở mức chỉ 1 trong 100 phiếu giống phiếu "
                    f"của đơn vị khác, các đơn vị cùng nhóm {usual:.1%} (p = {p:.2g}){vi}.",
                    f"Signs of rows of the previous period used again: {alike.size} of {n} records "
                    f"are as like a row of the unit's own previous period as 1 in 100 are like "
                    f"those of other units, {usual:.1%} among peers (p = {p:.2g}){en}.",
                ),
                {
                    "observed": float(result.observed[unit]),
                    "expected": usual,
                    "pairs": pairs,
                    "record_ids": [records.record_id(row) for row in alike.tolist()],
                },
            )

        return assessment(subject, INFO, result, describe)


CHECK = PastRowsCheck()
