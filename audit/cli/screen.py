"""``survey-audit screen``: statistical checks on a response table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import say, table, talk
from audit.cli._csv import csv_line
from audit.cli._output import output_text
from audit.defused import defused, json_words
from detectors.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from detectors.screening import Screening

_MOST_PROBLEMS = 20


class _Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("screen")(screen)


def screen(
    responses: Annotated[Path, typer.Argument(help="CSV, XLSX, Parquet, JSON or JSON Lines.")],
    instrument: Annotated[Path, typer.Option("--instrument", "-i", help="The form (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    units: Annotated[Path | None, typer.Option(help="Table of units.")] = None,
    previous: Annotated[Path | None, typer.Option(help="Responses of the previous period.")] = None,
    custody: Annotated[Path | None, typer.Option(help="Table of form custody.")] = None,
    collection: Annotated[
        Path | None, typer.Option(help="How answers were collected (TOML): desks, devices, cases.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(metavar="FROM..TO", help="e.g. 2026-07-01..2026-09-30")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the null models.")] = 0,
    form: Annotated[
        _Format, typer.Option("--format", help="How to print the summary.")
    ] = _Format.TABLE,
) -> ExitCode:
    """Screen a response table: near duplicates, shape of units, times, custody.

    Writes records.csv, units.csv and findings.jsonl into the output folder.
    """
    span = _period(period)

    from audit.intake.collection import Collection, load_collection, read_circumstances
    from audit.intake.custody_book import read_custody
    from audit.intake.registers import read_units, units_at
    from audit.intake.tables import MINOR_CODES, read_responses
    from detectors.instrument import load_instrument
    from detectors.screening import screen as run_screen

    asked = load_instrument(instrument)
    register_ = None if units is None else read_units(units)
    known = None if register_ is None else frozenset(register_.frame["unit_id"])
    current = read_responses(responses, asked, units=known)
    before = None if previous is None else read_responses(previous, asked, partial=True)
    held = None if custody is None else read_custody(custody, units=known)
    written = Collection() if collection is None else load_collection(collection)
    base = Path() if collection is None else collection.parent
    beside = read_circumstances(
        written, {key: base / path for key, path in written.files().items()}, asked
    )
    frame = None if register_ is None else register_.frame
    if frame is not None and span is not None:
        frame = units_at(frame, span[1])
    result = run_screen(
        current.frame,
        asked,
        units=frame,
        previous=None if before is None else before.frame,
        custody=None if held is None else held.frame,
        period=None if span is None else (span[0].isoformat(), span[1].isoformat()),
        circumstances=beside.circumstances,
        seed=seed,
    )
    problems = [
        problem
        for table_ in (register_, current, before, held, beside)
        if table_ is not None
        for problem in table_.problems
    ]
    _write(result, output)
    _tell([problem.line() for problem in problems])
    for note in result.notes:
        talk(note.en)
    given = {
        **{"responses": responses, "instrument": instrument, "units": units},
        **{"previous": previous, "custody": custody, "collection": collection},
    }
    _summary(result, form, given)
    unjudged = int((result.records["not_testable"] != "").sum())
    if unjudged:
        talk(f"{unjudged} records could not be judged; records.csv says why")
    untested = int((result.units["not_testable"] != "").sum())
    if untested:
        talk(f"{untested} units could not be judged; units.csv says why")
    serious = any(problem.code not in MINOR_CODES for problem in problems)
    # an export without rows was not judged, which is not the same as clean
    nothing = result.records.empty
    return ExitCode.PARTLY_JUDGED if serious or unjudged or nothing else ExitCode.DONE


def _period(text: str | None) -> tuple[dt.date, dt.date] | None:
    import datetime as dt

    if text is None:
        return None
    first, _, last = text.partition("..")
    try:
        span = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat(last.strip())
    except ValueError as error:
        raise UsageError(
            f"--period {text} is not FROM..TO", remedy="write e.g. 2026-07-01..2026-09-30"
        ) from error
    if span[1] < span[0]:
        raise UsageError(f"--period {text} ends before it begins", remedy="turn the dates round")
    return span


def _write(result: Screening, folder: Path) -> None:
    from detectors.explained import explained
    from detectors.registry import Level

    for name, frame in (("records.csv", result.records), ("units.csv", result.units)):
        with output_text(folder / name) as write:
            write(_csv(frame))
    with output_text(folder / "findings.jsonl") as write:
        for finding in result.findings:
            data = explained(finding, (Level.RECORD, Level.UNIT))
            write(json_words(data, allow_nan=False) + "\n")


def _csv(frame: pd.DataFrame) -> str:
    written = frame.assign(flagged=frame["flagged"].map({True: "true", False: "false"}))
    for column in written.columns.intersection(["record_id", "unit_id"]):
        written[column] = written[column].map(defused)
    text: str = written.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    return text


def _tell(problems: list[str]) -> None:
    for line in problems[:_MOST_PROBLEMS]:
        talk(line)
    if len(problems) > _MOST_PROBLEMS:
        talk(f"… and {len(problems) - _MOST_PROBLEMS} more problems of this kind")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _summary(result: Screening, form: _Format, given: Mapping[str, Path | None]) -> None:
    records, units = result.records, result.units
    flagged = units[units["flagged"].astype(bool)]
    if form is _Format.JSON:
        counts = {
            "records": len(records),
            "records_flagged": int(records["flagged"].sum()),
            "records_not_testable": int((records["not_testable"] != "").sum()),
            "units": len(units),
            "units_flagged": len(flagged),
            "units_not_testable": int((units["not_testable"] != "").sum()),
            "findings": len(result.findings),
            # What was judged, so that a result can be held against its files later.
            "inputs": {
                name: {"file": str(path), "sha256": _sha256(path)}
                for name, path in given.items()
                if path is not None
            },
        }
        say(json_words(counts))
        return
    header = ("unit_id", "n", "value", "p_value", "q_value", "severity", "records_flagged")
    hits = records[records["flagged"].astype(bool)].groupby("unit_id").size()
    concerned = units[units["flagged"].astype(bool) | units["unit_id"].isin(hits.index)]
    rows = [
        (
            row.unit_id,
            row.n,
            f"{row.value:.4f}",
            f"{row.p_value:.3g}",
            f"{row.q_value:.3g}",
            row.severity or "not testable",
            int(hits.get(row.unit_id, 0)),
        )
        for row in concerned.itertuples()
    ]
    if form is _Format.CSV:
        say("".join(csv_line(row) for row in [header, *rows]).rstrip("\n"))
        return
    if rows:
        say(table(header, rows))
    judged = [
        int(((frame["not_testable"] == "") | frame["flagged"].astype(bool)).sum())
        for frame in (records, units)
    ]
    say(
        f"{int(records['flagged'].sum())} of {judged[0]} judged records and {len(flagged)} of "
        f"{judged[1]} judged units show signs that somebody should look at"
    )
