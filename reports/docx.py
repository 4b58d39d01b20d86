"""A document as a Word file, for those that people edit and sign.

Real headings, lists and tables, so that an editor and a screen reader find their way;
header rows repeat, rows do not break over pages, a heading stays with what follows. The
file's dates are those of the state it shows and its archive carries none of its own, so
the same document is the same bytes.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

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
from reports.docx_xml import (
    FACE,
    WIDTH_MM,
    add_field,
    describe,
    keep_whole,
    repeat_row,
    set_face,
    set_widths,
    without_times,
)
from reports.moment import stamp
from reports.pdf import svg_to_png

__all__ = ["render_docx"]

_SOFT = RGBColor(0x58, 0x68, 0x74)


def render_docx(document: Document) -> bytes:
    """The Word file of a document."""
    writer = _Writer(document)
    writer.write()
    out = io.BytesIO()
    writer.word.save(out)
    return without_times(out.getvalue())


class _Writer:
    """One Word file in the making."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.word: Word = docx.Document()
        self._set_up()

    def write(self) -> None:
        """The head, the blocks, the notice."""
        about = self.document
        heads = [block for block in about.blocks if isinstance(block, Letterhead)]
        for head in heads:
            self._letterhead(head)
        if about.kicker and not about.formal:
            self._paragraph(about.kicker.upper(), size=8.5, soft=True)
        title = self.word.add_heading(about.title, 1)
        under = self._paragraph(about.under, soft=True) if about.under else None
        if about.formal:
            for paragraph in (title, *([under] if under else [])):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for block in about.blocks:
            if not isinstance(block, Letterhead):
                self._block(block)
        self._paragraph(about.notice, bold=True, size=9)
        if about.trail is not None:
            self._paragraph(f"{about.trail[0]}: {about.trail[1]}", size=8, soft=True)

    def _set_up(self) -> None:
        about, styles = self.document, self.word.styles
        section = self.word.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin, section.right_margin = Mm(30), Mm(17)
        section.top_margin, section.bottom_margin = Mm(22), Mm(22)
        normal = styles["Normal"]
        normal.font.name, normal.font.size = FACE, Pt(13 if about.formal else 11)
        normal.paragraph_format.space_after = Pt(4)
        normal.paragraph_format.widow_control = True
        for level, size in ((1, 15), (2, 13), (3, 11.5)):
            style = styles[f"Heading {level}"]
            style.font.name, style.font.size, style.font.bold = FACE, Pt(size), True
            style.font.color.rgb = RGBColor(0, 0, 0)
            style.paragraph_format.keep_with_next = True
            set_face(style.element)
        set_face(normal.element)
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "vi-VN" if about.language == "vi" else "en-GB")
        normal.element.get_or_add_rPr().append(language)
        self._running(section)
        properties = self.word.core_properties
        moment = datetime.fromtimestamp(stamp(about.as_of), UTC).replace(tzinfo=None)
        properties.title, properties.author = about.title[:250], "survey-audit"
        properties.last_modified_by, properties.revision = "survey-audit", 1
        properties.comments, properties.language = about.notice, about.language
        properties.created = properties.modified = moment

    def _running(self, section: Any) -> None:
        head = section.header.paragraphs[0]
        foot = section.footer.paragraphs[0]
        for paragraph in (head, foot):
            paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT)
        left, right = self.document.running
        self._run(head, f"{left}\t{right}", size=8, soft=True)
        self._run(foot, f"{self.document.foot[0]}\t", size=8, soft=True)
        for name in ("PAGE", "NUMPAGES"):
            for kind in ("begin", name, "separate", "", "end"):
                add_field(self._run(foot, "" if kind else "1", size=8, soft=True), kind)
            if name == "PAGE":
                self._run(foot, "/", size=8, soft=True)
        below = section.footer.add_paragraph()
        self._run(below, self.document.foot[1], size=7, soft=True)

    def _run(
        self, to: Paragraph, text: str, *, size: float = 0, bold: bool = False, soft: bool = False
    ) -> Any:
        run = to.add_run(text)
        run.bold = bold or None
        if size:
            run.font.size = Pt(size)
        if soft:
            run.font.color.rgb = _SOFT
        return run

    def _paragraph(
        self, text: str, *, size: float = 0, bold: bool = False, soft: bool = False
    ) -> Paragraph:
        paragraph = self.word.add_paragraph()
        self._run(paragraph, text, size=size, bold=bold, soft=soft)
        return paragraph

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            heading = self.word.add_heading(block.text, block.level)
            heading.paragraph_format.page_break_before = block.fresh
        elif isinstance(block, Text):
            self._paragraph(block.text, size=9 if block.note else 0, soft=block.note)
        elif isinstance(block, Bullets):
            style = "List Number" if block.numbered else "List Bullet"
            for item in block.items:
                self.word.add_paragraph(item, style)
        elif isinstance(block, Facts):
            self._facts(block)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Chart):
            self._chart(block)
        elif isinstance(block, Pictures):
            self._pictures(block)
        elif isinstance(block, Verdict):
            if block.label:
                self._paragraph(block.label, bold=True)
            for sentence in block.said:
                self._paragraph(sentence)
        elif isinstance(block, Tiles):
            rows = tuple(
                (tile.title, " – ".join(filter(None, (tile.value, tile.under))))
                for tile in block.tiles
            )
            self._facts(Facts(rows))
        elif isinstance(block, Unjudged):
            self._paragraph(block.title, bold=True)
            for entry in block.entries:
                self.word.add_paragraph(entry, "List Bullet")
        elif isinstance(block, SignBlock):
            self.word.add_heading(block.title, 3)
            self._paragraph(block.message)
            self._paragraph(block.strength, size=9, soft=True)
        elif isinstance(block, Mark):
            self.word.add_paragraph(
                " · ".join((block.label, block.name, *block.rest)), "List Bullet"
            )
        elif isinstance(block, Room):
            self._room(block)
        elif isinstance(block, Signatures):
            self._signatures(block)

    def _facts(self, block: Facts) -> None:
        table = self.word.add_table(len(block.rows), 2)
        for line, (name, value) in zip(table.rows, block.rows, strict=True):
            for cell, text, soft in zip(line.cells, (name, value), (True, False), strict=True):
                size = 8 if block.code and not soft else 10.5
                self._run(cell.paragraphs[0], text, size=size, soft=soft)
                cell.paragraphs[0].paragraph_format.space_after = Pt(1)
        set_widths(table, (0.3, 0.7))
        self.word.add_paragraph().paragraph_format.space_after = Pt(0)

    def _table(self, block: Table) -> None:
        table = self.word.add_table(1, len(block.columns), style="Table Grid")
        for cell, column in zip(table.rows[0].cells, block.columns, strict=True):
            self._fill(cell, Cell(column.title), right=column.right, bold=True)
        repeat_row(table.rows[0])
        for cells in (*block.rows, *([block.total] if block.total else [])):
            line = table.add_row()
            keep_whole(line)
            places = line.cells
            place = 0
            for content in cells:
                target = places[place]
                if content.span > 1:
                    target = target.merge(places[place + content.span - 1])
                right = block.columns[place].right
                self._fill(target, content, right=right, bold=cells is block.total)
                place += content.span
        total = sum(column.weight for column in block.columns)
        set_widths(table, tuple(column.weight / total for column in block.columns))
        self.word.add_paragraph().paragraph_format.space_after = Pt(2)

    def _fill(self, target: Any, cell: Cell, *, right: bool, bold: bool) -> None:
        paragraph = target.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        if right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if cell.crop is not None:
            picture = paragraph.add_run().add_picture(io.BytesIO(cell.crop), width=Mm(34))
            describe(picture, cell.text)
            return
        for place, part in enumerate((*cell.text.split("\n"), cell.under, cell.code)):
            if place and part:
                paragraph.add_run().add_break(WD_BREAK.LINE)
            if part:
                small = part in (cell.under, cell.code) and part != cell.text
                self._run(paragraph, part, size=8 if small else 9.5, bold=bold, soft=small)

    def _chart(self, block: Chart) -> None:
        paragraph = self.word.add_paragraph()
        picture = paragraph.add_run().add_picture(
            io.BytesIO(svg_to_png(block.svg, WIDTH_MM - 5)), width=Mm(WIDTH_MM - 5)
        )
        describe(picture, f"{block.title}. {block.describe}")
        if block.note:
            paragraph.paragraph_format.keep_with_next = True
            self._paragraph(block.note, size=9, soft=True)

    def _pictures(self, block: Pictures) -> None:
        for picture in block.pictures:
            paragraph = self.word.add_paragraph()
            if picture.crop is not None:
                paragraph.paragraph_format.keep_with_next = True
                shape = paragraph.add_run().add_picture(io.BytesIO(picture.crop), width=Mm(90))
                describe(shape, picture.alt)
                paragraph = self.word.add_paragraph()
            else:
                self._run(paragraph, f"[{block.missing}] ", size=9, soft=True)
            self._run(paragraph, picture.label, size=9.5, bold=True)
            place = f" · {picture.place}" if picture.place else ""
            self._run(paragraph, f"{place} · {picture.message}", size=9.5)

    def _letterhead(self, block: Letterhead) -> None:
        table = self.word.add_table(2, 2)
        sides = (block.left, block.right)
        for cell, lines in zip(table.rows[0].cells, sides, strict=True):
            for place, text in enumerate(lines):
                paragraph = cell.paragraphs[0] if not place else cell.add_paragraph()
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                paragraph.paragraph_format.space_after = Pt(0)
                self._run(paragraph, text, size=12, bold=place + 1 == len(lines))
        for cell, text in zip(table.rows[1].cells, (block.number, block.place), strict=True):
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._run(cell.paragraphs[0], text, size=12).italic = text == block.place or None
        set_widths(table, (0.44, 0.56))
        self.word.add_paragraph()

    def _room(self, block: Room) -> None:
        if block.label:
            self._paragraph(block.label)
        for _ in range(block.lines):
            line = self._paragraph("\t", size=10, soft=True)
            stops = line.paragraph_format.tab_stops
            stops.add_tab_stop(Mm(WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)

    def _signatures(self, block: Signatures) -> None:
        self.word.add_paragraph()
        table = self.word.add_table(1, len(block.titles))
        keep_whole(table.rows[0])
        for cell, title in zip(table.rows[0].cells, block.titles, strict=True):
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._run(cell.paragraphs[0], title, size=11, bold=True)
            hint = cell.add_paragraph()
            hint.alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._run(hint, block.hint, size=10, soft=True)
            for _ in range(4):
                cell.add_paragraph()
