"""Tables of what people decided, what is held, and whom they asked again."""

from __future__ import annotations

from typing import Any

import pandas as pd

from audit.judge.decision import CaseState
from audit.pipeline.sources import load_forms
from audit.settings import Settings
from audit.store.backchecks import Backchecks
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.records import Records

__all__ = ["backchecks", "decisions", "held"]


def decisions(connection: Any, settings: Settings) -> pd.DataFrame:
    """What people decided on cases, in order."""
    rows = Cases(connection, settings.round.id).decisions()
    names = ("seq", "at", "actor", "verdict", "reason", "note", "case_id", "instrument_id")
    columns = [*names, "subject", "subject_id", "unit_id", "evidence"]
    # A number of 63 bits would lose its last digits in a spreadsheet.
    found = [{c: row[c] for c in columns} | {"case_id": str(row["case_id"])} for row in rows]
    return pd.DataFrame(found, columns=columns)


def held(connection: Any, settings: Settings) -> pd.DataFrame:
    """Records that stay out of the score, and why; also those of no known unit."""
    cases = Cases(connection, settings.round.id)
    states = cases.states()
    by_record = {
        (c["instrument_id"], c["subject_id"]): c for c in cases.open() if c["subject"] == "record"
    }
    signs: dict[tuple[str, str], list[str]] = {}
    for finding in Findings(connection, settings.round.id).open():
        if finding["record_id"] is not None:
            about = (finding["instrument_id"], finding["record_id"])
            signs.setdefault(about, []).append(finding["detector"])
    rows = []
    for form in load_forms(settings):
        for record in Records(connection, settings.round.id, form.instrument.id).all():
            if record["state"] == "scored":
                continue
            about = (form.instrument.id, record["record_id"])
            case = by_record.get(about)
            rows.append(
                {
                    "instrument_id": form.instrument.id,
                    "record_id": record["record_id"],
                    "unit_id": record["unit_id"],
                    "channel": record["channel"],
                    "serial": record["serial"],
                    "batch": record["batch"],
                    "state": record["state"],
                    "severity": None if case is None else case["severity"],
                    "reasons": record["reasons"],
                    "detectors": sorted(set(signs.get(about, []))),
                    "case_id": None if case is None else str(case["id"]),
                    "case_state": None
                    if case is None
                    else str(states.get(case["id"], CaseState.OPEN)),
                }
            )
    columns = ["instrument_id", "record_id", "unit_id", "channel", "serial", "batch", "state"]
    columns += ["severity", "reasons", "detectors", "case_id", "case_state"]
    return pd.DataFrame(rows, columns=columns)


def backchecks(connection: Any, settings: Settings) -> pd.DataFrame:
    """Who was drawn and what came of it: no arm while anybody is still to be asked."""
    repository = Backchecks(connection, settings.round.id)
    rows: list[dict[str, Any]] = []
    for draw in repository.draws():
        latest = repository.latest(draw["id"])
        members = [dict(row) for row in repository.members(draw["id"])]
        verdicts = [
            "open" if m["id"] not in latest else latest[m["id"]]["verdict"] for m in members
        ]
        done = "open" not in verdicts
        for member, verdict in zip(members, verdicts, strict=True):
            said = latest.get(member["id"])
            rows.append(
                {
                    "draw": draw["number"],
                    "instrument_id": draw["instrument_id"],
                    "reference": member["reference"],
                    "unit_id": member["unit_id"],
                    "arms": member["arms"] if done else None,
                    "verdict": verdict,
                    "attempts": None if said is None else said["attempts"],
                    "checked_on": None if said is None else said["checked_on"],
                    "checker": None if said is None else said["checker"],
                }
            )
    columns = ["draw", "instrument_id", "reference", "unit_id", "arms", "verdict"]
    return pd.DataFrame(rows, columns=[*columns, "attempts", "checked_on", "checker"])
