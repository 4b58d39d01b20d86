"""Gate and score from what is stored: after a run, and whenever somebody has decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from audit.intake.registers import units_at
from audit.judge.gate import Gate, gate
from audit.pipeline.assembly import answer_text
from audit.scoring.breakdown import UnitFacts, breakdown
from audit.scoring.rules import AGENCY, RuleSet
from audit.scoring.scores import (
    DISSATISFIED,
    NO_ANSWER,
    SATISFIED,
    UNREAD,
    Ballot,
    score,
)
from audit.scoring.uncertainty import firmness
from audit.settings import InstrumentSettings, Settings
from audit.store.cases import Cases
from audit.store.records import Records
from audit.store.remarks import BLANK, Corrections
from audit.store.results import Breakdowns, Scores
from audit.store.rounds import Rounds
from audit.store.rows import Changes
from detectors.instrument import Instrument

__all__ = ["gate_and_score"]


def gate_and_score(
    connection: sa.Connection,
    settings: Settings,
    instrument: Instrument,
    rules: RuleSet,
    form: InstrumentSettings,
) -> Changes:
    """Let the gate judge every record of an instrument and store the scores that follow.

    One transaction with the decisions it rests on: no score is ever stored beside a gate
    that says otherwise. Each instrument has its own results: opinions of agencies are never
    pooled with those of citizens.
    """
    round_id = settings.round.id
    units = units_at(Rounds(connection, round_id).units(), settings.round.date_to)
    states = _gates(connection, round_id, instrument, frozenset(units["unit_id"]))
    records = Records(connection, round_id, instrument.id)
    moved = records.save_states({key: str(state) for key, state in states.items()})
    agreed = Corrections(connection, round_id).agreed(instrument.id)
    read = _read(records, instrument, states, agreed, form)
    if form.programme != AGENCY:
        # A unit that does not handle procedures has no satisfaction result at all.
        units = units[units["handles_procedures"].ne(other=False).fillna(value=True)]
    facts = {
        row["unit_id"]: UnitFacts(*(_text(row[name]) for name in ("group", "level", "parent_id")))
        for row in units.to_dict("records")
    }
    groups = {unit: fact.group for unit, fact in facts.items()}
    served = {
        unit: int(number)
        for unit, number in zip(units["unit_id"], units["served"], strict=True)
        if number == number and number >= 0
    }
    results = score(read.ballot, instrument, groups, rules)
    firm = firmness(
        read.ballot, read.clusters, instrument, results, groups, served, rules, seed=settings.seed
    )
    slices = breakdown(read.ballot, read.clusters, read.dimensions, instrument, facts)
    changes = Scores(connection, round_id).save(instrument.id, results, rules.id, firm)
    changes += Breakdowns(connection, round_id).save(instrument.id, slices)
    return changes + Changes(changed=moved)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _gates(
    connection: sa.Connection, round_id: str, instrument: Instrument, units: frozenset[str]
) -> dict[int, Gate]:
    cases = Cases(connection, round_id)
    state = cases.states(instrument.id)
    by_record = {c["subject_id"]: c for c in cases.open(instrument.id) if c["subject"] == "record"}
    gates: dict[int, Gate] = {}
    for record in Records(connection, round_id, instrument.id).all():
        case = by_record.get(record["record_id"])
        gates[record["id"]] = gate(
            unit_known=record["unit_id"] in units,
            case=None if case is None else state[case["id"]],
            holds=case is not None and bool(case["holds"]),
        )
    return gates


@dataclass(frozen=True)
class _Read:
    """Records as the arithmetic wants them."""

    ballot: Ballot
    clusters: NDArray[np.int64] | None
    dimensions: Mapping[str, Sequence[str | None]]


def _read(
    records: Records,
    instrument: Instrument,
    gates: Mapping[int, Gate],
    agreed: Mapping[tuple[str, str], tuple[Any, Any]],
    form: InstrumentSettings,
) -> _Read:
    rows = records.all()
    index = {row["id"]: number for number, row in enumerate(rows)}
    columns = {item.id: number for number, item in enumerate(instrument.ratings)}
    best = {item.id: {answer_text(value) for value in item.top_two} for item in instrument.ratings}
    cells = np.full((len(rows), len(columns)), NO_ANSWER, dtype=np.uint8)
    asked = {item: name for name, item in form.dimensions().items()}
    cut: dict[str, list[str | None]] = {"channel": [row["channel"] for row in rows]}
    cut |= {name: [None] * len(rows) for name in form.dimensions()}

    def cell(item: str, state: str, value: str | None) -> int:
        if state == "answered":
            return SATISFIED if value in best[item] else DISSATISFIED
        return UNREAD if state == "undetermined" else NO_ANSWER

    corrected = {record for record, _ in agreed}
    names = {index[row["id"]]: row["record_id"] for row in rows if row["record_id"] in corrected}
    read: dict[tuple[str, str], list[str | None]] = {}
    for key, item, state, value in records.answers():
        if item in asked and state == "answered":
            cut[asked[item]][index[key]] = value
        column = columns.get(item)
        if column is None:
            continue
        row = index[key]
        cells[row, column] = cell(item, state, value)
        if row in names:
            read[names[row], item] = [state, value]
    units = [row["unit_id"] for row in rows]
    received = cells.copy() if agreed else None
    places = {name: row for row, name in names.items()}
    for (record, item), (was, right) in agreed.items():
        # A correction of a reading that no longer stands is stale: it changes nothing.
        if record in places and item in columns and read.get((record, item), BLANK) == was:
            cells[places[record], columns[item]] = cell(item, right[0], right[1])
    ballot = Ballot(units, [gates[row["id"]] for row in rows], cells, received)
    return _Read(ballot, _clusters(rows), cut)


def _clusters(rows: Sequence[sa.RowMapping]) -> NDArray[np.int64] | None:
    """A number for each collector of a unit, or its batch; a form of neither is alone."""
    names: dict[tuple[object, ...], int] = {}
    numbers = np.empty(len(rows), dtype=np.int64)
    any_ = False
    for place, row in enumerate(rows):
        label = row["collector"] or row["batch"]
        any_ = any_ or label is not None
        about = (row["unit_id"], label) if label is not None else (row["unit_id"], None, place)
        numbers[place] = names.setdefault(about, len(names))
    return numbers if any_ else None
