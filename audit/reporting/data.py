"""Everything that the reports of one instrument need, asked of the store once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from audit.intake.registers import units_at
from audit.judge.decision import CaseState, Decision
from audit.pipeline.signs import TITLES
from audit.pipeline.sources import RoundForm
from audit.reporting.before import Before
from audit.reporting.firm import slices_by_unit
from audit.reporting.names import category_names
from audit.reporting.outcomes import outcomes_by_unit
from audit.scoring.rules import INDEX, SATISFACTION, RuleSet
from audit.settings import Settings
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.outcomes import Outcomes
from audit.store.pages import Files, Pages
from audit.store.records import Records
from audit.store.results import Breakdowns, Runs, Scores
from audit.store.rounds import Rounds
from audit.trail.chain import covering_head
from detectors.finding import Message
from detectors.instrument import Instrument
from detectors.registry import CheckInfo, Level, discover
from reports.views.outcomes import ResultSlice, RoundOutcomes

__all__ = ["RoundData", "Row", "load"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RoundData:
    """One instrument of a round as it is stored; rows are plain mappings.

    Attributes:
        settings: Of the round.
        instrument: The questionnaire.
        rules: The rule set of the scores.
        run: The last run that came to its end.
        units: Unit id -> the version that is valid on the last day.
        records: Records by unit; ``None`` for those without one.
        record_pages: Record key -> page keys.
        pages: Page key -> page.
        findings: Findings that stand, the most serious first.
        unit_results: Unit id -> result of the unit checks.
        scores: Unit id -> ``(measure, factor)`` -> score.
        cases: ``(subject, subject id)`` -> case with its ``state``.
        batches: Custody by unit, ``None`` without a custody table.
        batch_forms: ``(unit, batch)`` -> sheets seen.
        checks: Every check by id.
        before: Unit id -> its counts in the round before.
        changed: Page key -> marks of pages on which a mark was erased.
        facts: Item that is no rating -> record key -> answer.
        reasons: Case key -> reason codes of the words that closed it.
        programme: What the questionnaire measures: ``satisfaction`` or ``agency``.
        published: Published figures held against recomputed ones, of all programmes.
        slices: Unit id, empty for the round -> slices of the result that may be shown.
        outcomes: Unit id, ``None`` for the round -> what the results are held against.
        memo: What was counted once over all units, filled when first asked for.
    """

    settings: Settings
    instrument: Instrument
    rules: RuleSet
    run: Row
    units: Mapping[str, Row]
    records: Mapping[str | None, Sequence[Row]]
    record_pages: Mapping[int, Sequence[int]]
    pages: Mapping[int, Row]
    findings: Sequence[Row]
    unit_results: Mapping[str, Row]
    scores: Mapping[str, Mapping[tuple[str, str], Row]]
    cases: Mapping[tuple[str, str], Row]
    batches: Mapping[str | None, Sequence[Row]] | None
    batch_forms: Mapping[tuple[str | None, str | None], int]
    checks: Mapping[str, CheckInfo]
    before: Mapping[str, Before] = field(default_factory=dict)
    changed: Mapping[int, Sequence[Row]] = field(default_factory=dict)
    facts: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    reasons: Mapping[int, Sequence[str]] = field(default_factory=dict)
    programme: str = SATISFACTION
    published: Sequence[Row] = ()
    slices: Mapping[str, tuple[ResultSlice, ...]] = field(default_factory=dict)
    outcomes: Mapping[str | None, RoundOutcomes] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)

    def title(self, detector: str) -> Message:
        """What a check is called."""
        if detector in self.checks:
            return self.checks[detector].title
        return TITLES.get(detector, Message(detector, detector))

    def checks_of(self, *levels: Level) -> list[CheckInfo]:
        """Checks of some levels, in order of id."""
        return [info for info in self.checks.values() if info.level in levels]

    @property
    def finished(self) -> dt.datetime | None:
        """When the last run ended."""
        text = self.run["finished_at"]
        return dt.datetime.fromisoformat(text) if text else None


def load(
    connection: sa.Connection,
    settings: Settings,
    form: RoundForm,
    rules: RuleSet,
    run: Row,
    before: Mapping[str, Before] | None = None,
) -> RoundData:
    """Read one instrument of a round."""
    instrument = form.instrument
    round_id = settings.round.id
    rounds, records = Rounds(connection, round_id), Records(connection, round_id, instrument.id)
    cases = Cases(connection, round_id)
    states = cases.states(instrument.id)
    custody = Files(connection, round_id).kept("custody")
    batches = _grouped(rounds.batches().to_dict("records"), "unit_id") if custody else None
    forms: dict[tuple[str | None, str | None], int] = {}
    for sheet in records.forms():
        about = (sheet["unit_id"], sheet["batch"])
        forms[about] = forms.get(about, 0) + 1
    scores: dict[str, dict[tuple[str, str], Row]] = {}
    for row in Scores(connection, round_id).all(instrument.id):
        about_score = (row["measure"], row["factor"])
        scores.setdefault(row["unit_id"], {})[about_score] = dict(row)
    findings = Findings(connection, round_id)
    units = {
        row["unit_id"]: {str(k): v for k, v in row.items()}
        for row in units_at(rounds.units(), settings.round.date_to).to_dict("records")
    }
    ended = run["finished_at"]
    day = dt.datetime.fromisoformat(ended).date() if ended else settings.round.date_to
    own = {rules.programme, *((INDEX,) if rules.programme == SATISFACTION else ())}
    cut = [dict(row) for row in Breakdowns(connection, round_id).all(instrument.id)]
    return RoundData(
        settings=settings,
        instrument=instrument,
        rules=rules,
        run=run,
        units=units,
        records=_grouped([dict(row) for row in records.all()], "unit_id"),
        record_pages=records.pages(),
        pages={row["id"]: dict(row) for row in Pages(connection, round_id).all(instrument.id)},
        findings=[dict(row) for row in findings.open(instrument.id)],
        unit_results={row["unit_id"]: dict(row) for row in findings.unit_results(instrument.id)},
        scores=scores,
        cases={
            (row["subject"], row["subject_id"]): {
                **row,
                "state": states.get(row["id"], CaseState.OPEN),
            }
            for row in cases.open(instrument.id)
        },
        batches=batches,
        batch_forms=forms,
        checks={info.id: info for level in Level for info in _infos(level)},
        before=before or {},
        changed={
            page: [dict(mark) for mark in marks]
            for page, marks in Pages(connection, round_id).erased(instrument.id).items()
        },
        facts=_facts(records, instrument),
        reasons={case: _closing(words) for case, words in cases.history().items()},
        programme=rules.programme,
        published=[dict(row) for row in Outcomes(connection, round_id).all("published")],
        slices=slices_by_unit(cut, scores, units, category_names(form)),
        outcomes=outcomes_by_unit(connection, settings, day=day, programmes=own),
    )


def _closing(words: Sequence[Decision]) -> list[str]:
    """Reason codes of those decisions that agree with the last one."""
    last = words[-1].verdict
    return [word.reason for word in words if word.verdict is last]


def _facts(records: Records, instrument: Instrument) -> Mapping[str, Mapping[int, str]]:
    """Answers to the items that are no ratings."""
    facts: dict[str, dict[int, str]] = {i.id: {} for i in instrument.items if not i.is_rating}
    for key, item, state, value in records.answers(list(facts)) if facts else ():
        if state == "answered" and value is not None:
            facts[item][key] = value
    return facts


def _infos(level: Level) -> list[CheckInfo]:
    return [check.info for check in discover(level).values()]


def _grouped(rows: Sequence[Any], name: str) -> dict[str | None, list[Row]]:
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        value = row[name]
        groups.setdefault(value if isinstance(value, str) else None, []).append(row)
    return groups


def last_run(connection: sa.Connection, round_id: str) -> Row | None:
    """The last run that came to its end, with the ``trail_head`` that covers what is stored."""
    row = Runs(connection, round_id).last_done()
    return None if row is None else {**row, "trail_head": covering_head(connection).hash.hex()}
