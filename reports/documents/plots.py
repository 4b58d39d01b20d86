"""The small plots of the statistical section, each with a line that says how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports import series
from reports.charts import Band
from reports.documents.blocks import Block, Chart, Heading, Plot, Series
from reports.locale import Text as Words
from reports.views import Cutoffs, HourProfile, PeerPoint, Plots
from reports.views.plots import BatchPoint, PeriodPoint

__all__ = ["counted", "plots_part", "scattered"]

_STEP = 0.005
"""Width of a column around the cut-offs, as a share."""

_FEW_RECORDS = 20
"""Fewer records than this have no profile of hours worth drawing."""


def plots_part(plots: Plots | None, words: Words) -> Iterator[Block]:
    """Those plots that there are data for."""
    if plots is None:
        return
    charts: list[Chart] = []
    if len(plots.batches) > 1:
        charts.append(_batches(plots.batches, words))
    if plots.hours is not None and plots.hours.n >= _FEW_RECORDS:
        charts.append(_hours(plots.hours, words))
    if len(plots.periods) > 1 and any(row.value is not None for row in plots.periods):
        charts.append(_periods(plots.periods, words))
    if plots.cutoffs is not None and len(plots.cutoffs.values) > 2:
        charts.append(_cutoffs(plots.cutoffs, words))
    for chart in charts:
        yield Heading(chart.title, 3)
        yield chart


def _batches(rows: tuple[BatchPoint, ...], words: Words) -> Chart:
    title = words("plot.batches")
    describe = "; ".join(
        f"{row.label}: "
        + (
            words("suppressed.short")
            if row.share is None
            else f"{words.number(row.flagged)}/{words.number(row.judged)}"
        )
        for row in rows
    )
    svg = series.batches(
        rows, words("col.flagged_share"), title, describe, lambda v: words.percent(v, 0)
    )
    shares = Series(words("col.flagged_share"), tuple(row.share for row in rows))
    plot = Plot("column", tuple(row.label for row in rows), (shares,))
    return Chart(svg, title, describe, words("plot.batches.note"), plot)


def _hours(profile: HourProfile, words: Words) -> Chart:
    title = words("plot.hours")
    busiest = max(range(24), key=lambda hour: profile.unit[hour])
    night = sum(profile.unit[hour] for hour in (*range(7), *range(19, 24)))
    describe = words(
        "plot.hours.words",
        n=words.number(profile.n),
        hour=busiest,
        share=words.percent(profile.unit[busiest] / profile.n, 1),
        night=words.percent(night / profile.n, 1),
    )
    legend = (words("plot.this_unit"), words("plot.all_units"))
    svg = series.hours(profile, legend, title, describe, lambda v: words.percent(v, 0))
    unit = tuple(n / profile.n for n in profile.unit)
    plot = Plot(
        "column",
        tuple(str(hour) for hour in range(24)),
        (Series(legend[0], unit), Series(legend[1], profile.force)),
    )
    return Chart(svg, title, describe, describe, plot)


def _periods(rows: tuple[PeriodPoint, ...], words: Words) -> Chart:
    title = words("plot.periods")
    shown = [
        f"{words.say(row.label)}: "
        + (words("suppressed.short") if row.value is None else words.percent(row.value))
        + f" (n = {words.number(row.n)})"
        for row in rows
    ]
    breaks = [
        words("plot.periods.broken", label=words.say(row.label), what=words.say(row.broken))
        for row in rows
        if row.broken is not None
    ]
    describe = "; ".join(shown) + "."
    svg = series.periods(
        rows,
        [words.say(row.label) for row in rows],
        words("plot.periods.cut"),
        title,
        describe,
        lambda v: words.percent(v, 1),
    )
    plot = Plot(
        "line",
        tuple(words.say(row.label) for row in rows),
        (Series(words("col.value"), tuple(row.value for row in rows)),),
        ends=(
            Series(words("plot.low"), tuple(row.low for row in rows)),
            Series(words("plot.high"), tuple(row.high for row in rows)),
        ),
    )
    return Chart(svg, title, describe, " ".join([describe, *breaks]), plot)


def _cutoffs(view: Cutoffs, words: Words) -> Chart:
    title = words("plot.cutoffs")
    near = words.number(
        sum(0.0 <= value - cut < 0.01 for value in view.values for cut, _ in view.cut_offs)
    )
    below = words.number(
        sum(0.0 < cut - value <= 0.01 for value in view.values for cut, _ in view.cut_offs)
    )
    units = words.number(len(view.values))
    describe = words("plot.cutoffs.words", units=units, above=near, below=below)
    svg = series.cutoffs(
        view,
        [words.say(name) for _, name in view.cut_offs],
        (words("plot.units"), words("plot.this_unit")),
        title,
        describe,
        lambda v: words.percent(v, 1),
    )
    first = int(min(view.values) / _STEP)
    bins = tuple(range(first, int(1 / _STEP) + 1))
    counts = tuple(
        float(sum(int(value / _STEP + 1e-9) == b for value in view.values)) for b in bins
    )
    plot = Plot(
        "column",
        tuple(words.percent(b * _STEP, 1) for b in bins),
        (Series(words("plot.units"), counts),),
        shares=False,
    )
    return Chart(svg, title, describe, describe, plot)


def counted(bars: Sequence[Band], words: Words) -> Plot:
    """Bars of counts as numbers."""
    numbers = Series(words("plot.number"), tuple(float(bar.count) for bar in bars))
    return Plot("bar", tuple(bar.label for bar in bars), (numbers,), shares=False)


def scattered(points: Sequence[PeerPoint], here: PeerPoint | None, words: Words) -> Plot:
    """The units of a funnel as numbers, without names."""
    own = [] if here is None else [here]
    counts = tuple(float(point.n) for point in (*points, *own))
    peers = (*(point.value for point in points), *(None for _ in own))
    series = [Series(words("plot.peers"), peers)]
    if here is not None:
        values = (*(None for _ in points), here.value)
        series.append(Series(words("plot.this_unit"), values))
    return Plot("scatter", counts, tuple(series))
