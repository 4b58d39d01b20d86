"""A page of an instrument with what a person changed: moved, taken off, renamed, added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from audit.desk.geometry import Piece, grid_piece, pieces_of
from detectors.instrument import Box, BoxMm, Field, Page, Value
from detectors.instrument_toml import Grid, grids_of

__all__ = ["FIELD_KINDS", "changed"]

FIELD_KINDS = ("signature", "handwriting", "date", "seal")
_LEAST_MM = 0.5


def changed(page: Page, sent: Mapping[str, str]) -> Page:
    """The page as the inputs say; itself, if they say nothing new.

    Args:
        page: As it is.
        sent: By the names of inputs: numbers in mm, words of :attr:`Piece.words`, ``…-drop``
            for what is taken off, ``newbox-…`` and ``newfield-…`` for what is added; what is
            missing stays.

    Raises:
        ValueError: For what is no number, no place on the page, no item, value or kind.
    """
    pieces = {piece.name: piece for piece in pieces_of(page)}
    kept = {name: piece for name, piece in pieces.items() if f"{name}-drop" not in sent}
    grids, single = grids_of(page.boxes)
    boxes: list[Box] = []
    same = len(kept) == len(pieces)
    for number, grid in enumerate(grids):
        if (before := kept.get(f"grid-{number}")) is not None:
            found, piece = _grid(number, grid, before, sent, page)
            boxes += found.boxes()
            same &= piece == before
    for number, box in enumerate(single):
        if (before := kept.get(f"box-{number}")) is not None:
            piece = _placed(before, sent, page.size_mm)
            item, value = _word(before, sent, "item"), _value(_word(before, sent, "value"), page)
            boxes.append(replace(box, item=item, value=value, box_mm=piece.box))
            same &= piece == before and boxes[-1] == box
    fields: list[Field] = []
    for number, field in enumerate(page.fields):
        if (before := kept.get(f"field-{number}")) is not None:
            piece = _placed(before, sent, page.size_mm)
            fields.append(
                Field(_word(before, sent, "id"), _kind(_word(before, sent, "kind")), piece.box)
            )
            same &= fields[-1] == field
    if sent.get("newbox-item", "").strip():
        place = _new("newbox", sent, page)
        value = _value(sent.get("newbox-value", ""), page)
        shape = "ellipse" if boxes and all(b.shape == "ellipse" for b in boxes) else "box"
        boxes.append(Box(sent["newbox-item"].strip(), value, place, shape))
        same = False
    if sent.get("newfield-id", "").strip():
        place = _new("newfield", sent, page)
        fields.append(Field(sent["newfield-id"].strip(), _kind(sent["newfield-kind"]), place))
        same = False
    return page if same else replace(page, boxes=tuple(boxes), fields=tuple(fields))


def _grid(
    number: int, grid: Grid, before: Piece, sent: Mapping[str, str], page: Page
) -> tuple[Grid, Piece]:
    """A grid with its items and values, moved; more items make more rows."""
    items = tuple(_parts(_word(before, sent, "items")))
    values = tuple(_value(part, page) for part in _parts(_word(before, sent, "values")))
    named = grid
    if items != grid.items or values != grid.values:
        named = replace(grid, items=items, values=values)
    piece = _placed(grid_piece(number, named), sent, page.size_mm)
    return replace(named, first_box_mm=piece.box, pitch_mm=piece.pitch), piece


def _word(piece: Piece, sent: Mapping[str, str], name: str) -> str:
    full = f"{piece.name}-{name}"
    return " ".join(sent.get(full, dict(piece.words)[full]).split())


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    if not parts or len(set(parts)) < len(parts):
        raise ValueError("names are missing, or one stands there twice")
    return parts


def _value(text: str, page: Page) -> Value:
    """A value as the page has it, or as the file writes it: a number where it is one."""
    text = text.strip()
    for box in page.boxes:
        if str(box.value) == text:
            return box.value
    if not text:
        raise ValueError("a value is missing")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def _kind(text: str) -> str:
    if text not in FIELD_KINDS:
        raise ValueError(f"{text} is no kind of field")
    return text


def _new(name: str, sent: Mapping[str, str], page: Page) -> BoxMm:
    """Where something new is put."""
    x, y, w, h = (
        float(sent.get(f"{name}-{axis}", "").strip().replace(",", ".")) for axis in "xywh"
    )
    return _placed(Piece(name, "box", name, (x, y, w, h)), {}, page.size_mm).box


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
