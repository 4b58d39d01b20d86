"""``survey-audit calibrate``: learn what honest pages of a form and scanner look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import progress, talk
from audit.cli._output import output_text
from detectors.errors import ExitCode, InputError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("calibrate")(calibrate)


def calibrate(
    pages: Annotated[
        list[Path], typer.Argument(metavar="PAGE…", help="Pages believed honest, or folders.")
    ],
    instrument: Annotated[Path, typer.Option("--instrument", "-i", help="The form (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The reference to write.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes.")] = 1,
) -> ExitCode:
    """Learn from honest pages of one form and scanner; `check --reference` then uses it."""
    from audit.version import software_version
    from detectors.instrument import load_instrument
    from scans.batch import page_outcomes
    from scans.reference import FEWEST_PAGES, Reference, builtin_reference
    from scans.types import Status
    from scans.worker import limit_worker

    limit_worker()
    form = load_instrument(instrument)
    learnt, unjudged = [], 0
    outcomes = page_outcomes(pages, form, reference=None, jobs=jobs)
    for outcome in progress(outcomes, "learning from pages"):
        result = outcome.result
        if result.status is Status.READ and outcome.scores and result.scan_class is not None:
            learnt.append((result.scan_class, outcome.scores))
        else:
            unjudged += 1
            talk(f"{result.origin.path}: {result.status.value} — {result.reason}")
    if not learnt:
        raise InputError(
            "none of the pages could be read as this form",
            where=str(instrument),
            remedy="give honest pages of this very form",
        )
    source = {"instrument": form.id, "version": form.version, "program": software_version()}
    reference = Reference.learn(learnt, fallback=builtin_reference(), source=source)
    with output_text(output) as write:
        write(json.dumps(reference.to_json(), indent=1, sort_keys=True) + "\n")
    for scan_class, count in sorted(reference.pages.items()):
        few = f" (fewer than {FEWEST_PAGES}: the built-in reference stays in force)"
        talk(f"{scan_class}: {count} pages{few if count < FEWEST_PAGES else ''}")
    talk(f"{len(learnt)} pages learnt, {unjudged} left out -> {output}")
    return ExitCode.PARTLY_JUDGED if unjudged else ExitCode.DONE
