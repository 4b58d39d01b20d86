"""Sentences that follow from the numbers."""

from dataclasses import replace

import pytest

from detectors.finding import Message, Severity
from reports import views as v
from reports.advice import innocent, recommendations
from reports.locale import load_text
from reports.summary import round_summary, unit_summary
from reports.wording import change, kind_title, rank_change
from tests.reports import sample

VI, EN = load_text("vi"), load_text("en")


@pytest.mark.parametrize("text", [VI, EN], ids=["vi", "en"])
def test_the_summary_has_three_to_five_sentences(text) -> None:
    for report in (sample.unit_report(), sample.bare_report()):
        assert 3 <= len(unit_summary(report, text)) <= 5
    assert 3 <= len(round_summary(sample.round_report(), text)) <= 5


def test_the_summary_says_what_happened() -> None:
    joined = " ".join(unit_summary(sample.unit_report(), VI))
    assert "Tạm loại 40 bản ghi khỏi tính điểm" in joined
    assert "Không coi là không có dấu hiệu: 03 bản ghi không đánh giá được" in joined
    assert "trước rà soát là 95,93%, sau rà soát là 95,41% (giảm 0,52 điểm phần trăm)" in joined
    assert "từ 84,51% đến 95,93%" in joined
    assert "thứ 14/63; sau rà soát: Xuất sắc, thứ 24/63 (giảm 10 bậc)" in joined
    assert "Tẩy xóa (14 trên 340 phiếu, 4,12%; toàn lực lượng 0,90%)" in joined
    assert joined.count("Cắt ghép") == 1
    assert "trùng lặp" not in joined


def test_a_tier_that_is_not_firm_is_said_so() -> None:
    joined = " ".join(unit_summary(sample.unit_report(), VI))
    assert "xếp loại chưa đủ căn cứ" in joined
    assert "(Tốt và Xuất sắc)" in joined
    assert "the tier is not firm" in " ".join(unit_summary(sample.unit_report(), EN))
    firm = sample.unit_report(result=sample.result(tier_firm=True))
    assert "chưa đủ căn cứ" not in " ".join(unit_summary(firm, VI))
    unknown = sample.unit_report(result=sample.result(tier_firm=None))
    assert "xếp loại không thay đổi" not in " ".join(unit_summary(unknown, VI))


def test_the_first_page_says_how_sure_it_is() -> None:
    report = sample.unit_report(false_flag_rate=0.01)
    assert "mức báo nhầm chấp nhận 1%" in unit_summary(report, VI)[1]
    assert "khoảng 3,5 bản ghi bị đánh dấu" in unit_summary(report, VI)[1]
    assert "about 3.5 of them would be flagged" in unit_summary(report, EN)[1]


def test_not_judged_is_told_apart_from_no_signs() -> None:
    first = unit_summary(sample.bare_report(), VI)[0]
    assert "không có nghĩa là không có dấu hiệu" in first
    quiet = sample.unit_report(severity=Severity.GREEN, severity_reason=None)
    assert unit_summary(quiet, VI)[0].startswith("Trong phạm vi đã đánh giá, chưa ghi nhận")


def test_an_unchanged_result_is_one_number() -> None:
    place = v.Standing(0.9771)
    same = sample.result(
        held=0, as_received=place, after_review=place, bound_low=place, bound_high=place
    )
    sentence = unit_summary(sample.unit_report(result=same), VI)[2]
    assert sentence.startswith("Tỷ lệ hài lòng là 97,71%; rà soát không làm thay đổi kết quả")


def test_small_cells_say_why_there_is_no_number() -> None:
    small = sample.result(received=9, scored=9, held=0, not_judged=0)
    joined = " ".join(unit_summary(sample.unit_report(result=small), VI))
    assert "Không công bố tỷ lệ hài lòng vì có dưới 10 trường hợp." in joined
    assert "95,93%" not in joined


def test_changes() -> None:
    assert change(VI, 0.9771 - 0.9864) == "giảm 0,93 điểm phần trăm"
    assert change(VI, 0.00004) == "không đổi"
    assert rank_change(VI, 26, 25) == "tăng 01 bậc"
    assert rank_change(EN, 3, 5) == "down 2 places"
    assert rank_change(EN, 3, 3) == "same rank"


def test_recommendations_follow_from_what_was_seen() -> None:
    found = " ".join(recommendations(sample.unit_report(), VI))
    assert "Xác minh 100% trường hợp mức đỏ (36 bản ghi)" in found
    assert "20% trường hợp mức cam (ít nhất 01 bản ghi)" in found
    assert "5% số được tính điểm (16 bản ghi" in found
    assert "giải trình" in found
    assert "sổ giao nhận" in found
    assert "Chưa công bố xếp loại" in found
    calm = sample.unit_report(
        severity=Severity.GREEN,
        result=sample.result(held=0, not_judged=0, tier_firm=True, scored=353),
        custody=None,
        appendix=v.Appendix(sample.PROVENANCE),
    )
    assert recommendations(calm, VI) == (
        "Xác minh ngẫu nhiên 5% số được tính điểm (18 bản ghi; tối thiểu 05, tối đa 50).",
    )


def test_the_random_check_never_asks_for_more_than_there_is() -> None:
    three = sample.unit_report(result=sample.result(received=12, scored=3, held=9, not_judged=0))
    assert "5% số được tính điểm (03 bản ghi" in " ".join(recommendations(three, VI))


def test_innocent_explanations_name_each_reason_once() -> None:
    found = innocent(sample.unit_report(), VI)
    assert len(found) == len(set(found))
    assert any("Đổi phương pháp" in line for line in found)
    assert any("Đổi tổ chức" in line for line in found)
    assert any("tự sửa" in line for line in found)
    calm = sample.unit_report(
        round=replace(sample.ROUND, method_break=None),
        unit=replace(sample.unit(), lineage=None),
        images=None,
        statistics=None,
    )
    assert innocent(calm, VI) == ()


def test_paper_rounds_count_forms() -> None:
    paper = sample.unit_report(round=replace(sample.ROUND, channels=("paper",)))
    assert "353 phiếu" in unit_summary(paper, VI)[1]
    assert "353 forms" in unit_summary(paper, EN)[1]


def test_kinds_of_signs_have_names() -> None:
    assert kind_title("cut_paste") == Message("Cắt ghép", "Cut and paste")
    assert kind_title("new_kind") == Message("new_kind", "new_kind")
