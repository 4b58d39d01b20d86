"""HL-01: the citizens' satisfaction form, two pages A4, crosses in boxes.

Own drafting in the style of official forms, not the text of any; marked as simulated.
"""

from __future__ import annotations

from detectors.instrument import Item, Marks
from scans.simulate.layout import Form, PageBuilder, PrintedPage

__all__ = ["hl01"]

_SIZE = (210.0, 297.0)
_CORNERS = ((14.0, 14.0), (196.0, 14.0), (14.0, 283.0), (196.0, 283.0))
_GRID_X, _PITCH, _ROW = 132.0, 9.0, 7.5
_NA = 9

_Options = tuple[tuple[str, str], ...]

_GENERAL: tuple[tuple[str, str, str, _Options], ...] = (
    ("D1", "Ông/Bà trả lời với tư cách", "Answering as",
     (("Cá nhân", "Individual"), ("Đại diện tổ chức", "For an organisation"),
      ("Đại diện doanh nghiệp", "For a business"))),
    ("D2", "Giới tính", "Sex",
     (("Nam", "Male"), ("Nữ", "Female"), ("Khác/không trả lời", "Other or no answer"))),
    ("D3", "Nhóm tuổi", "Age group",
     (("18–24", "18–24"), ("25–34", "25–34"), ("35–49", "35–49"), ("50–59", "50–59"),
      ("Từ 60", "60 and over"))),
    ("D4", "Trình độ học vấn", "Education",
     (("Tiểu học trở xuống", "Primary or less"), ("THCS", "Lower secondary"),
      ("THPT", "Upper secondary"), ("Trung cấp/CĐ", "Vocational, college"),
      ("Đại học trở lên", "University"))),
    ("D5", "Nghề nghiệp", "Occupation",
     (("Nông dân", "Farmer"), ("Công nhân", "Worker"), ("CBCCVC", "Public employee"),
      ("Kinh doanh", "Business"), ("HS/SV", "Student"), ("Hưu trí", "Retired"),
      ("Khác", "Other"))),
    ("D6", "Nơi ở", "Area",
     (("Đô thị", "Urban"), ("Nông thôn", "Rural"),
      ("Miền núi/hải đảo", "Mountains, islands"))),
    ("D7", "Thủ tục đã thực hiện", "Service used",
     (("Cư trú", "Residence"), ("Căn cước/VNeID", "Identity card, VNeID"),
      ("Xuất nhập cảnh", "Exit and entry"), ("Đăng ký, quản lý xe", "Vehicle registration"),
      ("Giấy phép lái xe", "Driving licence"), ("PCCC&CNCH", "Fire safety, rescue"),
      ("Con dấu", "Seals"), ("Ngành nghề ĐK về ANTT", "Conditional trades"),
      ("Vũ khí, VLN, CCHT", "Weapons, explosives"), ("Lý lịch tư pháp", "Criminal record"),
      ("Khác", "Other"))),
    ("D8", "Hình thức nộp hồ sơ", "Filing",
     (("Trực tiếp", "In person"), ("Trực tuyến", "Online"),
      ("Bưu chính công ích", "Public post"))),
    ("D9", "Nơi giải quyết", "Office",
     (("Phòng thuộc CA tỉnh", "Provincial division"), ("CA cấp huyện", "District police"),
      ("CA cấp xã", "Commune police"))),
    ("D11", "Có người hướng dẫn điền phiếu không?", "Helped to fill in?",
     (("Không", "No"), ("Cán bộ công an", "Officer"),
      ("Người nhà/người khác", "Family, others"))),
)  # fmt: skip

_FACTORS: tuple[tuple[str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("A", "Tiếp cận dịch vụ", "Access", (
        ("A1", "Biển chỉ dẫn, nơi tiếp nhận hồ sơ dễ tìm", "Signs and reception easy to find"),
        ("A2", "Nơi ngồi chờ đủ chỗ, sạch sẽ", "Enough clean waiting seats"),
        ("A3", "Trang thiết bị phục vụ đầy đủ, dễ sử dụng", "Equipment sufficient, easy to use"),
        ("A4", "Dễ tra cứu thông tin, nộp hồ sơ trực tuyến", "Easy online look-up and filing"))),
    ("B", "Thủ tục hành chính", "Procedure", (
        ("B1", "Thủ tục niêm yết công khai, đầy đủ, chính xác", "Procedures posted, correct"),
        ("B2", "Thành phần hồ sơ đúng quy định, không yêu cầu thêm giấy tờ",
         "No extra papers asked"),
        ("B3", "Phí, lệ phí thu đúng quy định", "Fees as regulated"),
        ("B4", "Thời hạn giải quyết đúng quy định", "Time limit as regulated"))),
    ("C", "Cán bộ, chiến sĩ trực tiếp giải quyết", "Officers", (
        ("C1", "Trang phục, lễ tiết, tác phong đúng quy định", "Uniform and bearing correct"),
        ("C2", "Thái độ lịch sự, tôn trọng", "Polite, respectful"),
        ("C3", "Lắng nghe ý kiến của người dân", "Listens"),
        ("C4", "Giải đáp đầy đủ thắc mắc", "Answers questions fully"),
        ("C5", "Hướng dẫn kê khai hồ sơ dễ hiểu, tận tình", "Clear, helpful guidance"),
        ("C6", "Nắm vững, xử lý công việc thành thạo", "Competent"),
        ("C7", "Không gợi ý, gây phiền hà, nhũng nhiễu", "No harassment or hints"))),
    ("D", "Kết quả giải quyết", "Result", (
        ("D-1", "Kết quả đúng quy định", "Correct under the rules"),
        ("D-2", "Thông tin trên kết quả đầy đủ, chính xác", "Complete and accurate"),
        ("D-3", "Trả kết quả đúng hẹn", "On time"))),
    ("E", "Tiếp nhận, xử lý phản ánh, kiến nghị", "Feedback handling", (
        ("E1", "Có nhiều hình thức tiếp nhận, dễ thực hiện", "Many easy channels"),
        ("E2", "Số điện thoại, hộp thư góp ý được công khai", "Hotline and box made public"),
        ("E3", "Phản ánh được tiếp nhận, xử lý tích cực", "Handled actively"),
        ("E4", "Thông báo kết quả xử lý kịp thời", "Timely notice of outcome"))),
)  # fmt: skip

_VISITS = (
    *("K1", "Ông/Bà phải đi lại mấy lần?", "How many visits?"),
    (("1", "1"), ("2", "2"), ("3", "3"), (">3", ">3")),
)
_LATE = (
    *("K2", "Có bị trễ hẹn không?", "Was the result late?"),
    (("Không", "No"), ("Có", "Yes")),
)
_OVERALL = {"vi": "Mức độ hài lòng chung", "en": "Overall satisfaction"}
_LEVELS = (
    "1 Rất không hài lòng", "2 Không hài lòng", "3 Bình thường", "4 Hài lòng", "5 Rất hài lòng",
)  # fmt: skip


def _items() -> tuple[Item, ...]:
    items = [_category(*entry) for entry in _GENERAL]
    for factor, _, _, rows in _FACTORS:
        for name, vi, en in rows:
            missing = _NA if name in ("E3", "E4") else None
            items.append(Item(name, (1, 2, 3, 4, 5), factor, {"vi": vi, "en": en}, missing))
    items.append(Item("G", (1, 2, 3, 4, 5), "G", _OVERALL))
    items += [_category(*_VISITS), _category(*_LATE)]
    return tuple(items)


def _category(name: str, vi: str, en: str, options: _Options) -> Item:
    scale = tuple(range(1, len(options) + 1))
    labels = tuple({"vi": one, "en": other} for one, other in options)
    return Item(name, scale, None, {"vi": vi, "en": en}, kind="category", labels=labels)


def hl01() -> Form:
    """Draw the form."""
    return Form(
        id="HL-01",
        version="2023.1",
        title={"vi": "Phiếu khảo sát mức độ hài lòng", "en": "Satisfaction survey"},
        items=_items(),
        marks=Marks(shape="box", style="cross", correction="circle"),
        pages=(_front(), _back()),
        factors={name: {"vi": vi, "en": en} for name, vi, en, _ in _FACTORS} | {"G": _OVERALL},
    )


def _frame(page: PageBuilder) -> None:
    page.fiducials(_CORNERS, 8.0)
    page.code("qr", (166.0, 12.0, 22.0, 22.0), "serial")


def _front() -> PrintedPage:
    page = PageBuilder(1, _SIZE)
    draw = page.canvas
    _frame(page)
    draw.text((52, 13.5), "BỘ CÔNG AN", 8, anchor="mm")
    draw.text((52, 18), "CÔNG AN TỈNH ..................", 8, style="Sans-Bold", anchor="mm")
    draw.text((122, 13.5), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 8, style="Sans-Bold", anchor="mm")
    draw.text((122, 18), "Độc lập - Tự do - Hạnh phúc", 8, style="Sans-Bold", anchor="mm")
    draw.line((106, 20.6), (138, 20.6))
    draw.text((24, 28), "Mẫu: HL-01/KS    Kỳ: 2023    Số seri:", 8)
    page.serial((86, 28))
    draw.text((105, 39), "PHIẾU KHẢO SÁT MỨC ĐỘ HÀI LÒNG", 13, style="Sans-Bold", anchor="mm")
    subject = (
        "của người dân, tổ chức đối với sự phục vụ của cơ quan Công an "
        "trong giải quyết thủ tục hành chính"
    )
    draw.text((105, 44.5), subject, 7.6, style="Sans-Bold", anchor="mm")
    draw.text((105, 48.5), "(Satisfaction survey of citizens and organisations with police "
              "administrative services)", 6.4, style="Sans-Oblique", anchor="mm")  # fmt: skip
    draw.outline((22, 52, 166, 21), 0.25)
    for y, line, style, points in (
        (55.0, ("Phiếu dùng để đo lường sự hài lòng; thông tin được giữ kín, chỉ dùng cho thống kê."
         " (Answers are confidential.)"), "Sans", 6.8),
        (59.2, ("CÁCH TRẢ LỜI: đánh dấu X vào MỘT ô cho mỗi dòng. Nếu đánh nhầm: KHOANH TRÒN ô sai "
         "rồi đánh X vào ô khác."), "Sans-Bold", 6.8),
        (63.2, "Không tẩy, không dùng bút xóa, không dán giấy.", "Sans-Bold", 6.8),
        (66.9, ("(How to answer: one X per line. Wrong box: circle it, X another. No erasing, no "
         "correction fluid, no pasted paper.)"), "Sans-Oblique", 6.0),
        (70.6, "Mẫu giả lập dùng để thử phần mềm / simulated form for software tests",
         "Sans-Oblique", 5.6),
    ):  # fmt: skip
        draw.fitted((24, y), line, points, 162, style)
    draw.text((22, 77.5), "Phần I. Thông tin chung / General", 8.5, style="Sans-Bold")
    _general(page, 81.0)
    draw.text((22, 181.5), "Phần II. Mức độ hài lòng / Satisfaction", 8.5, style="Sans-Bold")
    y = _table_head(page, 184.5)
    for factor in _FACTORS[:2]:
        y = _block(page, factor, y)
    draw.text((105, 286), "Trang 1/2", 6.5, anchor="mm")
    return page.build()


def _general(page: PageBuilder, y: float) -> None:
    draw = page.canvas
    for name, vi, _, options in _GENERAL:
        if name == "D11":
            draw.text((22, y + 2), "D10", 6.6, style="Sans-Bold")
            draw.text((30, y + 2), "Ngày nhận kết quả", 7.2)
            draw.text((84, y + 2), "....... / ....... / 20 .......", 8)
            page.field("D10", "date", (82, y - 1.4, 46, 5.6))
            y += 6
        draw.text((22, y + 2), name, 6.6, style="Sans-Bold")
        draw.fitted((30, y + 2), vi, 7.2, 50)
        columns = 5 if name == "D3" else 4 if name == "D5" else 3
        width = 106 / columns
        for number, (option, _) in enumerate(options):
            row, column = divmod(number, columns)
            x, top = 82 + column * width, y + row * 6
            page.box(name, number + 1, (x, top, 4.0, 4.0))
            draw.fitted((x + 5.2, top + 2), option, 6.6, width - 6)
        y += 6 * ((len(options) - 1) // columns + 1)


def _table_head(page: PageBuilder, y: float) -> float:
    draw = page.canvas
    draw.fitted((22, y + 2), "    ".join(_LEVELS), 6.4, 104, "Sans-Oblique")
    for value in range(1, 6):
        x = _GRID_X + (value - 1) * _PITCH + 2.5
        draw.text((x, y + 2), str(value), 9, style="Sans-Bold", anchor="mm")
    draw.line((20, y + 4.8), (190, y + 4.8), 0.25)
    return y + 5.4


def _block(
    page: PageBuilder,
    factor: tuple[str, str, str, tuple[tuple[str, str, str], ...]],
    y: float,
) -> float:
    name, vi, en, rows = factor
    draw = page.canvas
    draw.text((22, y + 2.2), f"{name}. {vi} ({en})", 7.4, style="Sans-Bold")
    y += 5.2
    _rows(page, rows, y)
    return y + len(rows) * _ROW


def _rows(page: PageBuilder, rows: tuple[tuple[str, str, str], ...], y: float) -> None:
    draw = page.canvas
    draw.guilloche((_GRID_X - 3, y - 0.9, 5 * _PITCH + 2 + 10, len(rows) * _ROW - 0.6))
    for number, (name, vi, en) in enumerate(rows):
        top = y + number * _ROW
        draw.text((22, top + 2.5), name, 7, style="Sans-Bold")
        draw.fitted((30, top + 1.5), vi, 7.4, _GRID_X - 35)
        draw.fitted((30, top + 4.6), en, 5.6, _GRID_X - 35, "Sans-Oblique")
        draw.text((_GRID_X + 5 * _PITCH - 2.6, top + 2.5), name, 4.8)
        draw.fill((10.2, top + 1.9, 3.2, 1.2))
        draw.line((20, top + 6.25), (190, top + 6.25), 0.1)
    names = [row[0] for row in rows]
    page.grid(names, (1, 2, 3, 4, 5), (_GRID_X, y, 5.0, 5.0), (_PITCH, _ROW))


def _back() -> PrintedPage:
    page = PageBuilder(2, _SIZE)
    draw = page.canvas
    _frame(page)
    draw.text((24, 14), "Mẫu: HL-01/KS    Kỳ: 2023    Số seri:", 8)
    page.serial((86, 14))
    draw.text((24, 22), "Phần II. Mức độ hài lòng (tiếp theo) / continued", 8.5, style="Sans-Bold")
    draw.text((24, 28), "Câu E3, E4: nếu không có phản ánh, kiến nghị, đánh dấu cột N/A.", 7)
    y = _table_head(page, 36.5)
    for factor in _FACTORS[2:]:
        y = _block(page, factor, y)
    na_x = _GRID_X + 5 * _PITCH + 4.5
    page.grid(("E3", "E4"), (_NA,), (na_x, y - 2 * _ROW, 5.0, 5.0), (_PITCH, _ROW))
    draw.text((na_x + 2.5, y - 2 * _ROW - 4.4), "Không có", 4.8, anchor="mm")
    draw.text((na_x + 2.5, y - 2 * _ROW - 2.0), "phản ánh (N/A)", 4.8, anchor="mm")
    draw.text((22, y + 2.0), "G. Đánh giá chung (Overall)", 7.4, style="Sans-Bold")
    _rows(page, (("G", "Mức độ hài lòng chung đối với lần phục vụ này", "Overall"),), y + 5.0)
    _facts(page, y + 14.5)
    _written(page)
    return page.build()


def _facts(page: PageBuilder, y: float) -> None:
    draw = page.canvas
    for row, (name, vi, en, options) in enumerate((_VISITS, _LATE)):
        top = y + row * 6.6
        draw.text((22, top + 2), name, 6.6, style="Sans-Bold")
        draw.fitted((30, top + 2), f"{vi} ({en})", 7.2, 70)
        for number, (option, _) in enumerate(options):
            x = 110 + number * 20
            page.box(name, number + 1, (x, top, 4.0, 4.0))
            draw.text((x + 5.4, top + 2), option, 7)


def _written(page: PageBuilder) -> None:
    draw = page.canvas
    draw.text((22, 199.5), "Phần III. Ý kiến khác / Comments", 8.5, style="Sans-Bold")
    draw.fitted((22, 204), "Ông/Bà mong cơ quan Công an cải thiện điều gì? (What should improve?)",
                7.2, 160)  # fmt: skip
    page.field("comment", "handwriting", (24, 206.5, 160, 35), frame=True)
    draw.text((24, 248), "Ngày trả lời:", 7.6)
    draw.text((48, 248), "........ / ........ / 20 ........", 9)
    page.date("date", (46, 244.2, 46, 6.6), (48.0, 60.0, 80.5))
    draw.text((24, 257), "Điện thoại (không bắt buộc):", 7)
    page.field("phone", "handwriting", (62, 253.4, 44, 6.6))
    draw.dotted((63, 258.6), 42)
    draw.text((152, 246.5), "Ký tên (không bắt buộc) / Signature", 7, anchor="mm")
    page.field("signature", "signature", (122, 248.5, 60, 22), frame=True)
    draw.dotted((20, 274.5), 168, 2.2)
    draw.text((105, 277.6), "Phần dành cho đơn vị / For the unit", 6.4, anchor="mm")
    labels = "Người phát (mã): ..........   Ngày phát: ..........   Ngày thu: .........."
    draw.text((105, 283), labels + "   Hình thức thu: ..........", 6.2, anchor="mm")
    page.field("office", "handwriting", (22, 279.6, 166, 6.6))
    draw.text((105, 290), "Trang 2/2", 6.5, anchor="mm")
