"""The tables of a round by name: as they stand inside, and as they may leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from audit.export import collected, decided, results
from audit.pipeline.signs import TITLES
from audit.pipeline.sources import load_forms
from audit.settings import Settings
from audit.sharing import shared
from audit.store import Store
from detectors.finding import Message
from detectors.registry import Level, discover

__all__ = ["frame_of", "shared_frame"]


def frame_of(store: Store, settings: Settings, what: str) -> pd.DataFrame:
    """One table of the round.

    Args:
        store: Of the round.
        settings: Of the round.
        what: ``records``, ``findings``, ``units``, ``scores``, ``decisions``, ``held``,
            ``custody``, ``runs`` or ``backchecks``.
    """
    with store.reading() as connection:
        return _TABLES[what](connection, settings)


def shared_frame(store: Store, settings: Settings, what: str) -> pd.DataFrame:
    """One table of the round as it may leave the program: :mod:`audit.sharing`."""
    frame = frame_of(store, settings, what)
    units, scores = frame_of(store, settings, "units"), frame_of(store, settings, "scores")
    sizes = pd.DataFrame(columns=["instrument_id", "unit_id", "measure", "factor", "n", "received"])
    if len(scores):
        sizes = scores[list(sizes.columns)]
    known = units[["unit_id", "group", "level", "parent_id"]].drop_duplicates("unit_id")
    return shared(
        what,
        frame,
        items={item.id for form in load_forms(settings) for item in form.instrument.items},
        titles=_titles(),
        sizes=sizes.merge(known, on="unit_id", how="left"),
    )


def _titles() -> dict[str, Message]:
    """What each check is called."""
    found = {i.id: i.title for level in Level for i in (c.info for c in discover(level).values())}
    return {**found, **TITLES}


_TABLES: Mapping[str, Callable[[Any, Settings], pd.DataFrame]] = {
    "records": collected.records,
    "findings": collected.findings,
    "units": collected.units,
    "scores": results.scores,
    "decisions": decided.decisions,
    "held": decided.held,
    "custody": collected.custody,
    "runs": collected.runs,
    "breakdowns": results.breakdowns,
    "changes": results.statements("change"),
    "groups": results.statements("group", "bunching"),
    "index": results.statements("index", "index_line", "index_lines", "index_weights"),
    "published": results.statements("published", "snapshot"),
    "awards": results.statements("award"),
    "targets": results.statements("target"),
    "actions": results.statements("action"),
    "complaints": results.statements("complaints"),
    "backchecks": decided.backchecks,
}
