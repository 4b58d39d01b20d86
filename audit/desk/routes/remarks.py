"""Notes on a place of a scan, and corrections of what was read; neither decides anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from fastapi import Depends
from fastapi.responses import Response

from audit.desk.casefile import CaseFile
from audit.desk.fields import Query, Word, Words
from audit.desk.people import stamp
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.routes.case import case_page, file_of, page_of
from audit.desk.routes.remarked import readings
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited
from audit.judge.correction import Step
from audit.store.remarks import Corrections, Notes
from audit.trail.acts import Action
from detectors.errors import UsageError

__all__ = ["routes"]

routes = Routes()


@dataclass
class Place:
    """A place on a page as a form sends it: shares of the page as received."""

    x: Word = ""
    y: Word = ""
    width: Word = ""
    height: Word = ""


@routes.post("/cases/{case_id}/notes", Permission.DECIDE)
def add_note(
    visit: Visited,
    case_id: int,
    marked: Annotated[Place, Depends()],
    page_id: Word = "",
    about: Word = "note",
    text: Words = "",
    query: Query = "",
) -> Response:
    """Add a note on a place, or say where on the page a sign really is."""
    desk, at = visit.desk, stamp(visit.desk.now())
    place = _place(marked.x, marked.y, marked.width, marked.height)
    action = Action.NOTE if about == "note" else Action.CORRECTION
    try:
        with desk.journal.doing(action, f"case {case_id}", visit.who) as connection:
            file = _open(visit, connection, case_id)
            page = page_of(file, int(page_id)) if page_id.isdecimal() else None
            if about != "note":
                _region(visit, connection, file, page, about, place, text, at)
            elif not text.strip():
                raise UsageError("the note is empty", remedy="write it")
            else:
                where: dict[str, Any] = {}
                if page is not None:
                    where = {"sha256": page["sha256"], "page": page["page"]}
                    where |= dict(zip(("x", "y", "width", "height"), place or (), strict=False))
                row = {"case_id": case_id, "text": text.strip(), "actor": visit.user.name}
                Notes(connection).add(row | where | {"at": at})
    except UsageError:
        key = "notes.empty" if about == "note" else "corrections.not_possible"
        return case_page(visit, case_id, status=400, error=visit.text(key))
    return _back(visit, case_id, query, page_id)


@routes.post("/cases/{case_id}/notes/{seq}/withdraw", Permission.DECIDE)
def withdraw_note(visit: Visited, case_id: int, seq: int, query: Query = "") -> Response:
    """Take back one's own note."""
    about = f"case {case_id}"
    with visit.desk.journal.doing(Action.NOTE, about, visit.who, always=False) as connection:
        _open(visit, connection, case_id)
        try:
            at = stamp(visit.desk.now())
            Notes(connection).withdraw(case_id, seq, visit.user.name, at)
        except UsageError as error:
            raise Refused(404, "refused.nothing") from error
    return _back(visit, case_id, query, "")


@routes.post("/cases/{case_id}/corrections", Permission.DECIDE)
def propose(
    visit: Visited,
    case_id: int,
    item: Word = "",
    value: Word = "",
    why: Words = "",
    query: Query = "",
) -> Response:
    """Say what an answer of the record really is; another person has to agree."""
    desk = visit.desk
    try:
        with desk.journal.doing(
            Action.CORRECTION, f"case {case_id}", visit.who, always=False
        ) as connection:
            file = _open(visit, connection, case_id)
            if file.record is None:
                raise Refused(404, "refused.nothing")
            form = desk.instruments[file.case["instrument_id"]]
            asked = next((i for i in form.items if i.id == item), None)
            right = None if asked is None else readings(asked).get(value)
            if right is None:
                raise UsageError("no such item or value", remedy="choose one of the list")
            Corrections(connection, file.case["round_id"]).propose(
                file.case,
                "answer",
                item,
                file.reading(item),
                right,
                actor=visit.user.name,
                at=stamp(desk.now()),
                note=why.strip() or None,
            )
    except UsageError:
        error = visit.text("corrections.not_possible")
        return case_page(visit, case_id, status=400, error=error)
    return _back(visit, case_id, query, "")


@routes.post("/cases/{case_id}/corrections/{seq}/{step}", Permission.DECIDE)
def answer(visit: Visited, case_id: int, seq: int, step: str, query: Query = "") -> Response:
    """Agree to a correction, refuse it, or take back one's own."""
    if step not in (Step.AGREE, Step.REFUSE, Step.WITHDRAW):
        raise Refused(404, "refused.nothing")
    desk = visit.desk
    try:
        with desk.journal.doing(
            Action.CORRECTION, f"case {case_id}", visit.who, always=False
        ) as connection:
            file = _open(visit, connection, case_id)
            Corrections(connection, file.case["round_id"]).answer(
                file.case, seq, Step(step), actor=visit.user.name, at=stamp(desk.now())
            )
    except UsageError:
        error = visit.text("corrections.not_yours")
        return case_page(visit, case_id, status=409, error=error)
    return _back(visit, case_id, query, "")


def _open(visit: Visit, connection: sa.Connection, case_id: int) -> CaseFile:
    """A case that the visitor may say something on."""
    file = file_of(visit, connection, case_id)
    if visit.scope.is_own(file.case["unit_id"]):
        raise Refused(403, "bar.own_unit")
    return file


def _place(*texts: str) -> tuple[float, ...] | None:
    """Left, top, width, height as shares of the page; ``None`` for no place."""
    try:
        values = tuple(float(text) for text in texts)
    except ValueError:
        return None
    inside = all(math.isfinite(v) and 0.0 <= v <= 1.0 for v in values)
    return tuple(round(v, 5) for v in values) if inside else None


def _region(
    visit: Visit,
    connection: sa.Connection,
    file: CaseFile,
    page: sa.RowMapping | None,
    about: str,
    place: tuple[float, ...] | None,
    text: str,
    at: str,
) -> None:
    """Propose another place for a sign."""
    sign = next((s for s in file.signs if str(s["id"]) == about and s["box_mm"]), None)
    if sign is None or page is None or place is None or sign["page_id"] != page["id"]:
        raise UsageError("no place was marked", remedy="draw it on the scan")
    laid = visit.desk.pictures.page(page["sha256"], page["page"], file.case["instrument_id"])
    size = (0, 0) if laid is None else laid.size
    box = (place[0] * size[0], place[1] * size[1], place[2] * size[0], place[3] * size[1])
    found = None if laid is None or min(box[2:]) < 2 else laid.on_form(box)
    if found is None:
        raise UsageError("the page cannot be laid over the form", remedy="write a note instead")
    Corrections(connection, file.case["round_id"]).propose(
        file.case,
        "region",
        about,
        [round(float(v), 2) for v in file.region(sign)],
        [round(v, 2) for v in found],
        actor=visit.user.name,
        at=at,
        note=text.strip() or None,
    )


def _back(visit: Visit, case_id: int, query: str, page_id: str) -> Response:
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    sheet = page_id if page_id.isdecimal() else None
    return visit.go(f"/cases/{case_id}{filters.query(sheet=sheet)}")
