"""Questions on a printed page: facts with words beside their boxes, ratings in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from detectors.instrument import Item
from scans.press.drawing import text_width, wrapped
from scans.press.page import BOTTOM, LEFT, RIGHT, Press, words_of
from scans.press.pattern import pattern_svg

__all__ = ["set_block", "set_fact"]

_BOX, _ROW = 5.0, 7.8
_TEXT = 7.6


def set_fact(press: Press, item: Item) -> None:
    """A question of facts: its values are words beside their boxes."""
    labels = [words_of(item.label(value), "vi") or str(value) for value in item.scale]
    wide = max(text_width(label, 7.0) for label in labels) + 10.0
    columns = max(1, min(len(labels), int(106.0 / wide)))
    step = 106.0 / columns
    lines = (len(labels) - 1) // columns + 1
    words = wrapped(words_of(item.text, "vi") or words_of(item.text, "en"), 7.4, 48.0)
    height = max(6.2 * lines, 3.4 * len(words) + 1.0)
    press.room(height)
    draw, y = press.draw, press.y
    draw.text((LEFT, y + 2.2), item.id, 6.6, style="-Bold")
    for k, line in enumerate(words):
        draw.text((32.0, y + 2.2 + 3.4 * k), line, 7.4)
    for number, value in enumerate(item.scale):
        row, column = divmod(number, columns)
        x, top = 82.0 + column * step, y + row * 6.2
        press.box(item.id, value, (x, top, 4.2, 4.2))
        # Clear of what is looked at for ink beside a box.
        draw.fitted((x + 6.5, top + 2.1), labels[number], 7.0, step - 7.9)
    press.y += height


def _grid_of(item: Item) -> tuple[float, float]:
    """Where the first box stands, and the step to the next."""
    others = item.not_applicable is not None
    count = len(item.scale) + others
    step = 9.0 if count <= 6 else max(6.4, 60.0 / count)
    right = 166.0 if others else 176.0
    return right - _BOX - (len(item.scale) - 1) * step, step


def set_block(press: Press, factor: str | None, items: Sequence[Item]) -> None:
    """Ratings of one factor and scale, over as many pages as they need."""
    missing = [item.not_applicable for item in items if item.not_applicable is not None]
    like = replace(items[0], not_applicable=missing[0]) if missing else items[0]
    x0, step = _grid_of(like)
    rows = [(_row_height(item, x0), item) for item in items]
    press.room(12.0 + rows[0][0])
    _columns(press, like, factor, x0, step, some=bool(missing))
    start = 0
    while start < len(rows):
        taken, y = start, press.y
        while taken < len(rows) and y + rows[taken][0] <= BOTTOM:
            y += rows[taken][0]
            taken += 1
        if taken == start:
            press.room(1e3)
            _columns(press, like, factor, x0, step, some=bool(missing))
            continue
        _rows(press, rows[start:taken], x0, step)
        start = taken
    press.y += 2.5


def _columns(
    press: Press, item: Item, factor: str | None, x0: float, step: float, *, some: bool
) -> None:
    """Name of the factor and heads of the columns."""
    draw, scale = press.draw, item.ordered_scale
    y = press.y
    levels = press.look.levels if len(press.look.levels) == len(scale) else _named(item)
    if levels:
        words = "   ".join(f"{v} {w}" for v, w in zip(scale, levels, strict=True))
        draw.fitted((LEFT, y + 2.0), words, 6.4, x0 - LEFT - 4.0, style="-Oblique")
    else:
        words = f"{scale[0]} = mức thấp nhất / lowest … {scale[-1]} = mức cao nhất / highest"
        draw.fitted((LEFT, y + 2.0), words, 6.4, x0 - LEFT - 4.0, style="-Oblique")
    for column, value in enumerate(scale):
        middle = x0 + column * step + _BOX / 2
        draw.text((middle, y + 2.0), str(value), 8.5, style="-Bold", anchor="center")
    if some:
        middle = x0 + (len(scale) - 1) * step + 10.0 + _BOX / 2
        draw.text((middle, y + 2.0), "KC", 6.5, style="-Bold", anchor="center")
        draw.text((RIGHT, y - 1.2), "KC: không có ý kiến / N/A", 5.0, anchor="right")
    draw.line((LEFT - 2, y + 4.6), (RIGHT + 2, y + 4.6), 0.25)
    press.y = y + 5.4
    named = press.form.factor_names.get(factor or "")
    if named:
        words = words_of(named, "vi") or words_of(named, "en")
        english = words_of(named, "en")
        title = words if english in ("", words) else f"{words} ({english})"
        draw.fitted((LEFT, press.y + 2.0), f"{factor}. {title}", 7.6, 166, style="-Bold")
        press.y += 4.6
    elif factor and len(factor) > 2:  # a letter says nothing that the items do not say
        draw.text((LEFT, press.y + 2.0), factor, 7.6, style="-Bold")
        press.y += 4.6


def _named(item: Item) -> tuple[str, ...]:
    """Words that the item itself has for its values, worst to best; none unless it has all."""
    labels = [item.label(value) for value in item.ordered_scale]
    return tuple(words_of(x, "vi") or words_of(x, "en") for x in labels if x) if all(labels) else ()


def _row_height(item: Item, x0: float) -> float:
    vietnamese, english = _lines(item, x0)
    return max(_ROW, 3.3 * len(vietnamese) + 2.8 * len(english) + 1.6)


def _lines(item: Item, x0: float) -> tuple[list[str], list[str]]:
    width = x0 - 32.0 - 5.0
    vietnamese = wrapped(words_of(item.text, "vi") or words_of(item.text, "en"), _TEXT, width)
    english = words_of(item.text, "en") if words_of(item.text, "vi") else ""
    return vietnamese, wrapped(english, 5.8, width, "-Oblique")


def _rows(press: Press, rows: Sequence[tuple[float, Item]], x0: float, step: float) -> None:
    """Rows that stand together on one patch of pattern; at one step if they fit."""
    draw, top = press.draw, press.y
    # One height for all rows of a patch keeps the boxes a grid.
    height = max(h for h, _ in rows)
    even = top + height * len(rows) <= BOTTOM
    heights = [height if even else h for h, _ in rows]
    patch = (x0 - 3.0, top - 0.3, RIGHT + 1.0 - x0 + 3.0, sum(heights) - 0.4)
    under = pattern_svg(press.look.pattern, patch, f"{press.form.id} {press.form.version}")
    if under is not None:
        draw.svg(patch, under)
    y = top
    for (_, item), tall in zip(rows, heights, strict=True):
        middle = y + (tall - 1.2) / 2
        vietnamese, english = _lines(item, x0)
        text = y + 1.9 + (tall - 1.6 - 3.3 * len(vietnamese) - 2.8 * len(english)) / 2
        draw.text((LEFT, middle), item.id, 7.0, style="-Bold")
        for line in vietnamese:
            draw.text((32.0, text), line, _TEXT)
            text += 3.3
        for line in english:
            draw.text((32.0, text - 0.2), line, 5.8, style="-Oblique")
            text += 2.8
        for column, value in enumerate(item.ordered_scale):
            press.box(item.id, value, (x0 + column * step, middle - _BOX / 2, _BOX, _BOX))
        if item.not_applicable is not None:
            right = x0 + (len(item.scale) - 1) * step + 10.0
            press.box(item.id, item.not_applicable, (right, middle - _BOX / 2, _BOX, _BOX))
        draw.text((RIGHT + 1.0, middle), item.id, 4.8, anchor="right")
        draw.fill((10.2, middle - 0.6, 3.2, 1.2))
        draw.line((LEFT - 2, y + tall - 0.6), (RIGHT + 2, y + tall - 0.6), 0.1)
        y += tall
    press.y = y
