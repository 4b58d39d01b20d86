"""A form as it is drawn: print and geometry from one description, and its TOML file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Box, BoxMm, Code, Field, Item, Marks, Value
from scans.simulate.canvas import Canvas

__all__ = ["Form", "Grid", "PageBuilder", "PrintedPage"]


@dataclass(frozen=True)
class Grid:
    """Boxes in rows of items and columns of values."""

    items: tuple[str, ...]
    values: tuple[Value, ...]
    first_box_mm: BoxMm
    pitch_mm: tuple[float, float]

    def boxes(self, shape: str) -> tuple[Box, ...]:
        """Every box of the grid."""
        x, y, width, height = self.first_box_mm
        return tuple(
            Box(
                item,
                value,
                (x + column * self.pitch_mm[0], y + row * self.pitch_mm[1], width, height),
                shape,
            )
            for row, item in enumerate(self.items)
            for column, value in enumerate(self.values)
        )


@dataclass(frozen=True, eq=False)
class PrintedPage:
    """One page of a form.

    Attributes:
        number: Page number.
        size_mm: Width and height.
        print: uint8 ``(height, width, 3)`` BGR at 300 dpi: the blank page, white paper.
        serial_at_mm: Where each sheet's serial text is printed (left, middle of the line).
        date_mm: Where day, month and year of the date of answering are written.
    """

    number: int
    size_mm: tuple[float, float]
    print: NDArray[np.uint8]
    grids: tuple[Grid, ...]
    singles: tuple[Box, ...]
    shape: str
    fields: tuple[Field, ...]
    fiducials_mm: tuple[tuple[float, float], ...]
    code: Code | None
    serial_at_mm: tuple[float, float] | None
    date_mm: tuple[BoxMm, ...] = ()

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """All answer boxes of the page."""
        return tuple(b for g in self.grids for b in g.boxes(self.shape)) + self.singles

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Items that the page asks, in the order of their boxes."""
        return tuple(dict.fromkeys(box.item for box in self.boxes))

    def boxes_of(self, item: str) -> tuple[Box, ...]:
        """The boxes of one item."""
        return tuple(box for box in self.boxes if box.item == item)

    def box(self, item: str, value: Value) -> Box:
        """The box of one answer."""
        return next(b for b in self.boxes if b.item == item and b.value == value)

    def field(self, kind: str) -> Field | None:
        """The first field of a kind, if the page has one."""
        return next((f for f in self.fields if f.kind == kind), None)


@dataclass(frozen=True, eq=False)
class Form:
    """A questionnaire that the simulator prints.

    Attributes:
        held_out: Never used for tuning a check, only for measuring it.
        factors: Factor -> language -> its name.
    """

    id: str
    version: str
    title: dict[str, str]
    items: tuple[Item, ...]
    marks: Marks
    pages: tuple[PrintedPage, ...]
    held_out: bool = False
    factors: dict[str, dict[str, str]] = field(default_factory=dict)

    def page(self, number: int) -> PrintedPage:
        """The page with that number."""
        return next(page for page in self.pages if page.number == number)

    def item(self, name: str) -> Item:
        """The item with that id."""
        return next(item for item in self.items if item.id == name)


class PageBuilder:
    """Draws a page and notes the geometry of what it draws."""

    def __init__(self, number: int, size_mm: tuple[float, float], shape: str = "box") -> None:
        """Start an empty page."""
        self.number = number
        self.canvas = Canvas(size_mm)
        self.shape = shape
        self.line = 0.3
        self._grids: list[Grid] = []
        self._singles: list[Box] = []
        self._fields: list[Field] = []
        self._fiducials: tuple[tuple[float, float], ...] = ()
        self._code: Code | None = None
        self._serial_at: tuple[float, float] | None = None
        self._date: tuple[BoxMm, ...] = ()

    def _outline(self, box: BoxMm) -> None:
        self.canvas.outline(box, self.line, ellipse=self.shape == "ellipse")

    def grid(
        self,
        items: Sequence[str],
        values: Sequence[Value],
        first: BoxMm,
        pitch: tuple[float, float],
        label: Callable[[Value], str] | None = None,
    ) -> None:
        """Print a grid of boxes; ``label`` prints light text within each box."""
        grid = Grid(tuple(items), tuple(values), first, pitch)
        self._grids.append(grid)
        for box in grid.boxes(self.shape):
            self._outline(box.box_mm)
            if label is not None:
                x, y, width, height = box.box_mm
                self.canvas.text(
                    (x + width / 2, y + height / 2),
                    label(box.value),
                    6.0,
                    anchor="mm",
                    colour=(165, 165, 165),
                )

    def box(self, item: str, value: Value, box: BoxMm) -> None:
        """Print one box."""
        self._singles.append(Box(item, value, box, self.shape))
        self._outline(box)

    def field(self, name: str, kind: str, box: BoxMm, *, frame: bool = False) -> None:
        """Note a region that is written in, and frame it if asked."""
        self._fields.append(Field(name, kind, box))
        if frame:
            self.canvas.outline(box, 0.2)

    def code(self, kind: str, box: BoxMm, role: str) -> None:
        """Keep a place for the code that each sheet gets."""
        self._code = Code(kind, box, role)

    def serial(self, at: tuple[float, float]) -> None:
        """Keep a place for the serial's text."""
        self._serial_at = at

    def date(self, name: str, box: BoxMm, parts: tuple[float, float, float]) -> None:
        """Note a date field; ``parts`` are where day, month and year begin."""
        self.field(name, "date", box)
        self._date = tuple((x, box[1], 10.0, box[3]) for x in parts)

    def fiducials(self, centres: Sequence[tuple[float, float]], side: float) -> None:
        """Print black squares around ``centres``."""
        self._fiducials = tuple(centres)
        for x, y in centres:
            self.canvas.fill((x - side / 2, y - side / 2, side, side), (16, 16, 16))

    def build(self) -> PrintedPage:
        """The finished page."""
        return PrintedPage(
            number=self.number,
            size_mm=self.canvas.size_mm,
            print=self.canvas.to_array(),
            grids=tuple(self._grids),
            singles=tuple(self._singles),
            shape=self.shape,
            fields=tuple(self._fields),
            fiducials_mm=self._fiducials,
            code=self._code,
            serial_at_mm=self._serial_at,
            date_mm=self._date,
        )


def blank_name(form: Form, page: PrintedPage) -> str:
    """File name of a blank page, e.g. ``hl01-p1.png``."""
    return f"{form.id.lower().replace('-', '')}-p{page.number}.png"


def to_toml(form: Form, fiducial_size_mm: float = 8.0) -> str:
    """The instrument file of a form."""
    lines = [
        f"id = {_toml(form.id)}",
        f"version = {_toml(form.version)}",
        f"title = {_toml(form.title)}",
        "",
        *_factor_lines(form),
        "[marks]",
        f"shape = {_toml(form.marks.shape)}",
        f"style = {_toml(form.marks.style)}",
        f"correction = {_toml(form.marks.correction)}",
    ]
    for item in form.items:
        lines += ["", "[[item]]", f"id = {_toml(item.id)}"]
        if item.factor is not None:
            lines.append(f"factor = {_toml(item.factor)}")
        lines.append(f"scale = {_toml(item.scale)}")
        if item.labels:
            lines.append(f"labels = {_toml([dict(label) for label in item.labels])}")
        if item.text is not None:
            lines.append(f"text = {_toml(dict(item.text))}")
        if item.not_applicable is not None:
            lines.append(f"not_applicable = {_toml(item.not_applicable)}")
        if item.kind != "rating":
            lines.append(f"kind = {_toml(item.kind)}")
    for page in form.pages:
        lines += _page_lines(form, page, fiducial_size_mm)
    return "\n".join(lines) + "\n"


def _factor_lines(form: Form) -> list[str]:
    if not form.factors:
        return []
    return ["[factors]", *(f"{name} = {_toml(text)}" for name, text in form.factors.items()), ""]


def _page_lines(form: Form, page: PrintedPage, fiducial_size_mm: float) -> list[str]:
    lines = ["", "[[page]]", f"number = {page.number}", f"size_mm = {_toml(page.size_mm)}"]
    lines.append(f"blank = {_toml(Path(blank_name(form, page)).name)}")
    if page.fiducials_mm:
        lines.append(f"fiducials_mm = {_toml(page.fiducials_mm)}")
        lines.append(f"fiducial_size_mm = {_toml(fiducial_size_mm)}")
    if page.code is not None:
        code = {"kind": page.code.kind, "box_mm": page.code.box_mm, "role": page.code.role}
        lines.append(f"code = {_toml(code)}")
    if page.serial_at_mm is not None:
        lines.append(f"serial_at_mm = {_toml(page.serial_at_mm)}")
    for grid in page.grids:
        lines += ["", "[[page.grid]]"]
        lines += [f"items = {_toml(grid.items)}", f"values = {_toml(grid.values)}"]
        lines += [
            f"first_box_mm = {_toml(grid.first_box_mm)}",
            f"pitch_mm = {_toml(grid.pitch_mm)}",
        ]
    for box in page.singles:
        lines += ["", "[[page.box]]", f"item = {_toml(box.item)}", f"value = {_toml(box.value)}"]
        lines.append(f"box_mm = {_toml(box.box_mm)}")
    for region in page.fields:
        lines += ["", "[[page.field]]", f"id = {_toml(region.id)}", f"kind = {_toml(region.kind)}"]
        lines.append(f"box_mm = {_toml(region.box_mm)}")
    return lines


def _toml(value: object) -> str:
    """A TOML value. JSON's strings are TOML's basic strings."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{round(value, 4)}"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return str(value)
