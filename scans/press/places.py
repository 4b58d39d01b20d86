"""Places to write in at the end of a form: agency, comment, date, signature, seal."""

from __future__ import annotations

from detectors.instrument import Field
from scans.press.page import LEFT, RIGHT, Press

__all__ = ["set_places"]


def set_places(press: Press) -> None:
    """Those that the look asks for, in this order."""
    wanted = press.look.fields
    if "agency" in wanted:
        press.room(9.0)
        press.draw.text((LEFT, press.y + 4.0), "Cơ quan, tổ chức trả lời:", 7.6)
        press.draw.line((62.0, press.y + 5.6), (RIGHT, press.y + 5.6), 0.3, dotted=True)
        press.fields.append(Field("agency", "handwriting", (61.0, press.y - 0.6, 127.0, 7.0)))
        press.y += 9.0
    if "comment" in wanted:
        press.room(30.0)
        press.draw.text((LEFT, press.y + 2.0), "Ý kiến khác / Other comments:", 7.6, style="-Bold")
        box = (24.0, press.y + 4.5, 162.0, 24.0)
        press.draw.outline(box, 0.25)
        press.fields.append(Field("comment", "handwriting", box))
        press.y += 31.0
    if {"date", "signature", "seal"} & set(wanted):
        _signed(press)


def _signed(press: Press) -> None:
    wanted = press.look.fields
    seal = "seal" in wanted
    height = (46.0 if seal else 31.0) if {"signature", "seal"} & set(wanted) else 8.0
    press.room(height)
    draw, y = press.draw, press.y
    if "date" in wanted:
        draw.text((24.0, y + 3.0), "Ngày / Date:", 7.6)
        draw.text((48.0, y + 3.0), "........ / ........ / 20 ........", 9.0)
        press.fields.append(Field("date", "date", (46.0, y - 0.8, 48.0, 6.6)))
    if "signature" in wanted or seal:
        head = "THỦ TRƯỞNG CƠ QUAN" if seal else "Ký tên (không bắt buộc) / Signature"
        draw.text((146.0, y + 2.0), head, 7.4, style="-Bold" if seal else "", anchor="center")
        if seal:
            draw.text((146.0, y + 5.6), "(ký, ghi rõ họ tên, đóng dấu)", 6.6, style="-Oblique",
                      anchor="center")  # fmt: skip
    if "signature" in wanted:
        box = (122.0, y + 8.0, 62.0, 32.0) if seal else (118.0, y + 4.5, 66.0, 24.0)
        if not seal:
            draw.outline(box, 0.25)
        press.fields.append(Field("signature", "signature", box))
    if seal:
        press.fields.append(Field("seal", "seal", (102.0, y + 5.0, 40.0, 40.0)))
    press.y += height
