"""Writing from the desk: every act that must be told later leaves a row in its transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

import sqlalchemy as sa

from audit.desk.people import Session, stamp
from audit.store import Store
from audit.store.schema import accesses

__all__ = ["Deed", "Journal"]


class Deed(StrEnum):
    """Kinds of acts that are told."""

    LOGIN = "login"
    LOGIN_REFUSED = "login.refused"
    LOGOUT = "logout"
    SESSION_ENDED = "session.end"  # by an administrator
    UNMASKED_VIEW = "view.unmasked"
    EXPORT = "export"
    DECISION = "decision"
    TAKE_OVER = "lease.taken_over"
    USER = "user.change"


class Journal:
    """The way from the desk into the store."""

    def __init__(self, store: Store, now: Callable[[], dt.datetime]) -> None:
        """Write to ``store`` at the time of ``now``."""
        self.store = store
        self.now = now

    @contextmanager
    def doing(
        self, deed: Deed, about: str, session: Session | None = None, *, reason: str | None = None
    ) -> Iterator[sa.Connection]:
        """One transaction, told with all that is written in it.

        Args:
            deed: What is done.
            about: On what.
            session: Who does it; ``None`` for somebody who is not logged in.
            reason: Why, where a reason is given.
        """
        with self.store.writing() as connection:
            yield connection
            connection.execute(
                sa.insert(accesses).values(
                    at=stamp(self.now()),
                    action=deed.value,
                    user_id=None if session is None else session.user.id,
                    session=None if session is None else session.id[:16],
                    object=about,
                    reason=reason,
                )
            )

    @contextmanager
    def quietly(self) -> Iterator[sa.Connection]:
        """One transaction that nobody has to hear of: a heartbeat, a counter."""
        with self.store.writing() as connection:
            yield connection
