"""One item out of a table: values on its scale, labels, codes, and choices of several.

A cell is looked at in this order: blank by the mapping, "does not apply" by the mapping, a
value of the scale, a label of the mapping. What is none of these is off the scale and told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.intake._cells import Cell, short_text, to_number, to_text
from audit.intake.mapping import TableMapping
from detectors.instrument import Item

if TYPE_CHECKING:
    from audit.intake.columns import Columns

__all__ = ["is_numeric", "item_column", "values_of"]

_PARTS = re.compile(r"\s*[;,|]\s*")
_CHOSEN = frozenset({"1", "true", "y", "yes", "x", "có"})


class _Several(ValueError):
    """A cell that holds several values of the scale."""


def is_numeric(item: Item) -> bool:
    """Whether every value of the scale is a number, so that the column is float64."""
    return all(isinstance(value, int | float) for value in item.scale)


def item_column(table: Columns, item: Item) -> Any:
    """Answers of an item: float64 or ``str``, blank where there is none."""
    import pandas as pd

    several: list[str] = []
    scale = ", ".join(map(str, item.scale))
    values = table.values(
        item.id,
        _converter(item, table.mapping, several),
        f"the scale of {item.id} is {scale}; map labels under [instrument.mapping]",
        "off_scale",
    )
    if values is None:
        values = _from_choices(table, item, several)
    if several:
        what = f"{item.id} holds several values in some rows, e.g. {several[0]!r}"
        table.note_table(what, "they count as no answer to it", "select_multiple", item.id)
    if is_numeric(item):
        return values.astype(np.float64)
    return pd.Series(values, dtype="str")


def _converter(
    item: Item, mapping: TableMapping, several: list[str]
) -> Callable[[Cell], float | str | None]:
    convert = _number_on_scale(item) if is_numeric(item) else _text_on_scale(item)

    def one(text: str, cell: Cell) -> float | str | None:
        try:
            return convert(cell)
        except ValueError:
            value = mapping.value_of(item.id, text)
            if value is None:
                raise
            return convert(value)

    def whole(cell: Cell) -> float | str | None:
        text = to_text(cell)
        if text is None or mapping.means(mapping.blank, text):
            return None
        if mapping.means(mapping.not_applicable, text):
            return None if item.not_applicable is None else convert(item.not_applicable)
        try:
            return one(text, cell)
        except ValueError:
            # Choices of several are for facts about the respondent, never for a rating.
            if item.is_rating or not _all_on_scale(text, one):
                raise
            several.append(text)
            return None

    return whole


def _all_on_scale(text: str, one: Callable[[str, Cell], object]) -> bool:
    for parts in (_PARTS.split(text), text.split()):
        try:
            if len(parts) > 1 and all(one(part, part) is not None for part in parts):
                return True
        except ValueError:
            continue
    return False


def _from_choices(table: Columns, item: Item, several: list[str]) -> NDArray[np.object_]:
    """An item that the file has as one column a value: ``D7/2`` or ``D7[2]``."""
    size = len(table.raw)
    values = np.full(size, None, dtype=object)
    if item.is_rating:
        return values
    chosen = np.zeros(size, dtype=int)
    for value in item.scale:
        name = table.choice_name(item.id, str(to_text(value)))
        if name is None:
            continue
        cells = table.raw.columns[name]
        marked = np.array([(short_text(c) or "").casefold() in _CHOSEN for c in cells.distinct])
        rows = marked[cells.codes] if size else np.zeros(0, dtype=bool)
        values[rows] = value
        chosen += rows
    if (chosen > 1).any():
        several.append(f"row {int(np.argmax(chosen > 1)) + 1}")
    values[chosen != 1] = None
    return values


def values_of(item: Item) -> tuple[Any, ...]:
    """Values that may stand in a cell: the scale, and the code for "does not apply"."""
    return (*item.scale, *(() if item.not_applicable is None else (item.not_applicable,)))


def _number_on_scale(item: Item) -> Callable[[Cell], float | None]:
    allowed = {float(v) for v in values_of(item) if not isinstance(v, str)}
    words = {v for v in values_of(item) if isinstance(v, str)}

    def convert(cell: Cell) -> float | None:
        text = to_text(cell)
        if text in words:
            # A code such as "N/A" cannot stand in a column of numbers: it is no answer.
            return None
        value = to_number(cell)
        if value is not None and value not in allowed:
            raise ValueError(f"{text} is off the scale")
        return value

    return convert


def _text_on_scale(item: Item) -> Callable[[Cell], str | None]:
    exact = {str(to_text(v)): str(to_text(v)) for v in values_of(item)}
    loose = {key.casefold(): value for key, value in exact.items()}

    def convert(cell: Cell) -> str | None:
        text = to_text(cell)
        if text is None:
            return None
        found = exact.get(text) or loose.get(text.casefold())
        if found is None:
            raise ValueError(f"{text!r} is off the scale")
        return found

    return convert
