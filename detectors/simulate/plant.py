"""Frauds put into a table of honest responses, simulated or real.

What the simulator does to its own rounds can be done to any table of the contract: real
rows of a public questionnaire, or a generator that the checks were not tuned on. Blanks
and "not applicable" of a record stay as they are; a copy has those of its original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument, Item
from detectors.simulate.frauds import FRAUDS, LENT, Fraud, FraudPlan, Touched, lent_rows
from detectors.table_coding import positions

__all__ = ["Planted", "plant"]


@dataclass(frozen=True, eq=False)
class Planted:
    """A table with frauds in it.

    Attributes:
        responses: The table; the one that was given is not changed.
        truth: ``record_id, unit_id, fraud`` (kind, empty if honest), ``copied_from``
            (record id in this table, else empty) in the order of the table.
    """

    responses: pd.DataFrame
    truth: pd.DataFrame


def plant(
    responses: pd.DataFrame,
    instrument: Instrument,
    plans: Mapping[str, FraudPlan],
    rng: np.random.Generator,
    *,
    previous: pd.DataFrame | None = None,
    fresh: pd.DataFrame | None = None,
    avoid: frozenset[str] = frozenset(),
) -> Planted:
    """Tamper with some units of an honest table.

    Args:
        responses: Honest records with ``record_id`` and ``unit_id``.
        instrument: What was asked.
        plans: Unit -> what is done there. Of the digital kinds only the answers are done.
        rng: Chance.
        previous: Records of the previous period, for :attr:`Fraud.REUSE`.
        fresh: Honest records drawn anew for the same units, for :attr:`Fraud.PLAUSIBLE`.
        avoid: Units that nothing is copied from, beside those of ``plans``.

    Raises:
        ValueError: If a plan needs rows that were not given, or its unit has no records.
    """
    items = [item for item in instrument.ratings if item.id in responses.columns]
    sheet = {item.id: responses[item.id].to_numpy(dtype=object).copy() for item in items}
    unit_of = responses["unit_id"].to_numpy(dtype=object)
    ids = responses["record_id"].to_numpy(dtype=object)
    fraud = np.full(len(responses), "", dtype=object)
    copied = np.full(len(responses), "", dtype=object)
    for unit, plan in plans.items():
        rows = np.flatnonzero(unit_of == unit)
        donors = _donors(plan.kind, unit, unit_of, avoid | set(plans), previous, fresh, rng)
        if rows.size == 0 or len(donors[1]) == 0:
            raise ValueError(f"{plan.kind}: no records to work on for unit {unit}")
        lender = responses if donors[0] is None else donors[0]
        touched = _touch(responses, rows, (lender, donors[1]), items, plan, sheet, rng)
        fraud[rows[touched.rows]] = plan.kind.value
        if donors[0] is None:
            named = touched.source >= 0
            copied[rows[touched.rows[named]]] = ids[donors[1][touched.source[named]]]
    changed = responses.copy()
    for item in items:
        values = pd.Series(sheet[item.id], index=responses.index, dtype=object)
        changed[item.id] = values.astype(responses[item.id].dtype)
    truth = {"record_id": ids, "unit_id": unit_of, "fraud": fraud, "copied_from": copied}
    return Planted(changed, pd.DataFrame(truth))


def _donors(
    kind: Fraud,
    unit: str,
    unit_of: NDArray[np.object_],
    touched: frozenset[str],
    previous: pd.DataFrame | None,
    fresh: pd.DataFrame | None,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame | None, NDArray[np.intp]]:
    """Table (``None``: the round's own) and rows that records may be taken from."""
    if kind not in LENT:
        return None, np.flatnonzero(unit_of == unit)
    if kind is Fraud.COPY_BETWEEN:
        others = sorted(set(unit_of) - touched)
        if not others:
            raise ValueError("copies between units need an honest unit to copy from")
        lender = others[int(rng.integers(len(others)))]
        return None, np.flatnonzero(unit_of == lender)
    table = previous if kind is Fraud.REUSE else fresh
    if table is None:
        raise ValueError(f"{kind}: needs records that were not given")
    return table, np.flatnonzero(table["unit_id"].to_numpy(dtype=object) == unit)


def _touch(
    responses: pd.DataFrame,
    rows: NDArray[np.intp],
    donors: tuple[pd.DataFrame, NDArray[np.intp]],
    items: list[Item],
    plan: FraudPlan,
    sheet: dict[str, NDArray[np.object_]],
    rng: np.random.Generator,
) -> Touched:
    """Commit one fraud on the positions of a unit and write it into the sheet."""
    count = np.array([len(item.scale) for item in items], dtype=np.intp)
    own, blank = _filled(responses, rows, items, rng)
    if plan.kind in LENT:
        lent, holes = _filled(*donors, items, rng)
        touched = lent_rows(own, lent, count, plan, rng)
    else:
        lent, holes = own, blank
        touched = FRAUDS[plan.kind](own, count, plan, rng)
    copy = touched.source >= 0
    empty = blank[touched.rows]
    empty[copy] = holes[touched.source[copy]]
    place = rows[touched.rows]
    for j, item in enumerate(items):
        written = np.array(item.ordered_scale, dtype=object)[own[touched.rows, j] - 1]
        theirs = donors[0][item.id].to_numpy(dtype=object)[donors[1]]
        left: NDArray[Any] = sheet[item.id][place]
        left[copy] = theirs[touched.source[copy]]
        sheet[item.id][place] = np.where(empty[:, j], left, written)
    return touched


def _filled(
    frame: pd.DataFrame, rows: NDArray[np.intp], items: list[Item], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Positions of some rows, blanks filled by others' answers to the item; and the blanks."""
    answers = np.column_stack([positions(frame[item.id].iloc[rows], item) for item in items])
    blank = ~np.isfinite(answers)
    for j, item in enumerate(items):
        known = answers[~blank[:, j], j]
        usual = known if known.size else np.array([float(len(item.scale))])
        answers[blank[:, j], j] = rng.choice(usual, size=int(blank[:, j].sum()))
    return answers.astype(np.intp), blank
