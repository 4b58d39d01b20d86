"""``survey-audit demo``: a made-up round, audited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import progress, talk
from audit.cli.run import run
from detectors.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make it.")] = Path("demo"),
) -> ExitCode:
    """Make a simulated round with known frauds and audit it; running it again is harmless."""
    from audit.demo import make_demo

    talk(f"the demo round in {folder}/ (simulated data, truth in {folder}/truth/)")
    made = make_demo(folder, progress=lambda sheets: progress(sheets, "drawing and scanning"))
    talk("made; auditing it" if made else "already there; auditing what is new")
    code = run(config=folder / "audit.toml")
    talk(f"reports: open {folder}/reports/index.html in a browser")
    talk(
        f"look at one page: survey-audit check {folder}/inbox/scans --instrument "
        f"{folder}/instruments/HL-01/instrument.toml --format table"
    )
    # The demo holds pages that nothing may judge; that is what it shows, not a failure.
    return ExitCode.DONE if code is ExitCode.PARTLY_JUDGED else code
