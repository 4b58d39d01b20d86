"""A run as an operator starts it: with its log, and with word sent to whoever waits for it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from audit.logs import log_to
from audit.notice.send import notify
from audit.notice.summary import Summary
from audit.pipeline.run import Outcome, run_round
from audit.pipeline.tools import Tools, real_tools
from audit.settings import Settings
from audit.store import open_store
from audit.store.results import Runs
from audit.version import software_version
from detectors.errors import AuditError, Busy, ExitCode

__all__ = ["run_and_tell"]


def run_and_tell(
    settings: Settings,
    *,
    now: Callable[[], dt.datetime],
    progress: Callable[[Iterable[Any], str, int | None], Iterator[Any]],
    actor: str,
    talk: Callable[[str], None],
) -> Outcome:
    """Run the round, and tell whom the settings name, also where it fails.

    Args:
        settings: Of the round.
        now: The clock.
        progress: Passes items on and shows how far they are.
        actor: Who started it.
        talk: Says one line to whoever started it.

    Raises:
        AuditError: As :func:`run_round` does. What cannot be sent raises nothing.
    """
    with log_to(settings.log, settings.base) as log:
        return _told(settings, real_tools(now=now, progress=progress, actor=actor, log=log), talk)


def _told(settings: Settings, tools: Tools, talk: Callable[[str], None]) -> Outcome:
    now, log = tools.now, tools.log
    began = now()

    def tell(summary: Summary) -> None:
        for line in notify(settings, summary, now=now, actor=tools.actor):
            talk(f"warning: {line}")
            log("notice.failed", run=summary.run_id)

    try:
        outcome = run_round(settings, tools)
    except Busy:
        # The run that holds the round tells about itself.
        raise
    except (AuditError, KeyboardInterrupt) as error:
        failed = isinstance(error, AuditError)
        code = error.exit_code if isinstance(error, AuditError) else ExitCode.INTERRUPTED
        kind = type(error).__name__ if failed else None
        log("run.failed", error=type(error).__name__, exit_code=int(code))
        seconds = (now() - began).total_seconds()
        run_id = _last(settings, now)[0]
        tell(
            Summary(
                settings.round.id,
                run_id,
                code,
                seconds=seconds,
                error=kind,
                software=software_version(),
            )
        )
        raise
    _, manifest = _last(settings, now)
    tell(
        Summary(
            settings.round.id,
            outcome.run_id,
            outcome.exit_code,
            nothing_new=outcome.nothing_new,
            not_judged=len(outcome.not_judged),
            counts=outcome.counts,
            seconds=(now() - began).total_seconds(),
            manifest=manifest,
            software=software_version(),
        )
    )
    return outcome


def _last(settings: Settings, now: Callable[[], dt.datetime]) -> tuple[str, str | None]:
    """Id and manifest of the last run that the store knows; blank where it cannot be asked."""
    with (
        contextlib.suppress(AuditError),
        open_store(settings.store_url, create=False, now=now) as store,
        store.reading() as connection,
    ):
        runs = Runs(connection, settings.round.id).all()
        if runs:
            return str(runs[-1]["id"]), runs[-1]["manifest_sha256"]
    return "", None
