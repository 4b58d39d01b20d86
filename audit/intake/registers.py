"""The register of units, each version with the days on which it is valid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.intake.columns import Columns, TableProblem, columns_of
from audit.intake.look_alike import skeleton
from audit.intake.register_cells import frame_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNIT_COLUMNS", "Units", "read_units", "units_at"]

UNIT_COLUMNS = (
    *("unit_id", "name", "group", "level", "parent_id"),
    *("handles_procedures", "served", "valid_from", "valid_to"),
)


@dataclass(frozen=True)
class Units:
    """Units, one row a version.

    Attributes:
        frame: ``unit_id, name, group, level, parent_id`` as ``str`` (missing: NaN),
            ``handles_procedures`` as ``boolean``, ``served`` as float64,
            ``valid_from, valid_to`` as ``datetime64[us]`` (missing: NaT, meaning open).
        problems: ``no_unit_id``, ``duplicate_unit``, ``bad_period``, ``no_group``,
            ``unknown_parent``, ``bad_value``, ``look_alike``.
    """

    frame: pd.DataFrame
    problems: tuple[TableProblem, ...] = ()


def read_units(
    path: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    groups: Iterable[str] | None = None,
    name: str | Path | None = None,
) -> Units:
    """Read the units table.

    Args:
        path: Any of the five kinds of table.
        mapping: Contract name -> name in the file.
        groups: The known peer groups; another is noted as ``unknown_group``.
        name: What the file is called in messages, and by its ending; default ``path``.

    Raises:
        InputError: If the file cannot be used or lacks ``unit_id``.
    """
    table = columns_of(Path(path), mapping, name)
    table.require("unit_id")
    frame = frame_of(
        table,
        order=UNIT_COLUMNS,
        texts=("unit_id", "name", "group", "level", "parent_id"),
        counts=("served",),
        days=("valid_from", "valid_to"),
        flags=("handles_procedures",),
    )
    rows = frame.to_dict("records")
    known = {row["unit_id"] for row in rows if isinstance(row["unit_id"], str)}
    allowed = None if groups is None else frozenset(groups)
    spans: dict[str, list[tuple[Any, Any]]] = {}
    keep: list[int] = []
    for number, row in enumerate(rows):
        if _check_unit(table, number, row, known, spans, allowed):
            keep.append(number)
    _tell_look_alikes(table, [(number, rows[number]) for number in keep])
    kept = frame.iloc[keep].reset_index(drop=True)
    kept["name"] = kept["name"].fillna(kept["unit_id"])
    return Units(kept, tuple(table.problems))


def _check_unit(
    table: Columns,
    number: int,
    row: Mapping[Any, Any],
    known: set[str],
    spans: dict[str, list[tuple[Any, Any]]],
    groups: frozenset[str] | None,
) -> bool:
    """Note what is wrong with one version of a unit; whether it can be used at all."""
    import pandas as pd

    unit = row["unit_id"]
    if not isinstance(unit, str):
        table.note(
            number, table.require("unit_id"), "the unit has no unit_id", "give it one", "no_unit_id"
        )
        return False
    start = row["valid_from"] if not pd.isna(row["valid_from"]) else pd.Timestamp.min
    end = row["valid_to"] if not pd.isna(row["valid_to"]) else pd.Timestamp.max
    if end < start:
        what = f"valid_to of {unit} lies before valid_from"
        table.note(number, None, what, "correct one of them", "bad_period")
        return False
    if any(
        start <= other_end and other_start <= end for other_start, other_end in spans.get(unit, ())
    ):
        what = f"two versions of unit {unit} are valid at the same time"
        table.note(number, None, what, "end one before the other begins", "duplicate_unit")
        return False
    spans.setdefault(unit, []).append((start, end))
    if not isinstance(row["group"], str):
        table.note(number, None, f"unit {unit} has no group", "name its peer group", "no_group")
    elif groups is not None and row["group"] not in groups:
        what = f"unit {unit} is in group {row['group']}, which is not known"
        table.note(number, None, what, f"known are {', '.join(sorted(groups))}", "unknown_group")
    if isinstance(row["parent_id"], str) and row["parent_id"] not in known:
        what = f"the parent {row['parent_id']} of unit {unit} is not in the list"
        table.note(number, None, what, "add it, or correct parent_id", "unknown_parent")
    return True


def _tell_look_alikes(table: Columns, rows: Sequence[tuple[int, Mapping[Any, Any]]]) -> None:
    """Note ids and names that a reader cannot tell from those of another unit."""
    for column, what in (("unit_id", "id"), ("name", "name")):
        seen: dict[str, dict[str, str]] = {}
        for number, row in rows:
            text, unit = row[column], row["unit_id"]
            if not isinstance(text, str):
                continue
            others = seen.setdefault(skeleton(text), {})
            twin = next((who for other, who in others.items() if other != text), None)
            others.setdefault(text, unit)
            if twin is not None and twin != unit:
                told = f"the {what} of unit {unit} looks like that of unit {twin} and is another"
                way = "write both with letters of one alphabet, or make them one unit"
                table.note(number, table.name(column), told, way, "look_alike")


def units_at(frame: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The versions that are valid on ``day``, one row a unit, in order of ``unit_id``.

    A unit that has no version on that day but had one earlier is left out: it was
    dissolved or merged before the round ended.
    """
    import pandas as pd

    moment = pd.Timestamp(day)
    begun = frame["valid_from"].isna() | (frame["valid_from"] <= moment)
    open_ = frame["valid_to"].isna() | (frame["valid_to"] >= moment)
    return frame[begun & open_].sort_values("unit_id").reset_index(drop=True)
