"""Steadiness of a series: the smallest spread of logs in windows of one stream.

A stream is what came from one device, account, network prefix or into one unit, in order
of time. Two series of it are looked at: gaps between records, and times spent on a record.
In each window of 5, 10, 20 or 40 values the variance of their logs is compared with that of
the steadiest honest series believed, standard deviation ``STEADIEST``; the p-value is the
chi-square one, times all windows of the stream, the two series and the four kinds of stream.
People are far less steady than that (times of different people spread by .6 to .8, of one
person who repeats a form by .3 or more), so it is conservative.

Values below five grains of the clock, which rounding alone can make equal, break a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.records._events import SOURCES, Events
from detectors.table import RecordTable

__all__ = ["FEWEST_IN_STREAM", "Cadence", "cadence_of"]

STEADIEST = 0.25
WINDOWS = (5, 10, 20, 40)
SERIES = ("gap", "spent")
FEWEST_IN_STREAM = 6
GRAINS = 5.0
SMALLEST_P = 1e-12
SMALLEST_SD = 1e-4

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cadence:
    """What the steadiest window of each record says.

    Attributes:
        p_value: ``(n,)``; NaN for a record in no stream of six records.
        stream: int ``(n,)``: kind of the stream, index into :data:`SOURCES` or their number
            for the unit; -1 where no window is steady.
        series: int ``(n,)``: index into gap and spent.
        typical: Seconds in the middle of the window.
        spread: Standard deviation of the logs of the window.
        length: int ``(n,)``: values in the window.
    """

    p_value: Vector
    stream: NDArray[np.intp]
    series: NDArray[np.intp]
    typical: Vector
    spread: Vector
    length: NDArray[np.intp]


def cadence_of(table: RecordTable, events: Events) -> Cadence:
    """Steadiest window that covers each record."""
    n = len(table)
    found = Cadence(
        p_value=np.full(n, np.nan),
        stream=np.full(n, -1, dtype=np.intp),
        series=np.full(n, -1, dtype=np.intp),
        typical=np.full(n, np.nan),
        spread=np.full(n, np.nan),
        length=np.zeros(n, dtype=np.intp),
    )
    usable = events.digital & np.isfinite(events.when)
    streams = [events.sources[name].code for name in SOURCES]
    streams.append(np.where(table.in_unit, table.unit, -1))
    for number, code in enumerate(streams):
        rows = np.flatnonzero(usable & (code >= 0))
        if rows.size < FEWEST_IN_STREAM:
            continue
        rows = rows[np.lexsort([rows, events.when[rows], code[rows]])]
        own = code[rows]
        size = np.bincount(own)[own]
        rows, own = rows[size >= FEWEST_IN_STREAM], own[size >= FEWEST_IN_STREAM]
        found.p_value[rows] = np.where(np.isnan(found.p_value[rows]), 1.0, found.p_value[rows])
        grain = GRAINS * events.grain[rows]
        gap = np.diff(events.when[rows], append=np.nan)
        gap[np.diff(own, append=-1) != 0] = np.nan
        for series, value in enumerate((gap, events.spent[rows])):
            usual = np.where(value >= grain, value, np.nan)
            _scan(found, rows, own, usual, (number, series))
    return found


def _scan(
    found: Cadence,
    rows: NDArray[np.intp],
    own: NDArray[np.intp],
    value: Vector,
    what: tuple[int, int],
) -> None:
    """Note the steady windows of one series; ``rows`` and ``own`` stand in order of streams."""
    from scipy.special import gammainc

    log = np.log(value)
    known = np.isfinite(log)
    if not known.any():
        return
    x = np.where(known, log - np.mean(log[known]), 0.0)
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (x, x * x, known)]
    size = np.bincount(own)[own]
    for w in WINDOWS:
        if rows.size < w:
            break
        total, squares, count = (part[w:] - part[:-w] for part in sums)
        inside = (own[w - 1 :] == own[: rows.size - w + 1]) & (count == w)
        variance = np.maximum(squares - total**2 / w, 0.0) / (w - 1)
        start = np.flatnonzero(inside & (variance < STEADIEST**2 / 2.0))
        spread = np.maximum(np.sqrt(variance[start]), SMALLEST_SD)
        tail = gammainc((w - 1) / 2.0, (w - 1) * (spread / STEADIEST) ** 2 / 2.0)
        windows = sum(np.maximum(size[start] - length + 1, 0) for length in WINDOWS)
        tests = windows * len(SERIES) * (len(SOURCES) + 1)
        p = np.maximum(tail * tests, SMALLEST_P)
        telling = p < 1.0
        _note(found, rows, value, start[telling], (p[telling], spread[telling]), w, what)


def _note(
    found: Cadence,
    rows: NDArray[np.intp],
    value: Vector,
    start: NDArray[np.intp],
    seen: tuple[Vector, Vector],
    w: int,
    what: tuple[int, int],
) -> None:
    """Give each record the smallest p-value of the windows that cover it."""
    stream, series = what
    p, spread = seen
    # a window of gaps has one record more than it has gaps
    covered = w + 1 if SERIES[series] == "gap" else w
    for offset in range(covered):
        at = rows[start + offset]
        better = np.flatnonzero(p < found.p_value[at])
        # the last of several windows that meet in a record is the smallest
        better = better[np.argsort(-p[better], kind="stable")]
        place = at[better]
        found.p_value[place] = p[better]
        found.stream[place] = stream
        found.series[place] = series
        found.spread[place] = spread[better]
        found.length[place] = w
        middle = value[np.minimum(start[better] + w // 2, value.size - 1)]
        found.typical[place] = middle
