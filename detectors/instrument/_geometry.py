"""Where an instrument stands on the paper: pages, boxes, fields, codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detectors.instrument._questions import SHAPES
from detectors.instrument._reader import Reader
from detectors.instrument.types import Box, Code, Field, Item, Marks, Page, Value

__all__ = ["read_pages"]

_CODES = ("qr", "datamatrix", "code128", "itf")
_FIELD_KINDS = ("signature", "handwriting", "date", "seal")
_MOST_BOXES = 50_000  # more than any page has: what is larger was not meant


def read_pages(
    read: Reader, tables: Any, items: Mapping[str, Item], marks: Marks
) -> tuple[Page, ...]:
    if not isinstance(tables, list):
        raise read.fail("top level", "page must be written as [[page]]")
    pages: dict[int, Page] = {}
    for index, data in enumerate(tables, start=1):
        page = _page(read, data, index, items, marks)
        if page.number in pages:
            raise read.fail(f"[[page]] {page.number}", "the number is used twice")
        pages[page.number] = page
    return tuple(pages[number] for number in sorted(pages))


def _page(read: Reader, data: Any, index: int, items: Mapping[str, Item], marks: Marks) -> Page:
    known = (
        *("number", "size_mm", "blank", "fiducials_mm", "fiducial_size_mm"),
        *("code", "serial_at_mm", "grid", "box", "field"),
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
        serial_at_mm=_serial(read, table.get("serial_at_mm"), place, size),
    )


def _serial(
    read: Reader, data: Any, place: str, size: tuple[float, float]
) -> tuple[float, float] | None:
    if data is None:
        return None
    x, y = read.numbers(data, 2, place, "serial_at_mm")
    if not (0 <= x <= size[0] and 0 <= y <= size[1]):
        raise read.fail(place, f"serial_at_mm = {data} lies outside the page")
    return x, y


def _boxes(
    read: Reader,
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
        shape = read.choice(grid, "shape", where, SHAPES, marks.shape)
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
        shape = read.choice(single, "shape", where, SHAPES, marks.shape)
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


def _fields(read: Reader, tables: Any, place: str, size: tuple[float, float]) -> tuple[Field, ...]:
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


def _code(read: Reader, data: Any, place: str, size: tuple[float, float]) -> Code | None:
    if data is None:
        return None
    where = f"{place} code"
    table = read.table(data, where, ("kind", "box_mm", "role"))
    return Code(
        kind=read.choice(table, "kind", where, _CODES, "qr"),
        box_mm=read.box(table.get("box_mm"), where, "box_mm", size),
        role=read.choice(table, "role", where, ("serial", "form"), "serial"),
    )
