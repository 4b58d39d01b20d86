"""What a run does, from new files to scores: each stage leaves the store whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.intake.columns import TableProblem
from audit.pipeline.brought import read_brought
from audit.pipeline.evaluate import STEPS, evaluate
from audit.pipeline.memory import few_collections
from audit.pipeline.pages import compare_pages, judge_pages
from audit.pipeline.phases import Phases
from audit.pipeline.scoring import gate_and_score
from audit.pipeline.sources import Sources, take_in
from audit.pipeline.standing import conclude
from audit.pipeline.tables import (
    read_previous,
    read_round_circumstances,
    read_round_custody,
    read_round_units,
    read_tables,
)
from audit.pipeline.tools import Tools
from audit.pipeline.withdrawn import withdraw
from audit.scoring.rules import RuleSet
from audit.settings import Settings
from audit.store import Store
from audit.store.evidence import Findings
from audit.store.rounds import Rounds
from audit.trail.acts import Action

__all__ = ["Work", "work_through"]


@dataclass(frozen=True)
class Work:
    """All that a run works with.

    Attributes:
        store: Of the round.
        settings: Of the round.
        sources: What is there.
        rules: Programme -> rule set that is valid on the round's last day.
        run_id: Of the run.
        tools: Checks, clock, progress.
        phases: Keeps the times.
    """

    store: Store
    settings: Settings
    sources: Sources
    rules: Mapping[str, RuleSet]
    run_id: str
    tools: Tools
    phases: Phases


@few_collections()
def work_through(work: Work) -> dict[str, int]:
    """Take in, judge, evaluate and score.

    Returns:
        Counts of what was new, judged, and is there now.

    Raises:
        InputError: If the units, custody or an instrument cannot be used.
        AccessError: If the store or the originals cannot be reached.
    """
    store, settings, tools, phases = work.store, work.settings, work.tools, work.phases
    forms = work.sources.forms
    with phases("take_in") as told:
        new = take_in(store, settings, work.sources, work.run_id, tools)
        told["files"] = sum(new.values())
        told["withdrawn"] = withdraw(store, settings, work.sources, tools)
    with phases("registers"):
        units = read_round_units(store, settings)
        known = frozenset(units.frame["unit_id"])
        custody = read_round_custody(store, settings, known)
        with store.writing(tools.act(Action.REGISTERS, settings.round.id)) as connection:
            rounds = Rounds(connection, settings.round.id)
            rounds.save_units(units.frame)
            if custody is not None:
                rounds.save_batches(custody.frame)
    with phases("pages") as told:
        told["pages"] = pages = judge_pages(store, settings, forms, tools)
    with phases("comparison"):
        compare_pages(store, settings, forms, tools)
    with phases("tables") as told:
        tables, table_problems = read_tables(store, settings, forms, known, tools)
        problems = [*work.sources.problems, *units.problems]
        problems += [*(custody.problems if custody else ()), *table_problems]
        beside = [
            read_round_circumstances(store, settings, form, work.rules[form.settings.programme])
            for form in forms
        ]
        # the tables are the same for every form; only a baseline is read anew
        problems += dict.fromkeys(problem for read in beside for problem in read.problems)
        before = [read_previous(store, settings, form) for form in forms]
        problems += [problem for read in before if read is not None for problem in read.problems]
        brought = read_brought(store, settings, known, work.rules)
        problems += brought.problems
        told["tables"] = sum(len(found) for found in tables.values())
        told["problems"] = len(problems)
        with store.writing(tools.act(Action.PROBLEMS, settings.round.id)) as connection:
            rows = [_problem_row(problem) for problem in problems]
            Findings(connection, settings.round.id).save_problems(rows)
    counts = {f"new_{kind}": number for kind, number in new.items()} | {"pages_judged": pages}
    # Records are worked out, checked and stored, then scored, form by form.
    with tools.steps("statistics, step", (STEPS + 1) * len(forms)) as step:
        for form, previous, circumstances in zip(forms, before, beside, strict=True):
            with phases("records", instrument=form.instrument.id) as told:
                result = evaluate(
                    store,
                    settings,
                    form.instrument,
                    tables[form.instrument.id],
                    units.frame,
                    None if custody is None else custody.frame,
                    None if previous is None else previous.frame,
                    circumstances.circumstances,
                    work.run_id,
                    tools,
                    step,
                )
                for name in ("records", "findings", "cases"):
                    told[name] = number = int(getattr(result, name))
                    counts[name] = counts.get(name, 0) + number
            with (
                phases("scores", instrument=form.instrument.id),
                store.writing(tools.act(Action.SCORES, form.instrument.id)) as connection,
            ):
                rules = work.rules[form.settings.programme]
                gate_and_score(connection, settings, form.instrument, rules, form.settings)
            step()
    with (
        phases("outcomes") as told,
        store.writing(tools.act(Action.SCORES, settings.round.id)) as connection,
    ):
        conclude(connection, settings, forms, work.rules, brought)
    return counts


def _problem_row(problem: TableProblem) -> dict[str, Any]:
    return {
        "place": problem.where,
        "what": problem.what,
        "remedy": problem.remedy,
        "code": problem.code,
        "instrument_id": None,
        "record_id": problem.record_id,
    }
