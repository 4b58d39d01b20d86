"""``survey-audit score``: results of the units, with decisions as they stand now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import say, table
from audit.cli._round import HERE, Config, now, open_round, person
from audit.defused import json_words
from detectors.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    *("unit_id", "n", "value_as_received", "value_after_review", "bound_low", "bound_high"),
    *("interval_low", "interval_high", "tier_after_review", "tier_firm", "tier_chance_least"),
    *("rank_after_review", "rank_low_bounds", "rank_high_bounds", "ranked_units"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score)


def score(
    config: Config = HERE,
    fmt: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> ExitCode:
    """Gate and score again with the decisions made since, and show the results."""
    if fmt not in ("table", "csv", "json"):
        raise UsageError(f"--format {fmt} is not known", remedy="use table, csv or json")
    from audit.export import shared_frame
    from audit.pipeline.sources import load_forms
    from audit.rescore import rescore

    settings, store = open_round(config)
    with store:
        rescore(store, settings, now=now, actor=person())
        frame = shared_frame(store, settings, "scores")
    if fmt == "json":
        say(json_words(json.loads(frame.to_json(orient="records")), indent=1))
    elif fmt == "csv":
        from audit.export import csv_text

        say(csv_text(frame).rstrip("\n"))
    else:
        overall = frame[frame["measure"] == "overall"]
        forms = load_forms(settings)
        for form in forms:
            if len(forms) > 1:
                say(f"{form.instrument.id} ({form.settings.programme})")
            say(_results(overall[overall["instrument_id"] == form.instrument.id]))
    return ExitCode.DONE


def _results(frame: pd.DataFrame) -> str:
    """Results of one form: those of citizens and of agencies never stand in one table."""
    rows = frame[list(_COLUMNS)].astype(object).where(frame[list(_COLUMNS)].notna(), "")
    return table(_COLUMNS, [[_short(cell) for cell in row] for row in rows.itertuples(index=False)])


def _short(cell: object) -> object:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return int(cell) if cell > 1 and cell.is_integer() else f"{cell:.4f}"
    return cell
