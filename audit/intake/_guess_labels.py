"""Guessing what the cells of an export stand for: labels, cells without a value, order of days."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from audit.intake._cells import short_text, to_text
from audit.intake._items import values_of
from audit.intake._labels import NOT_APPLICABLE, scale_of, usual_labels
from audit.intake._moments import month_first_seen
from audit.intake.columns import TIME_COLUMNS, Columns
from audit.intake.mapping import plain_label
from detectors.instrument import Instrument

__all__ = ["guess_labels", "guess_month_first", "texts_of"]


def guess_labels(
    table: Columns, instrument: Instrument, columns: Mapping[str, str], doubts: list[str]
) -> tuple[dict[str, int | float | str], tuple[str, ...]]:
    """Labels that occur and what they stand for; cells that mean "does not apply".

    What is neither is added to ``doubts``.
    """
    labels: dict[str, int | float | str] = {}
    absent: set[str] = set()
    for item in instrument.ratings:
        name = columns.get(item.id) or table.name(item.id)
        if name is None:
            continue
        values = {str(to_text(v)) for v in values_of(item)}
        there = texts_of(table, name)
        strange = {text for text in there if text not in values and not _number(text, values)}
        codes = {text for text in strange if plain_label(text) in NOT_APPLICABLE}
        absent |= codes
        strange -= codes
        if not strange:
            continue
        known = scale_of(strange, len(item.scale))
        for usual, at in usual_labels(known or {}, len(item.scale)).items():
            if plain_label(usual) not in map(plain_label, strange):
                labels.setdefault(usual, item.ordered_scale[at])
        for text in sorted(strange):
            place = None if known is None else known.get(plain_label(text))
            if place is None:
                doubts.append(
                    f"{item.id}: {text!r} is neither a value nor a known label; "
                    "write what it stands for under labels"
                )
            else:
                value = item.ordered_scale[place]
                if labels.setdefault(text, value) != value:
                    doubts.append(
                        f"{item.id}: {text!r} stands for {value} here and for {labels[text]} "
                        "elsewhere; write it under item_labels"
                    )
    return labels, tuple(sorted(absent))


def _number(text: str, values: set[str]) -> bool:
    try:
        return str(to_text(float(text.replace(",", ".")))) in values
    except ValueError:
        return False


def texts_of(table: Columns, name: str) -> set[str]:
    """What occurs in a column."""
    cells = table.raw.columns[name]
    used = np.unique(cells.codes)
    return {
        text for code in used.tolist() if (text := short_text(cells.distinct[code])) is not None
    }


def guess_month_first(table: Columns, columns: Mapping[str, str], doubts: list[str]) -> bool:
    """Whether days with slashes begin with the month; one that cannot be told is a doubt."""
    for column in TIME_COLUMNS:
        name = columns.get(column) or table.name(column)
        if name is None:
            continue
        texts = sorted(texts_of(table, name))
        slashed = [text for text in texts if text[:3].count("/") == 1]
        seen = month_first_seen(slashed)
        if seen is None and slashed:
            doubts.append(
                f"{name}: days such as {slashed[0]!r} could begin with the day or with the month; "
                "read as the day: write month_first = true if that is wrong"
            )
        elif seen:
            return True
    return False
