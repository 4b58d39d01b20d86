"""Deciding, taking back, and holding a case while looking at it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Form
from fastapi.responses import JSONResponse, Response

from audit.desk.api import LeaseState
from audit.desk.entries import label_of
from audit.desk.fields import Query, Word
from audit.desk.leases import Lease, Leases
from audit.desk.people import stamp
from audit.desk.permissions import Permission
from audit.desk.proof import proved
from audit.desk.queue import Filters
from audit.desk.reasons import WITHDRAWN, all_reasons, reason_text
from audit.desk.routes.case import case_page, file_of, row_of, standing_of, weighs
from audit.desk.routes.queue import local_time
from audit.desk.routes.shown import events_of, sign_of
from audit.desk.routing import Routes
from audit.desk.web import Refused, Visit, Visited
from audit.judge.authority import Bar, bar
from audit.judge.decision import Decision, Verdict
from audit.store.cases import Cases
from audit.trail.acts import Action
from detectors.errors import UsageError

__all__ = ["routes"]

routes = Routes()

_NOTE = 4000


class _Stop(Exception):
    """Nothing is written: the case is not as it was when the form was filled in."""

    def __init__(self, case_id: int, key: str, lease: Lease | None = None) -> None:
        super().__init__(key)
        self.case_id = case_id
        self.key = key
        self.lease = lease


@routes.post("/cases/{case_id}/decide", Permission.DECIDE)
def decide(
    visit: Visited,
    case_id: int,
    version: Word = "",
    verdict: Word = "",
    reason: Word = "",
    note: Annotated[str, Form(max_length=_NOTE)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    advance: Word = "",
    query: Query = "",
) -> Response:
    """Say a word on a case, on the version of it that was looked at."""
    draft = {"verdict": verdict, "reason": reason, "note": note}
    try:
        word = Verdict(verdict)
    except ValueError:
        error = visit.text("decide.no_verdict")
        return case_page(visit, case_id, status=400, error=error, draft=draft)
    if word is Verdict.WITHDRAW or reason not in all_reasons().get(word, {}):
        error = visit.text("decide.no_reason")
        return case_page(visit, case_id, status=400, error=error, draft=draft)
    if _weighs(visit, case_id, word) and not proved(visit, password):
        error = visit.text("decide.password")
        return case_page(visit, case_id, status=403, error=error, draft=draft)
    after = _next(visit, case_id, query)
    try:
        _write(visit, case_id, version, word, reason, note.strip() or None)
    except _Stop as stop:
        return _conflict(visit, stop, draft, query)
    done = {"done": case_id, "said": word.value}
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    if not advance:
        return visit.go(f"/cases/{case_id}{filters.query(**done)}")
    if after is None:
        return visit.go(f"/queue{filters.query()}")
    return visit.go(f"/cases/{after}{filters.query(**done)}")


@routes.post("/cases/{case_id}/undo", Permission.DECIDE)
def undo(visit: Visited, case_id: int, version: Word = "", query: Query = "") -> Response:
    """Take back one's own last word, which stays in the history."""
    try:
        _write(visit, case_id, version, Verdict.WITHDRAW, WITHDRAWN, None)
    except _Stop as stop:
        return _conflict(visit, stop, {"verdict": "withdraw", "reason": "", "note": ""}, query)
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    return visit.go(f"/cases/{case_id}{filters.query()}")


@routes.post("/cases/{case_id}/lease", Permission.DECIDE, LeaseState)
def heartbeat(visit: Visited, case_id: int) -> Response:
    """Say that one is still looking; who holds the case comes back."""
    now = visit.desk.now()
    with visit.desk.journal.quietly() as connection:
        row_of(visit, connection, case_id)
        lease = Leases(connection).take(case_id, visit.user, now)
    return JSONResponse(
        {
            "mine": lease.user_id == visit.user.id,
            "holder": lease.full_name,
            "until": local_time(visit, lease.until).strftime("%H:%M"),
        }
    )


@routes.post("/cases/{case_id}/take", Permission.DECIDE)
def take_over(visit: Visited, case_id: int, query: Query = "") -> Response:
    """Take a case from whoever holds it; that is told."""
    now = visit.desk.now()
    with visit.desk.journal.doing(Action.TAKE_OVER, f"case {case_id}", visit.who) as connection:
        row_of(visit, connection, case_id)
        Leases(connection).take(case_id, visit.user, now, over=True)
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    return visit.go(f"/cases/{case_id}{filters.query()}")


def _write(
    visit: Visit, case_id: int, version: str, word: Verdict, reason: str, note: str | None
) -> None:
    """Check and write in one transaction, so that of two at once one comes second.

    Raises:
        _Stop: If the case is not as it was, or somebody else holds it.
        Refused: If the visitor may not say this.
    """
    now, user = visit.desk.now(), visit.user
    with visit.desk.journal.doing(
        Action.DECISION, f"case {case_id}", visit.who, always=False
    ) as connection:  # the decision itself leaves the entry
        found = standing_of(visit, connection, case_id)
        own = visit.scope.is_own(found.case["unit_id"])
        if version != found.version:
            raise _Stop(case_id, "conflict.version")
        _let(bar(user.role, found.state, word, own_unit=own), case_id)
        lease = Leases(connection).running(now).get(case_id)
        if lease is not None and lease.user_id != user.id and word is not Verdict.WITHDRAW:
            raise _Stop(case_id, "conflict.lease", lease)
        decision = Decision(user.name, word, found.case["evidence"], reason, note, stamp(now))
        try:
            Cases(connection, found.case["round_id"]).decide(case_id, decision)
        except UsageError as error:
            raise _Stop(case_id, "conflict.order") from error
        Leases(connection).release(case_id, user)


def _let(found: Bar | None, case_id: int) -> None:
    if found is Bar.CLOSED:
        raise _Stop(case_id, "conflict.closed")
    if found is not None:
        raise Refused(403, f"bar.{found.value}")


def _weighs(visit: Visit, case_id: int, word: Verdict) -> bool:
    """Whether a word needs the password again.

    Every word for exclusion does, the first as the second: that only the second were asked
    would tell what the first has said.
    """
    with visit.desk.store.reading() as connection:
        return weighs(standing_of(visit, connection, case_id), word)


def _next(visit: Visit, case_id: int, query: str) -> int | None:
    """The case after this one in the view, as it stands before the decision."""
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    with visit.desk.store.reading() as connection:
        view, (entry,) = visit.desk.queue.look(connection, filters, visit.scope, case_id)
    _, after, _ = view.around(entry)
    return after if after != case_id else None


def _conflict(visit: Visit, stop: _Stop, draft: dict[str, str], query: str) -> Response:
    """What was to be said beside what is there now; nothing was overwritten."""
    t = visit.text
    with visit.desk.store.reading() as connection:
        file = file_of(visit, connection, stop.case_id)
    filters = Filters.of(dict(parse_qsl(query.lstrip("?"))))
    known = {v.value for v in Verdict}
    return visit.page(
        "conflict.html.j2",
        409,
        why=t(stop.key),
        by_lease=stop.lease is not None,
        lease=stop.lease,
        case=file.case,
        file=file,
        label=label_of(file.case["subject_id"], file.record["serial"] if file.record else None),
        verdict=t(f"verdict.{draft['verdict']}") if draft["verdict"] in known else "",
        reason=t.say(reason_text(draft["reason"])) if draft["reason"] else "",
        draft=draft,
        state=t(f"state.{file.state.value}"),
        events=events_of(visit, file),
        signs=[sign_of(visit, sign, n) for n, sign in enumerate(file.signs, start=1)],
        gone=[sign_of(visit, sign, n) for n, sign in enumerate(file.gone, start=1)],
        query=filters.query(),
    )
