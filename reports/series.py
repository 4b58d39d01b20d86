"""Charts over time and along the scale: batches, hours of the day, rounds, cut-offs.

As the others (:mod:`reports.charts`): static SVG with its numbers in words, readable in
grey and without sight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from reports.svg import (
    GRID,
    MAIN,
    PALE,
    SOFT,
    WARN,
    WIDTH,
    Percent,
    Scale,
    axis,
    ceiling,
    diamond,
    frame,
    line,
    num,
    rect,
    scale,
    text,
    ticks,
)
from reports.views.plots import BatchPoint, Cutoffs, HourProfile, PeriodPoint

__all__ = ["batches", "cutoffs", "hours", "periods"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, WIDTH - 26.0, 26.0, 146.0
_BIN = 0.005


def batches(
    rows: Sequence[BatchPoint], axis_word: str, title: str, describe: str, percent: Percent
) -> Markup:
    """Share of flagged forms a batch, in the order the batches came in.

    A batch with too few judged forms is hatched: it was not found clean.

    Args:
        rows: In order.
        axis_word: What the bars show.
        title: Title for those who cannot see the chart.
        describe: Its numbers in words.
        percent: Writes an axis value.
    """
    top = ceiling(max((row.share or 0.0 for row in rows), default=0.0))
    y = scale(0.0, top, _BOTTOM, _TOP)
    parts = _levels(0.0, top, y, percent)
    parts.append(text(_LEFT, 12, axis_word, fill=SOFT))
    step = (_RIGHT - _LEFT) / max(len(rows), 1)
    width = min(step * 0.7, 46.0)
    every = max(1, math.ceil(len(rows) * 62 / (_RIGHT - _LEFT)))
    for place, row in enumerate(rows):
        middle = _LEFT + step * (place + 0.5)
        if row.share is None:
            parts.append(rect(middle - width / 2, _BOTTOM - 16, width, 16, "url(#hatch)", SOFT))
        else:
            height = max(_BOTTOM - y(row.share), 1.2)
            parts.append(rect(middle - width / 2, _BOTTOM - height, width, height, PALE, MAIN))
            if every == 1:
                words = f"{row.flagged}/{row.judged}"
                above = _BOTTOM - height - 5
                parts.append(text(middle, above, words, "middle", size=10.5))
        if place % every == 0:
            label = row.label if len(row.label) <= 10 else row.label[:9] + "…"
            parts.append(text(middle, _BOTTOM + 17, label, "middle", size=11))
    return frame(parts, _BOTTOM + 26, title, describe)


def hours(
    profile: HourProfile, words: tuple[str, str], title: str, describe: str, percent: Percent
) -> Markup:
    """Bars of the unit's hours against a stepped line of all units.

    Args:
        profile: With at least one record.
        words: Legend of bars and line.
        title: As above.
        describe: As above.
        percent: As above.
    """
    own = [count / profile.n for count in profile.unit]
    top = ceiling(max(*own, *profile.force))
    y = scale(0.0, top, _BOTTOM, _TOP)
    parts = _levels(0.0, top, y, percent)
    step = (_RIGHT - _LEFT) / 24
    for hour, value in enumerate(own):
        x = _LEFT + step * hour
        if value:
            parts.append(rect(x + 3, y(value), step - 6, _BOTTOM - y(value), PALE, MAIN))
        if hour % 3 == 0:
            parts.append(text(x + step / 2, _BOTTOM + 17, f"{hour}", "middle"))
    corners = []
    for hour, value in enumerate(profile.force):
        x = _LEFT + step * hour
        corners += [f"{num(x)},{num(y(value))}", f"{num(x + step)},{num(y(value))}"]
    parts.append(_path(corners, WARN, "5 2"))
    parts.append(rect(_LEFT, 3, 12, 10, PALE, MAIN) + text(_LEFT + 17, 12, words[0], size=11.5))
    after = _LEFT + 40 + 6.3 * len(words[0])
    parts.append(line(after, 8, after + 22, 8, WARN, 2, "5 2"))
    parts.append(text(after + 28, 12, words[1], size=11.5))
    return frame(parts, _BOTTOM + 26, title, describe)


def periods(
    rows: Sequence[PeriodPoint],
    labels: Sequence[str],
    broken: str,
    title: str,
    describe: str,
    percent: Percent,
) -> Markup:
    """The unit's value round by round; a break of method cuts the line.

    Args:
        rows: The earliest first.
        labels: Their names.
        broken: Word beside a break.
        title: As above.
        describe: As above.
        percent: As above.
    """
    low, high = axis([v for row in rows for v in (row.value, row.low, row.high) if v is not None])
    y = scale(low, high, _BOTTOM, _TOP)
    parts = _levels(low, high, y, percent)
    step = (_RIGHT - _LEFT) / max(len(rows), 1)
    last: tuple[float, float] | None = None
    for place, row in enumerate(rows):
        x = _LEFT + step * (place + 0.5)
        parts.append(text(x, _BOTTOM + 17, labels[place], "middle"))
        if row.broken is not None and place:
            cut = x - step / 2
            parts.append(line(cut, _TOP - 8, cut, _BOTTOM, WARN, 1.6, "2 3"))
            parts.append(text(cut, _TOP - 13, broken, "middle", WARN, 11.5))
            last = None
        if row.value is None:
            parts.append(rect(x - 12, _BOTTOM - 14, 24, 14, "url(#hatch)", SOFT))
            last = None
            continue
        here = (x, y(row.value))
        if last is not None:
            parts.append(line(*last, *here, SOFT, 1.4))
        if row.low is not None and row.high is not None:
            parts.append(line(x, y(row.low), x, y(row.high), MAIN, 2.5))
            parts.extend(line(x - 5, y(e), x + 5, y(e), MAIN, 1.5) for e in (row.low, row.high))
        parts.append(f'<circle cx="{num(x)}" cy="{num(here[1])}" r="5" fill="{MAIN}"/>')
        parts.append(text(x + 10, here[1] - 8, percent(row.value), size=11.5))
        last = here
    return frame(parts, _BOTTOM + 26, title, describe)


def cutoffs(
    view: Cutoffs,
    names: Sequence[str],
    words: tuple[str, str],
    title: str,
    describe: str,
    percent: Percent,
) -> Markup:
    """How many units of the group lie in each half point, with the tiers' cut-offs.

    Args:
        view: With at least one value.
        names: Names of the tiers, in the order of the cut-offs.
        words: Word for units, and for this unit.
        title: As above.
        describe: As above.
        percent: As above.
    """
    known = [*view.values, *([view.here] if view.here is not None else [])]
    low = math.floor(min(known) / _BIN - 1) * _BIN
    high = min(1.0, math.ceil(max(known) / _BIN + 1e-9) * _BIN + _BIN)
    bins = max(1, round((high - low) / _BIN))
    counts = [0] * bins
    for value in view.values:
        counts[min(bins - 1, int((value - low) / _BIN + 1e-9))] += 1
    most = max(max(counts), 1)
    x, y = scale(low, high, _LEFT, _RIGHT), scale(0.0, most, _BOTTOM, _TOP + 14)
    parts = [
        line(_LEFT, y(v), _RIGHT, y(v), GRID, 1) + text(_LEFT - 8, y(v) + 4, str(v), "end")
        for v in sorted({0, (most + 1) // 2, most})
    ]
    for tick in ticks(low, high):
        parts.append(text(x(tick), _BOTTOM + 17, percent(tick), "middle"))
    width = x(low + _BIN) - x(low)
    for place, count in enumerate(counts):
        if count:
            left = x(low) + width * place
            parts.append(rect(left + 1, y(count), width - 2, _BOTTOM - y(count), PALE, MAIN))
    for (share, _), name in zip(view.cut_offs, names, strict=True):
        if not low <= share <= high:
            continue
        cut = x(share)
        parts.append(line(cut, _TOP - 4, cut, _BOTTOM, WARN, 1.8, "5 3"))
        parts.append(text(cut + 5, _TOP + 6, name, size=11.5, fill=WARN))
    parts.append(text(_LEFT, 12, words[0], fill=SOFT))
    if view.here is not None:
        parts.append(diamond(x(view.here), _BOTTOM - 7, 7))
        parts.append(diamond(_RIGHT - 16 - 6.4 * len(words[1]), 8, 6))
        parts.append(text(_RIGHT, 12, words[1], "end", size=11.5))
    return frame(parts, _BOTTOM + 26, title, describe)


def _levels(low: float, high: float, y: Scale, percent: Percent) -> list[str]:
    return [
        line(_LEFT, y(v), _RIGHT, y(v), GRID, 1) + text(_LEFT - 8, y(v) + 4, percent(v), "end")
        for v in ticks(low, high)
    ]


def _path(corners: Sequence[str], stroke: str, dash: str) -> str:
    return (
        f'<polyline points="{" ".join(corners)}" fill="none" stroke="{stroke}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/>'
    )
