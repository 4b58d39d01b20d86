"""Scans and places on them. Written fields are covered; a view without covers is told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi.responses import JSONResponse, Response

from audit.desk.casefile import CaseFile, matched_page, title_of
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.routes.case import file_of, numbered, page_of
from audit.desk.web import Refused, Routes, Visit, Visited
from audit.trail.acts import Action
from scans.laid import LOOKS, PARTS

__all__ = ["routes"]

routes = Routes()


@routes.get("/cases/{case_id}/pages/{page_id}/{look}.jpg", Permission.CASES)
def scan(visit: Visited, case_id: int, page_id: int, look: str, full: str = "") -> Response:
    """A page with its written fields covered."""
    return _whole(visit, case_id, page_id, look, covered=True, full=bool(full))


@routes.get("/cases/{case_id}/pages/{page_id}/bare/{look}.jpg", Permission.UNMASK)
def bare(visit: Visited, case_id: int, page_id: int, look: str, full: str = "") -> Response:
    """A page with everything that is written on it."""
    about = f"case {case_id} page {page_id} {look}"
    with visit.desk.journal.doing(Action.UNMASKED_VIEW, about, visit.who) as connection:
        file_of(visit, connection, case_id)
    return _whole(visit, case_id, page_id, look, covered=False, full=bool(full))


@routes.get("/cases/{case_id}/pages/{page_id}/places", Permission.CASES)
def places(visit: Visited, case_id: int, page_id: int) -> Response:
    """Where signs and marks lie on the scan, in its pixels."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    page = page_of(file, page_id)
    signs = [s for s in file.signs if s["page_id"] == page_id and s["box_mm"] is not None]
    boxes = [tuple(sign["box_mm"]) for sign in signs]
    form = visit.desk.instruments[file.case["instrument_id"]]
    printed = next((p for p in form.pages if p.number == page["form_page"]), None)
    states = {(a.item.id, value): state for a in file.answers for value, state in a.marks}
    marks = [
        (box, states[box.item, str(box.value)])
        for box in (printed.boxes if printed else ())
        if (box.item, str(box.value)) in states
    ]
    found = visit.desk.pictures.geometry(
        page["sha256"], page["page"], form.id, (*boxes, *(box.box_mm for box, _ in marks))
    )
    if found is None:
        return JSONResponse({"size": None, "covered": False, "places": []})
    size, covered, outlines = found
    numbers = numbered(file.signs)
    shown: list[dict[str, Any]] = [
        {
            "layer": sign["detector"],
            "label": str(numbers[sign["id"]]),
            "title": visit.text.say(title_of(sign["detector"])),
            "level": sign["severity"],
            "points": outline,
        }
        for sign, outline in zip(signs, outlines, strict=False)
        if outline
    ]
    shown += [
        {
            "layer": "marks",
            "label": "",
            "title": f"{box.item} = {box.value}: {visit.text(f'mark_state.{state}')}",
            "level": state,
            "points": outline,
        }
        for (box, state), outline in zip(marks, outlines[len(signs) :], strict=True)
        if outline
    ]
    return JSONResponse({"size": size, "covered": covered, "places": shown})


@routes.get("/cases/{case_id}/signs/{sign_id}/{part}.jpg", Permission.CASES)
def place(visit: Visited, case_id: int, sign_id: int, part: str) -> Response:
    """The place of a sign: scan, blank form or difference, written fields covered."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    sign = next((s for s in file.signs if s["id"] == sign_id and s["box_mm"]), None)
    if sign is None or part not in PARTS:
        raise Refused(404, "refused.nothing")
    page = page_of(file, sign["page_id"])
    x, y, width, height = sign["box_mm"]
    picture = visit.desk.pictures.place(
        page["sha256"],
        page["page"],
        file.case["instrument_id"],
        (x, y, width, height),
        part,
        covered=True,
    )
    return _jpeg(picture)


@routes.get("/cases/{case_id}/signs/{sign_id}/compare", Permission.CASES)
def compare(visit: Visited, case_id: int, sign_id: int) -> Response:
    """A page beside the one that it is like, both laid straight."""
    file, own, other = _pair(visit, case_id, sign_id)
    return visit.page(
        "compare.html.j2",
        case=file.case,
        label=file.case["subject_id"],
        sign_id=sign_id,
        own=own["path"],
        other=other["path"],
        query=Filters.of(visit.request.query_params).query(),
    )


@routes.get("/cases/{case_id}/signs/{sign_id}/page/{which}.jpg", Permission.CASES)
def compared(visit: Visited, case_id: int, sign_id: int, which: str) -> Response:
    """One of the two pages, written fields covered."""
    file, own, other = _pair(visit, case_id, sign_id)
    if which not in ("own", "other"):
        raise Refused(404, "refused.nothing")
    page = own if which == "own" else other
    form = file.case["instrument_id"]
    return _jpeg(visit.desk.pictures.straight(page["sha256"], page["page"], form))


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
        raise Refused(404, "refused.nothing")
    return file, page_of(file, sign["page_id"]), other


def _whole(
    visit: Visit, case_id: int, page_id: int, look: str, *, covered: bool, full: bool
) -> Response:
    if look not in LOOKS:
        raise Refused(404, "refused.nothing")
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    page = page_of(file, page_id)
    picture = visit.desk.pictures.whole(
        page["sha256"],
        page["page"],
        file.case["instrument_id"],
        look,
        covered=covered,
        full=full,
    )
    return _jpeg(picture)


def _jpeg(picture: bytes | None) -> Response:
    if picture is None:
        raise Refused(404, "refused.picture")
    return Response(picture, media_type="image/jpeg")
