"""YK-01: an agency's opinion, one page A4, ticks in a ruled table, seal and signature."""

from __future__ import annotations

from detectors.instrument import Item, Marks, Value
from scans.simulate.layout import Form, PageBuilder, PrintedPage

__all__ = ["yk01"]

_SIZE = (210.0, 297.0)
_ROWS = (
    ("S01", "Phối hợp giải quyết thủ tục hành chính", "Co-operation in procedures"),
    ("S02", "Công khai, minh bạch thủ tục", "Openness"),
    ("S03", "Thời hạn giải quyết", "Time limits"),
    ("S04", "Thái độ phục vụ", "Attitude"),
    ("S05", "Trả lời kiến nghị", "Answers to requests"),
    ("S06", "Ứng dụng công nghệ thông tin", "Use of IT"),
    ("S07", "Kỷ luật, kỷ cương", "Discipline"),
    ("S08", "Phòng, chống nhũng nhiễu", "Against harassment"),
    ("S09", "Kết quả bảo đảm an ninh, trật tự", "Security and order"),
    ("S10", "Đánh giá chung", "Overall"),
)
_LEVELS: dict[Value, str] = {4: "Tốt", 3: "Khá", 2: "Trung bình", 1: "Kém"}
FORM_CODE = "YK-01/KS 2023"


def yk01() -> Form:
    """Draw the form."""
    items = tuple(Item(name, (1, 2, 3, 4), "S", {"vi": vi, "en": en}) for name, vi, en in _ROWS)
    return Form(
        id="YK-01",
        version="2023.1",
        title={"vi": "Phiếu lấy ý kiến cơ quan, tổ chức", "en": "Agency opinion form"},
        items=items,
        marks=Marks(shape="box", style="tick", correction="fill"),
        pages=(_page(),),
        factors={
            "S": {"vi": "Cải cách hành chính của đơn vị", "en": "Administrative reform of the unit"}
        },
    )


def _page() -> PrintedPage:
    page = PageBuilder(1, _SIZE)
    page.line = 0.4
    draw = page.canvas
    _head(page)
    top, pitch, x0 = 92.0, 10.0, 110.0
    draw.text((66, top - 4.5), "Nội dung", 8.5, style="Sans-Bold", anchor="mm")
    for column, level in enumerate(_LEVELS.values()):
        draw.text((x0 + 10 + column * 20, top - 4.5), level, 8, style="Sans-Bold", anchor="mm")
    bottom = top + pitch * len(_ROWS)
    for y in (top - 9, *(top + pitch * row for row in range(len(_ROWS) + 1))):
        draw.line((20, y), (190, y), 0.25)
    for x in (20, 32, *(x0 + 20 * column for column in range(5))):
        draw.line((x, top - 9), (x, bottom), 0.25)
    for row, (name, vi, en) in enumerate(_ROWS):
        y = top + row * pitch
        draw.text((26, y + 5), name, 7, anchor="mm")
        draw.text((34, y + 3.6), vi, 8.2, style="Serif")
        draw.text((34, y + 7.4), en, 6, style="Serif-Italic")
    page.grid([row[0] for row in _ROWS], tuple(_LEVELS), (x0 + 7.6, top + 2.6, 4.8, 4.8),
              (20.0, pitch))  # fmt: skip
    _foot(page)
    return page.build()


def _head(page: PageBuilder) -> None:
    draw = page.canvas
    page.code("datamatrix", (20.0, 14.0, 14.0, 14.0), "form")
    draw.text((70, 16), "CƠ QUAN, TỔ CHỨC", 8.5, style="Serif", anchor="mm")
    draw.dotted((45, 22), 52)
    page.field("agency", "handwriting", (44, 17.5, 56, 6))
    draw.text((150, 16), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 7.6, style="Serif-Bold",
              anchor="mm")  # fmt: skip
    draw.text((150, 20.5), "Độc lập - Tự do - Hạnh phúc", 8, style="Serif-Bold", anchor="mm")
    draw.text((105, 38), "PHIẾU LẤY Ý KIẾN", 14, style="Serif-Bold", anchor="mm")
    draw.text((105, 45), "của cơ quan, tổ chức đối với công tác cải cách hành chính của Công an "
              ".................", 8.5, style="Serif", anchor="mm")  # fmt: skip
    draw.text((105, 50), "(Opinion of agencies and organisations; simulated form)", 7,
              style="Serif-Italic", anchor="mm")  # fmt: skip
    draw.text((20, 62), "Đánh dấu ✓ vào MỘT ô mỗi dòng. Nếu đánh nhầm: TÔ KÍN ô sai rồi đánh dấu "
              "ô khác.", 8)  # fmt: skip
    draw.text((20, 67), "One tick a row. Wrong box: blacken it, tick another.", 7,
              style="Sans-Oblique")  # fmt: skip


def _foot(page: PageBuilder) -> None:
    draw = page.canvas
    draw.text((20, 199), "Ý kiến khác / Other opinions:", 8.5, style="Serif-Bold")
    for line in range(2):
        draw.dotted((20, 208 + line * 8), 168)
    page.field("comment", "handwriting", (20, 201.5, 168, 16))
    draw.text((152, 224), "............., ngày ....... tháng ....... năm 20.....", 8, style="Serif",
              anchor="mm")  # fmt: skip
    page.date("date", (112, 220.0, 78, 6.6), (141.0, 162.0, 182.0))
    draw.text((152, 230), "THỦ TRƯỞNG CƠ QUAN", 9, style="Serif-Bold", anchor="mm")
    draw.text((152, 234.5), "(ký, ghi rõ họ tên, đóng dấu)", 7.5, style="Serif-Italic",
              anchor="mm")  # fmt: skip
    page.field("seal", "seal", (110, 236, 40, 40))
    page.field("signature", "signature", (126, 238, 58, 30))
