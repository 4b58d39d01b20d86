"""``survey-audit run``: take in what is new, check, flag, gate, score and report."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli._console import say, talk
from audit.cli._listed import some_of_each
from audit.cli._progress import SHAPES, progress_as
from audit.cli._round import HERE, Config, now, person
from detectors.errors import ExitCode, UsageError

_SEVERITIES = ("none", "yellow", "orange", "red")
_LISTED, _OF_EACH = 40, 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    config: Config = HERE,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", help="End in 11 on signs from here: none, yellow, orange, red."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=0, help="Worker processes, 0 = one a core.")
    ] = None,
    reports: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--reports/--no-reports", help="Write the reports, too.")
    ] = True,
    progress: Annotated[
        str, typer.Option("--progress", help="auto, bar, plain, json, none.")
    ] = "auto",
) -> ExitCode:
    """Audit a round: only what is new is done, a second run on the same input adds nothing."""
    for option, value, known in (
        ("--fail-on", fail_on, (None, *_SEVERITIES)),
        ("--progress", progress, SHAPES),
    ):
        if value not in known:
            choice = ", ".join(name for name in known if name)
            raise UsageError(f"{option} {value} is not known", remedy=f"use {choice}")
    from audit.nightly import run_and_tell
    from audit.settings import load_settings

    settings = load_settings(config)
    changes = {"fail_on": fail_on, "jobs": jobs}
    given = {name: value for name, value in changes.items() if value is not None}
    settings = settings.model_copy(update=given)
    show = progress_as(progress)
    outcome = run_and_tell(settings, now=now, progress=show, actor=person(), talk=talk)
    listed = list(some_of_each(outcome.not_judged, _OF_EACH))
    for line in listed[:_LISTED]:
        talk(f"not judged: {line}")
    if len(listed) > _LISTED:
        talk(f"not judged: {len(listed) - _LISTED} more; see `survey-audit status`")
    for line in outcome.warnings:
        talk(f"warning: {line}")
    if reports:
        from audit.reporting import write_round_reports
        from audit.reporting.runs import write_runs_page

        pages = write_round_reports(settings, only_missing=outcome.nothing_new, progress=show)
        if not pages:
            write_runs_page(settings, only_missing=outcome.nothing_new)
        # Documents of the round come first, a form after the other, in the round's language.
        firsts = [page for page in pages if page.name == "index.html"] or pages[:1]
        for page in firsts:
            talk(f"reports: {page}")
    what = "nothing new" if outcome.nothing_new else "done"
    counts = ", ".join(f"{name} {number}" for name, number in sorted(outcome.counts.items()))
    say(f"{outcome.run_id}: {what} ({counts})")
    return outcome.exit_code
