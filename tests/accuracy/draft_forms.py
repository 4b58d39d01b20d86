"""Vector PDFs of forms, laid out by typst: tables, circles, options, two columns.

The layouts are typst's own (tables, stacks); a query tells where its boxes came to lie, so
the truth is the typesetter's, not ours.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import typst

from detectors.instrument import BoxMm

__all__ = ["PDF_FORMS", "write_pdf"]

_HEAD = """
#set page(paper: "a4", margin: 18mm)
#set text(font: "DejaVu Sans", size: 9pt)
#let note(item, w, h) = context {
  let p = here().position()
  [#metadata((item: item, page: p.page, x: p.x.mm(), y: p.y.mm(), w: w, h: h)) <box>]
}
#let square_(item) = box(width: 4.5mm, height: 4.5mm, {
  place(top + left, note(item, 4.5, 4.5))
  place(top + left, dx: 0.15mm, dy: 0.15mm, rect(width: 4.2mm, height: 4.2mm, stroke: 0.3mm))
})
#let round_(item) = box(width: 4.6mm, height: 4.6mm, {
  place(top + left, note(item, 4.6, 4.6))
  place(top + left, dx: 0.2mm, dy: 0.2mm, circle(radius: 2.1mm, stroke: 0.4mm))
})
"""

PDF_FORMS: dict[str, str] = {
    "typst table": """
= Phiếu hỏi ý kiến người dân
Đánh dấu X vào một ô. Nếu nhầm, khoanh tròn ô sai rồi đánh dấu X vào ô khác.
#v(4mm)
#table(
  columns: (1fr, 18mm, 18mm, 18mm, 18mm, 18mm), align: (left + horizon, ..(center + horizon,) * 5),
  [*Nội dung*], [Rất kém], [Kém], [Trung bình], [Tốt], [Rất tốt],
  ..for k in range(1, 13) {
    let id = "B" + str(k)
    ([#id. Câu hỏi thứ #k về thái độ phục vụ của cán bộ tại nơi tiếp nhận hồ sơ],
     ..range(5).map(v => square_(id)))
  }
)
#v(6mm)
Ý kiến khác:
#rect(width: 100%, height: 26mm, stroke: 0.3mm)
#v(3mm)
Ngày: ....... / ....... / 20.......  #h(1fr) Chữ ký
#align(right, rect(width: 60mm, height: 24mm, stroke: 0.3mm))
""",
    "typst circles": """
= How was your visit?
Fill one circle in every line. Wrong one: strike it out and fill another.
#v(4mm)
#grid(
  columns: (1fr, 14mm, 14mm, 14mm, 14mm), row-gutter: 5mm,
  align: (left + horizon, ..(center + horizon,) * 4),
  [], [1], [2], [3], [4],
  ..for k in range(1, 19) {
    let id = "Q" + if k < 10 { "0" } else { "" } + str(k)
    ([#k. Waiting, opening hours and good old offices: question #k],
     ..range(4).map(v => round_(id)))
  }
)
#v(8mm)
Signature
#v(14mm)
#line(length: 70mm, stroke: 0.3mm)
""",
    "typst options": """
= PHIẾU THÔNG TIN
#v(3mm)
1. Giới tính #h(12mm) #square_("a") Nam #h(10mm) #square_("a") Nữ

#v(3mm)
2. Nhóm tuổi #h(12mm) #square_("b") 18–24 #h(10mm) #square_("b") 25–34 #h(10mm) #square_("b") 35–49
#h(10mm) #square_("b") Từ 50

#v(3mm)
3. Thủ tục đã thực hiện
#pad(left: 8mm)[#stack(spacing: 3mm, ..("Cư trú", "Căn cước", "Xuất nhập cảnh", "Khác").map(
  t => [#square_("c") #t]))]
#v(6mm)
4. Mức độ hài lòng chung
#v(2mm)
#table(columns: (1fr, 20mm, 20mm, 20mm), stroke: none, align: (left + horizon, ..(center,) * 3),
  [], [Không hài lòng], [Bình thường], [Hài lòng],
  [E1. Về thời gian], square_("E1"), square_("E1"), square_("E1"),
  [E2. Về kết quả], square_("E2"), square_("E2"), square_("E2"),
)
""",
}


def write_pdf(name: str, folder: Path) -> tuple[Path, tuple[tuple[str, BoxMm], ...]]:
    """Set one of the forms; its file and its boxes, in the order of the form."""
    fonts = [str(Path(mpl.get_data_path()) / "fonts" / "ttf")]
    source = folder / f"{name.replace(' ', '-')}.typ"
    source.write_text(_HEAD + PDF_FORMS[name], encoding="utf-8")
    path = source.with_suffix(".pdf")
    path.write_bytes(typst.compile(str(source), font_paths=fonts, ignore_system_fonts=True))
    found = json.loads(
        typst.query(str(source), "<box>", field="value", font_paths=fonts, ignore_system_fonts=True)
    )
    return path, tuple((b["item"], (b["x"], b["y"], b["w"], b["h"])) for b in found)
