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
from detectors.table_coding import codes_of, plain, sorted_labels, texts_of
from detectors.table_strata import content_order, strata_of

__all__ = ["RecordTable", "UnitTable"]

Result = TypeVar("Result")
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
            codes[:, j] = codes_of(responses[item.id], item)
        has_units = "unit_id" in responses.columns
        unit_ids, unit = sorted_labels(responses, "unit_id")
        order = content_order(responses, unit, codes)
        unit = unit[order]
        stratum_names, stratum = strata_of(responses, order, unit, unit_ids, units)
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
        if (self.source_row == np.arange(len(self))).all():
            return self.responses.reset_index(drop=True)  # as it is: nothing is copied
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
        return texts_of(self.frame, "record_id")

    def record_id(self, row: int) -> str:
        """Record id of one row, without making text of all of them."""
        value = self.responses["record_id"].iloc[int(self.source_row[row])]
        return "" if pd.isna(value) else plain(value)

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
        return texts_of(self.frame, name)

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
