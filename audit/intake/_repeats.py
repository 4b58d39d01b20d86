"""Rows that are from one respondent about one occasion: nothing is dropped, all of it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.intake.mapping import Repeated

if TYPE_CHECKING:
    from audit.intake.columns import Columns

__all__ = ["note_repeats"]


def note_repeats(table: Columns, frame: pd.DataFrame, rule: Repeated) -> None:
    """Note rows that repeat another by the rule's columns.

    With ``keep = "last"`` the earlier ones are ``superseded``, which holds them; with
    ``"all"`` every one of them is ``repeated_submission``, which does not. A row in which
    one of the columns is blank repeats nothing.
    """
    absent = [name for name in rule.by if name not in frame]
    if absent:
        what = f"repeated.by names columns that the file lacks: {', '.join(absent)}"
        table.note_table(what, "map them, or name others", "bad_mapping")
        return
    known = frame[list(rule.by)].notna().all(axis=1)
    groups = frame.loc[known].groupby(list(rule.by), sort=False).indices
    places = frame.index[known]
    for rows in groups.values():
        if len(rows) < 2:
            continue
        mine = [int(places[row]) for row in rows]
        mine.sort(key=lambda row: (_stamp(frame, row), row))
        shown = rule.by[0] if len(rule.by) == 1 else "+".join(rule.by)
        for row in mine[:-1] if rule.keep == "last" else mine:
            what = f"one of {len(mine)} rows with the same {shown}"
            if rule.keep == "last":
                table.note(row, None, what, "the latest of them counts", "superseded")
            else:
                table.note(row, None, what, "each of them counts", "repeated_submission")


def _stamp(frame: pd.DataFrame, row: int) -> pd.Timestamp:
    for column in ("submitted_at", "started_at"):
        cell: Any = frame[column].iat[row] if column in frame else None
        if not pd.isna(cell):
            return pd.Timestamp(cell)
    return pd.Timestamp.min
