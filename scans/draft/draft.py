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
from detectors.instrument import Box, BoxMm, Code, Field, Instrument, Item, Page, Value
from detectors.instrument_toml import instrument_toml
from scans.draft.fields import find_fields
from scans.draft.fixtures import find_codes, find_fiducials
from scans.draft.grids import group_boxes
from scans.draft.outlines import Outlines, find_outlines, overlap, tilt_of
from scans.draft.sheets import blank_sheets, turned
from scans.draft.types import Found, Group, Sheet
from scans.draft.wording import (
    column_values,
    factor_titles,
    filling,
    item_id,
    option_texts,
    row_text,
    title_of,
)

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
    """

    instrument: Instrument
    notes: dict[str, list[str]]
    blanks: dict[int, NDArray[np.uint8]]

    @property
    def text(self) -> str:
        """The instrument file."""
        return instrument_toml(self.instrument, self.notes)

    @property
    def doubts(self) -> list[str]:
        """Every note, with the table that it is about."""
        return [f"{key}: {note}" if key else note for key, ns in self.notes.items() for note in ns]


@dataclass(eq=False)
class _Book:
    """Items as they come up, page by page."""

    language: str
    items: dict[str, Item]
    notes: dict[str, list[str]]
    lists: int = 0

    def name(self, wanted: str | None, kind: str) -> str:
        if wanted is not None and wanted not in self.items:
            return wanted
        letter = "Q" if kind == "grid" else "D"
        number = 1 + sum(k.startswith(letter) for k in self.items)
        while f"{letter}{number:02d}" in self.items:
            number += 1
        return f"{letter}{number:02d}"

    def add(self, item: Item, notes: Sequence[str]) -> None:
        self.items[item.id] = item
        if notes:
            self.notes[item.id] = list(notes)


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
    book = _Book(language, {}, {})
    pages, blanks, sheets, shapes = [], {}, [], []
    for sheet in blank_sheets(path, language, size_mm):
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
        items=tuple(book.items.values()),
        marks=marks,
        pages=tuple(pages),
        sha256="",
        path=output,
        factor_names={
            factor: {language: text}
            for factor, text in factor_titles(
                sheets, dict.fromkeys(i.factor for i in book.items.values() if i.factor)
            ).items()
        },
    )
    return Draft(instrument, book.notes, blanks)


def _id_of(path: Path) -> str:
    name = re.sub(r"[^\w.-]+", "-", path.stem).strip("-")
    return name or "form"


def _page(sheet: Sheet, book: _Book, output: Path) -> tuple[Page, Sheet]:
    codes, hidden, (fiducials, side), outlines = _read(sheet)
    tilt = tilt_of(outlines.boxes)
    if abs(tilt) > _TILT:
        sheet.notes.append(f"the page lay {tilt:+.2f} degrees askew and was turned straight")
        sheet = turned(sheet, tilt)
        sheet.notes = [n for n in sheet.notes if "left out" not in n]
        codes, hidden, (fiducials, side), outlines = _read(sheet)
    groups = group_boxes(sheet, outlines.boxes)
    groups = sorted(groups, key=lambda g: (g.rows[0][0].box_mm[1], g.rows[0][0].box_mm[0]))
    found = list(_boxes(sheet, groups, book))
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
    combs = _combs(outlines)
    notes += [
        f"touching cells at {_at(c)}: left out; a field if they are written in" for c in combs
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
    outlines.boxes += _answer_cells(sheet, outlines)
    return codes, hidden, squares, outlines


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


def _answer_cells(sheet: Sheet, outlines: Outlines) -> list[Found]:
    """Empty table cells, three by three or more of one size, that are answered in themselves."""
    empty = [
        c
        for c in outlines.cells
        if c.shape == "box"
        and c.box_mm[2] >= 6
        and c.box_mm[3] >= 4.5
        and sheet.ink((c.box_mm[0] + 0.6, c.box_mm[1] + 0.6, c.box_mm[2] - 1.2, c.box_mm[3] - 1.2))
        < 0.003
    ]
    chosen = []
    for cell in empty:
        alike = [
            o
            for o in empty
            if abs(o.box_mm[2] - cell.box_mm[2]) < 0.5 and abs(o.box_mm[3] - cell.box_mm[3]) < 0.5
        ]
        row = [o for o in alike if abs(o.middle[1] - cell.middle[1]) < 0.5]
        column = [o for o in alike if abs(o.middle[0] - cell.middle[0]) < 0.5]
        if len(row) >= 3 and len(column) >= 3 and not outlines.boxes:
            chosen.append(cell)
    if chosen:
        sheet.notes.append(
            "cells of a table were taken for answer boxes: delete them if they are written in"
        )
    return chosen


def _combs(outlines: Outlines) -> list[BoxMm]:
    """Rows of touching small cells, as one box each."""
    small = sorted(
        (c for c in outlines.cells if c.box_mm[2] < 9 and c not in outlines.boxes),
        key=lambda c: (round(c.middle[1]), c.middle[0]),
    )
    rows: list[list[Found]] = []
    for cell in small:
        last = rows[-1][-1] if rows else None
        if (
            last is not None
            and abs(cell.middle[1] - last.middle[1]) < 0.6
            and cell.box_mm[0] - last.box_mm[0] - last.box_mm[2] < 8.0
        ):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    found = []
    for row in rows:
        if len(row) >= 3:
            x, y = row[0].box_mm[:2]
            right = row[-1].box_mm[0] + row[-1].box_mm[2]
            found.append((x, y, right - x, row[0].box_mm[3]))
    return found


def _boxes(sheet: Sheet, groups: Sequence[Group], book: _Book) -> Iterator[Box]:
    for group in groups:
        if group.kind == "grid":
            yield from _grid(sheet, group, book)
        else:
            yield from _list(sheet, group, book)


def _grid(sheet: Sheet, group: Group, book: _Book) -> Iterator[Box]:
    core = min(len(row) for row in group.rows)
    top = group.rows[0][0].box_mm[1]
    widest = max(group.rows, key=len)
    values, missing, told = column_values(sheet, widest, top)
    if len(widest) > core and missing is None:
        # A last column that only some items have.
        values = [*column_values(sheet, widest[:core], top)[0], 9 if core < 9 else 99]
        missing = values[-1]
    scale = tuple(sorted((v for v in values if v != missing), key=float))
    rows = _straight(group.rows)
    middles = [row[0].middle[1] for row in rows]
    for number, row in enumerate(rows):
        above, below = _reach(middles, number, row[0].box_mm[3])
        text = row_text(sheet, row, above, below, group.left_mm)
        wanted, rest = item_id(text)
        name = book.name(wanted, "grid")
        notes = []
        if not told and number == 0:
            notes.append(
                f"values {_few(scale)} run from left to right: is the last the best answer?"
            )
        if sheet.phrases and not rest:
            notes.append("no words were found beside this row")
        has = missing if missing is not None and len(row) == len(values) else None
        factor = re.match(r"[^\W\d_]+(?=[-.]?\d)", wanted or "")
        if wanted is None or wanted.startswith("Q"):
            factor = None
        words = {book.language: rest} if rest else None
        item = Item(name, scale, factor[0] if factor else None, words, has)
        book.add(item, notes)
        for box, value in zip(row, values, strict=False):
            yield Box(name, value, _rounded(box.box_mm), box.shape)


def _few(scale: Sequence[Value]) -> str:
    return f"{scale[0]} to {scale[-1]}"


def _reach(middles: Sequence[float], number: int, height: float) -> tuple[float, float]:
    """From where to where the words of a row reach: half-way to its neighbours, 6 mm at most."""
    middle = middles[number]
    up = (middle - middles[number - 1]) / 2 if number else 6.0
    down = (middles[number + 1] - middle) / 2 if number + 1 < len(middles) else 6.0
    least = height / 2 + 0.5
    # One side alone would take a heading in: the nearer neighbour rules both.
    both = min(6.0, up, down) if len(middles) > 1 else 4.0
    return middle - max(least, both), middle + max(least, both)


def _straight(rows: Sequence[Sequence[Found]]) -> list[list[Found]]:
    """Rows of a grid on common columns and at one size: what scatters is not the print."""
    every = [box for row in rows for box in row]
    width = float(np.median([b.box_mm[2] for b in every]))
    height = float(np.median([b.box_mm[3] for b in every]))
    count = max(len(row) for row in rows)
    columns = [
        float(np.median([row[k].middle[0] for row in rows if len(row) > k])) for k in range(count)
    ]
    heights = [float(np.median([b.middle[1] for b in row])) for row in rows]
    columns = _even(columns)
    heights = _even(heights)
    out = []
    for row, y in zip(rows, heights, strict=True):
        placed = []
        for k, box in enumerate(row):
            far = max(abs(box.box_mm[2] - width), abs(box.box_mm[3] - height)) > 0.3
            w, h = (box.box_mm[2:]) if far else (width, height)
            placed.append(Found((columns[k] - w / 2, y - h / 2, w, h), box.shape))
        out.append(placed)
    return out


def _even(places: list[float]) -> list[float]:
    """Places at one step, where they are to a tenth of a millimetre; others as they are."""
    out = list(places)
    start = 0
    while start < len(places):
        end = start + 2
        while end < len(places):
            part = np.array(places[start : end + 1])
            line = np.polyfit(np.arange(len(part)), part, 1)
            if np.abs(np.polyval(line, np.arange(len(part))) - part).max() > 0.1:
                break
            end += 1
        part = np.array(places[start:end])
        if len(part) > 2:
            line = np.polyfit(np.arange(len(part)), part, 1)
            out[start:end] = [float(v) for v in np.polyval(line, np.arange(len(part)))]
        start = max(end, start + 1)
    return out


def _list(sheet: Sheet, group: Group, book: _Book) -> Iterator[Box]:
    first = group.rows[0][0]
    row = group.rows[0]
    text = row_text(sheet, row, first.middle[1] - 3.0, first.middle[1] + 3.0, group.left_mm)
    wanted, rest = item_id(text)
    name = book.name(wanted, "list")
    boxes = [box for line in group.rows for box in line]
    scale = tuple(range(1, len(boxes) + 1))
    notes = ["its boxes were taken for the options of one question, no rating: check that"]
    words = {book.language: rest} if rest and _LETTERS.search(rest) else None
    named = option_texts(sheet, group.rows)
    labels = tuple({book.language: text} for text in named) if all(named) else ()
    if sheet.phrases and not labels:
        notes.append("words were not found beside every box: name the options by hand (labels)")
    book.add(Item(name, scale, None, words, kind="category", labels=labels), notes)
    for value, box in zip(scale, boxes, strict=True):
        yield Box(name, value, _rounded(box.box_mm), box.shape)


def _fields(
    sheet: Sheet,
    outlines: Outlines,
    groups: Sequence[Group],
    hidden: Sequence[BoxMm],
    book: _Book,
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
    return _rounded((x, y, width, min(box[1] + box[3], size[1]) - y))


def _rounded(box: BoxMm) -> BoxMm:
    x, y, w, h = (round(float(v), 3) for v in box)
    return (x, y, w, h)


def _wider(box: BoxMm, by: float) -> BoxMm:
    return (box[0] - by, box[1] - by, box[2] + 2 * by, box[3] + 2 * by)


def _at(box: BoxMm) -> str:
    return f"{box[0]:.0f}, {box[1]:.0f} mm"


def encoded(blank: NDArray[np.uint8]) -> bytes:
    """A blank as PNG."""
    return bytes(cv2.imencode(".png", blank)[1])
