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

SMALL = 100
SMALL_STRATUM = 200
FEW_UNITS = 5


def positions(column: pd.Series[Any], item: Item) -> NDArray[np.float64]:
    """Answers to one item as positions on its scale, worst 1 to best; else NaN.

    Numbers written as text (``"5"``, ``"5.0"``) count as the numbers they are.
    """
    code = _codes(column, item)
    answer: NDArray[np.float64] = np.where(code > 0, code, np.nan)
    return answer


def _codes(column: pd.Series[Any], item: Item) -> NDArray[np.int16]:
    """The same as small integers, 0 for no valid answer."""
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


Array = TypeVar("Array", bound=np.ndarray[Any, Any])


def _locked(array: Array) -> Array:
    """The array, which nobody can write to any more: every check is given the same."""
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class RecordTable:
    """Responses prepared for checks. Its arrays are shared by them and cannot be written to.

    Attributes:
        responses: The responses as they were given.
        instrument: What was asked.
        items: The rating items that the table has, in the order of the form.
        codes: int8 (int16 for scales beyond 127 values) ``(n, items)``: positions
            1..levels, 0 = no valid answer.
        levels: int ``(items,)``: how many values each scale has.
        unit: int ``(n,)``: index into ``unit_ids``.
        unit_ids: Units in sorted order; one empty name when the table knows no units.
        stratum: int ``(n,)``: mode, peer group, version of the form and round; nulls are
            never drawn across it.
        stratum_names: Name of each stratum, the mode first, parts split by ``|``.
        source_row: int ``(n,)``: where each row stood in the table as it was given.
        has_units: False for a table without ``unit_id``.
        circumstances: What is known of the collection beside the answers.
    """

    responses: pd.DataFrame
    instrument: Instrument
    items: tuple[Item, ...]
    codes: NDArray[np.integer[Any]]
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
        levels = np.array([len(item.scale) for item in items], dtype=np.intp)
        codes = np.empty(
            (len(responses), len(items)), dtype=np.int8 if levels.max() <= 127 else np.int16
        )
        for j, item in enumerate(items):
            codes[:, j] = _codes(responses[item.id], item)
        has_units = "unit_id" in responses.columns
        unit_ids, unit = _sorted_labels(responses, "unit_id")
        order = _content_order(responses, unit, codes)
        unit = unit[order]
        stratum_names, stratum = _strata(responses, order, unit, unit_ids, units)
        return cls(
            responses=responses,
            instrument=instrument,
            items=items,
            codes=_locked(codes[order]),
            levels=_locked(levels),
            unit=_locked(unit),
            unit_ids=tuple(str(name) for name in unit_ids),
            stratum=_locked(stratum),
            stratum_names=stratum_names,
            source_row=_locked(order),
            has_units=has_units,
            circumstances=circumstances or Circumstances(),
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The responses in the table's own order, index 0 to n - 1."""
        return self.responses.iloc[self.source_row].reset_index(drop=True)

    @cached_property
    def answers(self) -> NDArray[np.float64]:
        """float64 ``(n, items)``: positions 1..levels, NaN = no valid answer."""
        return _locked(np.where(self.codes > 0, self.codes, np.nan).astype(np.float64))

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def record_ids(self) -> NDArray[np.str_]:
        """``(n,)`` record ids as text."""
        return _texts(self.frame, "record_id")

    def record_id(self, row: int) -> str:
        """Record id of one row, without making text of all of them."""
        value = self.responses["record_id"].iloc[int(self.source_row[row])]
        return "" if pd.isna(value) else _plain(value)

    @cached_property
    def in_unit(self) -> NDArray[np.bool_]:
        """``(n,)``: the record names its unit."""
        named = np.array([bool(name) for name in self.unit_ids], dtype=bool)
        return named[self.unit] if len(self) else np.zeros(0, dtype=bool)

    @cached_property
    def answered(self) -> NDArray[np.intp]:
        """``(n,)``: how many rating items have a valid answer."""
        counts = np.zeros(len(self), dtype=np.intp)
        for j in range(len(self.items)):
            counts += self.codes[:, j] > 0
        return _locked(counts)

    @cached_property
    def level(self) -> NDArray[np.float64]:
        """``(n,)``: mean position of a record's answers, 0 (all worst) to 1 (all best)."""
        total = np.zeros(len(self))
        for j, levels in enumerate(self.levels.tolist()):
            scaled = np.maximum(np.arange(levels + 1) - 1.0, 0.0) / (levels - 1.0)
            total += scaled[self.codes[:, j]]
        level: NDArray[np.float64] = np.full(len(self), np.nan)
        np.divide(total, self.answered, out=level, where=self.answered > 0)
        return _locked(level)

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


def _sorted_labels(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Distinct texts of a column, sorted, and the place of each row among them."""
    if name not in frame.columns:
        return np.array([""])[: len(frame)], np.zeros(len(frame), dtype=np.intp)
    codes, values = pd.factorize(frame[name], use_na_sentinel=True)
    texts = np.array([*(_plain(value) for value in values), ""], dtype=np.str_)
    if not (codes < 0).any():
        texts = texts[:-1]
    names, place = np.unique(texts, return_inverse=True)
    return names, place.astype(np.intp)[codes]


def _content_order(
    frame: pd.DataFrame, unit: NDArray[np.intp], codes: NDArray[np.integer[Any]]
) -> NDArray[np.intp]:
    """Rows by unit, then by a hash of the record's name; equal names by all they hold."""
    if len(frame) == 0:
        return np.zeros(0, dtype=np.intp)
    name = frame["record_id"]
    if name.dtype == object:
        name = pd.Series(_texts(frame, "record_id").astype(object))
    mark = pd.util.hash_array(name.to_numpy(), categorize=False)
    order = np.argsort(mark)
    narrow = unit.astype(np.min_scalar_type(int(unit.max())))
    order = order[np.argsort(narrow[order], kind="stable")]
    equal = (np.diff(mark[order]) == 0) & (np.diff(unit[order]) == 0)
    tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
    if tied.size:
        rows = order[tied]
        few = frame.iloc[rows]
        keys: list[NDArray[Any]] = [*codes[rows].T[::-1], _texts(few, "record_id")]
        for column in ("submitted_at", "started_at", "serial"):
            if column in few.columns:
                keys.insert(0, _texts(few, column))
        order[tied] = rows[np.lexsort([*keys, mark[rows], unit[rows]])]
    return order.astype(np.intp)


def _strata(
    frame: pd.DataFrame,
    order: NDArray[np.intp],
    unit: NDArray[np.intp],
    unit_ids: NDArray[np.str_],
    units: pd.DataFrame | None,
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Mode x peer group x version x round; one too small for a null joins its parent.

    Parents are, in turn, the same without the peer group, and the mode alone.
    """
    if len(frame) == 0:
        return ("",), np.zeros(0, dtype=np.intp)
    channels, channel = _sorted_labels(frame, "channel")
    modes = np.where(channels == "paper", "paper", np.where(channels == "", "", "digital"))
    groups = np.full(len(unit_ids), "", dtype=object)
    if units is not None and "group" in units.columns and "unit_id" in units.columns:
        known = dict(zip(_texts(units, "unit_id"), _texts(units, "group"), strict=True))
        groups = np.array([known.get(name, "") for name in unit_ids], dtype=object)
    versions, version = _sorted_labels(frame, "instrument_version")
    rounds, of_round = _sorted_labels(frame, "round")
    mode_names, mode = np.unique(modes, return_inverse=True)
    group_names, group = np.unique(groups.astype(np.str_), return_inverse=True)
    parts = (mode[channel][order], group[unit], version[order], of_round[order])
    names = (mode_names, group_names, versions, rounds)
    shape = tuple(len(part) + 1 for part in names)  # the last place of each is "any"
    key = np.ravel_multi_index(parts, shape)
    for dropped in ((1,), (1, 2, 3)):
        distinct, label = np.unique(key, return_inverse=True)
        small = _is_small(label, unit, distinct.size)
        if not small.any():
            break
        wide = np.array(np.unravel_index(distinct, shape))
        wide[list(dropped)] = np.array(shape)[list(dropped), None] - 1
        parent = np.where(small, np.ravel_multi_index(tuple(wide), shape), distinct)
        key = parent[label]
    distinct, label = np.unique(key, return_inverse=True)
    told = []
    for places in zip(*np.unravel_index(distinct, shape), strict=True):
        texts = [str([*name, ""][at]) for name, at in zip(names, places, strict=True)]
        told.append("|".join(texts if any(texts[2:]) else texts[:2]))
    return tuple(told), label.astype(np.intp)


def _is_small(label: NDArray[np.intp], unit: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """Which labels have too few records or units to be a null of their own."""
    held = np.unique(label * (int(unit.max()) + 1) + unit) // (int(unit.max()) + 1)
    units = np.bincount(held, minlength=count)
    records = np.bincount(label, minlength=count)
    small: NDArray[np.bool_] = (records < SMALL_STRATUM) | (units < FEW_UNITS)
    return small
