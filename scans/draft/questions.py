"""Groups of boxes into items: their ids, texts, values and the words of their options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from detectors.instrument import Box, BoxMm, Item, Value
from scans.draft.labels import option_words, question_above
from scans.draft.rows import factor_names, row_texts
from scans.draft.steps import straight
from scans.draft.types import Found, Group, Sheet
from scans.draft.wording import Columns, column_values, item_id, row_text

__all__ = ["Book", "boxes_of", "rounded"]

_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SAME_COLUMN_MM = 3.0


@dataclass(eq=False)
class Book:
    """Items as they come up, page by page.

    Attributes:
        language: Of the form's words.
        items: By id, in the order of the form.
        notes: What is doubtful, by id.
        options: Words of an item's values.
        factors: Names of factors by their letters.
        columns: Where columns stood and what they were taken for, grid by grid.
    """

    language: str
    items: dict[str, Item] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, dict[Value, str]] = field(default_factory=dict)
    factors: dict[str, str] = field(default_factory=dict)
    columns: list[tuple[tuple[float, ...], Columns]] = field(default_factory=list)

    def name(self, wanted: str | None, kind: str) -> str:
        """An id that is not taken: the printed one if it can be."""
        if wanted is not None and wanted not in self.items:
            return wanted
        letter = "Q" if kind == "grid" else "D"
        number = 1 + sum(k.startswith(letter) for k in self.items)
        while f"{letter}{number:02d}" in self.items:
            number += 1
        return f"{letter}{number:02d}"

    def add(self, item: Item, notes: Sequence[str], options: dict[Value, str]) -> None:
        """Take an item up."""
        self.items[item.id] = item
        if notes:
            self.notes[item.id] = list(notes)
        if options:
            self.options[item.id] = options


def boxes_of(
    sheet: Sheet, groups: Sequence[Group], holders: Sequence[Found], book: Book
) -> Iterator[Box]:
    """Every box of a page with its item, which goes into the book.

    Args:
        sheet: The page.
        groups: Its boxes in groups, in reading order.
        holders: Cells of tables that hold boxes.
        book: What the pages before told; items are added.
    """
    for group in groups:
        if group.kind == "grid":
            yield from _grid(sheet, group, holders, book)
        else:
            yield from _list(sheet, group, book)
    letters = [i.factor for i in book.items.values() if i.factor is not None]
    for letter, name in factor_names(sheet, letters).items():
        book.factors.setdefault(letter, name)


def _grid(sheet: Sheet, group: Group, holders: Sequence[Found], book: Book) -> Iterator[Box]:
    core = min(len(row) for row in group.rows)
    widest = max(group.rows, key=len)
    columns = _columns(sheet, group, core, widest, book)
    values, missing = columns.values, columns.missing
    scale = tuple(sorted((v for v in values if v != missing), key=float))
    rows = straight(group.rows)
    texts = row_texts(sheet, group.rows, group.left_mm, holders)
    for number, (row, text) in enumerate(zip(rows, texts, strict=True)):
        wanted, rest = item_id(text)
        name = book.name(wanted, "grid")
        notes = _taken(wanted, name)
        if not columns.told and number == 0:
            notes.append(
                f"values {scale[0]} to {scale[-1]} run from left to right: is the last the "
                "best answer?"
            )
        if sheet.phrases and not rest and wanted is None:
            notes.append("no words were found beside this row")
        has = missing if missing is not None and len(row) == len(values) else None
        factor = re.match(r"[^\W\d_]+(?=[-.]?\d)", wanted or "")
        if wanted is None or wanted.startswith("Q"):
            factor = None
        words = {book.language: rest} if rest else None
        item = Item(name, scale, factor[0] if factor else None, words, has)
        told = zip(values, columns.words, strict=False)
        options = {v: w for v, w in told if w} if all(columns.words) else {}
        book.add(item, notes, options)
        for box, value in zip(row, values, strict=False):
            yield Box(name, value, rounded(box.box_mm), box.shape)


def _columns(sheet: Sheet, group: Group, core: int, widest: Sequence[Found], book: Book) -> Columns:
    """What the columns stand for; without heads, what those of the grid before did."""
    top = group.rows[0][0].box_mm[1]
    columns = column_values(sheet, widest, top)
    if len(widest) > core and columns.missing is None:
        # A last column that only some items have.
        columns = column_values(sheet, widest[:core], top)
        last: Value = 9 if core < 9 else 99
        columns = Columns((*columns.values, last), (*columns.words, ""), last, columns.told)
    places = tuple(box.middle[0] for box in widest)
    if not any(columns.words) and not columns.told:
        for before, known in reversed(book.columns):
            near = len(before) == len(places) and all(
                abs(a - b) < _SAME_COLUMN_MM for a, b in zip(before, places, strict=True)
            )
            if near:
                columns = known
                break
    book.columns.append((places, columns))
    return columns


def _list(sheet: Sheet, group: Group, book: Book) -> Iterator[Box]:
    first = group.rows[0][0]
    labels = option_words(sheet, group)
    text = row_text(
        sheet, group.rows[0], first.middle[1] - 3.0, first.middle[1] + 3.0, group.left_mm
    )
    text = _without(text, labels[0])
    if not _LETTERS.search(text):
        text = question_above(sheet, group)
    wanted, rest = item_id(text)
    name = book.name(wanted, "list")
    boxes = [box for line in group.rows for box in line]
    scale = tuple(range(1, len(boxes) + 1))
    options: dict[Value, str] = {v: w for v, w in zip(scale, labels, strict=True) if w}
    notes = _taken(wanted, name)
    if sheet.phrases and len(options) < len(boxes):
        notes.append("not every option has words beside it: check that all its boxes are its own")
    said = ", ".join(f"{v} {w}" for v, w in options.items())
    notes.append(
        "its boxes were taken for the options of one question, no rating: "
        + (f"{said}: check that" if said else "check that")
    )
    words = {book.language: rest} if rest and _LETTERS.search(rest) else None
    book.add(Item(name, scale, None, words, kind="category"), notes, options)
    for value, box in zip(scale, boxes, strict=True):
        yield Box(name, value, rounded(box.box_mm), box.shape)


def _without(text: str, option: str) -> str:
    """A question's words, where its line ends or begins with those of its first option."""
    if option and text.startswith(option):
        return text[len(option) :].strip()
    return text.removesuffix(option).strip() if option else text


def _taken(wanted: str | None, name: str) -> list[str]:
    if wanted is None or wanted == name:
        return []
    return [f"{wanted} is printed beside two questions: this one was named {name}"]


def rounded(box: BoxMm) -> BoxMm:
    """To a thousandth of a millimetre."""
    x, y, w, h = (round(float(v), 3) for v in box)
    return (x, y, w, h)
