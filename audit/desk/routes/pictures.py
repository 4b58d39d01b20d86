"""Scans and places on them. Written fields are covered; a view without covers is told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi.responses import JSONResponse, Response

from audit.desk.api import Places
from audit.desk.casefile import CaseFile, title_of
from audit.desk.entries import label_of
from audit.desk.fields import Words
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.routes.case import file_of, page_of, row_of, sheet_of, uncovered
from audit.desk.routes.remarked import letter
from audit.desk.routes.shown import numbered
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited
from audit.trail.acts import Action
from scans.laid import PARTS
from scans.looks import LOOKS

__all__ = ["jpeg", "label_of_case", "routes"]

routes = Routes()

_SHORTEST_REASON = 10


@routes.get("/cases/{case_id}/pages/{page_id}/{look}.jpg", Permission.CASES)
def scan(visit: Visited, case_id: int, page_id: int, look: str, full: str = "") -> Response:
    """A page with its written fields covered."""
    return _whole(visit, case_id, page_id, look, covered=True, full=bool(full))


@routes.get("/cases/{case_id}/pages/{page_id}/bare/{look}.jpg", Permission.UNMASK)
def bare(visit: Visited, case_id: int, page_id: int, look: str, full: str = "") -> Response:
    """A page with everything that is written on it."""
    about = f"case {case_id} page {page_id} {look}"
    with visit.desk.store.reading() as connection:
        row_of(visit, connection, case_id)
        if not uncovered(visit, connection, case_id):
            raise Refused(403, "mask.why")
    with visit.desk.journal.doing(Action.UNMASKED_VIEW, about, visit.who) as connection:
        row_of(visit, connection, case_id)
    return _whole(visit, case_id, page_id, look, covered=False, full=bool(full))


@routes.post("/cases/{case_id}/uncover", Permission.UNMASK)
def uncover(visit: Visited, case_id: int, why: Words = "", sheet: Words = "") -> Response:
    """Say why a case is looked at without covers; that opens it for a while."""
    why = " ".join(why.split())
    if len(why) < _SHORTEST_REASON:
        raise Refused(400, "mask.why")
    with visit.desk.journal.doing(
        Action.UNMASK, f"case {case_id}, {visit.user.name}", visit.who, reason=why
    ) as connection:
        row_of(visit, connection, case_id)
    shown = sheet if sheet.isascii() and sheet.isdigit() else None
    query = Filters.of(visit.request.query_params).query(bare=1, sheet=shown)
    return visit.go(f"/cases/{case_id}{query}")


@routes.get("/cases/{case_id}/pages/{page_id}/places", Permission.CASES, Places)
def places(visit: Visited, case_id: int, page_id: int) -> Response:
    """Where signs and marks lie on the scan, in its pixels."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    page = page_of(file, page_id)
    signs = [s for s in file.signs if s["page_id"] == page_id and s["box_mm"] is not None]
    boxes = [file.region(sign) for sign in signs]
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
    shown += _notes(file, page, size)
    return JSONResponse({"size": size, "covered": covered, "places": shown})


def _notes(file: CaseFile, page: sa.RowMapping, size: tuple[int, int]) -> list[dict[str, Any]]:
    """Notes on this page, drawn where they were put."""
    found = []
    for number, row in enumerate(file.notes):
        if row["x"] is None or (row["sha256"], row["page"]) != (page["sha256"], page["page"]):
            continue
        left, top = row["x"] * size[0], row["y"] * size[1]
        right, bottom = left + row["width"] * size[0], top + row["height"] * size[1]
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        found.append(
            {
                "layer": "notes",
                "label": letter(number),
                "title": row["text"],
                "level": "note",
                "points": corners,
            }
        )
    return found


@routes.get("/cases/{case_id}/signs/{sign_id}/{part}.jpg", Permission.CASES)
def place(visit: Visited, case_id: int, sign_id: int, part: str) -> Response:
    """The place of a sign: scan, blank form or difference, written fields covered."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    sign = next((s for s in file.signs if s["id"] == sign_id and s["box_mm"]), None)
    if sign is None or part not in PARTS:
        raise Refused(404, "refused.nothing")
    page = page_of(file, sign["page_id"])
    picture = visit.desk.pictures.place(
        page["sha256"],
        page["page"],
        file.case["instrument_id"],
        file.region(sign),
        part,
        covered=True,
    )
    return jpeg(picture)


@routes.get("/cases/{case_id}/pages/{page_id}/source", Permission.CASES)
def source(visit: Visited, case_id: int, page_id: int) -> Response:
    """What the file itself says of where a page comes from; untrusted."""
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
    page = page_of(file, page_id)
    laid = visit.desk.pictures.page(page["sha256"], page["page"], file.case["instrument_id"])
    if laid is None:
        raise Refused(404, "refused.picture")
    origin, t = laid.raw.origin, visit.text
    facts = [
        (t("source.type"), origin.media_type),
        (t("source.encoding"), origin.encoding),
        (t("source.size"), f"{laid.size[0]} × {laid.size[1]} px"),
    ]
    if origin.dpi is not None:
        facts.append((t("source.dpi"), " × ".join(t.number(v) for v in origin.dpi)))
    facts += [(str(name), str(value)) for name, value in sorted(origin.metadata.items())]
    quality = [(name, t.number(value, 3)) for name, value in sorted(laid.raw.quality.items())]
    return visit.page(
        "source.html.j2",
        case=file.case,
        label=label_of_case(file),
        page=page,
        facts=facts,
        quality=quality,
        query=Filters.of(visit.request.query_params).query(),
    )


def label_of_case(file: CaseFile) -> str:
    """What a case is called."""
    return label_of(file.case["subject_id"], file.record["serial"] if file.record else None)


def _whole(
    visit: Visit, case_id: int, page_id: int, look: str, *, covered: bool, full: bool
) -> Response:
    if look not in LOOKS:
        raise Refused(404, "refused.nothing")
    with visit.desk.store.reading() as connection:
        case, page = sheet_of(visit, connection, case_id, page_id)
    picture = visit.desk.pictures.whole(
        page["sha256"],
        page["page"],
        case["instrument_id"],
        look,
        covered=covered,
        full=full,
    )
    return jpeg(picture)


def jpeg(picture: bytes | None) -> Response:
    """A picture.

    Raises:
        Refused: If there is none.
    """
    if picture is None:
        raise Refused(404, "refused.picture")
    return Response(picture, media_type="image/jpeg")
