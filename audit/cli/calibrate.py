"""``survey-audit calibrate``: learn what honest pages of a form and scanner look like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import progress, talk
from audit.cli._output import output_text
from detectors.errors import ExitCode

if TYPE_CHECKING:
    from scans.page import PageOutcome
    from scans.types import PageResult


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
    from scans.api import calibrate as learn
    from scans.reference import FEWEST_PAGES
    from scans.worker import limit_worker

    limit_worker()
    form = load_instrument(instrument)
    left_out = 0

    def told(page: PageResult) -> None:
        nonlocal left_out
        left_out += 1
        talk(f"{page.origin.path}: {page.status.value} — {page.reason}")

    def shown(outcomes: Iterator[PageOutcome]) -> Iterator[PageOutcome]:
        return progress(outcomes, "learning from pages")

    source = {"instrument": form.id, "version": form.version, "program": software_version()}
    reference = learn(pages, form, jobs=jobs, source=source, left_out=told, progress=shown)
    with output_text(output) as write:
        write(json.dumps(reference.to_json(), indent=1, sort_keys=True) + "\n")
    for scan_class, count in sorted(reference.pages.items()):
        few = f" (fewer than {FEWEST_PAGES}: the built-in reference stays in force)"
        talk(f"{scan_class}: {count} pages{few if count < FEWEST_PAGES else ''}")
    learnt = sum(reference.pages.values())
    talk(f"{learnt} pages learnt, {left_out} left out -> {output}")
    return ExitCode.PARTLY_JUDGED if left_out else ExitCode.DONE
