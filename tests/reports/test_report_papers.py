"""Papers that people act on: native forms, whole in every format, deciding nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from detectors.finding import Message, Severity
from reports import views as v
from reports.documents import Paper, paper_document, unit_document
from reports.documents.blocks import Chart, Heading, Letterhead, Signatures, text_of
from reports.files import render
from reports.views import backcheck as b
from reports.views import papers as p
from tests.reports import sample
from tests.reports.test_report_formats import READ

HELD = Message("chờ xem xét", "waiting for review")
SIGN = Message("Dấu hiệu tẩy xóa, mức 1 → 5", "Signs of an erasure, 1 → 5")


def minutes() -> p.Minutes:
    forms = tuple(
        p.ReviewedForm(
            f"PB-23-00{4217 + k}-6",
            "1 / C1",
            (SIGN, SIGN),
            Severity.RED if k < 3 else Severity.ORANGE,
            HELD,
            crop=sample.crop(k) if k != 1 else None,
        )
        for k in range(5)
    )
    return p.Minutes(
        unit=sample.unit(),
        round=sample.ROUND,
        instrument=sample.INSTRUMENT,
        provenance=sample.PROVENANCE,
        custody=sample.unit_report().custody,
        forms=forms,
        outcome=p.Outcome(kept=1, held=3, excluded=0, to_verify=1),
        files=(("a.jpg", "ab" * 32),),
    )


def held() -> p.HeldList:
    forms = tuple(
        p.HeldForm(
            "Công an xã Đồng Tâm",
            f"PB-{k}",
            "Lô 01",
            (Message("Tẩy xóa", "Erasure"),),
            None if k else Severity.RED,
            HELD,
        )
        for k in range(3)
    )
    return p.HeldList(sample.ROUND, sample.PROVENANCE, forms)


def explanation() -> p.Explanation:
    return p.Explanation(
        unit=sample.unit(),
        round=sample.ROUND,
        instrument=sample.INSTRUMENT,
        provenance=sample.PROVENANCE,
        counts=sample.images().counts[:2],
        unit_signs=(Message("Thiếu mức trả lời thấp", "Missing lower tail"),),
        forms=(p.AskedForm("PB-1", "Lô 01", "1 / C1", (Message("Tẩy xóa", "Erasure"),)),),
        custody=(sample.unit_report().custody or ())[1:],
        innocent=(Message("Người cao tuổi", "The elderly"),),
    )


def comparison() -> p.Comparison:
    value = Message("Tỷ lệ hài lòng", "Satisfaction")
    rows = (
        p.Compared("Gia Lai", value, "88,33%", 6650 / 7528, "truncated", n=7528),
        p.Compared("Đông Hải", value, "97,10%", 0.951, "differs", difference=0.02, n=300),
        p.Compared("Đồng Tâm", value, "41,66%", 0.4166, "equal", n=6),
        p.Compared("Tây Hải", value, "91%", None, "cannot_recompute"),
    )
    return p.Comparison(sample.ROUND, sample.PROVENANCE, rows)


def backcheck() -> p.BackcheckPaper:
    share = b.ShareRange(0.25, 0.1, 0.5)
    arms = tuple(
        b.ArmResult(arm, 900, 30, 15, 5, 2, 1, 7, share, share, share)
        for arm in ("suspect", "high", "random")
    )
    tier = b.TierRisk("CA-BN", "xuat_sac", 0.96, 0.95, 310, 20, 2, 0.4, 0.3, 50, enough=False)
    small = replace(tier, unit_id="xa-07", records=6, value=0.4166)
    report = b.BackcheckReport(
        round_id="2026-Q3",
        instrument_id="HL-01",
        number=1,
        seed="123456",
        drawn_at=datetime(2026, 10, 2, 8, 0, tzinfo=UTC),
        population_sha256="cd" * 32,
        confidence=0.95,
        risk_limit=0.05,
        precision=0.5,
        arms=arms,
        tiers=(tier, small),
        flags="open",
        flags_tell=None,
        escalate=(b.Escalation("batch", "CA-BN Lô 01", 2, 5), b.Escalation("unit", "CA-BN", 2, 9)),
    )
    names = (("CA-BN", "Công an tỉnh Bình Nguyên"), ("xa-07", "Công an xã Đồng Tâm"))
    tiers = (("xuat_sac", sample.EXCELLENT),)
    return p.BackcheckPaper(sample.ROUND, sample.PROVENANCE, report, names, tiers)


PAPERS = (minutes, held, explanation, comparison, backcheck)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("make", PAPERS, ids=lambda make: make.__name__)
def test_a_paper_has_its_head_its_sections_and_room_to_sign(make, language):
    document = paper_document(make(), language)
    kinds = [type(block) for block in document.blocks]
    assert kinds[0] is Letterhead
    assert kinds[-1] is Signatures
    words = text_of(document.blocks)
    assert ("Độc lập - Tự do - Hạnh phúc" in words) == (language == "vi")
    assert "gian lận" not in words.lower()
    assert "fraud" not in words.lower()
    assert document.notice
    assert document.marker


@pytest.mark.parametrize("fmt", list(READ))
@pytest.mark.parametrize("make", PAPERS, ids=lambda make: make.__name__)
def test_a_paper_is_whole_in_every_format(make, fmt):
    document = paper_document(make(), "vi")
    data = render(document, fmt)
    assert data == render(document, fmt)
    shown = " ".join(READ[fmt](data).split())
    for block in document.blocks:
        if isinstance(block, Heading):
            assert block.text in shown
    assert document.title in shown


def test_minutes_follow_the_native_form():
    document = paper_document(minutes(), "vi")
    headings = [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 2]
    assert [h.split(".")[0] for h in headings] == ["I", "II", "III", "IV", "V", "VI", "VII"]
    words = text_of(document.blocks)
    assert "lập thành 02 bản có giá trị như nhau" in words
    assert words.index("ĐẠI DIỆN ĐƠN VỊ") < words.index("TỔ TRƯỞNG TỔ RÀ SOÁT")
    assert len(document.title) < 30


def test_what_the_unit_reads_has_no_value_and_no_picture():
    words = text_of(paper_document(explanation(), "vi").blocks)
    assert "→" not in words
    assert "%" not in words
    assert "không tìm cách liên hệ, xác định người trả lời" in words


def test_nothing_to_explain_is_said():
    nothing = replace(explanation(), counts=(), unit_signs=(), forms=(), custody=())
    assert "Không có dấu hiệu nào cần giải trình." in text_of(paper_document(nothing, "vi").blocks)


def test_a_cut_off_figure_is_no_wrong_figure():
    blocks = paper_document(comparison(), "vi").blocks
    levels = {
        cell.text: cell.level
        for block in blocks
        for row in getattr(block, "rows", ())
        for cell in row
        if getattr(cell, "level", None)
    }
    assert levels["khớp, bị cắt bớt chữ số thay vì làm tròn"] == "green"
    assert levels["sai khác"] == "orange"
    assert levels["không tính lại được"] == "none"
    words = text_of(blocks)
    assert "88,33%" in words  # as published
    assert "88,34%" in words  # as it comes out
    assert words.count("41,66") == 1  # published by others; of six forms nothing is confirmed
    assert "khớp (làm tròn đúng)" not in words
    empty: Paper = replace(comparison(), rows=())
    assert "Chưa có số liệu công bố" in text_of(paper_document(empty, "vi").blocks)


def test_a_back_check_withholds_small_units():
    words = text_of(paper_document(backcheck(), "vi").blocks)
    assert "41,66" not in words
    assert "xác minh 100% lô" in words
    assert "Cần tiếp tục phúc tra." in words


def test_the_second_factor_goes_with_the_only_one_that_is_withheld():
    report = sample.unit_report()
    assert report.factors is not None
    hidden = [f.id for f in report.factors if f.value is None]
    assert hidden == ["D", "E"]  # E was answered by eight, D by the fewest of the others
    assert v.withheld([353, 8]) == {0, 1}
    charts = [b for b in unit_document(report, "vi").blocks if isinstance(b, Chart)]
    (described,) = [c.describe for c in charts if c.describe.startswith("A. ")]
    assert "D. Kết quả giải quyết: không công bố; E." in described
    assert described.endswith("n < 10")
