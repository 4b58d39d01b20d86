"""Pages beside each other: with the one that a sign names, and with the sheets of the batch."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.beside import Batch, batch_of
from audit.desk.casefile import CaseFile
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.routes.case import file_of, page_of, uncovered
from audit.desk.routes.pictures import jpeg, label_of_case
from audit.desk.routing import Routes
from audit.desk.sheets import matched_page, pages_of
from audit.desk.web import Refused, Visit, Visited
from audit.trail.acts import Action

__all__ = ["routes"]

routes = Routes()


@routes.get("/cases/{case_id}/signs/{sign_id}/compare", Permission.CASES)
def compare(visit: Visited, case_id: int, sign_id: int) -> Response:
    """A page beside the one that it is like, both laid straight."""
    file, own, other = _pair(visit, case_id, sign_id)
    with visit.desk.store.reading() as connection:
        bare = visit.may(Permission.UNMASK) and uncovered(visit, connection, case_id)
    note = visit.text("compare.note")
    if bare:
        note = f"{note} {visit.text('mask.bare')}"
    elif _is_covered(visit, file, own, sign_id):
        note = f"{note} {visit.text('compare.covered')}"
    return visit.page(
        "compare.html.j2",
        case=file.case,
        label=label_of_case(file),
        pictures=[
            (f"/cases/{case_id}/signs/{sign_id}/{'bare' if bare else 'page'}/{which}.jpg", name)
            for which, name in (("own", own["path"]), ("other", other["path"]))
        ],
        note=note,
        before=None,
        after=None,
        query=Filters.of(visit.request.query_params).query(),
    )


@routes.get("/cases/{case_id}/batch/{step}", Permission.CASES)
def batch(visit: Visited, case_id: int, step: int, sheet: str = "") -> Response:
    """A sheet of the same batch, so many places on, beside the sheet of the case."""
    file, found, own, page = _of_batch(visit, case_id, step, sheet)
    query = Filters.of(visit.request.query_params).query()
    more = f"{'&' if query else '?'}sheet={own['id']}"

    def there(by: int) -> str | None:
        if by == 0:
            return f"/cases/{case_id}{query}"
        there_is = found.step(by) is not None
        return f"/cases/{case_id}/batch/{by}{query}{more}" if there_is else None

    shown = found.step(step)
    assert shown is not None
    note = visit.text("batch.place", n=found.at + step + 1, count=len(found.records))
    pictures = [(f"/cases/{case_id}/batch/0/{own['id']}.jpg", label_of_case(file))]
    if page is not None:
        name = str(shown["serial"] or shown["record_id"])
        pictures.append((f"/cases/{case_id}/batch/{step}/{page['id']}.jpg", name))
    return visit.page(
        "compare.html.j2",
        case=file.case,
        label=label_of_case(file),
        pictures=pictures,
        note=note if page is not None else f"{note} {visit.text('batch.no_page')}",
        before=there(step - 1),
        after=there(step + 1),
        query=query,
    )


@routes.get("/cases/{case_id}/batch/{step}/{page_id}.jpg", Permission.CASES)
def batch_page(visit: Visited, case_id: int, step: int, page_id: int) -> Response:
    """A page of a sheet of the same batch, laid straight, written fields covered."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
        found = _batch(visit, connection, file)
        shown = found.records[found.at] if step == 0 else found.step(step)
        pages = [] if shown is None else pages_of(connection, shown["id"])
    page = next((p for p in pages if p["id"] == page_id), None)
    if page is None:
        raise Refused(404, "refused.nothing")
    form = file.case["instrument_id"]
    return jpeg(visit.desk.pictures.straight(page["sha256"], page["page"], form))


@routes.get("/cases/{case_id}/signs/{sign_id}/page/{which}.jpg", Permission.CASES)
def compared(visit: Visited, case_id: int, sign_id: int, which: str) -> Response:
    """One of the two pages, written fields covered."""
    file, page = _one_of(visit, case_id, sign_id, which)
    form = file.case["instrument_id"]
    return jpeg(visit.desk.pictures.straight(page["sha256"], page["page"], form))


@routes.get("/cases/{case_id}/signs/{sign_id}/bare/{which}.jpg", Permission.UNMASK)
def compared_bare(visit: Visited, case_id: int, sign_id: int, which: str) -> Response:
    """One of the two pages with what is written on it: a copied seal is under the covers."""
    file, page = _one_of(visit, case_id, sign_id, which)
    with visit.desk.store.reading() as connection:
        if not uncovered(visit, connection, case_id):
            raise Refused(403, "mask.why")
    about = f"case {case_id} page {page['id']} compare"
    with visit.desk.journal.doing(Action.UNMASKED_VIEW, about, visit.who) as connection:
        file_of(visit, connection, case_id)
    form = file.case["instrument_id"]
    return jpeg(visit.desk.pictures.straight(page["sha256"], page["page"], form, covered=False))


def _one_of(visit: Visit, case_id: int, sign_id: int, which: str) -> tuple[CaseFile, sa.RowMapping]:
    file, own, other = _pair(visit, case_id, sign_id)
    if which not in ("own", "other"):
        raise Refused(404, "refused.nothing")
    return file, own if which == "own" else other


def _is_covered(visit: Visit, file: CaseFile, page: sa.RowMapping, sign_id: int) -> bool:
    """Whether the place of a sign is a written field, so that only grey is seen of it."""
    (sign,) = (s for s in file.signs if s["id"] == sign_id)
    form = visit.desk.instruments[file.case["instrument_id"]]
    fields = [f.box_mm for p in form.pages if p.number == page["form_page"] for f in p.fields]
    if sign["box_mm"] is None:
        return False
    x, y, width, height = sign["box_mm"]
    return any(
        x < left + wide and left < x + width and y < top + high and top < y + height
        for left, top, wide, high in fields
    )


def _pair(
    visit: Visit, case_id: int, sign_id: int
) -> tuple[CaseFile, sa.RowMapping, sa.RowMapping]:
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
        sign = next((s for s in file.signs if s["id"] == sign_id and s["page_id"]), None)
        if sign is None:
            raise Refused(404, "refused.nothing")
        other = matched_page(connection, file.case, sign, visit.scope.sees)
    if other is None:
        raise Refused(404, "refused.compare")
    return file, page_of(file, sign["page_id"]), other


def _batch(visit: Visit, connection: sa.Connection, file: CaseFile) -> Batch:
    found = None
    if file.record is not None:
        found = batch_of(connection, file.record, visit.scope.sees, visit.rounds)
    if found is None:
        raise Refused(404, "refused.nothing")
    return found


def _of_batch(
    visit: Visit, case_id: int, step: int, sheet: str
) -> tuple[CaseFile, Batch, sa.RowMapping, sa.RowMapping | None]:
    """The case, its batch, the page that is shown, and the same page of another sheet."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
        found = _batch(visit, connection, file)
        shown = found.step(step)
        if shown is None or not file.pages:
            raise Refused(404, "refused.nothing")
        own = next((p for p in file.pages if str(p["id"]) == sheet), file.pages[0])
        pages = pages_of(connection, shown["id"])
    alike = [p for p in pages if p["form_page"] == own["form_page"]]
    return file, found, own, next(iter(alike or pages), None)
