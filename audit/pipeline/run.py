"""One run of a round, from the inbox to the scores.

Taking in, judging and evaluating each leave the store whole, so that a run that was killed
is simply run again. A run that finds nothing new writes nothing at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from audit.intake.originals import Originals, hash_file
from audit.intake.tables import TableProblem
from audit.pipeline.evaluate import Evaluated, evaluate
from audit.pipeline.lock import round_lock, store_lock
from audit.pipeline.manifest import libraries, write_manifest
from audit.pipeline.plan import FileWork, Inputs, input_key, page_key, pages_to_judge
from audit.pipeline.scan import PaperForm, compare, judge
from audit.pipeline.scoring import gate_and_score
from audit.pipeline.seal import note_changes, seal
from audit.pipeline.sources import (
    RoundForm,
    Sources,
    gather,
    read_previous,
    read_round_circumstances,
    read_round_custody,
    read_round_units,
    read_tables,
    take_in,
)
from audit.pipeline.tools import Tools
from audit.scoring.rules import RuleSet, rules_at
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.pages import Files, Pages
from audit.store.records import scanned_with_reasons
from audit.store.remarks import Corrections
from audit.store.results import Runs
from audit.store.rounds import Rounds
from audit.trail.acts import Action
from audit.trail.chain import describe
from audit.version import software_version
from detectors.errors import AuditError, ExitCode, UsageError
from detectors.finding import Severity

__all__ = ["LOCK", "Outcome", "not_judged", "run_round"]

LOCK = ".survey-audit.lock"
# Worth telling, but nothing goes unjudged for them.
_MINOR = frozenset({"unknown_parent", "no_group", "missing_item"})
_FORM = {
    "unknown_unit": "no unit of the round is known for it — put it in inbox/scans/<unit_id>/, "
    "or give its serial a range in the custody table",
    "page_missing": "a page of the form is missing — scan it, with the same serial",
}


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: Of the run that made what is stored now.
        nothing_new: Whether everything had been done before.
        exit_code: By the contract.
        counts: Files, pages, records, findings, cases by name.
        not_judged: One line for each input that could not be judged.
        warnings: What does not fit about the trail's checkpoints; see ``verify``.
    """

    run_id: str
    nothing_new: bool
    exit_code: ExitCode
    counts: Mapping[str, int] = field(default_factory=dict)
    not_judged: Sequence[str] = ()
    warnings: Sequence[str] = ()


def run_round(settings: Settings, tools: Tools) -> Outcome:
    """Take in what is new, check, flag, gate and score.

    Raises:
        Busy: If another run holds the round.
        ConfigError: If a file that the settings name is not there, or the rules are wrong.
        InputError: If the units, custody or an instrument cannot be used.
        AccessError: If the store or a folder cannot be reached.
    """
    started = tools.now()
    stamp = started.strftime("%Y%m%dT%H%M%SZ")
    with round_lock(settings.base / LOCK, stamp):
        rules = rules_at(settings.path(settings.rules), settings.round.date_to)
        sources = gather(settings)
        with (
            open_store(settings.store_url, now=tools.now) as store,
            store_lock(store, settings.round.id),
        ):
            inputs = _inputs(store, settings, sources, rules, tools)
            key = input_key(inputs)
            done = _done(store, settings, key)
            if done is not None:
                return _again(store, settings, done, tools)
            _refuse_deleted(store, settings)
            with store.reading() as connection:
                run_id = Runs(connection, settings.round.id).fresh_id(f"{stamp}-{key[:8]}")
            with _noted(store, settings, run_id, started.isoformat(), inputs, rules, tools):
                return _run(store, settings, sources, rules, run_id, tools)


def _inputs(
    store: Store, settings: Settings, sources: Sources, rules: RuleSet, tools: Tools
) -> Inputs:
    with store.reading() as connection:
        kept = {r["path"]: r["sha256"] for r in Files(connection, settings.round.id).kept()}
        decisions = Cases(connection, settings.round.id).head()
        corrections = Corrections(connection, settings.round.id).head()
    return Inputs(
        settings=settings.results_sha256,
        # What is there now counts; of what is gone from the inbox, what was kept of it.
        files=tuple({**kept, **{f.path: f.sha256 for f in sources.found}}.items()),
        instruments={f.instrument.id: f.instrument.sha256 for f in sources.forms},
        references=_references(settings, sources.forms),
        rules=rules.sha256,
        checks=dict(tools.checks),
        decisions=decisions,
        software=software_version(),
        corrections=corrections,
    )


def _refuse_deleted(store: Store, settings: Settings) -> None:
    """A round whose originals were deleted cannot be worked out anew: its results stand."""
    with store.reading() as connection:
        when = Files(connection, settings.round.id).deleted_since()
    if when is not None:
        raise UsageError(
            f"originals of this round were deleted by its rule of retention on {when[:10]}",
            where=str(settings.base),
            remedy="its results stand; `survey-audit score` takes new decisions in",
        )


def _references(settings: Settings, forms: Sequence[RoundForm]) -> dict[str, str]:
    return {
        form.instrument.id: hash_file(settings.path(form.settings.reference))
        for form in forms
        if form.settings.reference is not None
    }


def _done(store: Store, settings: Settings, key: str) -> Mapping[str, Any] | None:
    """The last run, if it came to its end on the same inputs."""
    with store.reading() as connection:
        last = Runs(connection, settings.round.id).last_done()
        if Pages(connection, settings.round.id).waiting():
            return None  # somebody asked for another try
    return dict(last) if last is not None and last["input_key"] == key else None


@contextlib.contextmanager
def _noted(
    store: Store,
    settings: Settings,
    run_id: str,
    started: str,
    inputs: Inputs,
    rules: RuleSet,
    tools: Tools,
) -> Iterator[None]:
    """Note the run at its start, and how it ended if it did not come to its end."""
    row = {"id": run_id, "started_at": started, "software": software_version()}
    row["config_sha256"] = settings.sha256()
    with store.writing(tools.act(Action.RUN_START, run_id)) as connection:
        note_changes(connection, settings, inputs, rules)
        Rounds(connection, settings.round.id).save(settings.round)
        Runs(connection, settings.round.id).start(row)
        describe(connection, after={"round": settings.round.id, "input_key": input_key(inputs)})
    try:
        yield
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        code = error.exit_code if isinstance(error, AuditError) else ExitCode.WORKER
        ended = "interrupted" if interrupted else "failed"
        act = tools.act(Action.RUN_END, run_id, after={"status": ended}, reason=_told(error))
        with store.writing(act) as connection:
            Runs(connection, settings.round.id).finish(
                run_id,
                status=ended,
                exit_code=int(ExitCode.INTERRUPTED if interrupted else code),
                finished_at=tools.now().isoformat(),
            )
        raise


def _run(
    store: Store,
    settings: Settings,
    sources: Sources,
    rules: RuleSet,
    run_id: str,
    tools: Tools,
) -> Outcome:
    new = take_in(store, settings, sources, run_id, tools)
    units = read_round_units(store, settings)
    known = frozenset(units.frame["unit_id"])
    custody = read_round_custody(store, settings, known)
    with store.writing(tools.act(Action.REGISTERS, settings.round.id)) as connection:
        rounds = Rounds(connection, settings.round.id)
        rounds.save_units(units.frame)
        if custody is not None:
            rounds.save_batches(custody.frame)
    pages = _judge_pages(store, settings, sources.forms, tools)
    tables, table_problems = read_tables(store, settings, sources.forms, known, tools)
    problems = [*sources.problems, *units.problems, *(custody.problems if custody else ())]
    problems += table_problems
    beside = [read_round_circumstances(store, settings, form, rules) for form in sources.forms]
    # the tables are the same for every form; only a baseline is read anew
    problems += dict.fromkeys(problem for read in beside for problem in read.problems)
    before = [read_previous(store, settings, form) for form in sources.forms]
    problems += [problem for read in before if read is not None for problem in read.problems]
    with store.writing(tools.act(Action.PROBLEMS, settings.round.id)) as connection:
        rows = [_problem_row(problem) for problem in problems]
        Findings(connection, settings.round.id).save_problems(rows)
    counts = {f"new_{kind}": number for kind, number in new.items()} | {"pages_judged": pages}
    forms = zip(sources.forms, before, beside, strict=True)
    for form, previous, known_ in tools.progress(forms, "records", len(sources.forms)):
        result = evaluate(
            store,
            settings,
            form.instrument,
            tables[form.instrument.id],
            units.frame,
            None if custody is None else custody.frame,
            None if previous is None else previous.frame,
            known_.circumstances,
            run_id,
            tools,
        )
        with store.writing(tools.act(Action.SCORES, form.instrument.id)) as connection:
            gate_and_score(connection, settings, form.instrument, rules)
        _count(counts, result)
    return _finish(store, settings, sources, rules, run_id, counts, tools)


def _judge_pages(store: Store, settings: Settings, forms: Sequence[RoundForm], tools: Tools) -> int:
    paper = [
        PaperForm(
            form.instrument,
            None if form.settings.reference is None else settings.path(form.settings.reference),
        )
        for form in forms
        if form.instrument.pages
    ]
    with store.reading() as connection:
        scans = [dict(row) for row in Files(connection, settings.round.id).kept("scan")]
        done = Pages(connection, settings.round.id).work_keys()
    hashes = {form.instrument.id: form.instrument.sha256 for form in paper}
    references = _references(settings, forms)
    keys = {
        row["sha256"]: page_key(
            row["sha256"], hashes, references, tools.checks, settings.false_flag_rate
        )
        for row in scans
    }
    work = pages_to_judge(scans, done, keys)
    originals = Originals(settings.path(settings.originals))
    where = {item.file_id: originals.path(item.sha256) for item in work}
    judged = _judge_apart(store, settings, paper, work, where, tools) if paper and work else 0
    for form in paper:
        compare(store, settings.round.id, form.instrument, settings.false_flag_rate, tools)
    return judged


def _judge_apart(
    store: Store,
    settings: Settings,
    paper: Sequence[PaperForm],
    work: Sequence[FileWork],
    where: Mapping[int, Path],
    tools: Tools,
) -> int:
    """Judge originals; equal contents at several paths share one original, so go in turns."""
    total = 0
    waiting = list(work)
    while waiting:
        turn: list[FileWork] = []
        later: list[FileWork] = []
        seen: set[str] = set()
        for item in waiting:
            (later if item.sha256 in seen else turn).append(item)
            seen.add(item.sha256)
        total += judge(store, settings, paper, turn, where, tools)
        waiting = later
    return total


def _problem_row(problem: TableProblem) -> dict[str, Any]:
    return {
        "place": problem.where,
        "what": problem.what,
        "remedy": problem.remedy,
        "code": problem.code,
        "instrument_id": None,
        "record_id": problem.record_id,
    }


def _count(counts: dict[str, int], result: Evaluated) -> None:
    for name in ("records", "findings", "cases"):
        counts[name] = counts.get(name, 0) + int(getattr(result, name))


def _finish(
    store: Store,
    settings: Settings,
    sources: Sources,
    rules: RuleSet,
    run_id: str,
    counts: Mapping[str, int],
    tools: Tools,
) -> Outcome:
    lines, code = _verdict(store, settings)
    inputs = _inputs(store, settings, sources, rules, tools)
    finished = tools.now().isoformat()
    manifest = {
        "run": run_id,
        "round": settings.round.id,
        "finished_at": finished,
        "software": inputs.software,
        "libraries": libraries(),
        "config_sha256": settings.sha256(),
        "results_sha256": inputs.settings,
        "rules": {"id": rules.id, "sha256": rules.sha256},
        "instruments": dict(inputs.instruments),
        "references": dict(inputs.references),
        "checks": dict(inputs.checks),
        "seed": settings.seed,
        "decisions": inputs.decisions,
        "inputs": [{"path": path, "sha256": sha} for path, sha in sorted(inputs.files)],
        "counts": dict(counts),
        "not_judged": lines,
        "exit_code": int(code),
        "input_key": input_key(inputs),
    }
    path, digest = write_manifest(settings.path(settings.runs), run_id, manifest)
    facts = {"status": "done", "exit_code": int(code), "manifest_sha256": digest}
    act = tools.act(Action.RUN_END, run_id, after=facts | {"counts": dict(counts)})
    with store.writing(act) as connection:
        Runs(connection, settings.round.id).finish(
            run_id,
            status="done",
            exit_code=int(code),
            finished_at=finished,
            input_key=manifest["input_key"],
            counts=dict(counts),
            manifest=path.name,
            manifest_sha256=digest,
        )
    warnings = seal(store, settings, run_id, tools)
    return Outcome(
        run_id=run_id,
        nothing_new=False,
        exit_code=code,
        counts=counts,
        not_judged=lines,
        warnings=warnings,
    )


def _told(error: BaseException) -> str:
    """A failure without what the inputs may have brought into its words."""
    return type(error).__name__


def _again(store: Store, settings: Settings, done: Mapping[str, Any], tools: Tools) -> Outcome:
    lines, code = _verdict(store, settings)
    return Outcome(
        run_id=done["id"],
        nothing_new=True,
        exit_code=code,
        counts=done["counts"],
        not_judged=lines,
        warnings=seal(store, settings, done["id"], tools),
    )


def not_judged(connection: sa.Connection, round_id: str) -> list[str]:
    """One line for each input that could not be judged: file, place, reason, way out."""
    lines = [
        f"{problem['place']}: {problem['what']} — {problem['remedy']}"
        for problem in Findings(connection, round_id).problems()
        if problem["code"] not in _MINOR
    ]
    for page in Pages(connection, round_id).all():
        if page["status"] != "read":
            reason = str(page["reason"]).removeprefix(f"{page['path']}: ")
            lines.append(f"{page['path']}, page {page['page']}: {reason}")
        elif page["flagged"] is None:
            why = "; ".join(sorted(set(page["not_assessable"].values())))
            lines.append(
                f"{page['path']}, page {page['page']}: read, but not judged: {why}; calibrate on "
                "honest pages like it, and name the reference in audit.toml"
            )
    for path, record, reasons in scanned_with_reasons(connection, round_id):
        lines += [f"{path}, form {record}: {_FORM[r]}" for r in reasons if r in _FORM]
    return lines


def _verdict(store: Store, settings: Settings) -> tuple[list[str], ExitCode]:
    """What could not be judged, and the exit code that follows from what is stored."""
    with store.reading() as connection:
        lines = not_judged(connection, settings.round.id)
        findings = Findings(connection, settings.round.id).open()
    worst = Severity.worst([Severity(row["severity"]) for row in findings])
    if settings.fail_on != "none" and worst.rank >= Severity(settings.fail_on).rank:
        return lines, ExitCode.FINDINGS
    return lines, ExitCode.PARTLY_JUDGED if lines else ExitCode.DONE
