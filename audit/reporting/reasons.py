"""Why something was not judged, in both languages.

Checks say it in English, with numbers in it; reports are read in Vietnamese first.
"""

from __future__ import annotations

import re

from detectors.finding import Message

__all__ = ["reason_message"]

_CLASSES = {
    "bitonal": "1 bit (đen trắng)",
    "clipped_grey": "xám bị cắt sáng",
    "clipped_colour": "màu bị cắt sáng",
    "continuous": "đủ sắc độ",
    "photo": "chụp bằng điện thoại",
    "rendered": "dựng lại từ PDF",
}

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"fewer than (\d+) records \(n = (\d+)\)", r"ít hơn \1 bản ghi (n = \2)"),
    (
        r"fewer than (\d+) records that can be compared \(n = (\d+)\)",
        r"ít hơn \1 bản ghi so sánh được (n = \2)",
    ),
    (
        r"fewer than (\d+) records of one mode in both periods, or too few peers",
        r"ít hơn \1 bản ghi cùng kênh ở cả hai kỳ, hoặc quá ít đơn vị để so sánh",
    ),
    (r"fewer than (\d+) peers", r"ít hơn \1 bản ghi cùng nhóm để so sánh"),
    (r"fewer than (\d+) timed peers", r"ít hơn \1 bản ghi có thời gian để so sánh"),
    (
        r"fewer than (\d+) peer units of (\d+) records",
        r"ít hơn \1 đơn vị cùng khối có từ \2 bản ghi",
    ),
    (r"fewer than (\d+) answers", r"ít hơn \1 câu trả lời"),
    (r"no answers", "không có câu trả lời"),
    (
        r"fewer than (\d+) peer units",
        r"ít hơn \1 đơn vị cùng khối để so sánh",
    ),
    (
        r"fewer than (\d+) records with times from one source",
        r"ít hơn \1 bản ghi có thời gian từ cùng một nguồn",
    ),
    (r"a form on paper", "phiếu giấy, không có dữ liệu kênh số"),
    (r"assisted, or from a place shared by right", "có cán bộ hỗ trợ hoặc từ thiết bị dùng chung"),
    (r"no account or device", "không có tài khoản và thiết bị"),
    (r"no account, device or ip", "không có tài khoản, thiết bị và địa chỉ mạng"),
    (r"no case_id", "không có mã hồ sơ"),
    (r"no times", "không có thời gian"),
    (r"no start and end times", "không có giờ bắt đầu và giờ gửi"),
    (r"times without seconds", "thời gian chỉ ghi đến phút"),
    (r"the clock seems to be ([+-]\d+) hours off", r"đồng hồ có vẻ lệch \1 giờ"),
    (r"no check applies", "không phép kiểm tra nào áp dụng được"),
    (r"no custody counts", "không có số liệu giao nhận phiếu"),
    (r"no custody table or served", "không có sổ giao nhận và số giao dịch"),
    (r"no device or time", "không có thiết bị hoặc thời gian"),
    (r"no other units", "không có đơn vị khác để so sánh"),
    (r"no previous period", "không có số liệu kỳ trước"),
    (r"not enough data", "chưa đủ dữ liệu"),
    (r"items do not vary", "các câu trả lời không biến thiên"),
    (r"all peers of its class answer alike", "các bản ghi cùng nhóm trả lời như nhau"),
    (r"fewer than two marks on the page", "trang có ít hơn hai nét đánh dấu"),
    (r"too few marks on the page .*", "trang có quá ít nét đánh dấu"),
    (r"too few empty boxes on the page .*", "trang có quá ít ô trống để so sánh"),
    (r"too few boxes with a printed outline .*", "quá ít ô còn nét in để đo độ lệch"),
    (r"the page has no print that could be covered", "trang không có nét in để bị che"),
)


def reason_message(reason: str) -> Message:
    """The reason in both languages; one that is not known stays in English."""
    scan = re.fullmatch(r"a scan of class (\w+) does not carry this trace", reason)
    if scan:
        kind = _CLASSES.get(scan[1], scan[1])
        return Message(f"ảnh quét loại {kind} không giữ được dấu vết này", reason)
    honest = re.fullmatch(r"no honest pages of class (\w+) are known to compare with", reason)
    if honest:
        kind = _CLASSES.get(honest[1], honest[1])
        return Message(f"chưa có phiếu mẫu loại {kind} để so sánh", reason)
    for english, vietnamese in _PATTERNS:
        if re.fullmatch(english, reason):
            return Message(re.sub(english, vietnamese, reason), reason)
    return Message(reason, reason)
