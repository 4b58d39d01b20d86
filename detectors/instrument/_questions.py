"""What an instrument asks: items, the names of their factors, contradictions, how it is filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from detectors.instrument._reader import Reader, is_value
from detectors.instrument.types import Contradiction, Item, Marks, Value

__all__ = ["SHAPES", "read_contradictions", "read_factors", "read_items", "read_marks"]

SHAPES = ("box", "ellipse")
_STYLES = ("cross", "tick", "fill", "any")
_CORRECTIONS = ("circle", "fill", "strike", "none")
# More than any form has: what is larger was not meant.
_MOST_ITEMS, _MOST_VALUES = 2_000, 1_000


def read_items(read: Reader, tables: Any) -> tuple[Item, ...]:
    if not isinstance(tables, list) or not tables:
        raise read.fail("top level", "no [[item]] table", "an instrument asks at least one item")
    if len(tables) > _MOST_ITEMS:
        raise read.fail("top level", f"{len(tables)} [[item]] tables, more than {_MOST_ITEMS}")
    items: dict[str, Item] = {}
    known = (
        *("id", "factor", "scale", "labels", "text"),
        *("not_applicable", "kind", "reverse"),
    )
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
        if missing is not None and not is_value(missing):
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
            labels=_labels(read, table, place, len(scale)),
        )
    return tuple(items.values())


def _labels(
    read: Reader, table: Mapping[str, Any], place: str, count: int
) -> tuple[Mapping[str, str], ...]:
    """What the values are called, in the order of the scale; empty where it is not said."""
    found = table.get("labels")
    if found is None:
        return ()
    if not isinstance(found, list) or len(found) != count:
        raise read.fail(
            place,
            "labels must list a name for each value of the scale",
            f"list {count} of them in the order of the scale, or none",
        )
    named = [read.texts({"labels": label}, "labels", place) for label in found]
    return tuple(label or {} for label in named)


def read_factors(read: Reader, data: Any, items: Sequence[Item]) -> Mapping[str, Mapping[str, str]]:
    """Names of factors; a name for a factor that no item belongs to is a slip, and told."""
    if not isinstance(data, dict):
        raise read.fail("[factors]", "expected a table", 'write A = { vi = "…", en = "…" }')
    asked = {item.factor for item in items}
    found = {}
    for factor in data:
        if factor not in asked:
            raise read.fail("[factors]", f"no item belongs to factor {factor!r}")
        found[factor] = read.texts(data, factor, "[factors]") or {}
    return found


def read_contradictions(
    read: Reader, tables: Any, items: Sequence[Item]
) -> tuple[Contradiction, ...]:
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


def read_marks(read: Reader, data: Any) -> Marks:
    table = read.table(data, "[marks]", ("shape", "style", "correction"))
    return Marks(
        shape=read.choice(table, "shape", "[marks]", SHAPES, "box"),
        style=read.choice(table, "style", "[marks]", _STYLES, "any"),
        correction=read.choice(table, "correction", "[marks]", _CORRECTIONS, "none"),
    )
