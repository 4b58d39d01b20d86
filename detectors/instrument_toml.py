"""Writing an instrument: the text of its TOML file, as :mod:`detectors.instrument` reads it.

Boxes that stand in rows and columns are written as grids, all others one by one. What a
reader of the file should look at is written as a comment above its table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.instrument import Box, BoxMm, Instrument, Item, Page, Value

__all__ = ["Grid", "grids_of", "instrument_toml"]

# Boxes written as one grid stand where the grid says, to this many mm.
_EXACT_MM = 0.03


@dataclass(frozen=True)
class Grid:
    """Boxes in rows of items and columns of values; mm from the page's corner."""

    items: tuple[str, ...]
    values: tuple[Value, ...]
    first_box_mm: BoxMm
    pitch_mm: tuple[float, float]
    shape: str

    def boxes(self) -> tuple[Box, ...]:
        """Every box of the grid, row by row."""
        x, y, width, height = self.first_box_mm
        step_x, step_y = self.pitch_mm
        return tuple(
            Box(item, value, (x + column * step_x, y + row * step_y, width, height), self.shape)
            for row, item in enumerate(self.items)
            for column, value in enumerate(self.values)
        )


def grids_of(boxes: Sequence[Box]) -> tuple[list[Grid], list[Box]]:
    """Boxes as grids, and those that form none.

    Rows are items whose boxes have the same values, size, shape and step; rows at one step
    below each other are one grid.

    Args:
        boxes: Of one page, in the order of the form.
    """
    rows: dict[str, list[Box]] = {}
    for box in boxes:
        rows.setdefault(box.item, []).append(box)
    grids: list[Grid] = []
    single: list[Box] = []
    for item, row in rows.items():
        grid = _row(item, row)
        if grid is None:
            single += row
        elif not grids or (joined := _joined(grids[-1], grid)) is None:
            grids.append(grid)
        else:
            grids[-1] = joined
    return grids, single


def _row(item: str, row: Sequence[Box]) -> Grid | None:
    first = row[0]
    x, y, width, height = first.box_mm
    step = row[1].box_mm[0] - x if len(row) > 1 else 0.0
    for column, box in enumerate(row):
        place = (x + column * step, y, width, height)
        if box.shape != first.shape or not _equal(box.box_mm, place):
            return None
    if len(row) < 2 or step <= 0:
        return None
    return Grid((item,), tuple(b.value for b in row), first.box_mm, (step, height), first.shape)


def _joined(grid: Grid, row: Grid) -> Grid | None:
    x, y, width, height = grid.first_box_mm
    count = len(grid.items)
    step = grid.pitch_mm[1] if count > 1 else row.first_box_mm[1] - y
    same = (
        grid.values == row.values
        and grid.shape == row.shape
        and abs(grid.pitch_mm[0] - row.pitch_mm[0]) * len(row.values) < _EXACT_MM
        and step > 0
        and _equal(row.first_box_mm, (x, y + count * step, width, height))
    )
    if not same:
        return None
    pitch = (grid.pitch_mm[0], step)
    return Grid((*grid.items, *row.items), grid.values, grid.first_box_mm, pitch, grid.shape)


def _equal(one: BoxMm, other: BoxMm) -> bool:
    return all(abs(a - b) < _EXACT_MM for a, b in zip(one, other, strict=True))


def instrument_toml(
    instrument: Instrument, notes: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The text of an instrument's file; ``blank`` is written by its name alone.

    Args:
        instrument: What to write.
        notes: Comments, a line each: at the head under ``""``, above an item under its id,
            above the names of factors under ``factors``, above a page under ``page 1``, above a
            field under ``field 1 signature``.
    """
    notes = notes or {}
    lines = [*_comments(notes, ""), f"id = {_toml(instrument.id)}"]
    lines += [f"version = {_toml(instrument.version)}", f"title = {_toml(instrument.title)}"]
    if instrument.factor_names:
        lines += ["", *_comments(notes, "factors"), "[factors]"]
        lines += [f"{_key(f)} = {_toml(name)}" for f, name in instrument.factor_names.items()]
    marks = instrument.marks
    lines += ["", "[marks]", f"shape = {_toml(marks.shape)}", f"style = {_toml(marks.style)}"]
    lines.append(f"correction = {_toml(marks.correction)}")
    for item in instrument.items:
        lines += ["", *_comments(notes, item.id), *_item_lines(item)]
    for contradiction in instrument.contradictions:
        sides = list(contradiction.answers.items())
        lines += ["", "[[contradiction]]", f"when = {_toml(dict(sides[:1]))}"]
        lines.append(f"and = {_toml(dict(sides[1:]))}")
        if contradiction.text is not None:
            lines.append(f"text = {_toml(contradiction.text)}")
    for page in instrument.pages:
        lines += ["", *_comments(notes, f"page {page.number}")]
        lines += _page_lines(page, marks.shape, notes)
    return "\n".join(lines) + "\n"


def _comments(notes: Mapping[str, Sequence[str]], key: str) -> list[str]:
    return [f"# {' '.join(note.split())}" for note in notes.get(key, ())]


def _item_lines(item: Item) -> list[str]:
    lines = ["[[item]]", f"id = {_toml(item.id)}"]
    if item.factor is not None:
        lines.append(f"factor = {_toml(item.factor)}")
    lines.append(f"scale = {_toml(item.scale)}")
    if item.labels:
        lines.append(f"labels = {_toml(item.labels)}")
    if item.text is not None:
        lines.append(f"text = {_toml(item.text)}")
    if item.not_applicable is not None:
        lines.append(f"not_applicable = {_toml(item.not_applicable)}")
    if item.kind != "rating":
        lines.append(f"kind = {_toml(item.kind)}")
    if item.reverse:
        lines.append("reverse = true")
    return lines


def _page_lines(page: Page, shape: str, notes: Mapping[str, Sequence[str]]) -> list[str]:
    lines = ["[[page]]", f"number = {page.number}", f"size_mm = {_toml(page.size_mm)}"]
    lines.append(f"blank = {_toml(page.blank.name)}")
    if page.fiducials_mm:
        lines.append(f"fiducials_mm = {_toml(page.fiducials_mm)}")
        lines.append(f"fiducial_size_mm = {_toml(page.fiducial_size_mm)}")
    if page.code is not None:
        code = {"kind": page.code.kind, "box_mm": page.code.box_mm, "role": page.code.role}
        lines.append(f"code = {_toml(code)}")
    if page.serial_at_mm is not None:
        lines.append(f"serial_at_mm = {_toml(page.serial_at_mm)}")
    grids, single = grids_of(page.boxes)
    for grid in grids:
        lines += ["", "[[page.grid]]", f"items = {_toml(grid.items)}"]
        lines += [f"values = {_toml(grid.values)}", f"first_box_mm = {_toml(grid.first_box_mm)}"]
        lines.append(f"pitch_mm = {_toml(grid.pitch_mm)}")
        if grid.shape != shape:
            lines.append(f"shape = {_toml(grid.shape)}")
    for box in single:
        lines += ["", "[[page.box]]", f"item = {_toml(box.item)}", f"value = {_toml(box.value)}"]
        lines.append(f"box_mm = {_toml(box.box_mm)}")
        if box.shape != shape:
            lines.append(f"shape = {_toml(box.shape)}")
    for field in page.fields:
        lines += ["", *_comments(notes, f"field {page.number} {field.id}"), "[[page.field]]"]
        lines += [f"id = {_toml(field.id)}", f"kind = {_toml(field.kind)}"]
        lines.append(f"box_mm = {_toml(field.box_mm)}")
    return lines


def _toml(value: object) -> str:
    """A TOML value. JSON's strings are TOML's basic strings, DEL apart."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:g}" if abs(value) < 1e5 else repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(k)} = {_toml(v)}" for k, v in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return str(value)


def _key(key: object) -> str:
    text = str(key)
    bare = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if bare else _toml(text)
