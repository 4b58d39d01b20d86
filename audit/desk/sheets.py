"""The pages of a record, the page that a sign names, and what was answered on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from audit.store import schema
from detectors.instrument import Instrument, Item

__all__ = ["Answer", "answers_of", "matched_page", "pages_of"]

Row = sa.RowMapping


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of a record: what is recorded, what stands on the paper.

    Attributes:
        item: The question.
        state: Of the record's answer; ``None`` where the record has none.
        value: Recorded.
        marks: ``(value, state)`` of the boxes of the paper that are not empty.
        on_paper: Whether a page with this question was read.
    """

    item: Item
    state: str | None
    value: str | None
    marks: tuple[tuple[str, str], ...]
    on_paper: bool

    @property
    def clean(self) -> tuple[str, ...]:
        """Values with a whole mark."""
        return tuple(value for value, state in self.marks if state == "marked")

    @property
    def differs(self) -> bool:
        """Whether paper and record do not say the same."""
        if not self.on_paper or self.state is None:
            return False
        recorded: tuple[str, ...] = () if self.value is None else (self.value,)
        if self.state == "multiple" and self.value is not None:
            recorded = tuple(sorted(self.value.split(";")))
        return self.clean != recorded


def pages_of(connection: sa.Connection, record: int) -> Sequence[Row]:
    """Pages of a record with path and hash of their file, in order."""
    pages, files, links = schema.pages, schema.files, schema.record_pages
    query = (
        sa.select(pages, files.c.path, files.c.sha256)
        .join(files, files.c.id == pages.c.file_id)
        .join(links, links.c.page_id == pages.c.id)
        .where(links.c.record == record)
        .order_by(pages.c.form_page, files.c.path, pages.c.page)
    )
    return connection.execute(query).mappings().all()


def matched_page(
    connection: sa.Connection, case: Row, sign: Row, sees: Callable[[str | None], bool]
) -> Row | None:
    """The first page that a sign says is like its own, if it may be seen.

    A sheet that has no case is shown beside nobody's, even as an example of what is usual.
    """
    pages, files = schema.pages, schema.files
    links, records = schema.record_pages, schema.records
    cases = schema.cases
    has_case = sa.exists().where(
        cases.c.round_id == records.c.round_id,
        cases.c.instrument_id == records.c.instrument_id,
        cases.c.subject == "record",
        cases.c.subject_id == records.c.record_id,
        cases.c.withdrawn_run.is_(None),
    )
    quiet = sa.and_(records.c.id.is_not(None), ~has_case)
    for name in sign["matches"] or ():
        path, mark, number = name.rpartition("#")
        if not mark or not number.isascii() or not number.isdigit():
            continue
        query = (
            sa.select(pages, files.c.path, files.c.sha256, records.c.unit_id, quiet.label("quiet"))
            .join(files, files.c.id == pages.c.file_id)
            .outerjoin(links, links.c.page_id == pages.c.id)
            .outerjoin(records, records.c.id == links.c.record)
            .where(
                files.c.round_id == case["round_id"],
                files.c.state == "kept",
                files.c.path == path,
                pages.c.page == int(number),
                pages.c.instrument_id == case["instrument_id"],
            )
        )
        row = connection.execute(query).mappings().first()
        if row is not None and not row["quiet"] and sees(row["unit_id"]):
            return row
    return None


def answers_of(
    connection: sa.Connection, record: Row | None, pages: Sequence[Row], instrument: Instrument
) -> list[Answer]:
    """The questions of a record and its pages, in the order of the form."""
    answers, marks = schema.answers, schema.marks
    recorded: dict[str, tuple[str, str | None]] = {}
    if record is not None:
        query = sa.select(answers).where(answers.c.record == record["id"])
        for row in connection.execute(query).mappings():
            recorded[row["item"]] = (row["state"], row["value"])
    read: dict[str, list[tuple[str, str]]] = {}
    query = sa.select(marks).where(marks.c.page_id.in_([page["id"] for page in pages]))
    for row in connection.execute(query).mappings():
        found = read.setdefault(row["item"], [])
        if row["state"] != "empty":
            found.append((row["value"], row["state"]))
    shown = []
    for item in instrument.items:
        state, value = recorded.get(item.id, (None, None))
        if state is not None or item.id in read:
            paper = tuple(sorted(read.get(item.id, ())))
            shown.append(Answer(item, state, value, paper, item.id in read))
    return shown
