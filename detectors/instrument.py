"""The instrument: what was asked, and where it stands on the paper.

One TOML file (see ``docs/instrument.md``). Geometry is in millimetres from the
top-left corner of the page edge, x to the right, y down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from detectors.errors import InputError
from detectors.toml_file import read_toml

__all__ = [
    "Box",
    "Code",
    "Contradiction",
    "Field",
    "Instrument",
    "Item",
    "Marks",
    "Page",
    "Value",
    "load_instrument",
]

Value = int | float | str
BoxMm = tuple[float, float, float, float]

_SHAPES = ("box", "ellipse")
_STYLES = ("cross", "tick", "fill", "any")
_CORRECTIONS = ("circle", "fill", "strike", "none")
_CODES = ("qr", "datamatrix", "code128", "itf")
_REMEDY = "correct it as docs/instrument.md says"
# More than any form has: what is larger was not meant.
_MOST_ITEMS, _MOST_VALUES, _MOST_BOXES = 2_000, 1_000, 50_000
_FIELD_KINDS = ("signature", "handwriting", "date", "seal")


@dataclass(frozen=True)
class Item:
    """One question. ``scale`` runs from worst to best."""

    id: str
    scale: tuple[Value, ...]
    factor: str | None = None
    text: Mapping[str, str] | None = None
    not_applicable: Value | None = None
    kind: str = "rating"
    reverse: bool = False

    @property
    def is_rating(self) -> bool:
        """True for an ordered item that counts in the result."""
        return self.kind == "rating"

    @property
    def ordered_scale(self) -> tuple[Value, ...]:
        """The scale from worst to best answer, a reversed item turned round."""
        return tuple(reversed(self.scale)) if self.reverse else self.scale

    @property
    def top_two(self) -> frozenset[Value]:
        """The two best answers: what counts as satisfied."""
        return frozenset(self.ordered_scale[-2:])


@dataclass(frozen=True)
class Marks:
    """How the form is filled and how a wrong mark is taken back."""

    shape: str = "box"
    style: str = "any"
    correction: str = "none"


@dataclass(frozen=True)
class Box:
    """One printed answer box."""

    item: str
    value: Value
    box_mm: BoxMm
    shape: str = "box"


@dataclass(frozen=True)
class Field:
    """A region that is written in by hand or stamped."""

    id: str
    kind: str
    box_mm: BoxMm


@dataclass(frozen=True)
class Code:
    """A printed machine-readable code."""

    kind: str
    box_mm: BoxMm
    role: str


@dataclass(frozen=True)
class Page:
    """One printed page of the form."""

    number: int
    size_mm: tuple[float, float]
    blank: Path
    boxes: tuple[Box, ...]
    fields: tuple[Field, ...] = ()
    fiducials_mm: tuple[tuple[float, float], ...] = ()
    fiducial_size_mm: float | None = None
    code: Code | None = None


@dataclass(frozen=True)
class Contradiction:
    """Answers that exclude each other: one of the values of every item named, together."""

    answers: Mapping[str, tuple[Value, ...]]
    text: Mapping[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Instrument:
    """A questionnaire, on paper or digital. Two are equal when their files are."""

    id: str
    version: str
    title: Mapping[str, str]
    items: tuple[Item, ...]
    marks: Marks
    pages: tuple[Page, ...]
    sha256: str
    path: Path
    contradictions: tuple[Contradiction, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instrument) and (self.sha256, self.path) == (
            other.sha256,
            other.path,
        )

    def __hash__(self) -> int:
        return hash((self.sha256, self.path))

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    @cached_property
    def ratings(self) -> tuple[Item, ...]:
        """The items that count in the result."""
        return tuple(item for item in self.items if item.is_rating)

    @cached_property
    def factors(self) -> Mapping[str, tuple[Item, ...]]:
        """Rating items by factor, in the order of the form; items without one are left out."""
        groups: dict[str, list[Item]] = {}
        for item in self.ratings:
            if item.factor is not None:
                groups.setdefault(item.factor, []).append(item)
        return {name: tuple(items) for name, items in groups.items()}


def _is_value(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


class _Reader:
    """Takes keys out of TOML tables and knows where it stands when one is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, place: str, what: str, remedy: str | None = None) -> InputError:
        return InputError(what, where=f"{self.path}, {place}", remedy=remedy or _REMEDY)

    def table(self, data: Any, place: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self.fail(place, "expected a table")
        for key in data:
            if key not in known:
                raise self.fail(place, f"unknown key {key!r}", f"known are {', '.join(known)}")
        return data

    def tables(self, data: Mapping[str, Any], key: str, place: str) -> list[Any]:
        found = data.get(key, [])
        if not isinstance(found, list):
            raise self.fail(place, f"{key} must be written as [[page.{key}]]")
        return found

    def values(self, data: Mapping[str, Any], key: str, place: str) -> list[Any]:
        found = data.get(key, [])
        if not isinstance(found, list) or not all(_is_value(value) for value in found):
            raise self.fail(place, f"{key} must be a list of texts or numbers")
        return found

    def text(self, data: Mapping[str, Any], key: str, place: str) -> str:
        value = data.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(place, f"{key} must be a text that is not empty")
        return value

    def choice(
        self, data: Mapping[str, Any], key: str, place: str, allowed: Sequence[str], default: str
    ) -> str:
        value = data.get(key, default)
        if value not in allowed:
            raise self.fail(place, f"{key} is {value!r}", f"allowed are {', '.join(allowed)}")
        return str(value)

    def texts(self, data: Mapping[str, Any], key: str, place: str) -> Mapping[str, str] | None:
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return {"vi": value, "en": value}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self.fail(place, f'{key} must be a text or a table such as {{ vi = "…" }}')
        return dict(value)

    def numbers(self, value: Any, count: int, place: str, what: str) -> tuple[float, ...]:
        if (
            not isinstance(value, list)
            or len(value) != count
            or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        ):
            raise self.fail(place, f"{what} must be a list of {count} numbers")
        return tuple(float(v) for v in value)

    def box(self, value: Any, place: str, what: str, size: tuple[float, float]) -> BoxMm:
        x, y, width, height = self.numbers(value, 4, place, what)
        if width <= 0 or height <= 0:
            raise self.fail(place, f"{what} has no area", "it is [x, y, width, height] in mm")
        if x < -1 or y < -1 or x + width > size[0] + 1 or y + height > size[1] + 1:
            raise self.fail(
                place,
                f"{what} [{x:g}, {y:g}, {width:g}, {height:g}] lies off the page",
                f"the page is {size[0]:g} x {size[1]:g} mm",
            )
        return (x, y, width, height)


def load_instrument(path: str | Path) -> Instrument:
    """Read and check an instrument file.

    Args:
        path: The TOML file; ``blank`` paths in it are relative to its folder.

    Raises:
        InputError: If the file cannot be read as TOML or breaks a rule; the message names
            the table and key.
    """
    path = Path(path)
    raw, data = read_toml(path, InputError, "the instrument", "check the path")
    read = _Reader(path)
    known = ("id", "version", "title", "item", "marks", "page", "contradiction")
    read.table(data, "top level", known)
    items = _items(read, data.get("item", []))
    marks = _marks(read, data.get("marks", {}))
    pages = _pages(read, data.get("page", []), {item.id: item for item in items}, marks)
    digest = hashlib.sha256(raw)
    for page in pages:
        digest.update(page.blank.read_bytes())
    return Instrument(
        id=read.text(data, "id", "top level"),
        version=str(data.get("version", "1")),
        title=read.texts(data, "title", "top level") or {},
        items=items,
        marks=marks,
        pages=pages,
        sha256=digest.hexdigest(),
        path=path,
        contradictions=_contradictions(read, data.get("contradiction", []), items),
    )


def _contradictions(read: _Reader, tables: Any, items: Sequence[Item]) -> tuple[Contradiction, ...]:
    if not isinstance(tables, list):
        raise read.fail("top level", "contradiction must be written as [[contradiction]]")
    by_id = {item.id: item for item in items}
    found = []
    for number, data in enumerate(tables, start=1):
        place = f"[[contradiction]] number {number}"
        table = read.table(data, place, ("when", "and", "text"))
        answers: dict[str, tuple[Value, ...]] = {}
        for side in ("when", "and"):
            part = table.get(side)
            if not isinstance(part, dict) or not part:
                raise read.fail(place, f"{side} must name at least one item and its values")
            for name, values in part.items():
                if name not in by_id:
                    raise read.fail(place, f"{side} names item {name!r}, which is not asked")
                if name in answers:
                    raise read.fail(place, f"item {name!r} is named twice")
                off = not isinstance(values, list) or not values
                if off or any(value not in by_id[name].scale for value in values):
                    raise read.fail(place, f"{name} must list values of its scale")
                answers[name] = tuple(values)
        found.append(Contradiction(answers, read.texts(table, "text", place)))
    return tuple(found)


def _items(read: _Reader, tables: Any) -> tuple[Item, ...]:
    if not isinstance(tables, list) or not tables:
        raise read.fail("top level", "no [[item]] table", "an instrument asks at least one item")
    if len(tables) > _MOST_ITEMS:
        raise read.fail("top level", f"{len(tables)} [[item]] tables, more than {_MOST_ITEMS}")
    items: dict[str, Item] = {}
    known = ("id", "factor", "scale", "text", "not_applicable", "kind", "reverse")
    for number, data in enumerate(tables, start=1):
        place = f"[[item]] number {number}"
        table = read.table(data, place, known)
        item_id = read.text(table, "id", place)
        place = f"[[item]] {item_id}"
        scale = table.get("scale")
        if (
            not isinstance(scale, list)
            or len(scale) < 2
            or not all(isinstance(v, int | float | str) and not isinstance(v, bool) for v in scale)
        ):
            raise read.fail(place, "scale must list at least two values, worst to best")
        if len(scale) > _MOST_VALUES:
            raise read.fail(place, f"scale lists {len(scale)} values, more than {_MOST_VALUES}")
        if len(set(scale)) != len(scale):
            raise read.fail(place, "scale names a value twice")
        missing = table.get("not_applicable")
        if missing is not None and not _is_value(missing):
            raise read.fail(place, "not_applicable must be a text or a number")
        if missing is not None and missing in scale:
            raise read.fail(place, f"not_applicable = {missing!r} is a value of the scale")
        if item_id in items:
            raise read.fail(place, "the id is used twice")
        reverse = table.get("reverse", False)
        if not isinstance(reverse, bool):
            raise read.fail(place, "reverse must be true or false")
        factor = table.get("factor")
        items[item_id] = Item(
            id=item_id,
            scale=tuple(scale),
            factor=None if factor is None else str(factor),
            text=read.texts(table, "text", place),
            not_applicable=missing,
            kind=read.choice(table, "kind", place, ("rating", "category"), "rating"),
            reverse=reverse,
        )
    return tuple(items.values())


def _marks(read: _Reader, data: Any) -> Marks:
    table = read.table(data, "[marks]", ("shape", "style", "correction"))
    return Marks(
        shape=read.choice(table, "shape", "[marks]", _SHAPES, "box"),
        style=read.choice(table, "style", "[marks]", _STYLES, "any"),
        correction=read.choice(table, "correction", "[marks]", _CORRECTIONS, "none"),
    )


def _pages(read: _Reader, tables: Any, items: Mapping[str, Item], marks: Marks) -> tuple[Page, ...]:
    if not isinstance(tables, list):
        raise read.fail("top level", "page must be written as [[page]]")
    pages: dict[int, Page] = {}
    for index, data in enumerate(tables, start=1):
        page = _page(read, data, index, items, marks)
        if page.number in pages:
            raise read.fail(f"[[page]] {page.number}", "the number is used twice")
        pages[page.number] = page
    return tuple(pages[number] for number in sorted(pages))


def _page(read: _Reader, data: Any, index: int, items: Mapping[str, Item], marks: Marks) -> Page:
    known = (
        *("number", "size_mm", "blank", "fiducials_mm", "fiducial_size_mm"),
        *("code", "grid", "box", "field"),
    )
    place = f"[[page]] number {index}"
    table = read.table(data, place, known)
    number = table.get("number", index)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise read.fail(place, "number must be a whole number from 1")
    place = f"[[page]] {number}"
    width, height = read.numbers(table.get("size_mm", [210, 297]), 2, place, "size_mm")
    if not (20 <= width <= 2000 and 20 <= height <= 2000):
        raise read.fail(place, f"size_mm {width:g} x {height:g} is no page of paper")
    size = (width, height)
    blank = read.path.parent / read.text(table, "blank", place)
    if not blank.is_file():
        raise read.fail(place, f"the blank page {blank.name} is not there")
    fiducials = table.get("fiducials_mm", [])
    if not isinstance(fiducials, list):
        raise read.fail(place, "fiducials_mm must be a list of [x, y]")
    centres = [read.numbers(f, 2, place, "a fiducial") for f in fiducials]
    side = table.get("fiducial_size_mm")
    if centres and not isinstance(side, int | float):
        raise read.fail(place, "fiducials_mm needs fiducial_size_mm, the side of a square")
    boxes = _boxes(read, table, place, items, marks, size)
    return Page(
        number=number,
        size_mm=size,
        blank=blank,
        boxes=boxes,
        fields=_fields(read, read.tables(table, "field", place), place, size),
        fiducials_mm=tuple((c[0], c[1]) for c in centres),
        fiducial_size_mm=float(side) if isinstance(side, int | float) else None,
        code=_code(read, table.get("code"), place, size),
    )


def _boxes(
    read: _Reader,
    table: Mapping[str, Any],
    place: str,
    items: Mapping[str, Item],
    marks: Marks,
    size: tuple[float, float],
) -> tuple[Box, ...]:
    boxes: list[Box] = []
    for number, data in enumerate(read.tables(table, "grid", place), start=1):
        where = f"{place} grid {number}"
        known = ("items", "values", "first_box_mm", "pitch_mm", "shape")
        grid = read.table(data, where, known)
        shape = read.choice(grid, "shape", where, _SHAPES, marks.shape)
        x, y, width, height = read.box(grid.get("first_box_mm"), where, "first_box_mm", size)
        step_x, step_y = read.numbers(grid.get("pitch_mm"), 2, where, "pitch_mm")
        rows, columns = (read.values(grid, key, where) for key in ("items", "values"))
        if len(boxes) + len(rows) * len(columns) > _MOST_BOXES:
            raise read.fail(where, f"more than {_MOST_BOXES} boxes on a page")
        for row, item in enumerate(rows):
            for column, value in enumerate(columns):
                corner = [x + column * step_x, y + row * step_y, width, height]
                box = read.box(corner, where, f"the box of {item} = {value}", size)
                boxes.append(Box(item, value, box, shape))
    for number, data in enumerate(read.tables(table, "box", place), start=1):
        where = f"{place} box {number}"
        single = read.table(data, where, ("item", "value", "box_mm", "shape"))
        shape = read.choice(single, "shape", where, _SHAPES, marks.shape)
        box = read.box(single.get("box_mm"), where, "box_mm", size)
        boxes.append(Box(read.text(single, "item", where), single.get("value", ""), box, shape))
    seen: set[tuple[str, Value]] = set()
    for box_ in boxes:
        item_ = items.get(box_.item) if isinstance(box_.item, str) else None
        if item_ is None:
            raise read.fail(place, f"a box belongs to item {box_.item!r}, which is not asked")
        if box_.value not in item_.scale and box_.value != item_.not_applicable:
            raise read.fail(place, f"{box_.item} has no value {box_.value!r} on its scale")
        if (box_.item, box_.value) in seen:
            raise read.fail(place, f"{box_.item} = {box_.value!r} has two boxes")
        seen.add((box_.item, box_.value))
    return tuple(boxes)


def _fields(read: _Reader, tables: Any, place: str, size: tuple[float, float]) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    for number, data in enumerate(tables, start=1):
        where = f"{place} field {number}"
        table = read.table(data, where, ("id", "kind", "box_mm"))
        name = read.text(table, "id", where)
        if name in fields:
            raise read.fail(where, f"the id {name!r} is used twice")
        kind = read.choice(table, "kind", where, _FIELD_KINDS, "handwriting")
        fields[name] = Field(name, kind, read.box(table.get("box_mm"), where, "box_mm", size))
    return tuple(fields.values())


def _code(read: _Reader, data: Any, place: str, size: tuple[float, float]) -> Code | None:
    if data is None:
        return None
    where = f"{place} code"
    table = read.table(data, where, ("kind", "box_mm", "role"))
    return Code(
        kind=read.choice(table, "kind", where, _CODES, "qr"),
        box_mm=read.box(table.get("box_mm"), where, "box_mm", size),
        role=read.choice(table, "role", where, ("serial", "form"), "serial"),
    )
