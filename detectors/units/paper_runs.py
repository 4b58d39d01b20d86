"""A unit whose longest run of like forms in order of serial is no accident of the order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.records._order import Runs, runs_of
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable
from detectors.unit_result import FEWEST_RECORDS, FEWEST_UNITS, UnitResult
from detectors.units._permuted import beyond_order
from detectors.units._report import assessment

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="paper.unit_runs",
    level=Level.UNIT,
    family=Family.ANSWERS,
    kind="duplicate",
    title=Message(
        "Loạt phiếu liền số sê-ri giống nhau trong đơn vị", "Runs of like forms in the unit"
    ),
    sees=(
        "The best run of like neighbours among the unit's paper forms in order of serial: part "
        "of a batch was filled in one sitting, each form much like the one before."
    ),
    null_model=(
        "The same forms with the order inside each batch permuted; the spread that units of the "
        "round really show is taken off, as families queue together everywhere."
    ),
    source="Karlin & Altschul (1990) for runs; permutation of the order: own work",
    innocent=(
        Message(
            "Một đoàn đông người nhận phiếu và trả lời cùng lúc.",
            "A large party was given forms and answered together.",
        ),
        Message(
            "Cán bộ đọc câu hỏi và ghi hộ trong một buổi.",
            "Staff read the questions out and wrote the answers in one session.",
        ),
    ),
    valid_for=frozenset({"paper with serials", "20 forms in order", "5 units"}),
    batch_dependent=True,
)


class PaperRunsCheck:
    """Longest run of each unit against its permuted orders."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit."""
        records = subject.records
        runs = runs_of(records, seed)
        result = _tested(runs, records.unit, len(records.unit_ids))

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            seen, expected = float(result.observed[unit]), float(result.expected[unit])
            rows = runs.order[records.unit[runs.order] == unit]
            row = int(rows[np.argmax(runs.score[rows])])
            forms = int(runs.last[row] - runs.first[row] + 1)
            n, p = int(result.tested[unit]), float(result.p_value[unit])
            return (
                Message(
                    f"Có dấu hiệu một người điền nhiều phiếu: loạt {forms} phiếu liền số sê-ri "
                    f"giống nhau, mức giống {seen:.1f}, nếu xếp ngẫu nhiên khoảng {expected:.1f} "
                    f"(n = {n}, p = {p:.2g}).",
                    f"Signs of one hand filling in several forms: a run of {forms} like forms in "
                    f"order of serial, likeness {seen:.1f}, about {expected:.1f} in random order "
                    f"(n = {n}, p = {p:.2g}).",
                ),
                {"observed": seen, "expected": expected, "forms_in_run": forms},
            )

        return assessment(subject, INFO, result, describe)


def _tested(runs: Runs, unit: NDArray[np.intp], units: int) -> UnitResult:
    result = UnitResult.untested(units)
    size = np.bincount(unit[runs.order], minlength=units)
    large = size >= FEWEST_RECORDS
    for place in np.flatnonzero(~large).tolist():
        few = f"fewer than {FEWEST_RECORDS} paper forms in a known order (n = {size[place]})"
        result.reason[place] = few
    if large.sum() < FEWEST_UNITS:
        why = f"fewer than {FEWEST_UNITS} peer units of {FEWEST_RECORDS} records"
        result.reason.update(dict.fromkeys(np.flatnonzero(large).tolist(), why))
        return result
    seen, null = runs.longest[large], runs.null_longest[:, large]
    result.score[large], result.p_value[large] = beyond_order(seen, null)
    result.observed[large], result.expected[large] = seen, null.mean(axis=0)
    result.tested[large] = size[large]
    return result


CHECK = PaperRunsCheck()
