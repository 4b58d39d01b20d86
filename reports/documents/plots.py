"""The small plots of the statistical section, each with a line that says how to read it."""

from __future__ import annotations

from collections.abc import Iterator

from reports import series
from reports.documents.blocks import Block, Chart, Heading
from reports.locale import Text as Words
from reports.views import Cutoffs, HourProfile, Plots
from reports.views.plots import BatchPoint, PeriodPoint

__all__ = ["plots_part"]

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
    return Chart(svg, title, describe, words("plot.batches.note"))


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
    return Chart(svg, title, describe, describe)


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
    return Chart(svg, title, describe, " ".join([describe, *breaks]))


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
    return Chart(svg, title, describe, describe)
