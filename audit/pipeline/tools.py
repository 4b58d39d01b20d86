"""What a run is handed: the checks, the clock, and a way to show how far it is."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from audit.intake.settled import Settled, settled
from audit.pipeline.phases import Log, silent
from audit.trail.acts import SYSTEM, Act, Action
from detectors.finding import Finding
from detectors.instrument import Instrument

if TYPE_CHECKING:
    import pandas as pd

    from scans.page import PageOutcome

__all__ = ["JudgePages", "Screened", "Tools", "real_tools"]


class Screened(Protocol):
    """What the statistical checks answer: tables of records and units, and findings."""

    @property
    def records(self) -> pd.DataFrame:
        """One row a record."""
        ...

    @property
    def units(self) -> pd.DataFrame:
        """One row a unit."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """Signs."""
        ...


class JudgePages(Protocol):
    """Judges pages alone, streaming, in the order of the files."""

    def __call__(
        self,
        paths: Sequence[Path],
        instrument: Instrument,
        *,
        reference: Path | None,
        jobs: int,
        false_flag_rate: float,
        cluster: str | None = None,
        fetch: str | None = None,
    ) -> Iterator[PageOutcome]:
        """Every page of ``paths``, in ``jobs`` processes or on a Dask ``cluster``.

        Where ``fetch`` names a bucket, paths are hashes, and the cluster's workers fetch them.
        """
        ...


@dataclass(frozen=True)
class Tools:
    """Everything with an effect, or that a test may want to replace.

    Attributes:
        judge_pages: Pages, each by itself.
        screen: The statistical checks on a table.
        checks: Version of every check, by id.
        now: The clock, UTC.
        progress: Passes items on and shows how far they are: ``(items, label, total)``.
        actor: Who started the run, for the trail.
        log: Takes events.
        settled: Passes those of some files on that nobody is writing any more.
    """

    judge_pages: JudgePages
    screen: Callable[..., Screened]
    checks: Mapping[str, str]
    now: Callable[[], dt.datetime]
    progress: Callable[[Iterable[Any], str, int | None], Iterator[Any]]
    actor: str = SYSTEM
    log: Log = silent
    settled: Settled = settled

    def act(self, action: Action, about: str = "", **fields: Any) -> Act:
        """An act of this run, now."""
        return Act(action, self.now(), self.actor, about, **fields)

    @contextlib.contextmanager
    def steps(self, label: str, total: int) -> Iterator[Callable[[], object]]:
        """Show how far work is that is no list of items: what is given is called a step."""
        shown = self.progress(range(total), label, total)
        next(shown, None)
        yield lambda: next(shown, None)
        for _ in shown:
            pass


def real_tools(
    *,
    now: Callable[[], dt.datetime],
    progress: Callable[[Iterable[Any], str, int | None], Iterator[Any]],
    actor: str = SYSTEM,
    log: Log = silent,
) -> Tools:
    """The checks that come with the program, and the installed ones."""
    from audit.pipeline import signs
    from detectors.registry import Level, discover
    from detectors.screening import screen
    from scans import read as reading

    every = [check.info for level in Level for check in discover(level).values()]
    checks = {info.id: info.version for info in every} | signs.VERSIONS
    checks["scans.read"] = reading.VERSION
    # What the built-in reference holds decides p-values as much as any check does.
    builtin = files("scans") / "builtin_reference.json"
    if builtin.is_file():
        checks["scans.builtin_reference"] = hashlib.sha256(builtin.read_bytes()).hexdigest()[:16]
    return Tools(_judge_pages, screen, checks, now, progress, actor, log)


def _judge_pages(
    paths: Sequence[Path],
    instrument: Instrument,
    *,
    reference: Path | None,
    jobs: int,
    false_flag_rate: float,
    cluster: str | None = None,
    fetch: str | None = None,
) -> Iterator[PageOutcome]:
    from scans.batch import page_outcomes
    from scans.reference import load_reference

    if cluster is not None:
        from audit.pipeline.cluster import judge_on_cluster

        yield from judge_on_cluster(
            cluster,
            paths,
            instrument,
            reference=reference,
            false_flag_rate=false_flag_rate,
            fetch=fetch,
        )
        return
    yield from page_outcomes(
        paths,
        instrument,
        reference=load_reference(reference),
        jobs=jobs,
        false_flag_rate=false_flag_rate,
    )
