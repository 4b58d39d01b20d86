"""Reading filled mini-forms and keeping what they say; nothing that was kept is changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.backchecking.paper import CHOICES
from audit.intake._cells import to_date, to_text
from audit.intake.columns import Columns, TableProblem, columns_of
from audit.intake.originals import hash_file
from audit.intake.register_cells import count_of
from audit.judge.backcheck import Outcome, Said, verdict_of
from audit.pipeline.assembly import answer_text
from audit.store import Store
from audit.store.backchecks import Backchecks
from audit.trail.acts import Act, Action
from audit.trail.chain import describe
from detectors.backcheck.sampling import reference_valid
from detectors.instrument import Instrument

__all__ = ["Recorded", "record_file"]

_KEPT = (
    *("outcome", "attempts", "method", "used_service", "answered", "filled_by"),
    *("facts_fit", "overall", "verdict", "checked_on", "checker"),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a file.

    Attributes:
        added: Rows that were kept.
        again: Rows that say what is known already.
        blank: Rows that are not filled in.
        replaced: Rows that stand in place of an earlier one, which stays in the store.
        problems: Rows that could not be kept.
    """

    added: int
    again: int
    blank: int
    replaced: int
    problems: tuple[TableProblem, ...]


def record_file(
    store: Store,
    round_id: str,
    instruments: Mapping[str, Instrument],
    path: Path,
    *,
    at: dt.datetime,
    actor: str,
) -> Recorded:
    """Keep the filled rows of a list; a row that is wrong is told, and the others are kept.

    Args:
        store: Of the round.
        round_id: The round.
        instruments: By id; they give the scale of ``overall``.
        path: CSV, XLSX or any other table.
        at: Now.
        actor: Who hands it in.

    Raises:
        InputError: If the file cannot be used or lacks a column.
        AccessError: If it cannot be read, or the store not be written.
    """
    table = columns_of(path, None)
    table.require("reference")
    table.require("outcome")
    rows = _rows(table)
    digest = hash_file(path)
    added: list[dict[str, Any]] = []
    again = blank = replaced = 0
    seen: dict[str, int] = {}
    with store.writing(Act(Action.BACKCHECK, at, actor, "record")) as connection:
        repository = Backchecks(connection, round_id)
        latest: dict[int, Mapping[int, Any]] = {}
        for number, row in enumerate(rows):
            if row is None:
                continue
            if row["outcome"] is None:
                blank += 1
                continue
            reference = str(row.pop("reference"))
            if reference in seen:
                what = f"reference {reference} stands twice"
                _note(table, number, "reference", what, "keep the row that is right")
                continue
            seen[reference] = number
            member = repository.member(reference)
            if member is None:
                what = f"reference {reference} was never drawn in this round"
                _note(table, number, "reference", what, "look for a slip of the pen")
                continue
            instrument = instruments.get(member["instrument_id"])
            said = _said(table, number, row, instrument)
            if said is None:
                continue
            row["verdict"] = verdict_of(said, member["level"]).value
            known = latest.setdefault(member["draw_id"], repository.latest(member["draw_id"]))
            before = known.get(member["id"])
            if before is not None and all(before[name] == row[name] for name in _KEPT):
                again += 1
                continue
            replaced += before is not None
            about = {"member_id": member["id"], "file_sha256": digest}
            added.append(row | about | {"at": at.isoformat(), "actor": actor})
        repository.record(added)
        told = {"file": path.name, "sha256": digest, "rows": len(added), "replaced": replaced}
        describe(connection, after=told)
    return Recorded(len(added), again, blank, replaced, tuple(table.problems))


def _rows(table: Columns) -> list[dict[str, Any] | None]:
    """Rows with clean cells; ``None`` where one of them is wrong, which is noted."""
    size = len(table.raw)
    columns: dict[str, Any] = {}
    for name, choices in CHOICES.items():
        columns[name] = table.values(name, _one_of(choices), f"write {', '.join(choices)}")
    columns["reference"] = table.values("reference", _reference, "copy it from the list")
    columns["attempts"] = table.values("attempts", _whole, "write a whole number")
    columns["checked_on"] = table.values("checked_on", to_date, "write it as 2026-07-31")
    for name in ("overall", "checker"):
        columns[name] = table.values(name, to_text, "write plain text")
    wrong = _wrong_rows(table)
    rows: list[dict[str, Any] | None] = []
    for number in range(size):
        row = {name: None if cells is None else cells[number] for name, cells in columns.items()}
        if number in wrong:
            rows.append(None)
        elif row["outcome"] is not None and row["reference"] is None:
            _note(table, number, "reference", "the row has no reference", "copy it from the list")
            rows.append(None)
        else:
            rows.append(row)
    return rows


def _wrong_rows(table: Columns) -> set[int]:
    """Rows in which a cell could not be read; problems name places, so they are told apart."""
    size, places = len(table.raw), {problem.where for problem in table.problems}
    names = list(table.raw.columns)
    return {
        row for row in range(size) if any(table.raw.place(row, name) in places for name in names)
    }


def _said(
    table: Columns, number: int, row: Mapping[str, Any], instrument: Instrument | None
) -> Said | None:
    """The row as an answer; ``None`` where the overall opinion is on no scale."""
    overall, step = None, 0.25
    if row["overall"] is not None:
        scales = [] if instrument is None else [i.ordered_scale for i in instrument.ratings]
        common = max(scales, key=scales.count) if scales else ()
        texts = [answer_text(value) for value in common]
        if row["overall"] not in texts:
            what = f"overall {row['overall']} is on no scale of the form"
            _note(table, number, "overall", what, f"write {', '.join(sorted(texts))}")
            return None
        step = 1.0 / max(len(texts) - 1, 1)
        overall = texts.index(row["overall"]) * step
    return Said(
        outcome=Outcome(row["outcome"]),
        attempts=row["attempts"],
        used_service=row["used_service"],
        answered=row["answered"],
        filled_by=row["filled_by"],
        facts_fit=row["facts_fit"],
        overall=overall,
        step=step,
    )


def _note(table: Columns, row: int, column: str, what: str, remedy: str) -> None:
    table.note(row, table.name(column), what, remedy, "bad_value", column)


def _one_of(choices: tuple[str, ...]) -> Any:
    def convert(cell: Any) -> str | None:
        text = to_text(cell)
        if text is None:
            return None
        word = text.casefold().replace(" ", "_")
        if word not in choices:
            raise ValueError(f"{text!r} is none of the choices")
        return word

    return convert


def _reference(cell: Any) -> str | None:
    text = to_text(cell)
    if text is None:
        return None
    word = text.upper().replace("-", "").replace(" ", "")
    if not reference_valid(word):
        raise ValueError(f"{text!r} is no reference: its check letter does not fit")
    return f"{word[:4]}-{word[4:]}"


def _whole(cell: Any) -> int | None:
    count = count_of(cell)
    return None if count is None else int(count)
