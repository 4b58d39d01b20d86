"""Tables of what came in and what was found: records, findings, units, custody, runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from audit.pipeline.sources import load_forms
from audit.settings import Settings
from audit.store.evidence import Findings
from audit.store.records import Records
from audit.store.results import Runs
from audit.store.rounds import Rounds

__all__ = ["custody", "findings", "records", "runs", "units"]


def records(connection: Any, settings: Settings) -> pd.DataFrame:
    """Every record with its answers and what the checks found of it."""
    frames = []
    for form in load_forms(settings):
        repository = Records(connection, settings.round.id, form.instrument.id)
        rows = [spread(dict(row), "detectors") for row in repository.all()]
        index = {row["id"]: row for row in rows}
        for item in form.instrument.items:
            for row in rows:
                row[item.id] = None
        for key, item_id, state, value in repository.answers():
            index[key][item_id] = value if state in ("answered", "not_applicable") else None
        frames.append(
            pd.DataFrame([without(row, "id", "round_id", "content", "file_id") for row in rows])
        )
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    for form in load_forms(settings):
        for item in form.instrument.items:
            if item.id in frame and all(isinstance(v, int | float) for v in item.scale):
                frame[item.id] = pd.to_numeric(frame[item.id])
    return frame


def findings(connection: Any, settings: Settings) -> pd.DataFrame:
    """The signs that stand."""
    rows = [dict(row) for row in Findings(connection, settings.round.id).open()]
    return pd.DataFrame([without(r, "id", "round_id", "page_id", "withdrawn_run") for r in rows])


def units(connection: Any, settings: Settings) -> pd.DataFrame:
    """The units table beside the checks on units."""
    units = Rounds(connection, settings.round.id).units()
    results = [
        spread(without(dict(row), "id", "round_id"), "detectors")
        for row in Findings(connection, settings.round.id).unit_results()
    ]
    if not results:
        return units
    return units.merge(pd.DataFrame(results), on="unit_id", how="left")


def custody(connection: Any, settings: Settings) -> pd.DataFrame:
    """Batches of forms."""
    return Rounds(connection, settings.round.id).batches()


def runs(connection: Any, settings: Settings) -> pd.DataFrame:
    """Runs, how they ended and what they counted."""
    rows = [dict(row) for row in Runs(connection, settings.round.id).all()]
    return pd.DataFrame([without(row, "round_id") for row in rows])


def spread(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row with one column for each key of a nested table."""
    inner = row.pop(name) or {}
    return row | inner


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}
