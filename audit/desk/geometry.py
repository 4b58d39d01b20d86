"""Correcting where an instrument's boxes and fields stand: pieces that are moved, and a new file.

A piece is a grid, a box of its own or a field. Its numbers are what a person changes, by
dragging or by typing; nothing else of the instrument is touched, and a version that is
there is never written over.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.errors import AccessError, InputError
from detectors.instrument import BoxMm, Instrument, Page, load_instrument
from detectors.instrument_toml import Grid, grids_of, instrument_toml

__all__ = ["Piece", "Saved", "grid_piece", "pieces_of", "save_version"]

_AXES = ("x", "y", "w", "h")


@dataclass(frozen=True)
class Piece:
    """Something on the page that moves as one.

    Attributes:
        name: Of its inputs, e.g. ``grid-0``.
        kind: ``grid``, ``box`` or ``field``.
        label: What it is to a person: its items, or the field's id.
        box: Of the first box, in mm.
        pitch: Step to the next column and row in mm; (0, 0) where there is none.
        columns: Boxes in a row.
        rows: Rows.
        shape: ``box`` or ``ellipse``.
        words: What else may be changed, by the names of its inputs: which items and values a
            grid or box is for, what a field is called and is for.
    """

    name: str
    kind: str
    label: str
    box: BoxMm
    pitch: tuple[float, float] = (0.0, 0.0)
    columns: int = 1
    rows: int = 1
    shape: str = "box"
    words: tuple[tuple[str, str], ...] = ()

    @property
    def numbers(self) -> list[tuple[str, float]]:
        """What may be changed, by the names of the inputs."""
        found = list(zip(_AXES, self.box, strict=True))
        if self.kind == "grid":
            found += [("px", self.pitch[0])]
            found += [("py", self.pitch[1])] if self.rows > 1 else []
        return [(f"{self.name}-{axis}", value) for axis, value in found]

    @property
    def places(self) -> list[BoxMm]:
        """Where its boxes stand."""
        x, y, w, h = self.box
        return [
            (x + column * self.pitch[0], y + row * self.pitch[1], w, h)
            for row in range(self.rows)
            for column in range(self.columns)
        ]


@dataclass(frozen=True)
class Saved:
    """A new version of an instrument.

    Attributes:
        path: Its file.
        version: What stands in it.
    """

    path: Path
    version: str


def pieces_of(page: Page) -> list[Piece]:
    """What can be moved on a page, in the order of its file."""
    grids, single = grids_of(page.boxes)
    pieces = [grid_piece(number, grid) for number, grid in enumerate(grids)]
    pieces += [
        Piece(
            f"box-{number}",
            "box",
            f"{box.item} = {box.value}",
            box.box_mm,
            shape=box.shape,
            words=((f"box-{number}-item", box.item), (f"box-{number}-value", str(box.value))),
        )
        for number, box in enumerate(single)
    ]
    pieces += [
        Piece(
            f"field-{number}",
            "field",
            field.id,
            field.box_mm,
            words=((f"field-{number}-id", field.id), (f"field-{number}-kind", field.kind)),
        )
        for number, field in enumerate(page.fields)
    ]
    return pieces


def grid_piece(number: int, grid: Grid) -> Piece:
    """A grid as a piece."""
    label = grid.items[0] if len(grid.items) == 1 else f"{grid.items[0]} … {grid.items[-1]}"
    return Piece(
        f"grid-{number}",
        "grid",
        label,
        grid.first_box_mm,
        grid.pitch_mm,
        len(grid.values),
        len(grid.items),
        grid.shape,
        (
            (f"grid-{number}-items", ", ".join(grid.items)),
            (f"grid-{number}-values", ", ".join(map(str, grid.values))),
        ),
    )


def save_version(instrument: Instrument, page: Page) -> Saved:
    """Write the instrument with a changed page beside the old file, under the next free name.

    Raises:
        InputError: If the outcome is no instrument.
        AccessError: If the folder cannot be written.
    """
    pages = tuple(page if p.number == page.number else p for p in instrument.pages)
    number, path = _next(instrument.path)
    version = f"{instrument.version.partition('+')[0]}+{number}"
    text = instrument_toml(replace(instrument, pages=pages, version=version))
    try:
        # "x": two people who save at the same moment get two files.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AccessError(
            f"the new version cannot be written ({error.strerror})",
            where=str(path),
            remedy="check permissions of the folder of instruments",
        ) from error
    try:
        load_instrument(path)
    except InputError:
        path.unlink()
        raise
    return Saved(path, version)


def _next(path: Path) -> tuple[int, Path]:
    stem = re.sub(r"\.v\d+$", "", path.stem)
    number = 2
    while (found := path.with_name(f"{stem}.v{number}{path.suffix}")).exists():
        number += 1
    return number, found
