"""Charts: true to their numbers, with words, and readable in grey."""

import re
import xml.etree.ElementTree as ET

import pytest
from markupsafe import Markup

from reports import charts
from reports.views import PeerPoint
from tests.reports import sample

NS = "{http://www.w3.org/2000/svg}"


def percent(share: float) -> str:
    return f"{share:.0%}"


def parse(chart: Markup) -> ET.Element:
    root = ET.fromstring(str(chart))
    title, words = root.find(f"{NS}title"), root.find(f"{NS}desc")
    assert title is not None
    assert title.text
    assert words is not None
    assert words.text
    return root


def row(value: float | None, reference: float | None = 0.95) -> charts.Row:
    low, high = (None, None) if value is None else (value - 0.02, min(1.0, value + 0.02))
    return charts.Row("A", value, low, high, reference, "shown")


def draw_funnel(points: list[PeerPoint], rho: float | None, pooled: float | None = 0.95) -> str:
    here = PeerPoint(100, 0.9)
    return str(charts.funnel(points, here, pooled, rho, ("n", "value"), "T", "D", percent))


def test_dots_stand_in_the_order_of_their_values() -> None:
    rows = [row(v) for v in (0.90, 0.93, 0.97)]
    root = parse(charts.intervals(rows, "T", "D", percent))
    xs = [float(c.attrib["cx"]) for c in root.iter(f"{NS}circle")]
    assert xs == sorted(xs)
    assert xs[1] - xs[0] == pytest.approx((xs[2] - xs[1]) * 3 / 4, abs=0.05)


def test_a_withheld_row_has_no_dot() -> None:
    root = parse(charts.intervals([row(None), row(0.9)], "T", "D", percent))
    assert len(list(root.iter(f"{NS}circle"))) == 1
    assert len(list(root.iter(f"{NS}path"))) == 2  # both peers are drawn


def test_charts_without_any_number_still_draw() -> None:
    parse(charts.intervals([row(None, None)], "T", "D", percent))
    parse(charts.rates([charts.Rate("A", None, None, None, None, "?")], "T", "D", percent))
    parse(charts.bands([charts.Band("A", 0, "0")], "T", "D"))
    parse(Markup(draw_funnel([], None, None)))


def test_marks_stay_inside_the_picture() -> None:
    for values in ((0.0, 1.0), (1.0, 1.0), (0.999, 0.9991), (0.5, 0.5001)):
        rows = [charts.Row("A", v, v, v, v, "") for v in values]
        root = parse(charts.intervals(rows, "T", "D", percent))
        assert all(236 <= float(c.attrib["cx"]) <= 606 for c in root.iter(f"{NS}circle"))


def test_a_rate_that_could_not_be_judged_is_hatched_not_zero() -> None:
    unknown = charts.Rate("A", None, None, None, 0.01, "not judged")
    zero = charts.Rate("B", 0.0, 0.0, 0.01, 0.01, "0 %")
    source = str(charts.rates([unknown, zero], "T", "D", percent))
    assert source.count("<pattern") == 1
    assert len(re.findall(r'fill="url\(#\w+h\)"', source)) == 1
    assert "pattern" not in str(charts.rates([zero], "T", "D", percent))


def test_the_funnel_draws_limits_only_with_measured_spread() -> None:
    points = [PeerPoint(n, 0.95) for n in (50, 100, 200, 400)]
    assert "polyline" not in draw_funnel(points, None)
    assert draw_funnel(points, 0.01).count("<polyline") >= 2


def test_more_spread_between_units_means_wider_limits() -> None:
    points = [PeerPoint(n, v) for n, v in ((50, 0.80), (100, 0.95), (400, 1.0))]

    def lowest(rho: float) -> float:
        found = re.findall(r'<polyline points="([^"]+)"', draw_funnel(points, rho))
        return max(float(pair.split(",")[1]) for line in found[:2] for pair in line.split())

    heights = [lowest(rho) for rho in (0.0, 0.005)]
    assert heights[0] < heights[1]  # y runs downwards


def test_the_unit_is_a_ring_among_dots() -> None:
    source = draw_funnel([PeerPoint(100, 0.95)] * 5, 0.01)
    assert source.count('fill="none" stroke="#9a3b1b"') == 1


def test_bounds_show_the_band_and_both_values() -> None:
    result = sample.result()
    root = parse(charts.bounds(result, ("a", "b", "c"), "T", "D", percent))
    rects = list(root.iter(f"{NS}rect"))
    band = max(rects, key=lambda r: float(r.attrib["width"]))
    dot = max(root.iter(f"{NS}circle"), key=lambda c: float(c.attrib["cy"]))
    left, width = float(band.attrib["x"]), float(band.attrib["width"])
    assert left < float(dot.attrib["cx"]) < left + width


def test_words_are_escaped_and_cleaned() -> None:
    bad = "<script>&\u202e"
    source = str(charts.bands([charts.Band(bad, 3, bad)], bad, bad))
    assert "<script>" not in source
    assert "\u202e" not in source
    assert parse(Markup(source)).find(f"{NS}title").text == "<script>&\ufffd"


def test_long_labels_take_two_lines_and_then_stop() -> None:
    label = "Tiếp nhận, xử lý phản ánh, kiến nghị của người dân, tổ chức và doanh nghiệp"
    root = parse(charts.bands([charts.Band(label, 1, "1")], "T", "D"))
    lines = [t.text or "" for t in root.iter(f"{NS}text")]
    assert label.startswith(lines[0])
    assert lines[1].endswith("…")
    assert all(len(line) <= 34 for line in lines)


def test_the_same_chart_is_the_same_text_with_its_own_ids() -> None:
    one, two = (str(charts.bands([charts.Band("A", 3, "3")], "T", "D")) for _ in range(2))
    assert one == two
    other = str(charts.bands([charts.Band("A", 4, "4")], "T", "D"))
    assert re.findall(r'id="(\w+)"', one) != re.findall(r'id="(\w+)"', other)
