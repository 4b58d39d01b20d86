"""``[collection]``: how and where the answers were collected, as people write it down.

The table of a round's ``audit.toml``, or a TOML file of its own for ``screen``. It names
what the response table cannot say: desks and their hours, shared devices, service days,
cases that may be rated, complaints, units that took over others, trusted earlier answers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from audit.intake._cells import to_time
from audit.intake.columns import LOCAL_TIME, Columns, TableProblem, columns_of, to_id
from audit.intake.mapping import TableMapping
from audit.intake.register_cells import count_of
from audit.intake.tables import read_responses
from detectors.circumstances import ANY_UNIT, Circumstances
from detectors.errors import ConfigError
from detectors.instrument import Instrument
from detectors.toml_file import read_toml

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AssistedDay", "Collection", "Known", "load_collection", "read_circumstances"]

MOST_DAYS = 7


class AssistedDay(BaseModel):
    """A day on which staff helped many people in one place.

    Attributes:
        day: The day.
        unit: Where; ``"*"`` for every unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: dt.date
    unit: str = ANY_UNIT


class Collection(BaseModel):
    """How answers were collected. Paths are as written, relative to the file they stand in.

    Attributes:
        office_hours: First and last hour in which desks are open, as decimals.
        office_days: Days on which they are open, 1 Monday to 7 Sunday.
        shared: Devices, accounts and IP prefixes that many people use by right.
        assisted_days: Announced service days.
        transactions: Table ``case_id`` and, where known, ``unit_id, received_at, finished_at``
            (or ``completed_at``), ``channel``.
        complaints: Table ``unit_id, complaints``.
        baseline: Responses of audited rounds that are trusted.
        successors: Unit of the round before -> unit that took it over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    office_hours: tuple[float, float] = (7.0, 17.5)
    office_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    shared: tuple[str, ...] = ()
    assisted_days: tuple[AssistedDay, ...] = ()
    transactions: Path | None = None
    complaints: Path | None = None
    baseline: Path | None = None
    successors: dict[str, str] = Field(default_factory=dict)

    @field_validator("office_hours")
    @classmethod
    def _hours(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] < value[1] <= 24:
            raise ValueError("two hours of one day, the first before the last")
        return value

    @field_validator("office_days")
    @classmethod
    def _days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not set(value) <= set(range(1, MOST_DAYS + 1)):
            raise ValueError("days of the week, 1 Monday to 7 Sunday")
        return value

    def files(self) -> dict[str, Path]:
        """The tables it names, by key."""
        named = {key: getattr(self, key) for key in ("transactions", "complaints", "baseline")}
        return {key: path for key, path in named.items() if path is not None}


@dataclass(frozen=True)
class Known:
    """What was read, and what in the tables could not be taken as it stands."""

    circumstances: Circumstances
    problems: tuple[TableProblem, ...] = ()


def load_collection(path: Path) -> Collection:
    """Read a file of its own: the keys of ``[collection]`` at its top level.

    Raises:
        ConfigError: If it cannot be read or a key is wrong; names the key.
    """
    _, data = read_toml(path, ConfigError, "the file", "check the path given to --collection")
    try:
        return Collection(**data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        known = ", ".join(Collection.model_fields)
        raise ConfigError(
            str(first["msg"]).removeprefix("Value error, "),
            where=f"{path}, key {key}",
            remedy=f"known keys are {known}",
        ) from error


def read_circumstances(
    collection: Collection,
    files: Mapping[str, Path],
    instrument: Instrument,
    *,
    mapping: Mapping[str, str] | str | TableMapping | None = None,
    timezone: str = LOCAL_TIME,
    method_break: bool = False,
    cutoffs: tuple[float, ...] = Circumstances.cutoffs,
) -> Known:
    """Read the tables that a collection names.

    Args:
        collection: What was written down.
        files: Key of a table -> where it stands on this machine.
        instrument: What was asked, for the baseline.
        mapping: Contract name -> name in the baseline, or a preset.
        timezone: Where forms were filled in.
        method_break: The round before was collected in another way.
        cutoffs: Values at which a better tier begins.

    Raises:
        InputError: If a table cannot be used; names the file and the column.
    """
    problems: list[TableProblem] = []
    zone = ZoneInfo(timezone)
    names = collection.files()
    transactions = complaints = baseline = None
    if "transactions" in files:
        table = columns_of(files["transactions"], None, names["transactions"])
        transactions = _transactions(table, zone, problems)
    if "complaints" in files:
        complaints = _complaints(
            columns_of(files["complaints"], None, names["complaints"]), problems
        )
    if "baseline" in files:
        read = read_responses(
            files["baseline"],
            instrument,
            mapping=mapping,
            timezone=timezone,
            name=names["baseline"],
        )
        baseline = read.frame
        problems += read.problems
    return Known(
        Circumstances(
            timezone=timezone,
            office_hours=collection.office_hours,
            office_days=frozenset(day - 1 for day in collection.office_days),
            shared=frozenset(collection.shared),
            assisted_days=frozenset((a.unit, a.day) for a in collection.assisted_days),
            transactions=transactions,
            complaints=complaints,
            successors=collection.successors,
            method_break=method_break,
            baseline=baseline,
            cutoffs=cutoffs,
        ),
        tuple(problems),
    )


def _transactions(table: Columns, zone: ZoneInfo, problems: list[TableProblem]) -> pd.DataFrame:
    import pandas as pd

    table.require("case_id")
    data: dict[str, Any] = {}
    for name in ("case_id", "unit_id", "channel"):
        texts = table.values(name, to_id, "write plain text")
        if texts is not None:
            data[name] = pd.Series(texts, dtype="str")
    done = "finished_at" if table.name("finished_at") is not None else "completed_at"
    for column, name in (("received_at", "received_at"), ("finished_at", done)):
        times = table.values(name, lambda cell: to_time(cell, zone), "write it as ISO 8601")
        if times is not None:
            data[column] = pd.Series(times, dtype="datetime64[us]")
    problems += table.problems
    frame = pd.DataFrame(data)
    return frame[frame["case_id"].notna()].reset_index(drop=True)


def _complaints(table: Columns, problems: list[TableProblem]) -> pd.DataFrame:
    import pandas as pd

    table.require("unit_id")
    table.require("complaints")
    units = table.values("unit_id", to_id, "write plain text")
    counts = table.values("complaints", count_of, "write a whole number from 0")
    problems += table.problems
    frame = pd.DataFrame(
        {
            "unit_id": pd.Series(units, dtype="str"),
            "complaints": pd.Series(counts, dtype="float64"),
        }
    )
    return frame[frame["unit_id"].notna()].reset_index(drop=True)
