"""A rise from the previous period that regression to the mean does not explain.

Levels are compared as logits, mode by mode, on the items that both periods asked. The
previous logit is drawn to that of its peers as far as its sampling error asks for
(empirical Bayes); a robust line through the peers predicts the present one. The error of
the prediction has three parts: sampling now, what sampling left open then, and the change
from round to round that the peers show. A shift that all units share moves the line, not
the units: a break of method says nothing about anybody. A unit that took others over is
held against the pooled records of all of them.

Reference: Jacob & Levitt (2003) for unexpected gains; Efron & Morris (1975) for shrinkage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import RecordTable, UnitTable
from detectors.unit_result import FEWEST_RECORDS, UnitResult
from detectors.units._peers import FEWEST_PEERS, Peers, error_at, logits, robust_line, upper_p
from detectors.units._report import assessment
from detectors.units._rounds import Before, before_of, mode_of

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="unit.jump",
    level=Level.UNIT,
    family=Family.UNIT,
    kind="jump",
    title=Message("Tăng đột biến so với kỳ trước", "Jump from the previous period"),
    sees=(
        "A mean level far above what the unit's previous level predicts among its peers, in the "
        "same mode of collection, on the items that both periods asked."
    ),
    null_model=(
        "Robust line through the peers' previous and present logits, the previous ones shrunk "
        "by empirical Bayes; errors by sampling and by the change from round to round that "
        "peers show; Student's t for the tail."
    ),
    source="Jacob & Levitt (2003), unexpected gains; Theil (1950) and Sen (1968), line",
    innocent=(
        Message("Đơn vị đã thực sự cải thiện.", "The unit has really improved."),
        Message(
            "Đơn vị được tổ chức lại hoặc thay cách thu phiếu.",
            "The unit was reorganised or collects in another way.",
        ),
        Message(
            "Kỳ trước có một sự việc riêng làm kết quả thấp bất thường.",
            "A local event made the previous result unusually low.",
        ),
    ),
    valid_for=frozenset({"previous period", "15 units in both", "20 records in both"}),
    batch_dependent=True,
    version="2",
)


class JumpCheck:
    """Residual of the present level given the previous one, upwards."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance, ``seed`` is there for the contract."""
        count = len(subject)
        result = UnitResult.untested(count)
        before = before_of(subject) if count else None
        if before is None:
            result.reason.update(dict.fromkeys(range(count), "no previous period"))
        elif before.reason:
            result.reason.update(dict.fromkeys(range(count), before.reason))
        else:
            _tested(subject.records, before, result)

        def describe(unit: int) -> tuple[Message, dict[str, object]]:
            assert before is not None
            return _describe(result, before, unit)

        return assessment(subject, INFO, result, describe)


def _describe(result: UnitResult, before: Before, unit: int) -> tuple[Message, dict[str, object]]:
    seen, expected = float(result.observed[unit]), float(result.expected[unit])
    p = float(result.p_value[unit])
    of_vi = "các đơn vị tiền thân" if unit in before.merged else "kỳ trước"
    of_en = "its predecessors" if unit in before.merged else "the previous period"
    left = ", ".join(before.left_out)
    note_vi = f" Không so sánh các câu: {left}." if left else ""
    note_en = f" Not compared: {left}." if left else ""
    return (
        Message(
            f"Có dấu hiệu tăng đột biến: mức trung bình {seen:.3f} (thang 0–1), theo kết quả của "
            f"{of_vi} dự kiến {expected:.3f} (p = {p:.2g}).{note_vi}",
            f"Signs of a jump: mean level {seen:.3f} (on 0 to 1), {expected:.3f} expected from "
            f"{of_en} (p = {p:.2g}).{note_en}",
        ),
        {
            "observed": seen,
            "expected": expected,
            "merged": unit in before.merged,
            "items_left_out": list(before.left_out),
            "method_break": before.records.circumstances.method_break,
        },
    )


def _tested(now: RecordTable, before: Before, result: UnitResult) -> None:
    units = len(now.unit_ids)
    level_now = _level(now, before.now_items)
    level_old = _level(before.records, before.old_items)
    old_mode = np.array([mode_of(name) for name in before.records.stratum_names])
    total = _Total(units)
    now_mode = np.array([mode_of(name) for name in now.stratum_names])
    for mode in sorted(set(now_mode.tolist())):
        own = (now_mode == mode)[now.stratum] & np.isfinite(level_now) & now.in_unit
        then = (old_mode == mode)[before.records.stratum] & np.isfinite(level_old)
        then &= before.unit >= 0
        n, y, worth = logits(now.unit[own], level_now[own], units)
        n_old, x, worth_old = logits(before.unit[then], level_old[then], units)
        both = np.flatnonzero((n >= FEWEST_RECORDS) & (n_old >= FEWEST_RECORDS))
        if both.size >= FEWEST_PEERS:
            group = np.unique(_group(now, own, units)[both], return_inverse=True)[1]
            x_error = error_at(x, worth_old)
            expected, past = _predicted(y[both], x[both], x_error[both], group)
            error = np.sqrt(error_at(expected, worth[both]) ** 2 + past**2)
            total.add(both, n[both], y[both], expected, error, np.bincount(group)[group])
    at = np.flatnonzero(total.weight > 0)
    if at.size:
        rise, error = total.rise[at] / total.weight[at], 1.0 / np.sqrt(total.weight[at])
        peers_of_all = Peers.of(rise, error)
        result.score[at] = peers_of_all.z(rise, error, total.peers[at])
        result.p_value[at] = upper_p(result.score[at], peers_of_all)
        result.observed[at] = total.seen[at] / total.n[at]
        result.expected[at] = total.expected[at] / total.n[at]
        result.tested[at] = total.n[at].astype(np.intp)
    few = (
        f"fewer than {FEWEST_RECORDS} records of one mode in both periods, or fewer than "
        f"{FEWEST_PEERS} such units"
    )
    new = "the unit has no records in the previous period: it is new or was split off"
    known = before.known
    for unit in np.flatnonzero(np.isnan(result.p_value)).tolist():
        result.reason[unit] = few if unit in known else new


class _Total:
    """What the modes of a unit say together, weighted by what each can tell."""

    def __init__(self, units: int) -> None:
        self.weight, self.rise, self.n, self.seen, self.expected = np.zeros((5, units))
        self.peers = np.full(units, np.inf)

    def add(
        self,
        at: NDArray[np.intp],
        n: NDArray[np.float64],
        y: NDArray[np.float64],
        expected: NDArray[np.float64],
        error: NDArray[np.float64],
        peers: NDArray[np.intp],
    ) -> None:
        self.peers[at] = np.minimum(self.peers[at], peers)
        self.weight[at] += 1.0 / error**2
        self.rise[at] += (y - expected) / error**2
        self.n[at] += n
        self.seen[at] += n / (1.0 + np.exp(-y))
        self.expected[at] += n / (1.0 + np.exp(-expected))


def _predicted(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    x_error: NDArray[np.float64],
    group: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logit expected of units that had ``x``, and what sampling then left open of it.

    Groups have centres of their own and one slope in common.
    """
    x_centre, y_centre = np.empty_like(x), np.empty_like(y)
    for g in np.unique(group):
        mine = group == g
        x_centre[mine], y_centre[mine] = np.median(x[mine]), np.median(y[mine])
    spread = Peers.of(x - x_centre, x_error).spread
    kept = spread**2 / (spread**2 + x_error**2)
    believed = kept * (x - x_centre)
    slope, _ = robust_line(believed, y - y_centre)
    expected = slope * believed
    for g in np.unique(group):
        mine = group == g
        expected[mine] += np.median(y[mine] - expected[mine])
    return expected, slope * np.sqrt(kept) * x_error


def _group(now: RecordTable, rows: NDArray[np.bool_], units: int) -> NDArray[np.intp]:
    """Stratum of each unit among ``rows``; one for all whose stratum has few units."""
    stratum = np.full(units, -1, dtype=np.intp)
    stratum[now.unit[rows]] = now.stratum[rows]
    count = np.bincount(stratum[stratum >= 0], minlength=len(now.stratum_names))
    small = (stratum >= 0) & (count[stratum] < 2 * FEWEST_PEERS)
    return np.where(small, -1, stratum)


def _level(table: RecordTable, items: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean level of each record over ``items``, 0 to 1; NaN without an answer."""
    if items.size == len(table.items):
        return table.level
    scaled = (table.answers[:, items] - 1.0) / (table.levels[items] - 1.0)
    count = np.isfinite(scaled).sum(axis=1)
    level: NDArray[np.float64] = np.full(len(table), np.nan)
    np.divide(np.nansum(scaled, axis=1), count, out=level, where=count > 0)
    return level


CHECK = JumpCheck()
