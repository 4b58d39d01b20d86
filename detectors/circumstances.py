"""What is known of a collection beside its answers: clocks, desks, cases, breaks, a baseline.

Everything here is handed in by whoever knows it (a settings file, a run, a test); a check
that needs something that was not handed in answers "not assessable".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

__all__ = ["ANY_UNIT", "Circumstances"]

ANY_UNIT = "*"


@dataclass(frozen=True, eq=False)
class Circumstances:
    """Knowledge about a collection. Tables are read only by convention.

    Attributes:
        timezone: Where forms were filled in (IANA name); stamps without a zone are of it.
        office_hours: First and last hour of the day in which desks are open, as decimals.
        office_days: Days of the week on which desks are open, 0 Monday to 6 Sunday.
        shared: Devices, accounts and IP prefixes that many people use by right: kiosks,
            tablets at a desk. Names as they stand in the response table.
        assisted_days: ``(unit_id, day)`` of announced service days, on which staff help
            many people in one place; ``"*"`` stands for every unit.
        transactions: ``case_id, unit_id, received_at, finished_at, channel``: the
            administrative cases that may be rated; ``None`` where no such table is known.
        complaints: ``unit_id, complaints``: complaints received in the period, or ``None``.
        changes: ``record_id, item, before, after, how``: marks that were changed on paper,
            values of the instrument; ``how`` is cancelled, erased or overwritten. ``None``
            where no image was read.
        successors: Unit of the previous period -> unit of this one that took it over.
        method_break: True where the previous period was collected in another way, so that
            a common shift of all units says nothing.
        cutoffs: Satisfaction values at which a better tier begins, in [0, 1].
        baseline: Responses (columns of the contract) of audited rounds that are trusted, to
            stand for the honest pool; ``None`` takes the table itself.
    """

    timezone: str = "Asia/Ho_Chi_Minh"
    office_hours: tuple[float, float] = (7.0, 17.5)
    office_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    shared: frozenset[str] = frozenset()
    assisted_days: frozenset[tuple[str, dt.date]] = frozenset()
    transactions: pd.DataFrame | None = None
    complaints: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    successors: Mapping[str, str] = field(default_factory=dict)
    method_break: bool = False
    cutoffs: tuple[float, ...] = (0.95, 0.80, 0.70, 0.50)
    baseline: pd.DataFrame | None = None
