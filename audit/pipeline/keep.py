"""Laying what was worked out over what is stored, a block of records at a time.

Millions of records are never all in memory as rows: a block is made, compared with what is
stored of it, written and forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from audit.pipeline.assembly import Assembly
from audit.pipeline.given import Given
from audit.pipeline.tested import TestedRecords, tests_of
from audit.pipeline.tools import Screened
from audit.store.blocks import Block
from audit.store.evidence import Findings
from audit.store.records import Records
from audit.store.rows import Changes, plain
from audit.store.schema import key_of
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["save_evidence", "save_records"]

_META = ("unit_id", "channel", "serial", "batch", "collector", "started_at", "submitted_at")
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
) -> Iterator[Block]:
    """All records in order of key, in which they lie in the store: nothing is looked for twice."""
    frame = assembly.frame
    keys = np.array([repository.key(name) for name in frame["record_id"].tolist()], dtype=np.int64)
    order = np.argsort(keys)
    tests, given = TestedRecords(screened, frame), Given(instrument, assembly)
    filled = [n for n in (*_META, "assisted") if frame[n].notna().any()]
    for start in range(0, len(frame), _BLOCK):
        rows = order[start : start + _BLOCK]
        size, places = len(rows), rows.tolist()
        answers, hashes = given(rows)
        columns: dict[str, Sequence[Any]] = dict.fromkeys((*_META, "assisted"), [None] * size)
        columns |= {n: _plain(frame[n].iloc[rows].tolist()) for n in ("record_id", *filled)}
        columns |= tests(rows)
        columns |= {
            "id": keys[rows].tolist(),
            "round_id": [repository.round_id] * size,
            "instrument_id": [repository.instrument_id] * size,
            "source": [assembly.source[row] for row in places],
            "file_id": [assembly.file_id[row] for row in places],
            "reasons": [_reasons(assembly.reasons[row]) for row in places],
            "content": hashes,
            "state": ["held"] * size,
        }
        yield Block(columns, answers, [assembly.pages[row] for row in places])


def _plain(values: Sequence[Any]) -> list[Any]:
    return [value if type(value) is str else plain(value) for value in values]


def _reasons(codes: Sequence[str]) -> str:
    return json.dumps(sorted(set(codes))) if codes else "[]"


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
        () if table is None else tests_of(table),
        strict=True,
    ):
        if row["severity"] is None and row["flagged"] is None:
            row["flagged"] = False
        units.append({"unit_id": unit, **row})
    repository.save_unit_results(instrument.id, units)
    return repository.save(instrument.id, findings, run_id, versions)
