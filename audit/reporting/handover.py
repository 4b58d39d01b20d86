"""Handover records out of the custody table, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.handover import HandedBatch, Handover

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["handovers_of"]

_COUNTS = ("issued", "returned", "valid", "invalid", "lost", "spoilt")


def handovers_of(
    custody: pd.DataFrame, survey: str, units: Sequence[str] | None = None
) -> list[Handover]:
    """One record a unit, in order of its id.

    Args:
        custody: As :func:`audit.intake.custody_book.read_custody` gives it.
        survey: Title that is printed.
        units: Only these; ``None`` takes all.
    """
    records = []
    for name, part in custody.groupby("unit_id", sort=True):
        if units and name not in units:
            continue
        batches = tuple(_batch(row) for row in part.to_dict("records"))
        records.append(Handover(str(name), "", survey, batches))
    return records


def _batch(row: Mapping[Any, Any]) -> HandedBatch:
    counts = (_number(row.get(key)) for key in _COUNTS)
    return HandedBatch(
        _word(row.get("batch")) or "",
        _word(row.get("serial_from")),
        _word(row.get("serial_to")),
        *counts,
    )


def _number(value: Any) -> int | None:
    return None if _word(value) is None else int(float(value))


def _word(value: Any) -> str | None:
    # A missing cell is None or a float that is not itself.
    return None if value is None or value != value else str(value)
