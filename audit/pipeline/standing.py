"""What follows from the scores: changes, groups, publication, awards, targets, complaints.

Made anew whenever scores are, in the same transaction. Nothing here changes a score.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.intake.registers import units_at
from audit.pipeline.brought import Brought
from audit.pipeline.index_standing import index_standing
from audit.pipeline.sources import RoundForm
from audit.pipeline.standing_changes import bunchings, changes, groups
from audit.pipeline.standing_goals import actions, complaints, targets
from audit.pipeline.standing_publication import awards, published
from audit.pipeline.standpoint import (
    Row,
    Standpoint,
    gives_back,
    is_small,
    without_value,
)
from audit.scoring.rules import RuleSet
from audit.scoring.scores import VERSIONS
from audit.settings import Settings
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.outcomes import Outcome, Outcomes
from audit.store.results import Breakdowns, Scores
from audit.store.rounds import Rounds
from audit.store.rows import Changes

__all__ = ["conclude"]


def conclude(
    connection: sa.Connection,
    settings: Settings,
    forms: Sequence[RoundForm],
    rules: Mapping[str, RuleSet],
    brought: Brought,
) -> Changes:
    """Store every statement that follows from the scores as they stand."""
    found = _round(connection, settings, forms, rules, brought)
    outcomes = [
        *found.index.outcomes,
        *changes(found),
        *groups(found),
        *bunchings(found),
        *(one for figures in brought.published for one in published(found, figures)),
        *awards(found),
        *(one for target in brought.targets for one in targets(found, target)),
        *actions(found),
        *complaints(found),
        _snapshot(found),
    ]
    return Outcomes(connection, settings.round.id).save(outcomes)


def _round(
    connection: sa.Connection,
    settings: Settings,
    forms: Sequence[RoundForm],
    rules: Mapping[str, RuleSet],
    brought: Brought,
) -> Standpoint:
    round_id = settings.round.id
    versions = units_at(Rounds(connection, round_id).units(), settings.round.date_to)
    units = {row["unit_id"]: {str(k): v for k, v in row.items()} for row in _rows(versions)}
    scores: dict[str, dict[tuple[str, str, str], Row]] = {}
    whole: dict[str, dict[tuple[str, str], Row]] = {}
    for form in forms:
        programme = form.settings.programme
        if programme in scores:
            continue  # of several questionnaires of a programme the first one is its result
        rows = [dict(r) for r in Scores(connection, round_id).all(form.instrument.id)]
        # What is withheld as a score follows from no statement either, nor from its hash.
        scores[programme] = {
            (r["unit_id"], r["measure"], r["factor"]): without_value(r) if is_small(r) else r
            for r in rows
        }
        cut = [dict(r) for r in Breakdowns(connection, round_id).all(form.instrument.id)]
        whole[programme] = {
            (r["measure"], r["factor"]): without_value(r)
            if gives_back(r, [of for of in rows if of["measure"] == r["measure"]])
            else r
            for r in cut
            if r["scope"] == "all" and not r["dimension"]
        }
    cases = Cases(connection, round_id)
    states = cases.states()
    open_: dict[str, list[int]] = {}
    for case in cases.open():
        unit = case["unit_id"] or (case["subject_id"] if case["subject"] == "unit" else None)
        if unit is None or states[case["id"]].closed:
            continue
        counts = open_.setdefault(unit, [0, 0])
        counts[0] += case["subject"] == "record" and bool(case["holds"])
        counts[1] += case["subject"] == "unit" and case["severity"] in ("orange", "red")
    findings = Findings(connection, round_id)
    signs = frozenset((f["unit_id"], f["detector"]) for f in findings.open() if f["unit_id"])
    overall = next(iter(scores.values()), {})
    return Standpoint(
        settings,
        rules,
        brought,
        units,
        scores,
        whole,
        index_standing(brought, units, settings.round.date_to.year, overall),
        {unit: (one[0], one[1]) for unit, one in open_.items()},
        signs,
        {row["unit_id"]: dict(row) for row in findings.unit_results()},
    )


def _rows(frame: Any) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    return rows


def _snapshot(found: Standpoint) -> Outcome:
    """Hash of all results: what was published can be held against it later."""
    rows = [
        [programme, *about, *(row[f"{part}_{v}"] for part in _PARTS for v in VERSIONS)]
        for programme, scores in found.scores.items()
        for about, row in sorted(scores.items())
    ]
    rows += [["index", *line] for line in found.index.lines()]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    body = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rules": {name: rules.id for name, rules in found.rules.items()},
        "results": len(rows),
    }
    verdict = "interim" if found.settings.round.interim else "final"
    return Outcome("snapshot", "satisfaction", None, "results", verdict, body)


_PARTS = ("satisfied", "answers", "tier", "rank")
