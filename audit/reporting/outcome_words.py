"""Verdicts and names of outcomes in both languages: signs and figures, never guilt."""

from __future__ import annotations

from collections.abc import Mapping

from detectors.finding import Message

__all__ = ["DIMENSIONS", "FIGURES", "LEVELS", "PROGRAMMES", "REASONS", "WORDS", "word"]

PROGRAMMES: Mapping[str, Message] = {
    "satisfaction": Message("Mức độ hài lòng", "Satisfaction"),
    "agency": Message("Ý kiến cơ quan, tổ chức", "Opinions of agencies"),
    "index": Message("Chỉ số cải cách hành chính", "PAR index"),
}
DIMENSIONS: Mapping[str, Message] = {
    "channel": Message("Kênh", "Channel"),
    "respondent": Message("Đối tượng trả lời", "Respondent kind"),
    "field": Message("Lĩnh vực", "Field"),
}
FIGURES: Mapping[str, Message] = {
    "value": Message("Kết quả", "Value"),
    "change": Message("Tăng, giảm so với kỳ trước", "Change"),
    "rank": Message("Thứ hạng", "Rank"),
    "tier": Message("Xếp loại", "Tier"),
}
LEVELS: Mapping[str, Message] = {
    "field": Message("Lĩnh vực", "Field"),
    "criterion": Message("Tiêu chí", "Criterion"),
    "gap": Message("Chênh lệch tự đánh giá – thẩm định", "Self-score less appraised score"),
}
REASONS: Mapping[str, Message] = {
    "records_held": Message("còn phiếu tạm loại chưa kết luận", "records are held"),
    "unit_case_open": Message("còn hồ sơ rà soát đơn vị", "a case on the unit is open"),
    "tier_not_firm": Message("xếp loại chưa đủ căn cứ", "the tier is not firm"),
    "published_differs": Message(
        "số liệu công bố khác số liệu tính lại", "published figures differ from recomputed ones"
    ),
    "index_does_not_add_up": Message(
        "bảng điểm chỉ số chưa khớp số học", "the index sheet does not add up"
    ),
    "index_incomplete": Message("bảng điểm chỉ số chưa đủ tiêu chí", "the index is incomplete"),
    "tier_within_sampling": Message(
        "xếp loại còn phụ thuộc sai số chọn mẫu", "sampling alone could change the tier"
    ),
    "index_out_of_line": Message(
        "có lĩnh vực hoặc tiêu chí lệch so với khối", "a field or criterion is out of line"
    ),
}
WORDS: Mapping[str, Mapping[str, Message]] = {
    "change": {
        "no_previous": Message("không có kết quả kỳ trước", "no previous result"),
        "merged": Message(
            "đơn vị sáp nhập: không có một giá trị kỳ trước", "merged: no single previous value"
        ),
        "split": Message("đơn vị chia tách: không so sánh", "split: not comparable"),
        "changed": Message(
            "tổ chức thay đổi, chưa rõ kế thừa: không so sánh",
            "the unit changed and no lineage says how: not comparable",
        ),
        "new": Message("đơn vị mới", "new unit"),
        "noise": Message("trong phạm vi sai số chọn mẫu", "within what sampling can do"),
        "points": Message("chưa rõ sai số kỳ trước", "the size of the period before is not known"),
        "up": Message("tăng", "up"),
        "down": Message("giảm", "down"),
    },
    "published": {
        "equal": Message("khớp", "agrees"),
        "truncated": Message("khớp (cắt bớt, không làm tròn)", "agrees (cut off, not rounded)"),
        "tolerance": Message("khớp trong ±0,01 điểm", "agrees within ±0.01 points"),
        "as_received": Message("là số liệu trước khi rà soát", "the figure from before the review"),
        "within_bounds": Message(
            "nằm trong khoảng của phiếu tạm loại", "within the bounds of held records"
        ),
        "differs": Message("khác số liệu tính lại", "differs from the recomputed figure"),
        "cannot_recompute": Message("không tính lại được", "cannot be recomputed"),
        "points_called_per_cent": Message(
            "khớp theo điểm phần trăm (ghi là %)", "agrees in percentage points (written as %)"
        ),
        "relative": Message("khớp theo tỷ lệ tương đối", "agrees as a relative change"),
        "not_comparable": Message(
            "không so sánh được với kỳ trước", "not comparable with the period before"
        ),
        "other_denominator": Message(
            "thứ hạng khớp, mẫu số khác", "the rank agrees, the number of units does not"
        ),
        "rounded_over_cut_off": Message(
            "chỉ đạt ngưỡng sau khi làm tròn", "only the rounded value reaches the tier"
        ),
    },
    "index": {
        "holds": Message("khớp số học", "adds up"),
        "differs": Message("chưa khớp số học", "does not add up"),
        "incomplete": Message("thiếu điểm tiêu chí", "points are missing"),
        "nothing_declared": Message("không có số liệu để đối chiếu", "nothing was declared"),
    },
    "survey": {
        "agrees": Message("phù hợp kết quả khảo sát", "agrees with the audited survey"),
        "above": Message("cao hơn kết quả khảo sát", "above the audited survey"),
        "below": Message("thấp hơn kết quả khảo sát", "below the audited survey"),
        "cannot_compare": Message("không đối chiếu được", "cannot be compared"),
    },
    "index_line": {
        "above": Message("cao hơn mức dự kiến", "above what is expected"),
        "below": Message("thấp hơn mức dự kiến", "below what is expected"),
    },
    "bunching": {
        "sign": Message("có dấu hiệu dồn sát trên ngưỡng", "signs of bunching above the cut-off"),
        "no_sign": Message("không thấy dấu hiệu", "no sign seen"),
        "not_testable": Message("không kiểm định được", "not testable"),
    },
    "award": {
        "hold": Message("đề nghị tạm dừng, chờ kết luận", "should wait"),
        "no_reason_known": Message("chưa thấy lý do phải chờ", "no reason to wait is known"),
        "not_judged": Message("chưa có kết quả", "no result"),
    },
    "target": {
        "met": Message("đạt", "met"),
        "not_met": Message("chưa đạt", "not met"),
        "open": Message("chưa xác định (còn phiếu tạm loại)", "open (records are held)"),
        "not_measured": Message("không có số liệu", "not measured"),
    },
    "action": {
        "open": Message("đang thực hiện", "open"),
        "done": Message("đã xong", "done"),
        "done_late": Message("xong, quá hạn", "done, late"),
    },
    "complaints": {
        "sign": Message(
            "có dấu hiệu mâu thuẫn với tỷ lệ gần 100%", "signs of a contradiction with nearly 100 %"
        ),
        "no_sign": Message("không thấy mâu thuẫn", "no contradiction seen"),
        "not_asked": Message(
            "không xét (tỷ lệ hài lòng không gần 100%)", "not asked (not nearly 100 % satisfied)"
        ),
        "not_testable": Message(
            "gần 100% và có phản ánh, chưa kiểm định được",
            "nearly 100 % and complaints, but not testable",
        ),
    },
}


def word(kind: str, verdict: str) -> Message:
    """A verdict in words.

    Raises:
        KeyError: If there is none: every verdict has its words, which a test holds.
    """
    return WORDS[kind][verdict]
