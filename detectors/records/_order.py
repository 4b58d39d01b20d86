"""The order of paper forms, and how alike neighbours in it are.

Forms lie in order of serial inside a batch (and a collector's share of it, where that is
known); a batch without serials lies in order of the time of entry, or in none. A link of
two neighbours is the log likelihood ratio of "copied" to "answered alone", as in the twin
test: rare answers in common weigh, all-best pairs cost nothing, missing never matches. It
is capped on both sides, so that no single pair decides and one foreign form does not break
a run. What a record scores is the best sum of links over any run through it.

The null is drawn by permuting the order inside the batch. Honest neighbours may agree more
than that, as families queue together: by how much is measured at the upper end of every
unit and taken from the typical one (the median over units), so that a few units in which
forms were filled by one hand do not excuse each other.

Reference: Karlin & Altschul (1990), PNAS 87, highest-scoring segments; likelihood ratio as
in the twin test; permutation of the order and its correction between units: own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.tail import HonestDistribution
from detectors.records._classes import classes_of
from detectors.serials import serial_key
from detectors.table import RecordTable

__all__ = ["Runs", "runs_of"]

CHANGED_SHARE = 0.1
MOST_LINK = 8.0
LEAST_LINK = -4.0
FEWEST_FORMS = 10
FEWEST_UNITS = 5
KNOWN_SHARE = 0.8
ROWS_DRAWN = 8_000_000
FEWEST_DRAWS = 4
MOST_DRAWS = 400
OWN_SHARE = 4.0
UPPER = 0.95
STEADY = 4.0

Vector = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Runs:
    """Best run through each form, and what chance makes of the same forms.

    Attributes:
        score: float64 ``(n,)``: best sum of links over a run through the form, in natural
            log units, divided by what honest neighbours agree beyond chance; NaN if not judged.
        p_value: float64 ``(n,)``: among the same unit's forms in permuted order.
        first: int ``(n,)``: place in ``order`` where the best run begins, -1 if none.
        last: int ``(n,)``: place in ``order`` where it ends.
        order: int: rows in order, batch by batch.
        longest: float64 ``(units,)``: best run of the unit; NaN if it was not judged.
        null_longest: float64 ``(draws, units)``: the same in permuted order.
        neighbours: How much honest neighbours agree beyond chance, 1 or more.
        reason: Why a row was not judged.
    """

    score: Vector
    p_value: Vector
    first: Rows
    last: Rows
    order: Rows
    longest: Vector
    null_longest: Vector
    neighbours: float
    reason: dict[int, str]


def runs_of(table: RecordTable, seed: int) -> Runs:
    """Runs of all paper forms; worked out once for a table and a seed."""
    return table.memo(("paper runs", seed), lambda: _runs(table, seed))


def _runs(table: RecordTable, seed: int) -> Runs:
    n, units = len(table), len(table.unit_ids)
    order, group, reason = _sequences(table)
    score, p_value = np.full(n, np.nan), np.full(n, np.nan)
    first, last = np.full(n, -1, dtype=np.intp), np.full(n, -1, dtype=np.intp)
    longest = np.full(units, np.nan)
    judged = np.unique(table.unit[order])
    if judged.size < FEWEST_UNITS:
        few = f"fewer than {FEWEST_UNITS} units whose paper forms stand in a known order"
        reason.update(dict.fromkeys(order.tolist(), few))
        empty = np.zeros((0, units))
        return Runs(score, p_value, first, last, order[:0], longest, empty, 1.0, reason)
    links = _Links(table)
    scan = _Scan(group)
    through, first_at, last_at = scan.best(links.of(order))
    draws = int(np.clip(ROWS_DRAWN // max(order.size, 1), FEWEST_DRAWS, MOST_DRAWS))
    rng = np.random.default_rng([seed, 41])
    null = np.empty((draws, order.size), dtype=np.float32)
    for draw in range(draws):
        mixed = order[np.argsort(group + rng.random(order.size), kind="stable")]
        null[draw] = scan.best(links.of(mixed))[0]
    slices = list(_unit_slices(table.unit[order]))
    neighbours = _beyond_chance(through, null, slices)
    null_longest = np.full((draws, units), np.nan)
    for part in slices:
        unit, rows = int(table.unit[order[part.start]]), order[part]
        score[rows] = through[part] / neighbours
        p_value[rows] = HonestDistribution.fit(null[:, part]).p_value(score[rows])
        longest[unit] = through[part].max()
        null_longest[:, unit] = null[:, part].max(axis=1)
    found = through > 0
    first[order[found]], last[order[found]] = first_at[found], last_at[found]
    return Runs(score, p_value, first, last, order, longest, null_longest, neighbours, reason)


def _sequences(table: RecordTable) -> tuple[Rows, NDArray[np.float64], dict[int, str]]:
    """Rows in order, the number of each one's batch (rising), and why a row is not in it."""
    paper = (table.column("channel") == "paper") | (
        (table.column("channel") == "") & (table.column("serial") != "")
    )
    reason = dict.fromkeys(np.flatnonzero(~paper).tolist(), "not a paper form")
    reason.update(dict.fromkeys(np.flatnonzero(~table.in_unit).tolist(), "no other units"))
    reason.update(dict.fromkeys(np.flatnonzero(table.answered == 0).tolist(), "no answers"))
    usable = np.flatnonzero(paper & table.in_unit & (table.answered > 0))
    if usable.size == 0:
        return usable, np.zeros(0), reason
    names = (table.column("batch")[usable], table.column("collector")[usable])
    label = np.zeros(usable.size, dtype=np.intp)
    for part in (table.unit[usable], *names):
        _, code = np.unique(part, return_inverse=True)
        label = label * (int(code.max()) + 1) + code
    _, label = np.unique(label, return_inverse=True)
    place, known = _places(table, usable, label)
    size = np.bincount(label[known], minlength=int(label.max()) + 1)
    few = f"fewer than {FEWEST_FORMS} forms in one batch"
    for at in np.flatnonzero(~known | (size[label] < FEWEST_FORMS)).tolist():
        reason[int(usable[at])] = few if known[at] else "the order of the forms is not known"
    kept = np.flatnonzero(known & (size[label] >= FEWEST_FORMS))
    inside = kept[np.lexsort((kept, place[kept], label[kept]))]
    return usable[inside], label[inside].astype(np.float64), reason


def _places(table: RecordTable, rows: Rows, label: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """Place of each row in its batch by serial, else by time of entry; and where it is known."""
    serial = table.column("serial")[rows]
    distinct, code = np.unique(serial, return_inverse=True)
    ranked = sorted(range(distinct.size), key=lambda i: (serial_key(str(distinct[i])), i))
    rank = np.empty(distinct.size, dtype=np.intp)
    rank[ranked] = np.arange(distinct.size)
    place, known = rank[code], serial != ""
    times = table.times.get("submitted_at", np.full(len(table), np.nan))[rows]
    by_time = np.argsort(np.argsort(np.nan_to_num(times, nan=np.inf), kind="stable"))
    size = np.bincount(label)
    numbered = np.bincount(label, known) >= KNOWN_SHARE * size
    timed = np.bincount(label, np.isfinite(times)) >= KNOWN_SHARE * size
    use_time = (~numbered & timed)[label]
    place = np.where(use_time, by_time, place)
    known = np.where(use_time, np.isfinite(times), known & numbered[label])
    return place, known


class _Links:
    """Log likelihood ratio of "copied" to "answered alone" of neighbours in an order."""

    def __init__(self, table: RecordTable) -> None:
        classes = classes_of(table)
        p = np.exp(classes.own_log_p())
        self._cost = float(np.log(CHANGED_SHARE))
        gain = np.log((1.0 - CHANGED_SHARE + CHANGED_SHARE * p) / p) - self._cost
        self._half_gain = np.nan_to_num(gain / 2.0, nan=0.0).astype(np.float32)
        self._known = classes.cell >= 0
        self._cell = classes.cell.astype(np.int32)

    def of(self, order: Rows) -> Vector:
        """``(rows - 1,)``: link of each row of ``order`` to the next."""
        cell, known, gain = self._cell[order], self._known[order], self._half_gain[order]
        both = known[:-1] & known[1:]
        same = both & (cell[:-1] == cell[1:])
        shared = np.where(same, gain[:-1] + gain[1:], np.float32(0.0)).sum(axis=1)
        value = shared + self._cost * both.sum(axis=1)
        link: Vector = np.clip(value.astype(np.float64), LEAST_LINK, MOST_LINK)
        return link


class _Scan:
    """Best-scoring runs in sequences that stand one behind the other."""

    def __init__(self, group: NDArray[np.float64]) -> None:
        self._cut = np.flatnonzero(np.diff(group) != 0)
        bounds = np.diff(np.concatenate([[-1], self._cut, [group.size - 1]]))
        self._wall = -(MOST_LINK * float(bounds.max()) + 1.0)

    def best(self, link: Vector) -> tuple[Vector, Rows, Rows]:
        """Best sum through each row, and the first and the last row of that run."""
        link = link.copy()
        link[self._cut] = self._wall
        ending, start = _best_ending(link)
        ahead, stop = _best_ending(link[::-1])
        # equal runs must tie, whatever sums they were taken from
        through = np.round(ending + ahead[::-1], 3).astype(np.float32).astype(np.float64)
        return through, start, link.size - stop[::-1]


def _best_ending(link: Vector) -> tuple[Vector, Rows]:
    """Best sum of links that ends at each row (0 for none), and the row where it starts.

    A row has a share in a run by its own link alone: it gets a few times that at most, so
    that an honest form beside a run scores nothing.
    """
    total = np.concatenate([[0.0], np.cumsum(link)])
    lowest = np.minimum.accumulate(total)
    own = OWN_SHARE * np.maximum(np.concatenate([[0.0], link]), 0.0)
    value = np.minimum(total - lowest, own)
    at = np.maximum.accumulate(np.where(total == lowest, np.arange(total.size), 0))
    return value, np.where(value > 0, at, np.arange(total.size))


def _unit_slices(unit: Rows) -> Iterator[slice]:
    edges = np.flatnonzero(np.diff(unit)) + 1
    for start, stop in zip([0, *edges], [*edges, unit.size], strict=True):
        yield slice(int(start), int(stop))


def _beyond_chance(through: Vector, null: NDArray[np.float32], slices: list[slice]) -> float:
    """Upper end of the scores in order over that in permuted order, in the typical unit."""
    ratios = []
    for part in slices:
        usual = STEADY + float(np.quantile(null[:, part], UPPER))
        ratios.append((STEADY + float(np.quantile(through[part], UPPER))) / usual)
    return max(1.0, float(np.median(ratios)))
