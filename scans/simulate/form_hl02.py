"""HL-02: a counter card, one page A5, ovals to fill; no fiducials and no code."""

from __future__ import annotations

from detectors.instrument import Item, Marks
from scans.simulate.layout import Form, PageBuilder, PrintedPage

__all__ = ["hl02"]

_SIZE = (148.0, 210.0)
_ROWS = (
    ("Q01", "Biển chỉ dẫn rõ ràng", "Clear signs"),
    ("Q02", "Nơi chờ sạch sẽ, đủ chỗ", "Clean waiting area"),
    ("Q03", "Được đón tiếp lịch sự", "Polite welcome"),
    ("Q04", "Thời gian chờ đợi hợp lý", "Reasonable waiting time"),
    ("Q05", "Giấy tờ yêu cầu đúng niêm yết", "Papers as posted"),
    ("Q06", "Phí, lệ phí đúng quy định", "Fees as regulated"),
    ("Q07", "Cán bộ giải thích dễ hiểu", "Clear explanations"),
    ("Q08", "Cán bộ thành thạo công việc", "Competent staff"),
    ("Q09", "Không bị gây phiền hà", "No harassment"),
    ("Q10", "Kết quả chính xác", "Correct result"),
    ("Q11", "Trả kết quả đúng hẹn", "On time"),
    ("Q12", "Hài lòng chung", "Overall satisfaction"),
)
_LEVELS = ("Rất kém", "Kém", "Tạm được", "Tốt", "Rất tốt")


def hl02() -> Form:
    """Draw the form."""
    items = tuple(Item(name, (1, 2, 3, 4, 5), "Q", {"vi": vi, "en": en}) for name, vi, en in _ROWS)
    return Form(
        id="HL-02",
        version="2024.1",
        title={"vi": "Phiếu góp ý tại quầy", "en": "Counter feedback card"},
        items=items,
        marks=Marks(shape="ellipse", style="fill", correction="strike"),
        pages=(_page(),),
        factors={"Q": {"vi": "Phục vụ tại quầy", "en": "Service at the counter"}},
        held_out=True,
    )


def _page() -> PrintedPage:
    page = PageBuilder(1, _SIZE, shape="ellipse")
    page.line = 0.22
    draw = page.canvas
    draw.fill((8, 8, 132, 15), (58, 58, 58))
    draw.text((74, 13), "PHIẾU GÓP Ý TẠI QUẦY", 12, style="Sans-Bold", anchor="mm",
              colour=(255, 255, 255))  # fmt: skip
    draw.text((74, 19), "Counter feedback card – mẫu giả lập", 7, anchor="mm",
              colour=(255, 255, 255))  # fmt: skip
    draw.fitted((10, 28), "Tô kín MỘT hình bầu dục cho mỗi dòng. Nếu tô nhầm: gạch ngang ô sai rồi "
                "tô ô khác.", 7, 128)  # fmt: skip
    draw.fitted((10, 32.5), "Fill ONE oval a row. Wrong one: strike it out and fill another.",
                6.4, 128, "Sans-Oblique")  # fmt: skip
    for column, level in enumerate(_LEVELS):
        x = 86 + column * 11.5
        draw.text((x, 39), str(column + 1), 8, style="Sans-Bold", anchor="mm")
        draw.text((x, 42.5), level, 5.0, anchor="mm")
    top, pitch = 46.0, 9.6
    for row, (name, vi, en) in enumerate(_ROWS):
        y = top + row * pitch
        if row % 2 == 0:
            draw.fill((8, y, 132, pitch), (236, 236, 236))
        draw.text((11, y + 3.3), f"{row + 1}. {vi}", 7.6)
        draw.text((14.5, y + 6.8), f"{en} [{name}]", 5.8, style="Sans-Oblique")
    page.grid([row[0] for row in _ROWS], (1, 2, 3, 4, 5), (83.3, top + 2.9, 5.4, 3.8),
              (11.5, pitch))  # fmt: skip
    draw.text((10, 168), "Góp ý khác / Other remarks:", 7.6)
    for line in range(3):
        draw.dotted((10, 175.5 + line * 7), 128)
    page.field("comment", "handwriting", (10, 170.5, 128, 20))
    draw.text((10, 199), "Ngày / Date:", 7.6)
    page.date("date", (30, 195.4, 44, 7), (30.0, 42.5, 60.0))
    draw.text((31, 199.5), "........ / ........ / 20 ........", 9)
    return page.build()
