"""Scores again, with the decisions as they stand now; nothing is taken in or checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from audit.pipeline.brought import read_brought
from audit.pipeline.lock import round_lock, store_lock
from audit.pipeline.run import LOCK
from audit.pipeline.scoring import gate_and_score
from audit.pipeline.sources import load_forms
from audit.pipeline.standing import conclude
from audit.scoring.rules import book_at
from audit.settings import Settings
from audit.store import Store
from audit.store.rounds import Rounds
from audit.store.rows import Changes
from audit.trail.acts import SYSTEM, Act, Action

__all__ = ["rescore"]


def rescore(
    store: Store, settings: Settings, *, now: Callable[[], dt.datetime], actor: str = SYSTEM
) -> Changes:
    """Gate and score every instrument of the round.

    Args:
        store: Of the round.
        settings: Of the round.
        now: The clock.
        actor: Who asked for it.

    Raises:
        Busy: If a run holds the round.
        ConfigError: If the rules are wrong.
    """
    needed = {form.programme for form in settings.instrument}
    book = book_at(settings.path(settings.rules), settings.round.date_to, needed)
    forms = load_forms(settings)
    with store.reading() as connection:
        units = frozenset(Rounds(connection, settings.round.id).units()["unit_id"])
    brought = read_brought(store, settings, units, book)
    changes = Changes()
    act = Act(Action.SCORES, now(), actor, settings.round.id)
    with (
        round_lock(settings.base / LOCK, "score"),
        store_lock(store, settings.round.id),
        store.writing(act) as connection,
    ):
        for form in forms:
            rules = book[form.settings.programme]
            changes += gate_and_score(connection, settings, form.instrument, rules, form.settings)
        changes += conclude(connection, settings, forms, book, brought)
    return changes
