"""The page of one case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi.responses import Response

from audit.desk.casefile import CaseFile, Standing, read_case, read_pages, read_standing
from audit.desk.entries import Entry
from audit.desk.leases import Leases
from audit.desk.permissions import Permission
from audit.desk.queue import Filters
from audit.desk.reasons import all_reasons
from audit.desk.routes.queue import local_time, reason_of, why_here
from audit.desk.routes.remarked import shown_corrections, shown_notes
from audit.desk.routes.shown import (
    beside_of,
    blind_spots_of,
    chances_of,
    events_of,
    explanations_of,
    readings_of,
    sign_of,
)
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited
from audit.judge.authority import Bar, bar, verdicts
from audit.judge.decision import CaseState, Verdict, can_withdraw, has_spoken
from audit.reporting.reasons import reason_message
from audit.trail.acts import Action
from audit.trail.chain import last_act

__all__ = [
    "case_page",
    "file_of",
    "page_of",
    "routes",
    "row_of",
    "sheet_of",
    "standing_of",
    "uncovered",
    "weighs",
]

routes = Routes()

_UNCOVERED = dt.timedelta(minutes=15)  # a reason to look without covers holds so long

Row = sa.RowMapping


@routes.get("/cases/{case_id}", Permission.CASES)
def case(visit: Visited, case_id: int) -> Response:
    """One case: scan, signs, answers, source, history, and the form to decide."""
    return case_page(visit, case_id)


def row_of(visit: Visit, connection: sa.Connection, case_id: int) -> Row:
    """The row of a case in sight of the visitor.

    Raises:
        Refused: If there is none.
    """
    row = visit.scope.case(connection, visit.desk.settings.round.id, case_id)
    if row is None:
        raise Refused(404, "refused.nothing")
    return row


def standing_of(visit: Visit, connection: sa.Connection, case_id: int) -> Standing:
    """Where a case in sight of the visitor stands.

    Raises:
        Refused: If there is none.
    """
    return read_standing(connection, row_of(visit, connection, case_id))


def sheet_of(
    visit: Visit, connection: sa.Connection, case_id: int, page_id: int
) -> tuple[Row, Row]:
    """A case in sight of the visitor and one of its pages.

    Raises:
        Refused: If there is none, or the page is not one of its.
    """
    row = row_of(visit, connection, case_id)
    return row, _among(read_pages(connection, row), page_id)


def file_of(visit: Visit, connection: sa.Connection, case_id: int) -> CaseFile:
    """A case in sight of the visitor with all that is known of it.

    Raises:
        Refused: If there is none.
    """
    row = row_of(visit, connection, case_id)
    form = visit.desk.instruments[row["instrument_id"]]
    return read_case(connection, row, form, visit.scope.sees)


def page_of(file: CaseFile, page_id: int) -> Row:
    """A page of a case.

    Raises:
        Refused: If it is not one of its pages.
    """
    return _among(file.pages, page_id)


def _among(pages: Sequence[Row], page_id: int) -> Row:
    page = next((page for page in pages if page["id"] == page_id), None)
    if page is None:
        raise Refused(404, "refused.nothing")
    return page


def case_page(
    visit: Visit,
    case_id: int,
    *,
    status: int = 200,
    error: str | None = None,
    draft: Mapping[str, str] | None = None,
) -> Response:
    """The page of a case, with what was filled in before where something was wrong."""
    desk, filters = visit.desk, Filters.of(visit.request.query_params)
    with desk.store.reading() as connection:
        file = file_of(visit, connection, case_id)
        sheet = _sheet(visit, file)
        if sheet is not None:
            desk.ahead.begin(sheet, file.case["instrument_id"])
        said = _said(visit)
        view, (entry, last) = desk.queue.look(
            connection, filters, visit.scope, case_id, said and said[0]
        )
        done = None if said is None or last is None else _done(visit, connection, *said, last)
        lease = Leases(connection).running(desk.now()).get(case_id)
        beside = beside_of(visit, connection, file)
        open_now = visit.may(Permission.UNMASK) and uncovered(visit, connection, case_id)
    before, after, number = view.around(entry)
    desk.ahead.prepare(after)
    own = visit.scope.is_own(file.case["unit_id"])
    words = verdicts(visit.user.role, file.state, own_unit=own)
    spoken = has_spoken(file.history, visit.user.name, evidence=file.case["evidence"])
    if spoken and not file.state.closed:
        words = ()
    return visit.page(
        "case.html.j2",
        status,
        file=file,
        case=file.case,
        query=filters.query(),
        before=before,
        after=after,
        number=number,
        count=len(view.shown),
        why="" if entry is None else why_here(visit, entry),
        unit=visit.scope.book.name(file.case["unit_id"]),
        label=entry.label if entry else file.case["subject_id"],
        sheet=sheet,
        refusal="" if sheet is None else visit.text.say(reason_message(sheet["reason"] or "")),
        signs=[sign_of(visit, sign, n) for n, sign in enumerate(file.signs, start=1)],
        explained=explanations_of(visit, file),
        unjudged=[visit.text.say(reason_of(code)) for code in file.case["reasons"]],
        blind_spots=blind_spots_of(visit, file),
        chances=chances_of(visit, file),
        beside=beside,
        notes=shown_notes(visit, file),
        corrections=shown_corrections(visit, file),
        corrected={a.item.id: file.corrected(a.item.id) for a in file.answers},
        readings=(choices := readings_of(visit, file)),
        all_readings=list(dict.fromkeys(pair for _, pairs in choices for pair in pairs)),
        may_add=visit.may(Permission.DECIDE) and not own,
        events=events_of(visit, file),
        words=words,
        weighty=[] if visit.proven else [w.value for w in words if weighs(file, w)],
        reasons={v: all_reasons().get(v, {}) for v in words},
        obstacle=_obstacle(visit, file, own=own, spoken=spoken),
        undo=can_withdraw(file.history, visit.user.name, evidence=file.case["evidence"])
        and bar(visit.user.role, file.state, Verdict.WITHDRAW, own_unit=own) is None,
        lease=lease,
        lease_other=lease is not None and lease.user_id != visit.user.id,
        lease_until=None if lease is None else local_time(visit, lease.until).strftime("%H:%M"),
        bare=visit.request.query_params.get("bare") == "1" and open_now,
        open_now=open_now,
        can_unmask=visit.may(Permission.UNMASK),
        done=done,
        error=error,
        draft=draft or {"verdict": "", "reason": "", "note": ""},
    )


def uncovered(visit: Visit, connection: sa.Connection, case_id: int) -> bool:
    """Whether the visitor has said in this session, a while ago at most, why to look uncovered."""
    last = last_act(connection, Action.UNMASK, f"case {case_id}, {visit.user.name}")
    if last is None or last[2]["session"] != visit.who.id[:16]:
        return False
    return visit.desk.now() - dt.datetime.fromisoformat(last[2]["at"]) < _UNCOVERED


def weighs(file: Standing, word: Verdict) -> bool:
    """Whether a word on a case leads to exclusion, or ends what two could not agree on."""
    ends = file.state is CaseState.ESCALATED and word in (Verdict.CONFIRM, Verdict.DISMISS)
    return word is Verdict.REOPEN or ends or (file.two and word is Verdict.CONFIRM)


def _sheet(visit: Visit, file: CaseFile) -> Row | None:
    """The page that is shown: the one asked for, or the first with a sign on it."""
    wanted = visit.request.query_params.get("sheet", "")
    asked = [page for page in file.pages if str(page["id"]) == wanted]
    return asked[0] if asked else file.first_sheet()


def _obstacle(visit: Visit, file: CaseFile, *, own: bool, spoken: bool) -> str | None:
    """Why the visitor cannot decide now."""
    found = bar(visit.user.role, file.state, Verdict.CONFIRM, own_unit=own)
    if found is None:
        return visit.text("bar.spoken") if spoken else None
    if found is Bar.ROLE and not visit.may(Permission.DECIDE):
        return visit.text("bar.role")
    return visit.text(f"bar.{found.value}")


def _said(visit: Visit) -> tuple[int, str] | None:
    """The case and the word that led here."""
    number, verdict = (visit.request.query_params.get(n, "") for n in ("done", "said"))
    known = {v.value for v in Verdict}
    if not (number.isascii() and number.isdigit() and verdict in known):
        return None
    return int(number[:19]), verdict


def _done(
    visit: Visit, connection: sa.Connection, case_id: int, verdict: str, entry: Entry
) -> dict[str, Any] | None:
    """The decision that led here, so that it can be taken back at once."""
    row = visit.scope.case(connection, visit.desk.settings.round.id, case_id)
    if row is None:
        return None
    standing = read_standing(connection, row)
    return {
        "id": row["id"],
        "label": entry.label,
        "verdict": visit.text(f"verdict.{verdict}"),
        "state": visit.text(f"state.{standing.state.value}"),
        "undo": can_withdraw(standing.history, visit.user.name, evidence=standing.case["evidence"]),
        "version": standing.version,
    }
