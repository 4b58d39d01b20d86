"""The statistical screen of a response table: every check, one verdict a record and a unit.

Each record and each unit gets one p-value, from the smallest over its checks (the shape
tests of a unit, which hang together, are calibrated together and enter as one), and one
q-value by Benjamini-Hochberg over the table. A record is flagged at q <= .05, a unit at
q <= .05 and p <= .0007, both where a rule is broken. Red needs two independent families of
evidence. Indices of careless answering move a record's p-value, not its q-value: they
order records and flag none.

From group to record: units are tested in one Benjamini-Hochberg over the round, which is
valid whatever their groups; a group is summed up by Simes. Records are judged harder or
milder by the unit they stand in only through units that were selected (see
``records/_twin_units.py``), as Benjamini and Bogomolov (2014) prescribe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from detectors._notes import notes_of, unit_notes_of
from detectors._verdict import Joint, Subjects, Verdicts, judge
from detectors.calibration.multiplicity import q_values, simes
from detectors.circumstances import Circumstances
from detectors.finding import Finding, Message
from detectors.instrument import Instrument
from detectors.reasons import Reasons
from detectors.registry import Assessment, Level, discover
from detectors.shown import html_table, number
from detectors.table import RecordTable, UnitTable
from detectors.units._features import features_of
from detectors.units._shape import TESTS, shape_of
from detectors.weights import (
    MOST_UNIT_P,
    ORDER_ONLY,
    RECORD_WEIGHTS,
    SHAPE_WEIGHT,
    UNIT_WEIGHTS,
)

__all__ = ["Screening", "screen", "screen_units"]

_TAIL = ("p_value", "q_value", "severity", "flagged", "not_testable")


@dataclass(frozen=True, eq=False)
class Screening:
    """What the screen found.

    Attributes:
        records: One row a record in the order of the table: ``record_id``, ``unit_id``, a
            score a check, ``p_value``, ``q_value``, ``severity``, ``flagged`` (bool),
            ``not_testable`` (reason, else empty).
        units: One row a unit in order of id: ``unit_id``, ``n``, ``value`` (share of the
            two best values over all rating answers), a score a check and the same tail.
        findings: Signs, at least one for whatever is flagged.
        notes: What the reader should know about the table as a whole.
        groups: One row a peer group of the table of units, in order: ``group``, ``units``
            tested, ``flagged`` ones, ``p_value`` that none of its units shows a sign (Simes)
            and ``q_value`` over the groups. A summary: what is flagged is flagged by unit.
    """

    records: pd.DataFrame
    units: pd.DataFrame
    findings: tuple[Finding, ...]
    notes: tuple[Message, ...] = ()
    groups: pd.DataFrame = field(default_factory=lambda: _groups(None, None))

    def __repr__(self) -> str:
        """One line: how many were flagged, and how many could not be judged."""
        told = ", ".join(
            f"{len(table)} {name} ({int(table['flagged'].sum())} flagged, "
            f"{int((table['not_testable'] != '').sum())} not judged)"
            for name, table in (("records", self.records), ("units", self.units))
        )
        return f"<Screening: {told}, {len(self.findings)} findings>"

    def _repr_html_(self) -> str:
        """The same, and the signs: the worst units and records first, twenty of them."""
        worst = sorted(self.findings, key=lambda f: (-f.severity.rank, f.p_value or 0.0))[:20]
        rows = [
            (f.severity.value, f.unit_id, f.record_id, f.detector, number(f.p_value), f.message.vi,
             f.message.en)
            for f in worst
        ]  # fmt: skip
        head = ("severity", "unit", "record", "check", "p", "dấu hiệu", "signs")
        return html_table(repr(self)[1:-1], head, rows)


def screen(
    responses: pd.DataFrame,
    instrument: Instrument,
    *,
    units: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    custody: pd.DataFrame | None = None,
    period: tuple[str, str] | None = None,
    circumstances: Circumstances | None = None,
    seed: int = 0,
) -> Screening:
    """Screen a table of responses (columns of the contract).

    The result does not depend on the order of the rows and, for the same seed, is the
    same every time. The input is not changed.

    Args:
        responses: One row a record.
        instrument: What was asked.
        units: Table of units; gives peer groups.
        previous: Responses of the previous period.
        custody: Table of form custody.
        period: First and last day as ISO dates.
        circumstances: What is known of the collection beside the answers.
        seed: Draws the null models.

    Raises:
        InputError: If ``record_id`` or every rating item is missing.
    """
    with threadpool_limits(1):
        # many small matrix products: threads would wait for each other, and round differently
        return _screen(responses, instrument, units, previous, custody, period, circumstances, seed)


def _screen(
    responses: pd.DataFrame,
    instrument: Instrument,
    units: pd.DataFrame | None,
    previous: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    period: tuple[str, str] | None,
    circumstances: Circumstances | None,
    seed: int,
) -> Screening:
    table = RecordTable.build(responses, instrument, units, circumstances)
    before = None
    if previous is not None:
        before = RecordTable.build(previous, instrument, units, circumstances)
    records, found = _records(table, seed)
    if not table.has_units:
        return Screening(records, _no_units(), found, notes_of(table, responses))
    unit_table = UnitTable(table, units, before, custody, period)
    unit_rows, unit_found = screen_units(unit_table, seed)
    notes = (*notes_of(table, responses), *unit_notes_of(unit_table))
    groups = _groups(unit_rows, units)
    return Screening(records, unit_rows, (*unit_found, *found), notes, groups)


def _records(table: RecordTable, seed: int) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    checks = discover(Level.RECORD)
    answers = {name: _kept(check.assess(table, seed=seed)) for name, check in checks.items()}
    subjects = Subjects(
        table.record_ids, "record_id", RECORD_WEIGHTS, order_only=ORDER_ONLY, calibrated=True
    )
    verdicts = judge(checks, answers, subjects)
    names = np.array(table.unit_ids, dtype=object)
    head = {
        "record_id": table.record_ids.astype(object),
        "unit_id": names[table.unit] if len(table) else names[:0],
    }
    frame = _frame(head, answers, verdicts)
    given = np.argsort(table.source_row, kind="stable")
    return frame.iloc[given].reset_index(drop=True), verdicts.findings


def _kept(answer: Assessment) -> Assessment:
    """The answer of a check, small enough to be kept beside those of all others."""
    reasons = Reasons(answer.not_assessable, len(answer.scores))
    return replace(answer, not_assessable=reasons)


def screen_units(
    table: UnitTable, seed: int, answers: Mapping[str, Assessment] | None = None
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """The units of :attr:`Screening.units` and their findings, without the record checks.

    Args:
        table: The units.
        seed: Draws the null models.
        answers: What every unit check says of them, where it is known already.
    """
    checks = discover(Level.UNIT)
    if answers is None:
        answers = {name: check.assess(table, seed=seed) for name, check in checks.items()}
    ids = np.array(table.unit_ids, dtype=np.str_)
    records = table.records
    joint = Joint(tuple(TESTS), shape_of(records, seed).together, SHAPE_WEIGHT)
    subjects = Subjects(
        ids, "unit_id", UNIT_WEIGHTS, calibrated=True, joint=joint, most_p=MOST_UNIT_P
    )
    verdicts = judge(checks, answers, subjects)
    count = len(table)
    rated = records.answered > 0
    unit = records.unit[rated]
    top = np.bincount(unit, features_of(records).top_two[rated], minlength=count)
    asked = np.bincount(unit, records.answered[rated], minlength=count)
    value = np.divide(top, asked, out=np.full(count, np.nan), where=asked > 0)
    head = {
        "unit_id": ids.astype(object),
        "n": np.bincount(records.unit, minlength=count),
        "value": value,
    }
    frame = _frame(head, answers, verdicts)
    return frame[frame["unit_id"] != ""].reset_index(drop=True), verdicts.findings


def _groups(unit_rows: pd.DataFrame | None, units: pd.DataFrame | None) -> pd.DataFrame:
    """Peer groups by Simes over their units, Benjamini-Hochberg over the groups."""
    rows = []
    if unit_rows is not None and units is not None and {"unit_id", "group"} <= set(units.columns):
        group = dict(zip(units["unit_id"].astype(str), units["group"].astype(str), strict=True))
        for name, part in unit_rows.groupby(unit_rows["unit_id"].astype(str).map(group)):
            p = part["p_value"].to_numpy(dtype=np.float64)
            flagged = int(part["flagged"].astype(bool).sum())
            rows.append((str(name), int(np.isfinite(p).sum()), flagged, simes(p)))
    frame = pd.DataFrame(rows, columns=["group", "units", "flagged", "p_value"])
    return frame.assign(q_value=q_values(frame["p_value"].to_numpy(dtype=np.float64)))


def _no_units() -> pd.DataFrame:
    names = ("unit_id", "n", "value", *discover(Level.UNIT), *_TAIL)
    return pd.DataFrame({name: pd.Series(dtype=object) for name in names})


def _frame(
    head: Mapping[str, NDArray[Any]], answers: Mapping[str, Assessment], verdicts: Verdicts
) -> pd.DataFrame:
    tail = {
        "p_value": verdicts.p_value,
        "q_value": verdicts.q_value,
        "severity": ["" if grade is None else grade.value for grade in verdicts.severity],
        "flagged": verdicts.flagged,
        "not_testable": list(verdicts.not_testable),
    }
    scores = {name: answer.scores for name, answer in answers.items()}
    frame = pd.DataFrame({**head, **scores, **tail})
    return frame.astype({"severity": object, "not_testable": object})
