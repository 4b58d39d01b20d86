"""What somebody decided about an answer on the platform, before it came here.

A supervisor there may have rejected it. Scoring it all the same would pass over that decision;
leaving it out would let whoever holds the account there choose which answers count, the low
ones among them. It is kept apart: held here with the reason, until a person decides.
"""

from __future__ import annotations

import numpy as np

from audit.intake._cells import short_text
from audit.intake.columns import Columns
from audit.intake.mapping import plain_label

__all__ = ["note_reviews"]


def note_reviews(table: Columns) -> None:
    """Note rows that the platform marks as not accepted.

    They are ``not_accepted``, which holds them, or with ``then = "count"`` in the mapping
    ``not_accepted_counted``, which does not.
    """
    rule = table.mapping.review
    states = dict(table.mapping.platform.not_accepted)
    if rule.column is not None:
        usual = frozenset().union(*states.values())
        states = {rule.column: usual}
        if rule.column not in table.raw.columns:
            what = f"review.column names {rule.column!r}, which the file lacks"
            table.note_table(what, "name another, or take the line out", "bad_mapping")
            return
    counted = rule.then == "count"
    for column, usual in states.items():
        if column not in table.raw.columns:
            continue
        cells = table.raw.columns[column]
        words = frozenset(plain_label(word) for word in rule.states or usual)
        told = [short_text(cell) or "" for cell in cells.distinct]
        refused = np.array([plain_label(word) in words for word in told], dtype=bool)
        for row in np.flatnonzero(refused[cells.codes]).tolist():
            table.note(
                row,
                column,
                f"not accepted on the survey platform: {told[int(cells.codes[row])]}",
                "it counts all the same, as the mapping says"
                if counted
                else "it is held until a person decides",
                "not_accepted_counted" if counted else "not_accepted",
            )
