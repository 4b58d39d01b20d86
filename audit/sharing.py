"""What of a table may leave the program: nothing that tells who gave a low score.

A record's own answers, and whatever follows from them (the place of a box, the wording of a
finding, the score of a check on a record that nobody flagged), stay inside; they are looked at
on the case's page, in scope. What is shown or published leaves out values over fewer than
:data:`~reports.views.MINIMUM_CELL` forms, and what would give them back by subtracting
(:mod:`audit.scoring.cells`). The operator's tables of units keep the values of small units,
which the next step computes with, down to ``FEWEST_OF_UNIT`` forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from audit.scoring.cells import FEWEST_OF_UNIT, key_of, small, withheld
from detectors.finding import Message

__all__ = ["shared", "small"]

_KEPT_OF_SCORES = (
    *("instrument_id", "unit_id", "measure", "factor", "rule_set", "n", "received"),
    *("scored", "held", "excluded", "ranked_units", "suppressed"),
)
_KEPT_OF_RECORDS = (
    *("instrument_id", "record_id", "source", "unit_id", "channel", "serial", "batch"),
    *("collector", "started_at", "submitted_at", "assisted", "reasons"),
    *("severity", "flagged", "not_testable", "state"),
)
_KEPT_OF_UNITS = (
    *("unit_id", "name", "group", "level", "parent_id", "handles_procedures", "served"),
    *("valid_from", "valid_to", "instrument_id", "n", "severity", "flagged", "not_testable"),
)
_INSIDE_OF_FINDINGS = ("evidence", "box_mm", "item", "field", "score")


def shared(
    what: str,
    frame: pd.DataFrame,
    *,
    items: Iterable[str],
    titles: Mapping[str, Message],
    sizes: pd.DataFrame,
) -> pd.DataFrame:
    """A table as it may leave.

    Args:
        what: Which one, as ``export`` names it.
        frame: The table as it stands inside.
        items: Questions of all forms of the round.
        titles: What each check is called, by its id.
        sizes: ``instrument_id, unit_id, measure, factor, n, received`` of every score, with its
            unit's ``group, level, parent_id``.
    """
    if frame.empty:
        return frame
    if what == "records":
        return _records(frame, list(items))
    if what == "findings":
        return _findings(frame, titles)
    if what == "scores":
        return _scores(frame)
    if what == "units":
        return _units(frame)
    return _breakdowns(frame, sizes) if what == "breakdowns" else frame


def _records(frame: pd.DataFrame, items: Sequence[str]) -> pd.DataFrame:
    kept = frame.drop(columns=[item for item in items if item in frame]).copy()
    quiet = ~kept["flagged"].eq(True).to_numpy(dtype=bool)  # noqa: FBT003 - a value of a cell
    for name in kept.columns.difference(list(_KEPT_OF_RECORDS)):
        # Scores and p-values are worked out from the answers and give them away.
        kept[name] = kept[name].astype(object).mask(quiet, None)
    for name in ("started_at", "submitted_at"):
        if name in kept:
            kept[name] = pd.to_datetime(kept[name]).dt.normalize()
    return kept


def _findings(frame: pd.DataFrame, titles: Mapping[str, Message]) -> pd.DataFrame:
    kept = frame.copy()
    about = kept["record_id"].notna().to_numpy(dtype=bool)
    for name in _INSIDE_OF_FINDINGS:
        kept[name] = kept[name].astype(object).mask(about, None)
    for language in ("vi", "en"):
        called = {name: getattr(title, language) for name, title in titles.items()}
        plain = pd.Series([called.get(d, d) for d in map(str, kept["detector"])], index=kept.index)
        kept[f"message_{language}"] = kept[f"message_{language}"].where(~about, plain)
    return kept


def _scores(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame.copy()
    few = [
        small(int(r), int(n), FEWEST_OF_UNIT)
        for r, n in zip(kept["received"], kept["n"], strict=True)
    ]
    kept["suppressed"] = few
    factors = kept[kept["measure"] == "factor"]
    for _, rows in factors.groupby(["instrument_id", "unit_id"], sort=False):
        # One factor alone is the whole less the others: another goes with it.
        if int(rows["suppressed"].sum()) == 1 and len(rows) > 1:
            kept.loc[rows.loc[~rows["suppressed"], "n"].idxmin(), "suppressed"] = True
    return _blank(kept, kept["suppressed"], _KEPT_OF_SCORES)


def _units(frame: pd.DataFrame) -> pd.DataFrame:
    if "n" not in frame or "value" not in frame:
        return frame
    return _blank(frame.copy(), frame["n"].fillna(0) < FEWEST_OF_UNIT, _KEPT_OF_UNITS)


def _breakdowns(frame: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    kept = frame.copy()
    rows = [{str(k): v for k, v in row.items()} for row in kept.to_dict("records")]
    for instrument, of in sizes.groupby("instrument_id", sort=False):
        units, places = {}, {}
        for row in of.to_dict("records"):
            counts = {"records_counted": row["n"], "records_received": row["received"]}
            units[row["unit_id"], row["measure"], row["factor"]] = counts
            places[row["unit_id"]] = {
                "group": row["group"],
                "level": row["level"],
                "parent": row["parent_id"],
            }
        cut = [row for row in rows if row["instrument_id"] == instrument]
        hidden = withheld(cut, units, places, FEWEST_OF_UNIT)
        for one in cut:
            one["suppressed"] = bool(one["suppressed"]) or key_of(one) in hidden
    kept["suppressed"] = [row["suppressed"] for row in rows]
    values = ["value_as_received", "value_after_review", "bound_low", "bound_high"]
    return _blank(
        kept,
        kept["suppressed"],
        kept.columns.difference([*values, "interval_low", "interval_high"]),
    )


def _blank(frame: pd.DataFrame, rows: pd.Series[bool], keep: Iterable[str]) -> pd.DataFrame:
    hidden = rows.to_numpy(dtype=bool)
    if hidden.any():
        for name in frame.columns.difference(list(keep)):
            frame[name] = frame[name].mask(hidden)
    return frame
