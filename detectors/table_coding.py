"""Columns of a table as small whole numbers: answers as places on their scale, names as labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Item

__all__ = ["codes_of", "plain", "positions", "sorted_labels", "texts_of"]

SMALL = 100


def positions(column: pd.Series[Any], item: Item) -> NDArray[np.float64]:
    """Answers to one item as positions on its scale, worst 1 to best; else NaN.

    Numbers written as text (``"5"``, ``"5.0"``) count as the numbers they are.
    """
    code = codes_of(column, item)
    answer: NDArray[np.float64] = np.where(code > 0, code, np.nan)
    return answer


def codes_of(column: pd.Series[Any], item: Item) -> NDArray[np.int16]:
    """:func:`positions` as small integers, 0 for no valid answer."""
    place: dict[str, int] = {}
    numeric: dict[float, int] = {}
    for position, value in enumerate(item.ordered_scale, start=1):
        place[str(value).strip()] = position
        if isinstance(value, int | float):
            numeric[float(value)] = position

    def code_of(value: object) -> int:
        return place.get(str(value).strip(), 0) or numeric.get(_number(value), 0)

    numbers = column.to_numpy() if isinstance(column.dtype, np.dtype) else np.zeros(0, dtype=object)
    if numbers.dtype.kind in "iuf" and all(v.is_integer() and 0 <= v < SMALL for v in numeric):
        # small whole numbers are their own place in a table: no need to look for distinct ones
        with np.errstate(invalid="ignore"):
            whole = numbers.astype(np.int8)
        kind = numbers.dtype.type
        known = np.zeros(256, dtype=np.int16)
        known[:SMALL] = [code_of(kind(v).item()) for v in range(SMALL)]
        coded: NDArray[np.int16] = known[whole.view(np.uint8)]
        coded[whole != numbers] = 0
        return coded
    try:
        codes, values = pd.factorize(column, use_na_sentinel=True)
    except TypeError:  # several marks stand as a list, which has no place on the scale
        codes, values = pd.factorize(column.map(str), use_na_sentinel=True)
    # the last place is what code -1, a missing value, takes
    table = np.zeros(len(values) + 1, dtype=np.int16)
    for code, value in enumerate(values):
        table[code] = code_of(value)
    answer: NDArray[np.int16] = table[codes]
    return answer


def _number(value: object) -> float:
    try:
        return float(str(value).strip())
    except ValueError:
        return float("nan")


def texts_of(frame: pd.DataFrame, name: str) -> NDArray[np.str_]:
    """Column ``name`` as text, empty where missing or unknown."""
    if name not in frame.columns:
        return np.full(len(frame), "", dtype=np.str_)
    codes, values = pd.factorize(frame[name], use_na_sentinel=True)
    # the last place is what code -1, a missing value, takes
    texts = np.array([*(plain(value) for value in values), ""], dtype=np.str_)
    return texts[codes]


def plain(value: object) -> str:
    """A cell as text; whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def sorted_labels(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Distinct texts of a column, sorted, and the place of each row among them."""
    if name not in frame.columns:
        return np.array([""])[: len(frame)], np.zeros(len(frame), dtype=np.intp)
    codes, values = pd.factorize(frame[name], use_na_sentinel=True)
    texts = np.array([*(plain(value) for value in values), ""], dtype=np.str_)
    if not (codes < 0).any():
        texts = texts[:-1]
    names, place = np.unique(texts, return_inverse=True)
    return names, place.astype(np.intp)[codes]
