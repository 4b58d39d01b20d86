"""``survey-audit demo``: a made-up round, audited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli._console import program, progress, talk
from audit.cli._round import open_round
from audit.cli.known import known
from audit.cli.run import run
from detectors.errors import ExitCode

_PEOPLE = (
    ("lan", "inspector", "Nguyễn Thị Lan (giả lập)"),
    ("minh", "inspector", "Trần Văn Minh (giả lập)"),
    ("duyet", "approver", "Lê Quốc Duyệt (giả lập)"),
    ("xem", "reader", "Người xem báo cáo (giả lập)"),
    ("kiemtoan", "auditor", "Kiểm toán viên (giả lập)"),
    ("quantri", "admin", "Quản trị viên (giả lập)"),
)


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
    if made:
        talk("putting forms of known truth among the cases: how they are judged measures reviewers")
        known(config=folder / "audit.toml", clean=2, tampered=2)
    talk(f"reports: open {folder}/reports/index.html in a browser")
    _desk(folder)
    talk(
        f"look at one page: {program()} check {folder}/inbox/scans --instrument "
        f"{folder}/instruments/HL-01/instrument.toml --format table"
    )
    # The demo holds pages that nothing may judge; that is what it shows, not a failure.
    return ExitCode.DONE if code is ExitCode.PARTLY_JUDGED else code


def _desk(folder: Path) -> None:
    """Say how to open the review desk; accounts are made, and shown, the first time only."""
    from audit.cli._console import table
    from audit.cli.user import LAPSES, add_user
    from audit.desk.people import Users

    _, store = open_round(folder / "audit.toml")
    with store:
        with store.reading() as connection:
            there = bool(Users(connection).all())
        rows = [] if there else [(n, r, add_user(store, n, r, full_name=f)) for n, r, f in _PEOPLE]
    port = "http://127.0.0.1:8000/"
    talk(f"review desk: {program()} serve --config {folder}/audit.toml, then open {port}")
    if rows:
        talk(f"accounts of the demo; a password is shown this once, and {LAPSES}:")
        talk(table(("name", "role", "password"), rows))
