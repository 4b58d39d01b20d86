"""Why something was not judged, in both languages.

Checks say it in English, with numbers in it; reports are read in Vietnamese first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from detectors.finding import Message
from detectors.registry import Level, discover

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
    (
        r"fewer than (\d+) records of one mode in both periods, or fewer than (\d+) such units",
        r"ít hơn \1 bản ghi cùng kênh ở cả hai kỳ, hoặc ít hơn \2 đơn vị như vậy",
    ),
    (
        r"fewer than (\d+) records on paper or in digital form",
        r"ít hơn \1 phiếu giấy hoặc ít hơn \1 bản ghi số",
    ),
    (
        r"fewer than (\d+) records, fewer than (\d+) answers off the usual value, or nobody .*",
        r"ít hơn \1 bản ghi, ít hơn \2 câu trả lời khác mức thường gặp, hoặc không có ai để so",
    ),
    (
        r"fewer than (\d+) units with (\d+) records of either mode",
        r"ít hơn \1 đơn vị có \2 bản ghi ở mỗi kênh",
    ),
    (r"fewer than (\d+) paper records", r"ít hơn \1 phiếu giấy"),
    (
        r"no more forms are missing than at its peers",
        "không thiếu phiếu nhiều hơn các đơn vị cùng khối",
    ),
    (r"complaints or transactions are not known", "không rõ số phản ánh hoặc số giao dịch"),
    (r"transactions served are not known", "không rõ số giao dịch đã giải quyết"),
    (r"no records that the test can use", "không có bản ghi nào dùng được cho phép thử"),
    (
        r"the unit stands at the end of the scale, its shape is fixed",
        "đơn vị ở tận cùng thang điểm nên không còn gì để so",
    ),
    (r"alone in its unit", "là bản ghi duy nhất của đơn vị"),
    (r"too few records in other units", "quá ít bản ghi ở các đơn vị khác"),
    (
        r"no low answers among the peers, or the unit stands at the end of the scale",
        "các đơn vị cùng khối không có mức thấp, hoặc đơn vị ở tận cùng thang điểm",
    ),
    (r"fewer than (\d+) records", r"ít hơn \1 bản ghi"),
    (r"fewer than (\d+) units of (\d+) records", r"ít hơn \1 đơn vị có \2 bản ghi"),
    (
        r"fewer than (\d+) units whose transactions are known",
        r"ít hơn \1 đơn vị có số giao dịch",
    ),
    (
        r"fewer than (\d+) units with (\d+) paper records and counts",
        r"ít hơn \1 đơn vị có \2 phiếu giấy và số liệu giao nhận",
    ),
    (r"no days of return and scan", "không có ngày thu về và ngày quét"),
    (
        r"fewer than (\d+) units with days of return and scan",
        r"ít hơn \1 đơn vị có ngày thu về và ngày quét",
    ),
    (
        r"no batch with (\d+) serials of which (\d+) are missing",
        r"không có lô nào gồm \1 số sê-ri trở lên với ít nhất \2 số bị thiếu",
    ),
    (r"fewer than (\d+) units with such batches", r"ít hơn \1 đơn vị có những lô như vậy"),
    (r"issued and returned forms are not known", "không rõ số phiếu phát ra và thu về"),
    (r"no items go together", "không có câu hỏi nào đi đôi với nhau"),
    (r"no register of complaints", "không có số liệu phản ánh, kiến nghị"),
    (r"the peers share no profile of answers", "các bản ghi cùng nhóm không có nét trả lời chung"),
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
    (
        r"fewer than (\d+) records in one of the two periods",
        r"ít hơn \1 bản ghi ở một trong hai kỳ",
    ),
    (
        r"fewer than (\d+) peer units of (\d+) records in both periods",
        r"ít hơn \1 đơn vị cùng khối có từ \2 bản ghi ở cả hai kỳ",
    ),
    (
        (
            r"most records of most units repeat rows of the previous period: it may be the same "
            r"table, or the same people answer each time"
        ),
        (
            "phần lớn bản ghi của phần lớn đơn vị lặp lại kỳ trước: có thể là cùng một bảng, hoặc "
            "kỳ nào cũng do những người đó trả lời"
        ),
    ),
    (r"not enough data", "chưa đủ dữ liệu"),
    (r"items do not vary", "các câu trả lời không biến thiên"),
    (r"all peers of its class answer alike", "các bản ghi cùng nhóm trả lời như nhau"),
    (r"fewer than two marks on the page", "trang có ít hơn hai nét đánh dấu"),
    (
        r"the form itself asks to fill a box that is taken back",
        "phiếu quy định tô kín ô để hủy dấu đã đánh",
    ),
    (r"too few marks on the page .*", "trang có quá ít nét đánh dấu"),
    (
        r"a grey scan: a mark gone over looks .*",
        "bản quét thang xám: nét được tô lại trông giống nét của bút khác",
    ),
    (
        r"marks in black or grey: only an ink of another hue .*",
        "nét mực đen hoặc xám: chỉ có thể thấy mực khác màu, và không thấy mực nào như vậy",
    ),
    (r"fewer than (\d+) sheets in colour .*", r"ít hơn \1 tờ phiếu quét màu biết được mực bút"),
    (
        r"the form's thin lines are pale or broken .*",
        "nét in mảnh của mẫu phiếu mờ hoặc đứt khắp trang, như ở bản sao thô",
    ),
    (
        r"too coarse to see the surface of the paper .*",
        "độ phân giải quá thấp để thấy mặt giấy (dưới 140 dpi)",
    ),
    (r"no signature on the page, .*", "trang không có chữ ký đủ rõ để so sánh"),
    (r"no seal on the page, .*", "trang không có dấu đóng đủ rõ để so sánh"),
    (r"no handwriting in the fields .*", "trang không có chữ viết tay đủ nhiều để so sánh"),
    (r"too few empty boxes on the page .*", "trang có quá ít ô trống để so sánh"),
    (
        r"too few empty boxes of one size and enough detail .*",
        "trang có quá ít ô trống cùng cỡ, hoặc ô quá ít chi tiết để so sánh",
    ),
    (r"too few boxes with a printed outline .*", "quá ít ô còn nét in để đo độ lệch"),
    (
        r"the page has no field for a seal or a signature",
        "trang không có ô đóng dấu hoặc chữ ký",
    ),
    (r"there is too little ink in the field", "trong ô có quá ít mực"),
    (
        r"too little bare paper in and around the field",
        "quá ít giấy trống trong và quanh ô đóng dấu, chữ ký",
    ),
    (
        r"the paper is burnt out to white: its grain is lost",
        "nền giấy bị cháy trắng nên không còn thớ giấy để so",
    ),
    (
        r"the form has no light print under its answers",
        "mẫu phiếu không có hoa văn nền dưới các ô trả lời",
    ),
    (r"too few boxes stand on light print", "quá ít ô trả lời nằm trên hoa văn nền"),
    (
        r"the scan has dropped the form's light print",
        "bản quét đã làm mất hoa văn nền nhạt của phiếu",
    ),
    (
        r"two levels made of a telephone's picture",
        "ảnh chụp bằng điện thoại đã bị chuyển thành 1 bit",
    ),
    (r"the page has no print that could be covered", "trang không có nét in để bị che"),
    (
        r"the pixels are not the scanner's own or its blocks are unknown",
        "điểm ảnh không còn nguyên từ máy quét hoặc không rõ lưới khối nén",
    ),
    (
        r"a program or device cut the faint shades of all ink, print included",
        "phần mềm hoặc máy quét đã cắt các sắc độ nhạt của mọi nét mực, kể cả chữ in",
    ),
    (
        r"the page was never compressed as JPEG",
        "trang chưa từng được nén JPEG",
    ),
    (
        r"the page has no colour: its seal and the signature below it could not be judged",
        "trang không có màu: không xét được con dấu và chữ ký bên dưới",
    ),
    (
        r"a program changed the whole page since its first compression: no place stands out",
        "phần mềm đã chỉnh cả trang sau lần nén đầu: không chỗ nào khác hẳn phần còn lại",
    ),
    (
        r"too little bare paper around the answer boxes",
        "quá ít nền giấy trống quanh các ô trả lời",
    ),
    (
        r"the paper is burnt out or smoothed and shows no grain",
        "nền giấy bị cháy sáng hoặc làm mịn nên không còn hạt giấy",
    ),
    (r"the file says nothing about itself", "tệp không ghi gì về nguồn gốc"),
    (r"fewer than (\d+) pages in the batch", r"lô có ít hơn \1 trang"),
    (
        r"the pages of the batch have nothing in common",
        "các trang trong lô không có đặc điểm chung",
    ),
    (
        r"a photo, a scan of two levels, a drawn page, or one that an earlier version read",
        "ảnh chụp, bản quét 1 bit, trang dựng lại từ PDF, hoặc trang do phiên bản trước đọc",
    ),
    (
        r"the scans of the batch share too little dirt to know their scanner by",
        "các trang trong lô có quá ít vết bẩn chung để nhận ra máy quét",
    ),
    (
        r"one of several pages of another scanner: a second one in honest use looks the same",
        "một trong vài trang của máy quét khác: dùng thêm máy một cách bình thường cũng như vậy",
    ),
    (
        r"the batch lacks print of the blank at the same places: .*",
        "cả lô thiếu nét in ở cùng chỗ: mẫu in khác phiếu trắng hoặc bị che giống nhau; hãy so",
    ),
    (r"a picture of another size than the batch's", "ảnh có kích thước khác các trang của lô"),
    (
        r"fewer than (\d+) units whose paper forms stand in a known order",
        r"ít hơn \1 đơn vị có phiếu giấy xếp được theo số sê-ri",
    ),
    (
        r"fewer than (\d+) paper forms in a known order \(n = (\d+)\)",
        r"ít hơn \1 phiếu giấy xếp được theo số sê-ri (n = \2)",
    ),
    (r"fewer than (\d+) forms in one batch", r"lô có ít hơn \1 phiếu"),
    (r"the order of the forms is not known", "không biết thứ tự của phiếu"),
    (r"not a paper form", "không phải phiếu giấy"),
    (r"no paper forms", "không có phiếu giấy"),
    (
        r"fewer than (\d+) peer units of (\d+) paper forms",
        r"ít hơn \1 đơn vị cùng khối có từ \2 phiếu giấy",
    ),
    (r"fewer than (\d+) paper forms \(n = (\d+)\)", r"ít hơn \1 phiếu giấy (n = \2)"),
    (
        r"fewer than (\d+) peer units of (\d+) forms with changed marks",
        r"ít hơn \1 đơn vị cùng khối có từ \2 phiếu có sửa",
    ),
    (
        r"fewer than (\d+) forms with changed marks \(n = (\d+)\)",
        r"ít hơn \1 phiếu có sửa (n = \2)",
    ),
    (r"no marks were read from images", "chưa đọc ô đánh dấu nào từ ảnh"),
    (r"the rate is the same everywhere", "tỷ lệ như nhau ở mọi đơn vị"),
    (r"no item allows “not applicable”", "không câu hỏi nào có lựa chọn “không áp dụng”"),
    (r"no comment", "không có ý kiến khác"),
    (r"no comments are recorded", "không ghi nhận ý kiến khác"),
    (r"comments are not recorded everywhere", "ý kiến khác không được ghi nhận ở mọi đơn vị"),
    (
        r"fewer than (\d+) comments in (\d+) units",
        r"ít hơn \1 ý kiến khác tại \2 đơn vị",
    ),
    (r"fewer than (\d+) comments \(n = (\d+)\)", r"ít hơn \1 ý kiến khác (n = \2)"),
    (
        r"fewer than (\d+) peer units of (\d+) comments",
        r"ít hơn \1 đơn vị có từ \2 ý kiến khác",
    ),
    (
        r"fewer than (\d+) collectors or batches with (\d+) forms in (\d+) units",
        r"ít hơn \1 người thu phiếu hoặc lô có từ \2 phiếu tại \3 đơn vị",
    ),
    (
        r"fewer than two collectors or batches with (\d+) forms",
        r"ít hơn hai người thu phiếu hoặc lô có từ \1 phiếu",
    ),
    (
        r"the instrument declares no contradiction between its items",
        "mẫu phiếu không khai báo quy tắc mâu thuẫn giữa các câu hỏi",
    ),
    (
        r"no declared contradiction was asked in full",
        "không quy tắc mâu thuẫn nào có đủ câu trả lời",
    ),
    (
        r"no two items go together strongly enough, or fewer than (\d+) records",
        r"không có hai câu hỏi nào đủ liên quan với nhau, hoặc ít hơn \1 bản ghi",
    ),
    (
        r"no pair of items that go together was answered",
        "không trả lời đủ cặp câu hỏi liên quan nào",
    ),
    (
        r"the form has no overall item, or more than one",
        "mẫu phiếu không có câu hỏi chung, hoặc có nhiều hơn một câu",
    ),
    (
        r"the overall item or most of the others have no answer, or too few peers",
        "câu chung hoặc phần lớn câu khác bỏ trống, hoặc quá ít bản ghi để so sánh",
    ),
    (
        r"the form has no reverse-keyed items beside others",
        "mẫu phiếu không có câu hỏi đảo chiều",
    ),
    (
        r"no item together with its reverse was answered",
        "không trả lời đủ cặp câu thuận và câu đảo chiều nào",
    ),
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
    own = _own_reasons().get(reason)
    if own:
        return own
    # what a unit test could have seen stands behind its reason, part by part
    parts = [_told(part) for part in _PARTS.split(reason)]
    return Message(", ".join(parts), reason)


@cache
def _own_reasons() -> Mapping[str, Message]:
    """What checks of other packages say themselves in both languages."""
    infos = (check.info for level in Level for check in discover(level).values())
    return {reason.en: reason for info in infos for reason in info.reasons}


_PARTS = re.compile(r", (?=from \d+% of |no share of )")
_KINDS = {
    "copied": "chép",
    "invented": "điền thay",
    "edited": "sửa lên",
    "added all-best": "thêm, toàn mức cao nhất",
}


def _told(part: str) -> str:
    seen = re.fullmatch(r"from (\d+)% of ([a-z -]+) records on it could have been seen", part)
    if seen:
        return f"chỉ có thể thấy từ {seen[1]}% phiếu {_KINDS.get(seen[2], seen[2])} trở lên"
    unseen = re.fullmatch(r"no share of ([a-z -]+) records could have been seen", part)
    if unseen:
        return f"không thể thấy phiếu {_KINDS.get(unseen[1], unseen[1])} ở bất kỳ tỷ lệ nào"
    for english, vietnamese in _PATTERNS:
        if re.fullmatch(english, part):
            return re.sub(english, vietnamese, part)
    return part
