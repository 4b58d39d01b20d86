"""Correcting where an instrument's boxes and fields stand: pieces that are moved, and a new file.

A piece is a grid, a box of its own or a field. Its numbers are what a person changes, by
dragging or by typing; nothing else of the instrument is touched, and a version that is
there is never written over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from detectors.errors import AccessError, InputError
from detectors.instrument import Box, BoxMm, Instrument, Page, load_instrument
from detectors.instrument_toml import Grid, grids_of, instrument_toml

__all__ = ["Piece", "Saved", "moved", "pieces_of", "save_version"]

_AXES = ("x", "y", "w", "h")
_LEAST_MM = 0.5


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
    """

    name: str
    kind: str
    label: str
    box: BoxMm
    pitch: tuple[float, float] = (0.0, 0.0)
    columns: int = 1
    rows: int = 1
    shape: str = "box"

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
    pieces = [_grid_piece(number, grid) for number, grid in enumerate(grids)]
    pieces += [
        Piece(f"box-{number}", "box", f"{box.item} = {box.value}", box.box_mm, shape=box.shape)
        for number, box in enumerate(single)
    ]
    pieces += [
        Piece(f"field-{number}", "field", field.id, field.box_mm)
        for number, field in enumerate(page.fields)
    ]
    return pieces


def _grid_piece(number: int, grid: Grid) -> Piece:
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
    )


def moved(page: Page, sent: Mapping[str, str]) -> Page:
    """The page with its pieces where the numbers say; itself, if they say nothing new.

    Args:
        page: As it is.
        sent: Numbers in mm by the names of inputs; what is missing stays.

    Raises:
        ValueError: For what is no number, or no place on the page.
    """
    there = pieces_of(page)
    pieces = {piece.name: _placed(piece, sent, page.size_mm) for piece in there}
    if list(pieces.values()) == there:
        return page
    grids, single = grids_of(page.boxes)
    boxes: list[Box] = []
    for number, grid in enumerate(grids):
        piece = pieces[f"grid-{number}"]
        boxes += replace(grid, first_box_mm=piece.box, pitch_mm=piece.pitch).boxes()
    for number, box in enumerate(single):
        boxes.append(replace(box, box_mm=pieces[f"box-{number}"].box))
    fields = tuple(
        replace(field, box_mm=pieces[f"field-{number}"].box)
        for number, field in enumerate(page.fields)
    )
    return replace(page, boxes=tuple(boxes), fields=fields)


def _placed(piece: Piece, sent: Mapping[str, str], size: tuple[float, float]) -> Piece:
    now = {}
    for name, value in piece.numbers:
        text = sent.get(name, "").strip().replace(",", ".")
        number = value if not text else float(text)
        # Numbers are shown to a hundredth: what nobody changed stays as exact as it was.
        now[name.rsplit("-", 1)[1]] = value if abs(number - value) < 0.005 else number
    box = (now["x"], now["y"], now["w"], now["h"])
    pitch = (now.get("px", piece.pitch[0]), now.get("py", piece.pitch[1]))
    placed = replace(piece, box=box, pitch=pitch)
    for x, y, w, h in placed.places:
        inside = x >= 0 and y >= 0 and x + w <= size[0] and y + h <= size[1]
        # In this order what is no number at all (nan) is refused, too.
        if not (inside and min(w, h) >= _LEAST_MM):
            raise ValueError(f"{piece.label} lies off the page")
    return placed


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
