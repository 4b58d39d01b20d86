"""Tables of results: scores, their slices, and the statements that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from audit.pipeline.sources import load_forms
from audit.scoring.breakdown import mask_slices
from audit.scoring.scores import VERSIONS
from audit.settings import Settings
from audit.store.outcomes import Outcomes
from audit.store.results import Breakdowns, Scores

__all__ = ["breakdowns", "scores", "statements"]


def scores(connection: Any, settings: Settings) -> pd.DataFrame:
    """Results of units, with what sampling and bounds leave open."""
    names = {"as_received": "value_as_received", "after_review": "value_after_review"}
    programmes = {form.instrument.id: form.settings.programme for form in load_forms(settings)}
    rows = []
    for stored in Scores(connection, settings.round.id).all():
        row: dict[str, Any] = {
            name: stored[name]
            for name in ("instrument_id", "unit_id", "measure", "factor", "rule_set")
        }
        row["programme"] = programmes.get(stored["instrument_id"])
        row |= {"period": settings.round.id, "period_to": settings.round.date_to.isoformat()}
        row["n"] = stored["records_counted"]
        row["received"] = sum(stored["counts"].values())
        row |= {name: stored["counts"].get(name, 0) for name in ("scored", "held", "excluded")}
        for version in VERSIONS:
            answers = stored[f"answers_{version}"]
            value = stored[f"satisfied_{version}"] / answers if answers else None
            row[names.get(version, version)] = value
            row[f"answers_{version}"] = answers
        for part in ("tier", "rank"):
            row |= {f"{part}_{version}": stored[f"{part}_{version}"] for version in VERSIONS}
        last = ("ranked_units", "rank_best", "rank_worst", "tier_firm")
        rows.append(row | {name: stored[name] for name in last} | _firm(stored["firmness"] or {}))
    frame = pd.DataFrame(rows)
    # A unit without a value has no rank; the ranks of the others stay whole numbers.
    whole = [n for n in frame.columns if n.startswith("rank") and n != "rank_chance"]
    return frame.astype(dict.fromkeys([*whole, *(["sample_needed"] if rows else [])], "Int64"))


def _firm(firm: Mapping[str, Any]) -> dict[str, Any]:
    """What sampling and the bounds leave open, as columns."""
    low, high = firm.get("interval") or (None, None)
    row: dict[str, Any] = {"interval_low": low, "interval_high": high}
    row["effective_n"] = firm.get("effective")
    row |= {"sample_needed": firm.get("sample_needed"), "margin_reached": firm.get("margin")}
    row |= {name: firm.get(name) for name in ("tier_chance", "tier_chance_least")}
    for name, key in (("", "rank_interval"), ("_bounds", "rank_interval_bounds")):
        best, worst = firm.get(key) or (None, None)
        row |= {f"rank_low{name}": best, f"rank_high{name}": worst}
    return row | {"rank_chance": firm.get("rank_chance")}


def statements(*kinds: str) -> Callable[[Any, Settings], pd.DataFrame]:
    """A table of outcomes of some kinds, the facts of each as columns."""

    def read(connection: Any, settings: Settings) -> pd.DataFrame:
        names = ("kind", "programme", "unit_id", "about", "verdict")
        rows = [
            {name: row[name] for name in names} | dict(row["body"])
            for kind in kinds
            for row in Outcomes(connection, settings.round.id).all(kind)
        ]
        told = dict.fromkeys([*names, *(key for row in rows for key in row)])
        frame = pd.DataFrame(rows, columns=list(told))
        for name in told:
            values = [row[name] for row in rows if row.get(name) is not None]
            if values and all(type(value) is int for value in values):
                frame[name] = frame[name].astype("Int64")  # a rank stays a whole number
        return frame

    return read


def breakdowns(connection: Any, settings: Settings) -> pd.DataFrame:
    """Results by slice; what few forms gave, or what would tell of them, is withheld."""
    stored = [dict(row) for row in Breakdowns(connection, settings.round.id).all()]
    rows = []
    for row in mask_slices(stored):
        shown: dict[str, Any] = {
            name: row[name]
            for name in (
                *("instrument_id", "scope", "scope_id", "dimension", "category", "measure"),
                *("factor", "records_received", "records_counted", "suppressed"),
            )
        }
        for version in VERSIONS:
            name = f"value_{version}" if version.startswith("a") else version
            answers = row[f"answers_{version}"]
            shown[name] = row[f"satisfied_{version}"] / answers if answers else None
        shown |= {name: row[name] for name in ("interval_low", "interval_high")}
        rows.append(shown)
    return pd.DataFrame(rows)
