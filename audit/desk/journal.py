"""Writing from the desk: every act that must be told later is in the trail, in its transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from audit.desk.people import Session
from audit.store import Store
from audit.trail.acts import Act, Action

__all__ = ["NOBODY", "Journal"]

NOBODY = "nobody (review desk)"
"""Who did what was done before anybody logged in."""


class Journal:
    """The way from the desk into the store."""

    def __init__(self, store: Store, now: Callable[[], dt.datetime]) -> None:
        """Write to ``store`` at the time of ``now``."""
        self.store = store
        self.now = now

    @contextmanager
    def doing(
        self,
        action: Action,
        about: str,
        session: Session | None = None,
        *,
        always: bool = True,
        reason: str | None = None,
    ) -> Iterator[sa.Connection]:
        """One transaction, told with all that is written in it.

        Args:
            action: What is done.
            about: On what.
            session: Who does it; ``None`` for somebody who is not logged in.
            always: Told even where no row that the trail covers is written.
            reason: Why, where somebody has to say.
        """
        act = Act(
            action,
            self.now(),
            actor=NOBODY if session is None else session.user.name,
            object=about,
            session=None if session is None else session.id[:16] or None,
            always=always,
            reason=reason,
        )
        with self.store.writing(act) as connection:
            yield connection

    @contextmanager
    def quietly(self) -> Iterator[sa.Connection]:
        """One transaction that nobody has to hear of: a heartbeat, a counter."""
        with self.store.writing(Act(Action.DESK, self.now())) as connection:
            yield connection
