"""Gate and score from what is stored: after a run, and whenever somebody has decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from audit.store.records import Records, Standing
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
    records = Records(connection, round_id, instrument.id)
    standing = records.standing()
    gates = _gates(connection, round_id, instrument, standing, frozenset(units["unit_id"]))
    moved = records.save_states(standing, gates)
    agreed = Corrections(connection, round_id).agreed(instrument.id)
    read = _read(records, standing, instrument, gates, agreed, form)
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
    connection: sa.Connection,
    round_id: str,
    instrument: Instrument,
    standing: Standing,
    units: frozenset[str],
) -> list[Gate]:
    cases = Cases(connection, round_id)
    state = cases.states(instrument.id)
    by_record = {c["subject_id"]: c for c in cases.open(instrument.id) if c["subject"] == "record"}
    gates = []
    for name, unit in zip(standing.names, standing.units, strict=True):
        case = by_record.get(name)
        gates.append(
            gate(
                unit_known=unit in units,
                case=None if case is None else state[case["id"]],
                holds=case is not None and bool(case["holds"]),
            )
        )
    return gates


@dataclass(frozen=True)
class _Read:
    """Records as the arithmetic wants them."""

    ballot: Ballot
    clusters: NDArray[np.int64] | None
    dimensions: Mapping[str, Sequence[str | None]]


# Column and cell of an answer in one number; more kinds of cells there are not.
_CODES = 16


class _Worth(dict[tuple[str, str, str | None], int]):
    """Column and cell of each kind of answer, worked out once."""

    def __init__(self, tell: Callable[[str, str, str | None], tuple[int, int]]) -> None:
        super().__init__()
        self._tell = tell

    def __missing__(self, answer: tuple[str, str, str | None]) -> int:
        column, cell = self._tell(*answer)
        self[answer] = column * _CODES + cell
        return self[answer]


def _read(
    records: Records,
    standing: Standing,
    instrument: Instrument,
    gates: Sequence[Gate],
    agreed: Mapping[tuple[str, str], tuple[Any, Any]],
    form: InstrumentSettings,
) -> _Read:
    size = len(standing)
    columns = {item.id: number for number, item in enumerate(instrument.ratings)}
    best = {item.id: {answer_text(value) for value in item.top_two} for item in instrument.ratings}
    cells = np.full((size, len(columns)), NO_ANSWER, dtype=np.uint8)
    asked = {item: name for name, item in form.dimensions().items()}
    cut: dict[str, Sequence[str | None]] = {"channel": standing.channels}
    said: dict[str, list[str | None]] = {name: [None] * size for name in form.dimensions()}

    def cell(item: str, state: str, value: str | None) -> int:
        if item not in columns:
            return NO_ANSWER
        if state == "answered":
            return SATISFIED if value in best[item] else DISSATISFIED
        return UNREAD if state == "undetermined" else NO_ANSWER

    corrected = {record for record, _ in agreed}
    places = {name: row for row, name in enumerate(standing.names) if name in corrected}
    names = {row: name for name, row in places.items()}
    read: dict[tuple[str, str], list[str | None]] = {}
    order = np.argsort(standing.keys)
    # A few answers over and over: what each is worth, and in which column.
    worth = _Worth(lambda item, *about: (columns.get(item, -1), cell(item, *about)))
    for owners, answers in records.answers_of(standing.keys[order]):
        rows = order[owners]
        where, code = np.divmod([worth[answer] for answer in answers], _CODES)
        cells[rows[where >= 0], where[where >= 0]] = code[where >= 0]
        if not asked and not names:
            continue
        for row, (item, state, value) in zip(rows.tolist(), answers, strict=True):
            if item in asked and state == "answered":
                said[asked[item]][row] = value
            if row in names and item in columns:
                read[names[row], item] = [state, value]
    received = cells.copy() if agreed else None
    for (record, item), (was, right) in agreed.items():
        # A correction of a reading that no longer stands is stale: it changes nothing.
        if record in places and item in columns and read.get((record, item), BLANK) == was:
            cells[places[record], columns[item]] = cell(item, right[0], right[1])
    ballot = Ballot(standing.units, gates, cells, received)
    return _Read(ballot, _clusters(standing), cut | said)


def _clusters(standing: Standing) -> NDArray[np.int64] | None:
    """A number for each collector of a unit, or its batch; a form of neither is alone."""
    if not any(label is not None for label in standing.labels):
        return None
    names: dict[tuple[object, ...], int] = {}
    numbers = np.empty(len(standing), dtype=np.int64)
    for place, (unit, label) in enumerate(zip(standing.units, standing.labels, strict=True)):
        about = (unit, label) if label is not None else (unit, None, place)
        numbers[place] = names.setdefault(about, len(names))
    return numbers
