"""What the page of runs shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["PhaseView", "RunView", "RunsPage"]


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One part of a run.

    Attributes:
        name: Its code, e.g. ``pages``.
        seconds: How long it took.
        done: Whether it came to its end.
        counts: Name (a code) and number of what it did.
    """

    name: str
    seconds: float
    done: bool
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run.

    Attributes:
        run_id: Its id.
        status: ``done``, ``failed``, ``interrupted`` or ``running``.
        exit_code: By the contract; ``None`` while it runs.
        started: When.
        finished: When; ``None`` where nobody noted it.
        phases: Its parts, in order; none where its manifest is not there.
        counts: Name (a code) and number.
        failures: Code and how many inputs could not be judged for it.
        config: Hash of its settings.
        manifest: Hash of its manifest.
    """

    run_id: str
    status: str
    exit_code: int | None
    started: datetime
    finished: datetime | None
    phases: tuple[PhaseView, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    failures: tuple[tuple[str, int], ...] = ()
    config: str = ""
    manifest: str = ""


@dataclass(frozen=True, slots=True)
class RunsPage:
    """The page.

    Attributes:
        round_id: Of the round.
        title: Of the round, in the page's language.
        software: Version of the program.
        runs: The latest first.
        not_judged: A line for each input that waits for somebody.
        more_not_judged: How many lines are left out.
        trail_head: Of the trail that covers it.
    """

    round_id: str
    title: str
    software: str
    runs: tuple[RunView, ...]
    not_judged: tuple[str, ...] = ()
    more_not_judged: int = 0
    trail_head: str = ""
