"""Laying what was worked out over what is stored, a block of records at a time.

Millions of records are never all in memory as rows: a block is made, compared with what is
stored of it, written and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from audit.pipeline.assembly import Assembly
from audit.pipeline.tools import Screened
from audit.store.evidence import Findings
from audit.store.records import Filled, Records
from audit.store.rows import Changes, plain
from audit.store.schema import key_of
from audit.trail.canonical import answers_hash
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["save_evidence", "save_records"]

_META = ("unit_id", "channel", "serial", "batch", "collector", "started_at", "submitted_at")
_TAIL = ("p_value", "q_value", "severity", "flagged", "not_testable")
_UNTESTED: Mapping[str, Any] = {**dict.fromkeys(_TAIL), "detectors": {}}
_BLOCK = 4_000


def save_records(
    connection: sa.Connection,
    round_id: str,
    instrument: Instrument,
    assembly: Assembly,
    screened: Screened | None,
) -> Changes:
    """Make records, with their answers, pages and tests, and sheets equal to what was found.

    Args:
        connection: In a transaction that writes.
        round_id: Of the round.
        instrument: The questionnaire.
        assembly: Its records.
        screened: What the table checks said; a record that is not in it was not tested.
    """
    repository = Records(connection, round_id, instrument.id)
    changes = repository.save(_blocks(repository, instrument, assembly, screened))
    forms = [
        {
            **{name: plain(value) for name, value in form.items()},
            "id": key_of("form", round_id, instrument.id, form["serial"], form["sheet"]),
            "round_id": round_id,
            "instrument_id": instrument.id,
        }
        for form in assembly.forms
    ]
    return changes + repository.save_forms(forms)


def _blocks(
    repository: Records, instrument: Instrument, assembly: Assembly, screened: Screened | None
) -> Iterator[Sequence[Filled]]:
    frame = assembly.frame
    tests = _Tests(screened, frame)
    fixed = {"round_id": repository.round_id, "instrument_id": repository.instrument_id}
    for start in range(0, len(frame), _BLOCK):
        stop = min(start + _BLOCK, len(frame))
        names = ("record_id", *_META, "assisted")
        cells = [[plain(v) for v in frame[name].iloc[start:stop].tolist()] for name in names]
        block = []
        for row, values, tested in zip(
            range(start, stop), zip(*cells, strict=True), tests(start, stop), strict=True
        ):
            answers = list(assembly.answers(row, instrument))
            record = {
                **fixed,
                **dict(zip(names, values, strict=True)),
                "id": repository.key(values[0]),
                "source": assembly.source[row],
                "file_id": assembly.file_id[row],
                "reasons": sorted(set(assembly.reasons[row])),
                "content": answers_hash(answers),
                "state": "held",
                **tested,
            }
            block.append(Filled(record, answers, assembly.pages[row]))
        yield block


class _Tests:
    """What the table checks said of each record, by its place in the assembly."""

    def __init__(self, screened: Screened | None, frame: pd.DataFrame) -> None:
        self._table = None if screened is None else screened.records
        self._place = np.full(len(frame), -1, dtype=np.int64)
        if self._table is not None and len(self._table):
            rows = pd.Index(frame["record_id"].astype(object)).get_indexer(
                pd.Index(self._table["record_id"].astype(object))
            )
            known = rows >= 0
            self._place[rows[known]] = np.flatnonzero(known)

    def __call__(self, start: int, stop: int) -> Sequence[Mapping[str, Any]]:
        """One mapping a record of the block."""
        places = self._place[start:stop]
        if self._table is None or not (places >= 0).any():
            return [_UNTESTED] * len(places)
        found = iter(tests_of(self._table.iloc[places[places >= 0]], ("record_id", "unit_id")))
        return [next(found) if place >= 0 else _UNTESTED for place in places.tolist()]


def tests_of(frame: pd.DataFrame, head: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a screen's table without its head: the tail, and one score a detector."""
    detectors = [c for c in frame.columns if c not in (*head, *_TAIL, "n", "value")]
    scores = [_column(frame, name) for name in detectors]
    tail = [name for name in (*_TAIL, "n", "value") if name in frame.columns]
    rows = []
    for row, values in enumerate(zip(*(_column(frame, n) for n in tail), strict=True)):
        found: dict[str, Any] = dict(zip(tail, values, strict=True))
        found["severity"] = found["severity"] or None
        found["not_testable"] = found["not_testable"] or None
        found["detectors"] = {
            str(name): column[row] for name, column in zip(detectors, scores, strict=True)
        }
        rows.append(found)
    return rows


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return [plain(value) for value in frame[name].tolist()]


def save_evidence(
    connection: sa.Connection,
    round_id: str,
    instrument: Instrument,
    screened: Screened | None,
    findings: Sequence[tuple[Finding, int | None]],
    run_id: str,
    versions: Mapping[str, str],
) -> Changes:
    """Make the results of units and the open findings equal to what was found.

    Args:
        connection: In a transaction that writes.
        round_id: Of the round.
        instrument: The questionnaire.
        screened: What the table checks said.
        findings: Each with the key of its page, if it is about one.
        run_id: The run.
        versions: Of every check, by id.
    """
    repository = Findings(connection, round_id)
    table = None if screened is None else screened.units
    units = []
    for unit, row in zip(
        () if table is None else table["unit_id"].tolist(),
        () if table is None else tests_of(table, ("unit_id",)),
        strict=True,
    ):
        if row["severity"] is None and row["flagged"] is None:
            row["flagged"] = False
        units.append({"unit_id": unit, **row})
    repository.save_unit_results(instrument.id, units)
    return repository.save(instrument.id, findings, run_id, versions)
