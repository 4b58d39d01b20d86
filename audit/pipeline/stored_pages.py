"""The stored pages of an instrument, as records are put together from them."""

from __future__ import annotations

from audit.pipeline.changes import changed_marks
from audit.pipeline.sheets import PageRow, read_answers
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Pages
from detectors.finding import Finding
from detectors.instrument import Instrument

__all__ = ["load_pages"]


def load_pages(
    store: Store, settings: Settings, instrument: Instrument, units: frozenset[str]
) -> list[PageRow]:
    """The stored pages of an instrument, in order of path and page."""
    with store.reading() as connection:
        repository = Pages(connection, settings.round.id)
        rows = repository.all(instrument.id)
        marks = repository.marks(instrument.id)
    inbox = settings.scans.as_posix().rstrip("/") + "/"
    pages = []
    for row in rows:
        answers, unclear = read_answers(marks.get(row["id"], []), instrument)
        folder = row["path"].removeprefix(inbox).split("/")
        # What a check said of the page alone, and took back beside its batch, is no sign.
        alone = [f for f in row["findings"] if f["detector"] not in row["not_assessable"]]
        signs = [Finding.from_json(data) for data in (*alone, *row["matches"])]
        pages.append(
            PageRow(
                id=row["id"],
                file_id=row["file_id"],
                path=row["path"],
                sha256=row["sha256"],
                page=row["page"],
                form_page=row["form_page"],
                status=row["status"],
                reason=row["reason"],
                serial=row["serial"],
                flagged=bool(row["flagged"]),
                judged=row["flagged"] is not None,
                answers=answers,
                undetermined=unclear,
                findings=tuple(signs),
                unit=next((part for part in folder[:-1] if part in units), None),
                changes=changed_marks(marks.get(row["id"], []), instrument, signs),
            )
        )
    return pages
