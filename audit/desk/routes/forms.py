"""The round's forms: where boxes and fields stand on the blank page, and correcting that."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import cv2
import numpy as np
from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from audit.desk.geometry import pieces_of, save_version
from audit.desk.geometry_changes import FIELD_KINDS, changed
from audit.desk.permissions import Permission
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited
from audit.trail.acts import Action
from detectors.errors import InputError
from detectors.instrument import Instrument, Page

__all__ = ["routes"]

routes = Routes()

_PX_PER_MM = 6.0


async def _numbers(request: Request) -> FormData:
    """What was typed or dragged; the body is small, the shield sees to that."""
    return await request.form(max_files=0, max_fields=2000)


Sent = Annotated[FormData, Depends(_numbers)]


@routes.get("/forms", Permission.FORMS)
def forms(visit: Visited) -> Response:
    """All paper forms of the round, page by page."""
    found = [form for form in visit.desk.instruments.values() if form.pages]
    return visit.page("forms.html.j2", forms=found)


@routes.get("/forms/{form_id}/{number}", Permission.FORMS)
def form_page(visit: Visited, form_id: str, number: int, saved: str = "") -> Response:
    """A page with everything that can be moved on it."""
    form, page = _page(visit, form_id, number)
    return _shown(visit, form, page, saved=saved)


@routes.get("/forms/{form_id}/{number}/blank.png", Permission.FORMS)
def blank(visit: Visited, form_id: str, number: int) -> Response:
    """The blank page."""
    form, page = _page(visit, form_id, number)
    return Response(_picture(form.sha256, page), media_type="image/png")


@routes.post("/forms/{form_id}/{number}", Permission.FORMS)
def save(visit: Visited, form_id: str, number: int, sent: Sent) -> Response:
    """Write a new version of the instrument beside the old one."""
    form, page = _page(visit, form_id, number)
    numbers = {name: value for name, value in sent.items() if isinstance(value, str)}
    try:
        after = changed(page, numbers)
        if after is page:
            return _shown(visit, form, page, wrong=visit.text("forms.nothing"))
        with visit.desk.journal.doing(
            Action.INSTRUMENTS, f"new version of {form.id}, page {number}", visit.who
        ):
            made = save_version(form, after)
    except (ValueError, InputError):
        return _shown(visit, form, page, status=400, wrong=visit.text("forms.wrong"), typed=numbers)
    return visit.go(f"/forms/{form_id}/{number}?saved={made.path.name}")


def _shown(
    visit: Visit,
    form: Instrument,
    page: Page,
    *,
    status: int = 200,
    saved: str = "",
    wrong: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    # Only what is really there is told: the name comes from the address.
    there = {path.name for path in form.path.parent.glob("*.toml")}
    return visit.page(
        "form.html.j2",
        status,
        form=form,
        page=page,
        pieces=pieces_of(page),
        saved=saved if saved in there else "",
        wrong=wrong,
        typed=typed or {},
        kinds=FIELD_KINDS,
    )


def _page(visit: Visit, form_id: str, number: int) -> tuple[Instrument, Page]:
    form = visit.desk.instruments.get(form_id)
    page = next((p for p in form.pages if p.number == number), None) if form else None
    if form is None or page is None:
        raise Refused(404, "refused.nothing")
    return form, page


@lru_cache(maxsize=16)
def _picture(key: str, page: Page) -> bytes:
    """A blank at the size of a screen; ``key`` changes with the instrument's content."""
    del key
    image = cv2.imdecode(np.frombuffer(page.blank.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    size = (round(page.size_mm[0] * _PX_PER_MM), round(page.size_mm[1] * _PX_PER_MM))
    if size[0] < image.shape[1]:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".png", image)[1])
