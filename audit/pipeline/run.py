"""One run of a round: who may, whether anything is new, and how it ended.

The work itself (:mod:`audit.pipeline.stages`) leaves the store whole after each stage, so that
a run that was killed is simply run again. A run that finds nothing new writes nothing at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.pipeline.lock import LeaseLost, round_lock, store_lock
from audit.pipeline.manifest import manifest_of, write_manifest
from audit.pipeline.pages import outdated_references, references
from audit.pipeline.phases import Phases
from audit.pipeline.plan import Inputs, input_key
from audit.pipeline.seal import note_changes, seal
from audit.pipeline.sources import Sources, gather, require_inbox
from audit.pipeline.stages import Work, work_through
from audit.pipeline.tools import Tools
from audit.pipeline.verdict import failures, verdict
from audit.scoring.rules import RuleSet, book_at, book_hash
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.pages import Files, Pages
from audit.store.remarks import Corrections
from audit.store.results import Runs
from audit.store.rounds import Rounds
from audit.trail.acts import Action
from audit.trail.chain import describe
from audit.version import software_version
from detectors.errors import AuditError, ExitCode, UsageError

__all__ = ["LOCK", "Outcome", "run_round"]

LOCK = ".survey-audit.lock"


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        run_id: Of the run that made what is stored now.
        nothing_new: Whether everything had been done before.
        exit_code: By the contract.
        counts: Files, pages, records, findings, cases by name.
        not_judged: One line for each input that could not be judged.
        warnings: References that were learned with other checks than today's, and what does
            not fit about the trail's checkpoints; see ``verify``.
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
        AccessError: If the store, the originals or a folder cannot be reached.
    """
    started = tools.now()
    stamp = started.strftime("%Y%m%dT%H%M%SZ")
    phases = Phases(tools.now, tools.log)
    with round_lock(settings.base / LOCK, stamp):
        needed = {form.programme for form in settings.instrument}
        rules = book_at(settings.path(settings.rules), settings.round.date_to, needed)
        with phases("look") as told:
            sources = gather(settings, tools)
            told["files"] = len(sources.found)
        with (
            open_store(settings.store_url, now=tools.now) as store,
            store_lock(store, settings.round.id),
        ):
            inputs = _inputs(store, settings, sources, rules, tools)
            key = input_key(inputs)
            done = _done(store, settings, key)
            if done is not None:
                return _again(store, settings, sources, done, tools)
            _refuse_deleted(store, settings)
            with store.reading() as connection:
                run_id = Runs(connection, settings.round.id).fresh_id(f"{stamp}-{key[:8]}")
            work = Work(store, settings, sources, rules, run_id, tools, phases)
            with _noted(work, started.isoformat(), inputs):
                counts = work_through(work)
                return _finish(work, started.isoformat(), counts)


def _inputs(
    store: Store,
    settings: Settings,
    sources: Sources,
    rules: Mapping[str, RuleSet],
    tools: Tools,
) -> Inputs:
    with store.reading() as connection:
        kept = {r["path"]: r["sha256"] for r in Files(connection, settings.round.id).kept()}
        decisions = Cases(connection, settings.round.id).head()
        corrections = Corrections(connection, settings.round.id).head()
    require_inbox(settings, kept)
    return Inputs(
        settings=settings.results_sha256,
        # What is there now counts; of what is gone from the inbox, what was kept of it.
        files=tuple({**kept, **{f.path: f.sha256 for f in sources.found}}.items()),
        instruments={f.instrument.id: f.instrument.sha256 for f in sources.forms},
        references=references(settings, sources.forms),
        rules=book_hash(rules),
        checks=dict(tools.checks),
        decisions=decisions,
        software=software_version(),
        corrections=corrections,
        refused=tuple((problem.where, problem.what) for problem in sources.refused),
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


def _done(store: Store, settings: Settings, key: str) -> Mapping[str, Any] | None:
    """The last run, if it came to its end on the same inputs."""
    with store.reading() as connection:
        last = Runs(connection, settings.round.id).last_done()
        if Pages(connection, settings.round.id).waiting():
            return None  # somebody asked for another try
    return dict(last) if last is not None and last["input_key"] == key else None


@contextlib.contextmanager
def _noted(work: Work, started: str, inputs: Inputs) -> Iterator[None]:
    """Note the run at its start, and how it ended if it did not come to its end."""
    settings, tools, run_id = work.settings, work.tools, work.run_id
    row = {"id": run_id, "started_at": started, "software": software_version()}
    row["config_sha256"] = settings.sha256()
    with work.store.writing(tools.act(Action.RUN_START, run_id)) as connection:
        note_changes(connection, settings, inputs, work.rules)
        Rounds(connection, settings.round.id).save(settings.round)
        Runs(connection, settings.round.id).start(row)
        describe(connection, after={"round": settings.round.id, "input_key": input_key(inputs)})
    tools.log("run.start", run=run_id, files=len(inputs.files), software=inputs.software)
    try:
        yield
    except LeaseLost as error:
        # The round may be another run's by now, which notes that this one broke off.
        tools.log("run.end", run=run_id, status="failed", error=type(error).__name__)
        raise
    except BaseException as error:
        _broken_off(work, started, inputs, error)
        raise


def _broken_off(work: Work, started: str, inputs: Inputs, error: BaseException) -> None:
    """Note a failure without what the inputs may have brought into its words."""
    settings, tools, run_id = work.settings, work.tools, work.run_id
    interrupted = isinstance(error, KeyboardInterrupt)
    code = error.exit_code if isinstance(error, AuditError) else ExitCode.WORKER
    code = ExitCode.INTERRUPTED if interrupted else code
    ended, finished = "interrupted" if interrupted else "failed", tools.now().isoformat()
    kind = type(error).__name__
    tools.log("run.end", run=run_id, status=ended, error=kind, exit_code=int(code))
    values: dict[str, Any] = {"status": ended, "exit_code": int(code), "finished_at": finished}
    manifest = manifest_of(
        work, inputs, started, finished, status=ended, exit_code=int(code), error=kind
    )
    # Where the disk is full the run is noted all the same.
    with contextlib.suppress(AuditError):
        path, digest = write_manifest(settings.path(settings.runs), run_id, manifest)
        values |= {"manifest": path.name, "manifest_sha256": digest}
    act = tools.act(Action.RUN_END, run_id, after={"status": ended}, reason=kind)
    with work.store.writing(act) as connection:
        Runs(connection, settings.round.id).finish(run_id, **values)


def _finish(work: Work, started: str, counts: Mapping[str, int]) -> Outcome:
    store, settings, tools, run_id = work.store, work.settings, work.tools, work.run_id
    lines, code = verdict(store, settings)
    inputs = _inputs(store, settings, work.sources, work.rules, tools)
    finished = tools.now().isoformat()
    with store.reading() as connection:
        failed = failures(connection, settings.round.id)
    manifest = manifest_of(
        work,
        inputs,
        started,
        finished,
        status="done",
        exit_code=int(code),
        counts=counts,
        failed=failed,
    )
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
    warnings = _warnings(store, settings, work.sources, run_id, tools)
    tools.log(
        "run.end", run=run_id, status="done", exit_code=int(code), not_judged=len(lines), **counts
    )
    return Outcome(
        run_id=run_id,
        nothing_new=False,
        exit_code=code,
        counts=counts,
        not_judged=lines,
        warnings=warnings,
    )


def _warnings(
    store: Store, settings: Settings, sources: Sources, run_id: str, tools: Tools
) -> list[str]:
    return [
        *outdated_references(settings, sources.forms),
        *seal(store, settings, run_id, tools),
    ]


def _again(
    store: Store, settings: Settings, sources: Sources, done: Mapping[str, Any], tools: Tools
) -> Outcome:
    lines, code = verdict(store, settings)
    tools.log("run.end", run=done["id"], status="nothing_new", exit_code=int(code))
    return Outcome(
        run_id=done["id"],
        nothing_new=True,
        exit_code=code,
        counts=done["counts"],
        not_judged=lines,
        warnings=_warnings(store, settings, sources, done["id"], tools),
    )
