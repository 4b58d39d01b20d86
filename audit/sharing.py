"""What of a table may leave the program: nothing that tells who gave a low score.

A record's own answers, and whatever follows from them (the place of a box, the wording of a
finding, the score of a check on a record that nobody flagged), stay inside; they are looked at
on the case's page, in scope. What is shown or published leaves out values over fewer than
:data:`~reports.views.MINIMUM_CELL` forms, and what would give them back by subtracting. The
operator's tables of units keep the values of small units, which the next step computes with,
down to :data:`FEWEST_OF_UNIT` forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from detectors.finding import Message
from reports.views import MINIMUM_CELL

__all__ = ["shared", "small"]

FEWEST_OF_UNIT = 5

_KEPT_OF_SCORES = (
    *("instrument_id", "unit_id", "measure", "factor", "rule_set", "n", "received"),
    *("scored", "held", "excluded", "ranked_units", "suppressed"),
)
_KEPT_OF_RECORDS = (
    *("instrument_id", "record_id", "source", "unit_id", "channel", "serial", "batch"),
    *("collector", "started_at", "submitted_at", "assisted", "reasons"),
    *("severity", "flagged", "not_testable", "state"),
)
_INSIDE_OF_FINDINGS = ("evidence", "box_mm", "item", "field", "score")


def small(received: int, counted: int) -> bool:
    """Whether a value rests on so few forms that it says what one of them says."""
    return received < MINIMUM_CELL or 0 < counted < MINIMUM_CELL


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
        sizes: ``instrument_id, unit_id, group, level, parent_id, received``, a row a unit.
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
        r < FEWEST_OF_UNIT or 0 < n < FEWEST_OF_UNIT
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
    kept = frame.copy()
    kept["value"] = kept["value"].where(~(kept["n"].fillna(0) < FEWEST_OF_UNIT))
    return kept


def _breakdowns(frame: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Totals less the units that ``scores`` shows must not give a small unit."""
    kept = frame.copy()
    few = sizes[sizes["received"].between(1, MINIMUM_CELL - 1)]
    column = {"group": "group", "level": "level", "parent": "parent_id"}
    hidden = []
    for row in kept.to_dict("records"):
        inside, scope = few[few["instrument_id"] == row["instrument_id"]], str(row["scope"])
        if scope in column:
            inside = inside[inside[column[scope]] == row["scope_id"]]
        rest = int(inside["received"].sum())
        hidden.append(bool(row["suppressed"]) or (scope != "unit" and 0 < rest < MINIMUM_CELL))
    kept["suppressed"] = hidden
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
