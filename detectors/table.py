"""The table that record and unit checks see: answers as positions on the scale.

Rows stand in an order of their own content (unit, record, answers), so that neither the
order of the file nor the draw of a random null can change a row's result. Rating items
become positions from 1 (worst) to the number of values (best), reversed items turned
round; a blank, "not applicable" and a value off the scale are NaN, which matches
nothing. Category items stay in the frame and never enter as ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.circumstances import Circumstances
from detectors.errors import InputError
from detectors.instrument import Instrument, Item

__all__ = ["RecordTable", "UnitTable", "positions"]

Result = TypeVar("Result")

SMALL_STRATUM = 200
FEW_UNITS = 5


def positions(column: pd.Series[Any], item: Item) -> NDArray[np.float64]:
    """Answers to one item as positions on its scale, worst 1 to best; else NaN.

    Numbers written as text (``"5"``, ``"5.0"``) count as the numbers they are.
    """
    place: dict[str, float] = {}
    numeric: dict[float, float] = {}
    for position, value in enumerate(item.ordered_scale, start=1):
        place[str(value).strip()] = float(position)
        if isinstance(value, int | float):
            numeric[float(value)] = float(position)
    try:
        codes, values = pd.factorize(column, use_na_sentinel=True)
    except TypeError:  # several marks stand as a list, which has no place on the scale
        codes, values = pd.factorize(column.map(str), use_na_sentinel=True)
    table = np.full(len(values) + 1, np.nan)
    for code, value in enumerate(values):
        table[code] = place.get(str(value).strip(), np.nan)
        if np.isnan(table[code]) and numeric:
            table[code] = numeric.get(_number(value), np.nan)
    answer: NDArray[np.float64] = table[codes]
    return answer


def _number(value: object) -> float:
    try:
        return float(str(value).strip())
    except ValueError:
        return float("nan")


@dataclass(frozen=True, eq=False)
class RecordTable:
    """Responses prepared for checks. Arrays are read only by convention.

    Attributes:
        frame: The responses in the table's own order, index 0 to n - 1.
        instrument: What was asked.
        items: The rating items that the table has, in the order of the form.
        answers: float64 ``(n, items)``: positions 1..levels, NaN = no valid answer.
        levels: int ``(items,)``: how many values each scale has.
        unit: int ``(n,)``: index into ``unit_ids``.
        unit_ids: Units in sorted order; one empty name when the table knows no units.
        stratum: int ``(n,)``: peer group and mode; nulls are never drawn across it.
        stratum_names: Name of each stratum.
        source_row: int ``(n,)``: where each row stood in the table as it was given.
        has_units: False for a table without ``unit_id``.
        circumstances: What is known of the collection beside the answers.
    """

    frame: pd.DataFrame
    instrument: Instrument
    items: tuple[Item, ...]
    answers: NDArray[np.float64]
    levels: NDArray[np.intp]
    unit: NDArray[np.intp]
    unit_ids: tuple[str, ...]
    stratum: NDArray[np.intp]
    stratum_names: tuple[str, ...]
    source_row: NDArray[np.intp]
    has_units: bool
    circumstances: Circumstances = field(default_factory=Circumstances)
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def build(
        cls,
        responses: pd.DataFrame,
        instrument: Instrument,
        units: pd.DataFrame | None = None,
        circumstances: Circumstances | None = None,
    ) -> RecordTable:
        """Prepare ``responses`` (columns of the contract); ``units`` gives peer groups.

        Raises:
            InputError: If ``record_id`` is missing or no rating item is among the columns.
        """
        if "record_id" not in responses.columns:
            raise InputError(
                "the table has no column record_id",
                where="responses",
                remedy="name each record, or map the column in the configuration",
            )
        items = tuple(item for item in instrument.ratings if item.id in responses.columns)
        if not items:
            raise InputError(
                "no rating item of the instrument is a column of the table",
                where="responses",
                remedy=f"the instrument asks {', '.join(i.id for i in instrument.ratings[:5])} …",
            )
        answers = np.column_stack([positions(responses[item.id], item) for item in items])
        has_units = "unit_id" in responses.columns
        unit_names = _texts(responses, "unit_id") if has_units else np.full(len(responses), "")
        records = _texts(responses, "record_id")
        keys = [*answers.T[::-1], records, unit_names]
        for column in ("submitted_at", "started_at", "serial"):
            if column in responses.columns:
                keys.insert(0, _texts(responses, column))
        order = np.lexsort(keys) if len(responses) else np.zeros(0, dtype=np.intp)
        frame = responses.iloc[order].reset_index(drop=True)
        unit_ids, unit = np.unique(unit_names[order], return_inverse=True)
        stratum_names, stratum = _strata(frame, unit, unit_ids, units)
        return cls(
            frame=frame,
            instrument=instrument,
            items=items,
            answers=answers[order],
            levels=np.array([len(item.scale) for item in items], dtype=np.intp),
            unit=unit.astype(np.intp),
            unit_ids=tuple(str(name) for name in unit_ids),
            stratum=stratum,
            stratum_names=stratum_names,
            source_row=order.astype(np.intp),
            has_units=has_units,
            circumstances=circumstances or Circumstances(),
        )

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def record_ids(self) -> NDArray[np.str_]:
        """``(n,)`` record ids as text."""
        return _texts(self.frame, "record_id")

    @cached_property
    def in_unit(self) -> NDArray[np.bool_]:
        """``(n,)``: the record names its unit."""
        named = np.array([bool(name) for name in self.unit_ids], dtype=bool)
        return named[self.unit] if len(self) else np.zeros(0, dtype=bool)

    @cached_property
    def answered(self) -> NDArray[np.intp]:
        """``(n,)``: how many rating items have a valid answer."""
        counts: NDArray[np.intp] = np.isfinite(self.answers).sum(axis=1)
        return counts

    @cached_property
    def level(self) -> NDArray[np.float64]:
        """``(n,)``: mean position of a record's answers, 0 (all worst) to 1 (all best)."""
        scaled = (self.answers - 1.0) / (self.levels - 1.0)
        total = np.nansum(scaled, axis=1)
        level: NDArray[np.float64] = np.full(len(self), np.nan)
        np.divide(total, self.answered, out=level, where=self.answered > 0)
        return level

    @cached_property
    def times(self) -> Mapping[str, NDArray[np.float64]]:
        """Seconds since 1970 of ``started_at`` and ``submitted_at``; NaN where unknown."""
        found: dict[str, NDArray[np.float64]] = {}
        for column in ("started_at", "submitted_at"):
            if column in self.frame.columns:
                stamps = pd.to_datetime(
                    self.frame[column], errors="coerce", utc=True, format="ISO8601"
                )
                seconds = stamps.to_numpy(dtype="datetime64[ns]").astype(np.int64) / 1e9
                found[column] = np.where(stamps.isna(), np.nan, seconds)
        return found

    def column(self, name: str) -> NDArray[np.str_]:
        """Column ``name`` as text, empty where missing or unknown."""
        return _texts(self.frame, name)

    def memo(self, key: object, build: Callable[[], Result]) -> Result:
        """What several checks need, worked out once a table."""
        if key not in self._memo:
            self._memo[key] = build()
        result: Result = self._memo[key]
        return result


@dataclass(frozen=True, eq=False)
class UnitTable:
    """Units of a response table, with what else is known about them.

    Attributes:
        records: The responses.
        units: The table of units, or ``None``.
        previous: The responses of the previous period, prepared alike, or ``None``.
        custody: The table of form custody, or ``None``.
        period: First and last day as ISO dates, or ``None``.
    """

    records: RecordTable
    units: pd.DataFrame | None = None
    previous: RecordTable | None = None
    custody: pd.DataFrame | None = None
    period: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.records.unit_ids) if len(self.records) else 0

    @property
    def unit_ids(self) -> tuple[str, ...]:
        """Units in the order in which checks answer."""
        return self.records.unit_ids if len(self.records) else ()

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """``(units,)``: records with at least one valid rating."""
        rated = self.records.answered > 0
        counts: NDArray[np.intp] = np.bincount(self.records.unit[rated], minlength=len(self))
        return counts


def _texts(frame: pd.DataFrame, name: str) -> NDArray[np.str_]:
    if name not in frame.columns:
        return np.full(len(frame), "", dtype=np.str_)
    codes, values = pd.factorize(frame[name], use_na_sentinel=True)
    # the last place is what code -1, a missing value, takes
    texts = np.array([*(_plain(value) for value in values), ""], dtype=np.str_)
    return texts[codes]


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _strata(
    frame: pd.DataFrame,
    unit: NDArray[np.intp],
    unit_ids: NDArray[np.str_],
    units: pd.DataFrame | None,
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Peer group x mode; a group too small to be a null of its own joins its mode."""
    channel = _texts(frame, "channel")
    mode = np.where(channel == "paper", "paper", np.where(channel == "", "", "digital"))
    groups = np.full(len(unit_ids), "", dtype=object)
    if units is not None and "group" in units.columns and "unit_id" in units.columns:
        known = dict(zip(_texts(units, "unit_id"), _texts(units, "group"), strict=True))
        groups = np.array([known.get(name, "") for name in unit_ids], dtype=object)
    if len(frame) == 0:
        return ("",), np.zeros(0, dtype=np.intp)
    fine = np.char.add(np.char.add(mode.astype(np.str_), "|"), groups[unit].astype(np.str_))
    label = fine.copy()
    for name in np.unique(fine):
        mine = fine == name
        if mine.sum() < SMALL_STRATUM or np.unique(unit[mine]).size < FEW_UNITS:
            label[mine] = np.char.add(mode[mine].astype(np.str_), "|")
    names, stratum = np.unique(label, return_inverse=True)
    return tuple(str(n) for n in names), stratum.astype(np.intp)
