"""Asking for the password again before an act of weight, at most once in a while."""

from __future__ import annotations

from audit.desk import throttle
from audit.desk.passwords import verify
from audit.desk.people import Users
from audit.desk.web import Refused, Visit
from audit.trail.acts import Action

__all__ = ["proved", "require_proof"]


def proved(visit: Visit, password: str) -> bool:
    """Whether it is still the same person: proven lately, or by the password given now.

    A wrong password counts as a failed login; after too many, none is looked at.
    """
    if visit.proven:
        return True
    if not password:
        return False
    desk, now, name = visit.desk, visit.desk.now(), visit.user.name
    address = visit.request.client.host if visit.request.client else ""
    with desk.store.reading() as connection:
        blocked = throttle.blocked(connection, name, address, now)
        known = Users(connection).to_log_in(name, now)
    right = verify(known[1] if known else None, password)
    if blocked or not right:
        with desk.journal.doing(Action.LOGIN_REFUSED, address, visit.who) as connection:
            throttle.failed(connection, name, address, now)
        return False
    with desk.journal.quietly() as connection:
        throttle.forgive(connection, name)
        Users(connection).prove(visit.who.id, now)
    return True


def require_proof(visit: Visit, password: str) -> None:
    """Let an act of weight through.

    Raises:
        Refused: If the password was not given again, or is wrong.
    """
    if not proved(visit, password):
        raise Refused(403, "proof.refused")
