"""Blank forms of layouts that the drafting was not written on, one trait each.

Set by a browser, which tells where its boxes stand: landscape, boxes of 2.5 mm, hair lines of
grey, rounded corners, options under each other in two columns, merged and dark cells, a table
of personal data beside the answers, digits inside squares, words before their box.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.accuracy.office_forms import FACTS, LEVELS, RATINGS, Boxes, drawn

__all__ = ["STRANGER_FORMS", "write_stranger_form"]

_STYLE = """
@page { size: %(wide)gmm %(high)gmm; margin: 0 }
body { margin: 0; font: %(font)gpt "DejaVu Sans" }
section { width: %(wide)gmm; height: %(high)gmm; padding: 12mm; box-sizing: border-box;
  position: relative; page-break-after: always; overflow: hidden }
h2 { text-align: center; margin: 1mm 0 3mm; font-size: 12pt } p { margin: 1.6mm 0 }
table { border-collapse: collapse; width: 100%% }
td, th { padding: .6mm 1mm; text-align: center } .left { text-align: left }
.ruled td, .ruled th { border: .2mm solid #444 }
* { -webkit-print-color-adjust: exact }
.block { break-inside: avoid; margin-bottom: 5mm }
.dark td, .dark th { background: #1f3864; color: #fff } .pale td { background: #d9d9d9 }
span.b { display: inline-block; box-sizing: border-box; vertical-align: middle;
  text-align: center; width: %(side)gmm; height: %(side)gmm; %(look)s }
"""


def _b(item: str, inside: str = "") -> str:
    return f'<span class="b" data-item="{item}">{inside}</span>'


def _cells(item: str, count: int = 5) -> str:
    return "".join(f"<td>{_b(item)}</td>" for _ in range(count))


def _head(words: tuple[str, ...] = LEVELS) -> str:
    return "".join(f"<th>{word}</th>" for word in words)


def _lines(letter: str) -> list[tuple[str, str]]:
    return [(f"{letter}{n}", text) for n, text in enumerate(RATINGS[letter][1:], start=1)]


def _landscape() -> str:
    """Two tables side by side on a sheet that lies; squares of 2.5 mm."""

    def half(letters: str) -> str:
        rows = "".join(
            f'<tr><td class="left">{item}. {text}</td>{_cells(item)}</tr>'
            for letter in letters
            for item, text in _lines(letter)
        )
        return (
            f'<table class="ruled"><tr><th>Nội dung</th>{_head(tuple("12345"))}</tr>{rows}</table>'
        )

    both = f'<div style="display: flex; gap: 10mm">{half("AB")}{half("CE")}</div>'
    return f"<h2>PHIẾU LẤY Ý KIẾN</h2><p>Đánh dấu X vào một ô. 1: rất kém, 5: rất tốt.</p>{both}"


def _columns() -> str:
    """Questions in two columns, options under each other, rings to fill."""
    blocks = ""
    for item, (question, *options) in FACTS.items():
        lines = "".join(f"<div>{_b(item)} {option}</div>" for option in options)
        blocks += f"<div class=block><b>{item}. {question}</b>{lines}</div>"
    for item, text in _lines("A"):
        lines = "".join(f"<div>{_b(item)} {level}</div>" for level in LEVELS)
        blocks += f"<div class=block><b>{item}. {text}</b>{lines}</div>"
    return (
        "<h2>Ý KIẾN CỦA ÔNG/BÀ</h2><p>Tô kín một vòng tròn ở mỗi câu.</p>"
        f'<div style="columns: 2; column-gap: 12mm; column-rule: .2mm solid #888">{blocks}</div>'
    )


def _merged() -> str:
    """Headings in dark rows, the group's name in a cell over all its rows."""
    rows = f'<tr class="dark"><th colspan="2">Nội dung</th>{_head()}</tr>'
    for letter in "ABC":
        name, lines = RATINGS[letter][0], _lines(letter)
        rows += f'<tr class="pale"><td colspan="7" class="left"><b>{letter}</b></td></tr>'
        for number, (item, text) in enumerate(lines):
            first = f'<td rowspan="{len(lines)}" style="width: 24mm">{name}</td>'
            rows += f"<tr>{first if number == 0 else ''}"
            rows += f'<td class="left">{item}. {text}</td>{_cells(item)}</tr>'
    return f'<h2>PHIẾU KHẢO SÁT</h2><table class="ruled">{rows}</table>'


def _personal() -> str:
    """Hair lines of grey; a table to be written in beside and above the answers."""
    person = "".join(
        f'<tr><td class="left" style="width: 28mm">{word}</td><td style="height: 7mm"></td></tr>'
        for word in ("Họ và tên", "Năm sinh", "Điện thoại", "Địa chỉ", "Mã hồ sơ", "Ngày nộp")
    )
    rows = "".join(
        f'<tr><td class="left">{item}. {text}</td>{_cells(item)}</tr>'
        for letter in "BC"
        for item, text in _lines(letter)
    )
    return (
        "<h2>PHIẾU ĐÁNH GIÁ</h2>"
        '<div style="display: flex; gap: 8mm; align-items: start">'
        f'<table class="ruled" style="width: 70mm">{person}</table>'
        f"<div>{''.join(_options(item) for item in ('D2', 'D6'))}"
        "<p>Ý kiến:</p>"
        + '<p style="border-bottom: .3mm dotted #555; height: 6mm"></p>' * 3
        + f"</div></div><p></p><table><tr><th></th>{_head(tuple('12345'))}</tr>{rows}</table>"
    )


def _options(item: str) -> str:
    question, *options = FACTS[item]
    marks = " &emsp; ".join(f"{_b(item)} {option}" for option in options)
    return f"<p>{item}. {question}: {marks}</p>"


def _before() -> str:
    """Words before their box, dotted lines between the questions, rounded corners."""
    out = "<h2>GÓP Ý</h2>"
    for item, (question, *options) in FACTS.items():
        marks = " &emsp;&emsp; ".join(f"{option} {_b(item)}" for option in options[:3])
        out += f"<p><b>{item}. {question}</b></p><p>{marks}</p>"
        out += f"<p>Lý do: {'.' * 70}</p>"
    return out


def _digits() -> str:
    """From nought to ten, digits inside squares; and a column "no opinion" set apart."""
    out = "<h2>BẠN CÓ GIỚI THIỆU DỊCH VỤ NÀY KHÔNG?</h2>"
    for number in range(1, 5):
        marks = " ".join(_b(f"N{number}", str(v)) for v in range(11))
        out += f"<p>N{number}. Mức độ sẵn lòng giới thiệu, câu số {number}</p><p>{marks}</p>"
    rows = "".join(
        f'<tr><td class="left">{item}. {text}</td>'
        + "".join(f"<td>{_b(item, str(v))}</td>" for v in range(1, 6))
        + "</tr>"
        for item, text in _lines("C")
    )
    return f"{out}<table>{rows}</table>"


_ROUND = "border-radius: 50%"
# Name -> width, height in mm; letters in pt; side of a box in mm and its look; the page.
STRANGER_FORMS: dict[str, tuple[float, float, float, float, str, Callable[[], str]]] = {
    "landscape, 2.5 mm": (297, 210, 8, 2.5, "border: .2mm solid #000", _landscape),
    "two columns, rings": (210, 297, 9, 3.6, f"border: .25mm solid; {_ROUND}", _columns),
    "dark and merged cells": (210, 297, 8.5, 4, "border: .3mm solid; background: #fff", _merged),
    "grey hair lines": (210, 297, 9, 4, "border: .1mm solid #999", _personal),
    "words before, rounded": (210, 297, 10, 5, "border: .3mm solid; border-radius: 1mm", _before),
    "digits in squares": (148, 210, 8, 6, "border: .25mm solid; line-height: 5.4mm", _digits),
}  # fmt: skip


def write_stranger_form(name: str, folder: Path) -> tuple[Path, tuple[float, float], Boxes]:
    """Make one of the forms; its PDF, the size of its page and its boxes in order."""
    path = folder / f"{name.replace(',', '').replace(' ', '-')}.pdf"
    # In a process of its own: a process can drive the browser from one place only.
    words = [sys.executable, "-m", "tests.accuracy.stranger_forms", name, str(path)]
    told = subprocess.run(words, check=True, capture_output=True, timeout=180, text=True).stdout
    wide, high = STRANGER_FORMS[name][:2]
    return path, (wide, high), tuple((i, page, tuple(place)) for i, page, place in json.loads(told))


if __name__ == "__main__":
    wide, high, letters, side, look, page = STRANGER_FORMS[sys.argv[1]]
    sizes = {"wide": wide, "high": high, "font": letters, "side": side}
    style = _STYLE % (sizes | {"look": look})
    boxes = drawn([page()], Path(sys.argv[2]), style, high)
    sys.stdout.write(json.dumps(boxes))
