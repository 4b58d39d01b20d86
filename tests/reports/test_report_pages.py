"""The pages: complete, closed, safe with hostile text, and never cleaner than the data."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from detectors.errors import UsageError
from detectors.finding import Message, Severity
from reports import views as v
from reports.documents import round_document, unit_document
from reports.documents.evidence import CROP_BYTES, EXAMPLES
from reports.documents.unit import LISTED_FORMS
from reports.html import render_html
from tests.reports import sample

HEADINGS = {
    "vi": [
        "1. Thông tin chung",
        "2. Tóm tắt",
        "3. Đối soát số phiếu",
        "4. Kết quả theo 5 yếu tố so với khối",
        "5. Dấu hiệu trên ảnh",
        "6. Dấu hiệu thống kê",
        "7. Kênh số",
        "8. Giải thích vô tội có thể có",
        "9. Kiến nghị",
        "Phụ lục",
    ],
    "en": [
        "1. General information",
        "2. Summary",
        "3. Reconciliation of forms",
        "4. Results by 5 factors against the peer group",
        "5. Signs on the scanned forms",
        "6. Statistical signs",
        "7. Digital channels",
        "8. Possible innocent explanations",
        "9. Recommendations",
        "Appendix",
    ],
}
FOOTER = {
    "vi": "Kết quả do phần mềm đánh dấu để rà soát, không phải kết luận vi phạm.",
    "en": "Marked by software for review; this is not a finding of wrongdoing.",
}
VOID = {"meta", "img", "br", "link", "hr", "col"}
SVG_CLOSED = {"path", "circle", "line", "rect", "polyline"}


def render_unit(report: v.UnitReport, language: str = "vi") -> str:
    return render_html(unit_document(report, language, index_href="../index.html"))


def render_round(
    report: v.RoundReport, language: str = "vi", links: dict[str, str] | None = None
) -> str:
    return render_html(round_document(report, language, links=links or {}))


class Page(HTMLParser):
    """What a page is made of; fails on tags that do not close in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.sections: dict[str, str] = {}
        self.words = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "h2":
            self.headings.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SVG_CLOSED
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words += data
        if "h2" in self.open:
            self.headings[-1] += data
        elif self.headings:
            name = self.headings[-1]
            self.sections[name] = self.sections.get(name, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_headings_are_there_in_order_even_without_data(language: str) -> None:
    full = Page(render_unit(sample.unit_report(), language))
    assert full.headings == HEADINGS[language]
    bare = Page(render_unit(sample.bare_report(), language))
    assert len(bare.headings) == 10
    assert [h for h in bare.headings if h[0] != "4"] == [h for h in full.headings if h[0] != "4"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("render", ["unit", "round"])
def test_every_page_is_closed_and_carries_the_footer(language: str, render: str) -> None:
    source = (
        render_unit(sample.unit_report(), language)
        if render == "unit"
        else render_round(sample.round_report(), language)
    )
    page = Page(source)
    assert page.all("html")[0]["lang"] == language
    assert FOOTER[language] in page.words
    marker = "Lưu hành nội bộ – Dự thảo" if language == "vi" else "Internal use – Draft"
    assert marker in page.words
    assert not {"script", "iframe", "object", "link", "base", "form"} & {t for t, _ in page.tags}
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    outside = re.findall(r"(?:src|href|url)\W{1,2}\s*(?:https?:)?//", source)
    assert outside == []
    assert "default-src 'none'" in str(page.all("meta"))
    assert len(source.encode()) < 2_000_000


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_other_language_does_not_show_through(language: str) -> None:
    words = Page(render_unit(sample.unit_report(), language)).words
    other = "Mức cảnh báo" if language == "en" else "Severity"
    assert other not in words


def test_the_numbers_are_written_the_native_way() -> None:
    words = Page(render_unit(sample.unit_report())).words
    for shown in ("95,93%", "điểm phần trăm", "thứ 14/63", "01/07/2026 – 30/09/2026", "3.000"):
        assert shown in words
    assert "97.20%" in Page(render_unit(sample.unit_report(), "en")).words


def test_every_picture_has_words() -> None:
    page = Page(render_unit(sample.unit_report()))
    charts = [a for a in page.all("svg") if a.get("role") == "img"]
    assert len(charts) == 9
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for chart in charts:
        assert set(str(chart["aria-labelledby"]).split()) <= set(ids)
    assert all(a.get("aria-hidden") == "true" for a in page.all("svg") if "role" not in a)
    assert all(a.get("alt") for a in page.all("img"))
    assert len(page.all("img")) == 4  # five examples, one without a crop
    assert "Không có ảnh trích" in page.words


def test_severity_is_in_words_not_only_in_colour() -> None:
    for severity, word in (("red", "Đỏ"), ("orange", "Cam"), ("yellow", "Vàng")):
        words = Page(render_unit(sample.unit_report(severity=Severity(severity)))).words
        assert f"{word} – " in words


HOSTILE = "<script>alert(1)</script> \"'></title></style> \u202egnp.exe\u2066 \x00\x1b{{7*7}}"


def test_hostile_text_is_shown_not_obeyed() -> None:
    bad = Message(HOSTILE, HOSTILE)
    who = replace(sample.unit(), id=HOSTILE, name=HOSTILE, group=HOSTILE, parent=HOSTILE)
    form = v.FlaggedForm(HOSTILE, Severity.RED, (bad,), 1, HOSTILE, bad)
    report = sample.unit_report(
        unit=who,
        severity_reason=bad,
        custody=(v.CustodyRow(HOSTILE, HOSTILE, 1, 1, notes=(bad,)),),
        factors=(v.FactorResult(HOSTILE, bad, 50, 0.9, 0.8, 0.95),),
        images=v.ImageSection(
            1,
            1,
            (v.SignCount("x", bad, 1, 20),),
            examples=(v.ImageExample(HOSTILE, bad, Severity.RED, crop=b"<svg onload=alert(1)>"),),
        ),
        statistics=v.StatisticsSection((bad,), (v.Sign(bad, bad, Severity.RED),)),
        digital=v.DigitalSection((v.ChannelCount(HOSTILE, 3),)),
        innocent=(bad,),
        recommendations=(bad,),
        appendix=v.Appendix(replace(sample.PROVENANCE, run_id=HOSTILE), (form,)),
    )
    row = v.UnitRow(who, report.result, Severity.RED, 1, 50)
    pages = [render_unit(report, language) for language in ("vi", "en")]
    pages.append(render_round(replace(sample.round_report(), units=(row,)), links={HOSTILE: "x"}))
    for source in pages:
        page = Page(source)
        assert not page.all("script")
        assert len(page.all("style")) == len(page.all("title")) - len(
            [a for a in page.all("svg") if a.get("role") == "img"]
        )
        assert "<script>alert(1)</script>" in page.words
        assert "{{7*7}}" in page.words
        assert not set(source) & set("\u202e\u2066\x00\x1b")
        assert "\ufffd" in page.words
        assert not page.all("img")


def test_print_strings_cannot_leave_their_quotes() -> None:
    source = render_unit(sample.unit_report(unit=replace(sample.unit(), name='a"; } </style>')))
    style = source[source.index("<style>") : source.index("</style>")]
    left = style[style.index("@top-left") :].split("\n")[0]
    assert left.count('"') == 4
    assert "\\000022" in left


def test_small_cells_are_withheld_everywhere_on_the_page() -> None:
    page = Page(render_unit(sample.unit_report()))
    factors = page.sections[HEADINGS["vi"][3]]
    assert "Không công bố (n < 10)" in factors
    assert "99,90%" not in page.words  # the value of the factor that eight people answered
    small = sample.result(received=9, scored=9, held=0, not_judged=0)
    for language in ("vi", "en"):
        source = render_unit(sample.unit_report(result=small), language)
        assert "n &lt; 10" in source
        for value in ("95,93", "95.93", "95,41", "95.41", "84,51", "84.51"):
            assert value not in source
    row = v.UnitRow(sample.unit(), small, Severity.RED, 1, 9)
    page = Page(render_round(replace(sample.round_report(), units=(row,))))
    results = page.sections["4. Kết quả, xếp loại, thứ hạng theo khối"]
    assert "Không công bố (n < 10)" in results
    assert "95,93%" not in results
    assert "11,11%" not in results


def test_what_was_not_judged_never_looks_clean() -> None:
    page = Page(render_unit(sample.bare_report()))
    sections = page.sections
    for number, heading in enumerate(page.headings[2:7], start=3):
        assert re.search(r"Chưa có (dữ liệu|câu)|Không đánh giá", sections[heading]), number
    assert "chưa ghi nhận dấu hiệu" not in page.words
    assert "Xanh" not in page.words
    assert "khớp" not in sections["3. Đối soát số phiếu"]


def test_pages_that_no_check_suits_are_not_clean() -> None:
    kind = Message("Tẩy xóa", "Erasure")
    for judged, phrase in ((0, "Không đánh giá được trang nào"), (40, "không phép kiểm tra nào")):
        section = v.ImageSection(40, judged, (v.SignCount("erasure", kind, 0, 0),))
        page = Page(render_unit(sample.unit_report(images=section)))
        images = page.sections[HEADINGS["vi"][4]]
        assert phrase in images
        assert "Không đánh giá được" in images
        assert "0,00%" not in images
        assert "Xanh" not in images
    quiet = v.ImageSection(40, 40, (v.SignCount("erasure", kind, 0, 40),))
    images = Page(render_unit(sample.unit_report(images=quiet))).sections[HEADINGS["vi"][4]]
    assert "chưa ghi nhận dấu hiệu bất thường" in images
    assert "40" in images


def test_checks_that_were_not_made_do_not_count_as_quiet() -> None:
    none = v.StatisticsSection((), not_judged=sample.statistics().not_judged)
    words = Page(render_unit(sample.unit_report(statistics=none))).sections[HEADINGS["vi"][5]]
    assert "Không phép kiểm tra nào thực hiện được" in words
    assert "chưa ghi nhận" not in words
    only_counts = replace(sample.statistics(), signs=())
    words = Page(render_unit(sample.unit_report(statistics=only_counts))).sections[
        HEADINGS["vi"][5]
    ]
    assert "chưa ghi nhận" not in words  # 41 forms do show signs
    digital = v.DigitalSection((v.ChannelCount("qr", 12),))
    words = Page(render_unit(sample.unit_report(digital=digital))).sections["7. Kênh số"]
    assert "Chưa thực hiện phép kiểm tra nào" in words


def test_custody_tells_even_uneven_and_silent_apart() -> None:
    def section(*rows: v.CustodyRow) -> str:
        return Page(render_unit(sample.unit_report(custody=rows))).sections[HEADINGS["vi"][2]]

    even = v.CustodyRow("1", None, 100, 98, 97, 1, 1, 1, 98)
    assert "Số liệu giao nhận khớp." in section(even)
    assert "Còn chênh lệch 7 phiếu" in section(*sample.unit_report().custody or ())
    assert "khớp" not in section(v.CustodyRow("1", None, 100, None))
    assert "khớp" not in section()
    # a surplus in one batch does not hide a gap in another
    over = v.CustodyRow("2", None, 100, 103, 103, 0, 0, 0, 103)
    under = v.CustodyRow("3", None, 100, 97, 97, 0, 0, 0, 97)
    assert "Còn chênh lệch 6 phiếu" in section(over, under)


def test_the_same_report_is_the_same_bytes() -> None:
    for language in ("vi", "en"):
        one, two = (render_unit(sample.unit_report(), language) for _ in range(2))
        assert one == two
        assert render_round(sample.round_report(), language) == render_round(
            sample.round_report(), language
        )


def test_pages_stay_under_two_megabytes() -> None:
    base = sample.unit_report()
    assert base.images is not None
    crop = b"\xff\xd8\xff" + b"x" * 150_000
    many = tuple(replace(base.images.examples[0], crop=crop) for _ in range(40))
    forms = tuple(base.appendix.flagged[0] for _ in range(5000))
    report = replace(
        base,
        images=replace(base.images, examples=many),
        appendix=v.Appendix(sample.PROVENANCE, forms),
    )
    source = render_unit(report)
    page = Page(source)
    assert len(source.encode()) < 2_000_000
    assert len(page.all("img")) == CROP_BYTES // len(crop)
    assert len(page.all("figure")) == EXAMPLES
    assert f"Còn {5000 - LISTED_FORMS:,} dòng".replace(",", ".") in page.words


def test_the_number_of_factors_is_that_of_the_form() -> None:
    report = sample.unit_report(factors=sample.factors()[:3])
    assert Page(render_unit(report)).headings[3] == "4. Kết quả theo 3 yếu tố so với khối"


def test_an_earlier_round_is_compared_only_where_it_can_be() -> None:
    words = Page(render_unit(sample.unit_report())).words
    assert "Không so sánh trực tiếp được với kỳ này: đổi kênh thu thập" in words
    previous = v.Previous("2025", v.Standing(0.9637), comparable=True)
    report = sample.unit_report(result=sample.result(previous=previous))
    assert "kỳ này sau rà soát giảm 0,96 điểm phần trăm" in Page(render_unit(report)).words


def test_the_round_puts_what_could_not_be_judged_first() -> None:
    page = Page(render_round(sample.round_report()))
    first = page.sections["3. Đơn vị cần xem trước"]
    places = [first.index(name) for name in ("xã Đồng Tâm", "Bình Nguyên", "Đông Hải 10")]
    assert places == sorted(places)
    assert "Xếp loại chưa đủ căn cứ" in first
    detectors = page.sections["7. Kết quả của từng phép kiểm tra"]
    assert detectors.count("Không đánh giá được") == 2  # the column, and the check without pages


def test_the_round_keeps_units_without_a_group_or_a_report() -> None:
    page = Page(render_round(sample.round_report(), links={"CA-BN": "units/x.html"}))
    results = page.sections["4. Kết quả, xếp loại, thứ hạng theo khối"]
    assert "Chưa xếp vào khối nào" in results
    assert "Công an xã Đồng Tâm" in results
    assert [a["href"] for a in page.all("a")].count("units/x.html") == 2


def test_an_empty_round_says_so() -> None:
    empty = replace(
        sample.round_report(),
        units=(),
        groups=(),
        detectors=(),
        not_judged=(),
        result=v.Result(received=0, scored=0, held=0, not_judged=0),
    )
    page = Page(render_round(empty))
    assert "Chưa có dữ liệu của đơn vị nào." in page.words
    assert "Trong phạm vi đã đánh giá" not in page.words


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UsageError, match="'fr'"):
        render_unit(sample.unit_report(), "fr")
