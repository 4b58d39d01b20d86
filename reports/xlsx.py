"""A document as a workbook: the text on the first sheet, every table on a sheet of its own.

Numbers are numbers and text is text, whatever it begins with: nothing in it is ever a
formula or a link. Every table has its header frozen, a filter, and is set up to be printed
on A4 with the running lines of the report. The file's own dates are those of the state it
shows, so the same document is the same bytes.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.documents.blocks import (
    Block,
    Bullets,
    Cell,
    Chart,
    Document,
    Facts,
    Heading,
    Letterhead,
    Mark,
    Picture,
    Pictures,
    Room,
    Signatures,
    SignBlock,
    Table,
    Text,
    Tiles,
    Unjudged,
    Verdict,
)
from reports.locale import load_text
from reports.moment import stamp
from reports.xlsx_charts import add_chart

__all__ = ["render_xlsx"]

_NUMBER = {"number": "#,##0.####", "share": "0.00%", "points": '+0.00;"−"0.00;0.00'}
_LONGEST = 32_000  # characters that a cell of a workbook may hold, less some
_WIDTHS = (34.0, 92.0)
_WIDEST = 64
_NAME = re.compile(r"[\[\]:*?/\\']")


def render_xlsx(document: Document) -> bytes:
    """The workbook of a document."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        _Writer(book, document).write()
    return out.getvalue()


class _Writer:
    """One workbook in the making."""

    def __init__(self, book: Workbook, document: Document) -> None:
        self.book, self.document = book, document
        self.words = load_text(document.language)
        self.formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.names: set[str] = set()
        created = datetime.fromtimestamp(stamp(document.as_of), UTC).replace(tzinfo=None)
        book.set_properties(
            {
                "title": document.title,
                "subject": document.kicker,
                "author": "survey-audit",
                "comments": document.notice,
                "created": created,
            }
        )

    def write(self) -> None:
        """The first sheet, then one a table and one for extracts."""
        first = self._sheet(self.words("sheet.report"))
        first.set_column(0, 0, _WIDTHS[0])
        first.set_column(1, 1, _WIDTHS[1])
        row = 0
        about = self.document
        head = (about.marker, about.kicker, about.title, about.under)
        for text, look in zip(head, ({}, {}, {"bold": True, "font_size": 15}, {}), strict=True):
            if text:
                row = self._line(first, row, text, **look)
        for block in about.blocks:
            row = self._block(first, row, block)
        row = self._line(first, row + 1, about.notice, bold=True)
        if about.trail is not None:
            self._pair(first, row, *about.trail)
        for block in about.blocks:
            if isinstance(block, Table):
                self._table(block)
            elif isinstance(block, Pictures):
                self._pictures(block)
        for block in about.blocks:
            if isinstance(block, Chart) and block.plot is not None:
                sheet = self._sheet(self.words("sheet.chart", name=block.title))
                bold, plain = self._look(bold=True, bottom=2, text_wrap=True), self._look()
                add_chart(self.book, sheet, block, block.plot, bold, plain)
                sheet.set_landscape()

    def _look(self, **values: Any) -> Format:
        look = {"font_name": "Arial", "font_size": 10, "valign": "top", **values}
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]

    def _sheet(self, wish: str) -> Worksheet:
        """A sheet with a name that workbooks allow, set up for print."""
        plain = _NAME.sub(" ", wish).strip()[:31] or "–"
        name, number = plain, 2
        while name.lower() in self.names:
            name = f"{plain[:27].rstrip()} ({number})"
            number += 1
        self.names.add(name.lower())
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_margins(left=0.8, right=0.6, top=0.85, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        left, right = (part.replace("&", "&&")[:110] for part in self.document.running)
        notice = self.document.foot[0].replace("&", "&&")
        sheet.set_header(f"&L&8{left}&R&8{right}")
        trail = self.document.foot[1].replace("&", "&&")
        sheet.set_footer(f"&L&7{notice}\n{trail}"[:240] + "&R&8&P/&N")
        return sheet

    def _text(self, sheet: Worksheet, row: int, column: int, text: str, **look: Any) -> None:
        """Text that stays text, also after somebody has edited the cell."""
        if text[:1] in ("=", "+", "-", "@"):
            look["quote_prefix"] = True
        sheet.write_string(row, column, text[:_LONGEST], self._look(**look))

    def _line(self, sheet: Worksheet, row: int, text: str, **look: Any) -> int:
        """A paragraph over both columns; its height follows from its length."""
        # merge_range would guess the type of the text, so the cell is written again
        style = {"text_wrap": True, **look}
        sheet.merge_range(row, 0, row, 1, "", self._look(**style))
        self._text(sheet, row, 0, text, **style)
        size = look.get("font_size", 10)
        lines = sum(1 + len(part) * size / 10 // (sum(_WIDTHS) * 1.02) for part in text.split("\n"))
        sheet.set_row(row, 13.5 * lines * size / 10 + 1.5)
        return row + 1

    def _pair(self, sheet: Worksheet, row: int, name: str, value: str, **look: Any) -> int:
        self._text(sheet, row, 0, name, font_color="#586874", text_wrap=True)
        self._text(sheet, row, 1, value, text_wrap=True, **look)
        lines = max(1 + len(name) // (_WIDTHS[0] * 1.02), 1 + len(value) // (_WIDTHS[1] * 1.02))
        sheet.set_row(row, 13.5 * lines + 1.5)
        return row + 1

    def _block(self, sheet: Worksheet, row: int, block: Block) -> int:
        """One block on the first sheet; a table is named there and stands elsewhere."""
        if isinstance(block, Heading):
            size = 12 if block.level == 2 else 10
            return self._line(sheet, row + 1, block.text, bold=True, font_size=size)
        if isinstance(block, Facts):
            for name, value in block.rows:
                row = self._pair(sheet, row, name, value)
            return row
        if isinstance(block, Tiles):
            for tile in block.tiles:
                value = f"{tile.value} – {tile.under}" if tile.under else tile.value
                row = self._pair(sheet, row, tile.title, value, bold=True)
            return row
        if isinstance(block, Table):
            see = self.words("sheet.table", name=block.name)
            return self._line(sheet, row, see, font_color="#586874", font_size=9)
        for text, look in _lines(block):
            row = self._line(sheet, row, text, **look)
        return row

    def _table(self, table: Table) -> None:
        sheet = self._sheet(table.name)
        wide = [len(column.title) for column in table.columns]
        tall: dict[int, int] = {}
        for place, column in enumerate(table.columns):
            align = "right" if column.right else "left"
            look = {"bold": True, "bottom": 2, "text_wrap": True, "valign": "bottom"}
            self._text(sheet, 0, place, column.title, align=align, **look)
        rows = [*table.rows, *([table.total] if table.total else [])]
        for number, cells in enumerate(rows, start=1):
            place = 0
            bold = cells is table.total
            for cell in cells:
                right = table.columns[place].right
                shown = self._cell(sheet, number, place, cell, right=right, bold=bold)
                lines = shown.split("\n")
                if cell.span == 1:
                    wide[place] = max(wide[place], max(map(len, lines), default=0))
                    height = sum(1 + len(line) // _WIDEST for line in lines)
                    tall[number] = max(tall.get(number, 1), height)
                place += cell.span
        for place, longest in enumerate(wide):
            sheet.set_column(place, place, min(max(longest + 2, 8), _WIDEST))
        for number, height in tall.items():
            if height > 1:
                sheet.set_row(number, 13.5 * height + 1.5)
        sheet.freeze_panes(1, 1 if table.columns[0].head else 0)
        sheet.repeat_rows(0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
        if len(table.columns) > 6:
            sheet.set_landscape()

    def _cell(
        self, sheet: Worksheet, row: int, place: int, cell: Cell, *, right: bool, bold: bool
    ) -> str:
        """Write one cell; gives its text back, to find the width of the column."""
        look: dict[str, Any] = {"bold": bold, "align": "right" if right else "left"}
        if cell.value is not None and cell.kind != "text":
            value = cell.value * 100 if cell.kind == "points" else cell.value
            sheet.write_number(row, place, value, self._look(num_format=_NUMBER[cell.kind], **look))
            return cell.text
        parts = (cell.text, cell.under, cell.code)
        text = "\n".join(part for part in parts if part)
        self._text(sheet, row, place, text, text_wrap=True, **look)
        if cell.crop is not None:
            self._image(sheet, row, place, cell.crop, cell.text)
        return text

    def _pictures(self, block: Pictures) -> None:
        sheet = self._sheet(self.words("examples.title"))
        for place, (key, width) in enumerate(
            (("col.label", 22), ("col.place", 26), ("col.signs", 56), ("sheet.extract", 48))
        ):
            self._text(sheet, 0, place, self.words(key), bold=True, bottom=2)
            sheet.set_column(place, place, width)
        for row, picture in enumerate(block.pictures, start=1):
            self._picture(sheet, row, picture, block.missing)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()

    def _picture(self, sheet: Worksheet, row: int, picture: Picture, missing: str) -> None:
        for place, text in enumerate((picture.label, picture.place, picture.message)):
            self._text(sheet, row, place, text, text_wrap=True)
        if picture.crop is None:
            self._text(sheet, row, 3, missing, text_wrap=True)
            return
        sheet.set_row(row, 92)
        self._image(sheet, row, 3, picture.crop, picture.alt)

    def _image(self, sheet: Worksheet, row: int, place: int, crop: bytes, words: str) -> None:
        from PIL import Image

        with Image.open(io.BytesIO(crop)) as image:
            width, height = image.size
        scale = min(330 / width, 115 / height)
        sheet.insert_image(
            row,
            place,
            "extract",
            {
                "image_data": io.BytesIO(crop),
                "x_scale": scale,
                "y_scale": scale,
                "x_offset": 4,
                "y_offset": 3,
                "object_position": 1,
                "description": words,
            },
        )


def _lines(block: Block) -> list[tuple[str, dict[str, Any]]]:
    """Paragraphs of a block on the first sheet, with their look."""
    note = {"font_color": "#586874", "font_size": 9}
    if isinstance(block, Text):
        return [(block.text, note if block.note else {})]
    if isinstance(block, Bullets):
        marks = (f"{n}. " if block.numbered else "• " for n in range(1, len(block.items) + 1))
        return [(mark + item, {}) for mark, item in zip(marks, block.items, strict=True)]
    if isinstance(block, Verdict):
        label = [(block.label, {"bold": True, "font_size": 12})] if block.label else []
        return [*label, *((sentence, {}) for sentence in block.said)]
    if isinstance(block, Unjudged):
        return [(block.title, {"bold": True}), *((f"• {entry}", {}) for entry in block.entries)]
    if isinstance(block, SignBlock):
        return [(block.title, {"bold": True}), (block.message, {}), (block.strength, note)]
    if isinstance(block, Mark):
        return [(" · ".join((block.label, block.name, *block.rest)), {})]
    if isinstance(block, Chart):
        return [(f"{block.title}: {block.describe}", note)]
    if isinstance(block, Letterhead):
        left = (*block.left, block.number)
        return [(text, {"bold": True}) for text in (*block.right, *left, block.place) if text]
    if isinstance(block, Room):
        return [(block.label + " …", {})] if block.label else []
    if isinstance(block, Signatures):
        return [(" / ".join(block.titles), {"bold": True})]
    return []
