"""A blank form in, an instrument out, with everything named that a person should look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import InputError
from detectors.instrument import BoxMm, Code, Field, Instrument, Item, Page, Value
from detectors.instrument_toml import instrument_toml
from scans.draft.completing import completed
from scans.draft.fields import find_fields
from scans.draft.fixtures import find_codes, find_fiducials
from scans.draft.grids import group_boxes
from scans.draft.outlines import Outlines, find_outlines, overlap, tilt_of
from scans.draft.questions import Book, boxes_of, rounded
from scans.draft.sheets import blank_sheets, turned
from scans.draft.tables import answer_cells, combs
from scans.draft.types import Found, Group, Phrase, Sheet
from scans.draft.wording import filling, title_of
from scans.draft.words import read_by_ocr

__all__ = ["Draft", "draft_instrument"]

_TILT = 0.05  # degrees: a fifth of a millimetre across a page
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, eq=False)
class Draft:
    """What came of a blank form.

    Attributes:
        instrument: Its ``path`` is where it is meant to be written.
        notes: Comments by table, see :func:`detectors.instrument_toml.instrument_toml`.
        blanks: By page number the picture to keep beside the file: uint8 ``(h, w)``.
        options: By item the words beside its boxes, or above them, by value.
        factors: Names of factors by their letters.
    """

    instrument: Instrument
    notes: dict[str, list[str]]
    blanks: dict[int, NDArray[np.uint8]]
    options: dict[str, dict[Value, str]]
    factors: dict[str, str]

    @property
    def text(self) -> str:
        """The instrument file."""
        return instrument_toml(self.instrument, self.notes)

    @property
    def doubts(self) -> list[str]:
        """Every note, with the table that it is about."""
        return [f"{key}: {note}" if key else note for key, ns in self.notes.items() for note in ns]


def draft_instrument(
    path: Path,
    output: Path,
    *,
    instrument_id: str | None = None,
    language: str = "vi",
    size_mm: tuple[float, float] | None = None,
) -> Draft:
    """Find everything that an instrument needs on the pages of a blank form.

    Args:
        path: The blank form: JPEG, PNG, TIFF or PDF.
        output: Where the instrument will stand; gives the names of the blank pictures.
        instrument_id: ``None`` takes the file's name.
        language: Of the form's words, ``vi`` or ``en``.
        size_mm: Of the paper, where the file does not tell it.

    Raises:
        InputError: If the file is no readable form, or has no place to answer in.
        AccessError: If it cannot be opened.
    """
    book = Book(language)
    pages, blanks, sheets, shapes = [], {}, [], []
    for sheet in blank_sheets(path, size_mm):
        page, sheet = _page(sheet, book, output)
        pages.append(page)
        sheets.append(replace(sheet, flat=np.empty((0, 0), np.uint8)))
        blanks[sheet.number] = sheet.grey
        shapes += [box.shape for box in page.boxes]
    if not shapes:
        raise InputError(
            "no answer boxes were found",
            where=str(path),
            remedy="give the empty form, straight and at 150 dpi or more; "
            "or write the geometry by hand (docs/instrument.md)",
        )
    shape = max(("box", "ellipse"), key=shapes.count)
    marks, guesses = filling(sheets, shape)
    name = instrument_id or _id_of(path)
    title = title_of(sheets[0]) or name
    book.notes[""] = [
        "Drafted from a blank form: look at every table once, best on the overlay picture.",
        *guesses,
    ]
    instrument = Instrument(
        id=name,
        version="1",
        title={language: title},
        items=tuple(_named(item, book, language) for item in book.items.values()),
        marks=marks,
        pages=tuple(pages),
        sha256="",
        path=output,
        factor_names={
            factor: {language: words}
            for factor, words in book.factors.items()
            if any(item.factor == factor for item in book.items.values())
        },
    )
    return Draft(instrument, book.notes, blanks, book.options, book.factors)


def _named(item: Item, book: Book, language: str) -> Item:
    """The item with the words of its values, where every one of them was found."""
    words = book.options.get(item.id, {})
    if any(value not in words for value in item.scale):
        return item
    return replace(item, labels=tuple({language: words[value]} for value in item.scale))


def _id_of(path: Path) -> str:
    name = re.sub(r"[^\w.-]+", "-", path.stem).strip("-")
    return name or "form"


def _page(sheet: Sheet, book: Book, output: Path) -> tuple[Page, Sheet]:
    codes, hidden, (fiducials, side), outlines = _read(sheet)
    tilt = tilt_of(outlines.boxes)
    if abs(tilt) > _TILT:
        sheet.notes.append(f"the page lay {tilt:+.2f} degrees askew and was turned straight")
        sheet = turned(sheet, tilt)
        sheet.notes = [n for n in sheet.notes if "left out" not in n]
        codes, hidden, (fiducials, side), outlines = _read(sheet)
    if not sheet.phrases:
        sheet = replace(sheet, phrases=_by_ocr(sheet, outlines, hidden, book.language))
    groups = group_boxes(sheet, outlines.boxes)
    groups = sorted(groups, key=lambda g: (g.rows[0][0].box_mm[1], g.rows[0][0].box_mm[0]))
    found = list(boxes_of(sheet, groups, outlines.holders, book))
    fields = _fields(sheet, outlines, groups, hidden, book)
    notes = [*sheet.notes]
    code = codes[0][0] if codes else None
    if codes and code is not None:
        held = " ".join(codes[0][1].split())[:40]
        notes.append(
            f'code: the blank holds "{held}", taken for the same on all sheets; '
            'role = "serial" if every sheet gets its own'
        )
        notes += [f"another {c.kind} code at {_at(c.box_mm)} was left out" for c, _ in codes[1:]]
    else:
        notes.append(
            "no code on the blank; if sheets get one when they are printed, add "
            'code = { kind = "qr", box_mm = [x, y, width, height], role = "serial" }'
        )
    notes += [
        f"touching cells at {_at(c)}: left out; a field if they are written in"
        for c in combs(outlines)
    ]
    if notes:
        book.notes[f"page {sheet.number}"] = notes
    page = Page(
        number=sheet.number,
        size_mm=sheet.size_mm,
        blank=output.parent / f"{output.stem}-p{sheet.number}.png",
        boxes=tuple(found),
        fields=tuple(fields),
        fiducials_mm=fiducials,
        fiducial_size_mm=side,
        code=code,
    )
    return page, sheet


_Reading = tuple[
    list[tuple[Code, str]],
    list[BoxMm],
    tuple[tuple[tuple[float, float], ...], float | None],
    Outlines,
]


def _read(sheet: Sheet) -> _Reading:
    codes = find_codes(sheet)
    squares = find_fiducials(sheet)
    hidden = [_wider(code.box_mm, 1.0) for code, _ in codes]
    half = (squares[1] or 0.0) / 2 + 0.6
    hidden += [(x - half, y - half, 2 * half, 2 * half) for x, y in squares[0]]
    outlines = find_outlines(sheet, hidden)
    words = [p for p in sheet.phrases if _LETTERS.search(p.text)]
    outlines.boxes = [
        b
        for b in (_exact(sheet, b) for b in outlines.boxes)
        if b.shape == "box" or not any(_letter_of(b, p.box_mm) for p in words)
    ]
    outlines.boxes += completed(sheet, outlines.boxes)
    outlines.boxes += answer_cells(sheet, outlines)
    return codes, hidden, squares, outlines


def _by_ocr(
    sheet: Sheet, outlines: Outlines, hidden: Sequence[BoxMm], language: str
) -> tuple[Phrase, ...]:
    """The words of a picture, read without the boxes, which OCR takes for letters."""
    bare = sheet.grey.copy()
    for x, y, w, h in [*(b.box_mm for b in outlines.boxes), *hidden]:
        rows = slice(max(0, int((y - 0.2) * sheet.scale)), int((y + h + 0.3) * sheet.scale))
        columns = slice(max(0, int((x - 0.2) * sheet.scale)), int((x + w + 0.3) * sheet.scale))
        bare[rows, columns] = 255
    read = read_by_ocr(bare, sheet.scale, language)
    if read is None:
        sheet.notes.append("the file holds no text and no OCR is installed: items have no texts")
    return read or ()


def _exact(sheet: Sheet, box: Found) -> Found:
    """The place that a drawn path gives, where one lies under the box."""
    best = max(sheet.paths, key=lambda p: overlap(p, box.box_mm), default=None)
    if best is None or overlap(best, box.box_mm) < 0.8:
        return box
    return Found(best, box.shape)


def _letter_of(box: Found, words: BoxMm) -> bool:
    """A round outline inside a run of words, no higher than they are, is one of its letters."""
    x, y = box.middle
    left, top, width, height = words
    return (
        left - 0.3 < x < left + width + 0.3
        and top - 0.5 < y < top + height + 0.5
        and box.box_mm[3] < 1.15 * height
    )


def _fields(
    sheet: Sheet,
    outlines: Outlines,
    groups: Sequence[Group],
    hidden: Sequence[BoxMm],
    book: Book,
) -> Iterator[Field]:
    used: dict[str, int] = {}
    for kind, box, guessed in find_fields(sheet, outlines, groups, hidden):
        name = {"handwriting": "comment"}.get(kind, kind)
        used[name] = used.get(name, 0) + 1
        page = "" if sheet.number == 1 else f"p{sheet.number}-"
        name = f"{page}{name}" if used[name] == 1 else f"{page}{name}-{used[name]}"
        if guessed:
            book.notes[f"field {sheet.number} {name}"] = [
                "place or kind is a guess: signature, handwriting, date or seal?"
            ]
        yield Field(name, kind, _on_page(box, sheet.size_mm))


def _on_page(box: BoxMm, size: tuple[float, float]) -> BoxMm:
    x, y = max(0.0, box[0]), max(0.0, box[1])
    width = min(box[0] + box[2], size[0]) - x
    return rounded((x, y, width, min(box[1] + box[3], size[1]) - y))


def _wider(box: BoxMm, by: float) -> BoxMm:
    return (box[0] - by, box[1] - by, box[2] + 2 * by, box[3] + 2 * by)


def _at(box: BoxMm) -> str:
    return f"{box[0]:.0f}, {box[1]:.0f} mm"


def encoded(blank: NDArray[np.uint8]) -> bytes:
    """A blank as PNG."""
    return bytes(cv2.imencode(".png", blank)[1])
