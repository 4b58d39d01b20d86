"""Charts of a workbook that a spreadsheet draws itself, from numbers on a sheet."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.documents.blocks import Chart, Plot

__all__ = ["add_chart"]

# Told apart in grey, too: dark, mid, light, and the shape of a marker.
_COLOURS = ("#1F5673", "#8FA7B5", "#C1610B", "#1D2B36")
_MARKERS = ("circle", "long_dash", "long_dash", "diamond")
_NUMBERS = {True: "0.0%", False: "#,##0"}


def add_chart(
    book: Workbook, sheet: Worksheet, chart: Chart, plot: Plot, bold: Format, plain: Format
) -> None:
    """Write the numbers of a chart on its sheet, and the chart beside them.

    Args:
        book: The workbook.
        sheet: An empty sheet of it.
        chart: The chart, for its words.
        plot: Its numbers; what is ``None`` stays an empty cell.
        bold: Look of the heads.
        plain: Look of the places in words.
    """
    shown = book.add_format({"num_format": "0.00%" if plot.shares else "#,##0"})
    last = len(plot.places)
    sheet.set_column(0, 0, 34)
    columns = (*plot.series, *(plot.ends or ()))
    sheet.set_column(1, len(columns), 16)
    for column, series in enumerate(columns, start=1):
        sheet.write_string(0, column, series.name, bold)
        for row, value in enumerate(series.values, start=1):
            if value is not None:
                sheet.write_number(row, column, value, shown)
    for row, place in enumerate(plot.places, start=1):
        if isinstance(place, str):
            sheet.write_string(row, 0, place, plain)
        else:
            sheet.write_number(row, 0, place)
    drawn = book.add_chart({"type": plot.kind})
    name = sheet.get_name()
    for column in range(1, len(plot.series) + 1):
        colour = _COLOURS[(column - 1) % len(_COLOURS)]
        one: dict[str, Any] = {
            "name": [name, 0, column],
            "categories": [name, 1, 0, last, 0],
            "values": [name, 1, column, last, column],
        }
        if plot.kind in ("bar", "column"):
            one |= {"fill": {"color": colour}, "gap": 60}
        else:
            one["marker"] = {
                "type": _MARKERS[(column - 1) % len(_MARKERS)],
                "size": 7,
                "fill": {"color": colour},
                "border": {"color": colour},
            }
            one["line"] = {"color": colour} if plot.kind == "line" else {"none": True}
        if column == 1 and plot.ends is not None:
            bars = "x_error_bars" if plot.kind == "bar" else "y_error_bars"
            one[bars] = _error_bars(plot)
        drawn.add_series(one)
    drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
    drawn.set_legend({"none": len(plot.series) < 2} | {"position": "bottom"})
    values = {"num_format": _NUMBERS[plot.shares], "major_gridlines": {"visible": True}}
    if plot.kind == "bar":
        # A bar chart counts its places from below.
        drawn.set_y_axis({"reverse": True})
        drawn.set_x_axis(values)
    else:
        drawn.set_y_axis(values)
    if plot.kind == "scatter":
        drawn.set_x_axis({"log_base": 10, "num_format": "#,##0"})
    drawn.set_size({"width": 760, "height": max(300, 34 * last if plot.kind == "bar" else 340)})
    words = f"{chart.title}. {chart.describe}"
    sheet.insert_chart(0, len(columns) + 2, drawn, {"description": words[:2000]})


def _error_bars(plot: Plot) -> dict[str, Any]:
    """The interval of the first series; none where an end is withheld."""
    assert plot.ends is not None
    low, high = plot.ends
    below, above = [], []
    for value, least, most in zip(plot.series[0].values, low.values, high.values, strict=True):
        known = value is not None and least is not None and most is not None
        below.append(value - least if known else 0.0)  # type: ignore[operator]  # known: no None
        above.append(most - value if known else 0.0)  # type: ignore[operator]  # known: no None
    return {
        "type": "custom",
        "plus_values": above,
        "minus_values": below,
        "line": {"color": "#1D2B36"},
    }
