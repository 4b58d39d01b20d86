"""``survey-audit intake``: how an export maps onto the contract, before anything is audited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import say, table, talk
from detectors.errors import ExitCode

if TYPE_CHECKING:
    from audit.intake.guess import Guess
    from audit.intake.mapping import TableMapping


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("intake")(intake)


def intake(
    file: Annotated[Path, typer.Argument(help="An export of a survey platform.")],
    instrument: Annotated[Path, typer.Option("--instrument", "-i", help="The form (TOML).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the mapping; the terminal by default."),
    ] = None,
) -> ExitCode:
    """Guess how an export maps onto the form, show it, and write the part for audit.toml."""
    from audit.intake.guess import guess_mapping
    from audit.intake.tables import read_responses
    from audit.whole_file import write_whole
    from detectors.instrument import load_instrument

    form = load_instrument(instrument)
    guess = guess_mapping(file, form)
    _show(guess)
    text = mapping_toml(guess.mapping)
    if output is None:
        say(text)
    else:
        write_whole(output, (text + "\n").encode(), "the mapping")
        talk(f"{output}: put it below the [[instrument]] of audit.toml")
    if not guess.complete:
        talk("not complete: name what is missing under columns, then look again with `run`")
        return ExitCode.PARTLY_JUDGED
    read = read_responses(file, form, mapping=guess.mapping)
    counted = int(read.frame[[item.id for item in form.ratings]].notna().any(axis=1).sum())
    talk(f"read with this mapping: {len(read.frame)} records, {counted} with answers")
    for problem in read.problems[:10]:
        talk(f"  {problem.line()}")
    if len(read.problems) > 10:
        talk(f"  and {len(read.problems) - 10} more")
    return ExitCode.DONE


def _show(guess: Guess) -> None:
    platform = guess.mapping.preset or "no known platform: names alone"
    talk(f"{guess.rows} rows; {platform}")
    rows = [
        (
            line.wanted,
            line.found or "-",
            line.why,
            ("? " + line.doubt) if line.doubt else "",
            ", ".join(line.examples),
        )
        for line in guess.lines
        if line.found or line.doubt or line.why
    ]
    talk(table(("wanted", "in the file", "why", "doubtful", "answers"), rows))
    if guess.unused:
        talk("not used: " + ", ".join(guess.unused))
    for doubt in guess.doubts:
        talk(f"? {doubt}")


def mapping_toml(mapping: TableMapping) -> str:
    """The mapping as it is written into ``audit.toml``."""
    data = mapping.model_dump(exclude_defaults=True)
    lines = ["[instrument.mapping]"]
    tables = []
    for key, value in data.items():
        if isinstance(value, dict):
            tables.append(f"\n[instrument.mapping.{key}]")
            tables += [f"{_text(name)} = {_text(inner)}" for name, inner in value.items()]
        else:
            lines.append(f"{key} = {_text(value)}")
    return "\n".join(lines + tables)


def _text(value: object) -> str:
    import json

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(k)} = {_text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    # A JSON text or number is a TOML text or number.
    return json.dumps(value, ensure_ascii=False)
