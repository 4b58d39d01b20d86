"""Sheets that are missing side by side, inside the part of a batch that came back.

Of each batch with a known range of serials the missing ones between the first and the last
that came back are looked at; what lies before and behind was perhaps never handed out. The
statistic is the log of the longest run of missing serials, the largest of the unit's batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_UNITS, UnitResult
from detectors.units._custody_book import rows_of
from detectors.units._custody_serials import numbers_in, span_of
from detectors.units._permuted import beyond_order
from detectors.units._report import assessment

__all__ = ["CHECK"]

FEWEST_SHEETS = 20
FEWEST_MISSING = 3
DRAWS = 100

INFO = CheckInfo(
    id="custody.serial_gaps",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="custody",
    title=Message("Loạt số sê-ri liền nhau bị thiếu", "Serials missing side by side"),
    sees=(
        "A run of neighbouring serials that did not come back, longer than the same number of "
        "missing sheets would show in any order: sheets that were taken out of a stack together."
    ),
    null_model=(
        "The missing sheets of each batch in permuted places; what units of the round show "
        "beyond that is taken off, as neighbours in a queue take forms home together."
    ),
    source="Longest run of failures; permutation of the order: own work",
    innocent=(
        Message(
            "Một tập phiếu được giao cho điểm thu khác hoặc để lại chưa phát.",
            "A pad of forms went to another desk, or was left in the drawer.",
        ),
        Message(
            "Một gia đình hoặc đoàn đông người mang phiếu về và không gửi lại.",
            "A family or a large party took the forms home and did not send them back.",
        ),
        Message("Phiếu liền nhau bị hỏng khi in.", "Neighbouring sheets were spoilt in print."),
    ),
    valid_for=frozenset({"custody with serial ranges, paper with serials", "5 units"}),
    batch_dependent=True,
)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Batch:
    unit: int
    name: str
    missing: Flags
    first: int


class SerialGapsCheck:
    """Longest run of missing serials against permuted places."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        count = len(subject)
        result = UnitResult.untested(count)
        batches = _batches(subject)
        sheets = np.zeros(count, dtype=np.intp)
        for batch in batches:
            sheets[batch.unit] += batch.missing.size
        known = np.flatnonzero(sheets > 0)
        why = f"no batch with {FEWEST_SHEETS} serials of which {FEWEST_MISSING} are missing"
        result.reason.update(dict.fromkeys(np.flatnonzero(sheets == 0).tolist(), why))
        if known.size < FEWEST_UNITS:
            few = f"fewer than {FEWEST_UNITS} units with such batches"
            result.reason.update(dict.fromkeys(known.tolist(), few))
            batches = []
        if batches:
            seen, null = _runs(batches, count, seed)
            score, p_value = beyond_order(seen[known], null[:, known])
            result.score[known], result.p_value[known] = score, p_value
            result.observed[known] = np.expm1(seen[known])
            result.expected[known] = np.expm1(null[:, known].mean(axis=0))
            result.tested[known] = sheets[known]

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            batch = max(
                (b for b in batches if b.unit == unit), key=lambda b: _longest(b.missing)[0]
            )
            length, start = _longest(batch.missing)
            low, high = batch.first + start, batch.first + start + length - 1
            usual, p = float(result.expected[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu rút phiếu theo tập: lô {batch.name} thiếu {length} số liền nhau "
                    f"({low}-{high}), nếu mất ngẫu nhiên khoảng {usual:.0f} (p = {p:.2g}).",
                    f"Signs of sheets taken out together: batch {batch.name} lacks {length} "
                    f"serials side by side ({low}-{high}), about {usual:.0f} if they were lost in "
                    f"any order (p = {p:.2g}).",
                ),
                {"batch": batch.name, "from": low, "to": high, "missing": length},
            )

        return assessment(subject, INFO, result, describe)


def _batches(table: UnitTable) -> list[_Batch]:
    """Batches that can be looked at, by unit."""
    records = table.records
    if "serial" not in records.frame.columns:
        return []
    place = {name: unit for unit, name in enumerate(table.unit_ids) if name}
    serial, unit = records.column("serial"), records.unit
    found = []
    for row in rows_of(table.custody):
        mine, span = place.get(row["unit_id"]), span_of(row)
        if mine is None or span is None:
            continue
        back = numbers_in(span, serial[(unit == mine) & (serial != "")].tolist())
        if len(back) < 2:
            continue
        first, last = min(back), max(back)
        missing = np.ones(last - first + 1, dtype=bool)
        missing[[number - first for number in back]] = False
        if missing.size >= FEWEST_SHEETS and missing.sum() >= FEWEST_MISSING:
            found.append(_Batch(mine, span.batch, missing, first))
    return found


def _runs(
    batches: list[_Batch], count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log of the longest run of every unit, true and in permuted places."""
    seen, null = np.zeros(count), np.zeros((DRAWS, count))
    for batch in batches:
        # The draws of a batch depend on itself, not on which others there are.
        rng = np.random.default_rng([seed, batch.first, batch.missing.size])
        inner = batch.missing[1:-1]
        seen[batch.unit] = max(seen[batch.unit], np.log1p(_longest(inner)[0]))
        drawn = np.array([_longest(rng.permutation(inner))[0] for _ in range(DRAWS)])
        null[:, batch.unit] = np.maximum(null[:, batch.unit], np.log1p(drawn))
    return seen, null


def _longest(missing: Flags) -> tuple[int, int]:
    """Length and place of the longest run of missing sheets."""
    edges = np.flatnonzero(np.diff(np.r_[False, missing, False].astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    best = int(np.argmax(ends - starts))
    return int(ends[best] - starts[best]), int(starts[best])


CHECK = SerialGapsCheck()
