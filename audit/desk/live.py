"""The report of a unit as it stands now, from the same blocks as the one that is written.

What a report needs of a round is read once and kept until a run, a scoring or a decision
changes it. A report compares a unit with all others, so that all records are read: above
:data:`MOST` that is left to ``survey-audit report``, which does it once a night.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping

import sqlalchemy as sa

from audit.desk.queue import CHANGING
from audit.pipeline.sources import RoundForm
from audit.reporting.before import values_before
from audit.reporting.data import RoundData, last_run, load
from audit.reporting.unit import unit_report
from audit.scoring.rules import rules_at
from audit.settings import Settings
from audit.store import Store, schema
from audit.store.cases import Cases
from audit.store.remarks import Corrections
from audit.trail.chain import last_seq
from reports.documents import unit_document
from reports.html.page import render_html

__all__ = ["MOST", "Live"]

MOST = 50_000
"""Records of a round up to which reports are made while somebody waits."""


class Live:
    """Reports of units on demand."""

    def __init__(self, settings: Settings, store: Store, forms: Mapping[str, RoundForm]) -> None:
        """Of the round of ``settings`` with its forms by id."""
        self._settings = settings
        self._store = store
        self._forms = forms
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[object, RoundData]] = {}

    def forms_of(self, connection: sa.Connection, unit_id: str) -> list[str]:
        """Forms with a result of a unit, in order of name."""
        scores = schema.scores
        query = sa.select(scores.c.instrument_id).where(
            scores.c.round_id == self._settings.round.id, scores.c.unit_id == unit_id
        )
        found = set(connection.execute(query.distinct()).scalars())
        return sorted(found & self._forms.keys())

    def fits(self, connection: sa.Connection) -> bool:
        """Whether the round is small enough."""
        records = schema.records
        few = sa.select(records.c.id).where(records.c.round_id == self._settings.round.id)
        counted = sa.select(sa.func.count()).select_from(few.limit(MOST + 1).subquery())
        return int(connection.execute(counted).scalar_one()) <= MOST

    def page(self, unit_id: str, form: str, language: str, style: str) -> str | None:
        """The report of a unit as a page; ``None`` before the first run.

        Args:
            unit_id: The unit.
            form: Id of the form.
            language: ``vi`` or ``en``.
            style: Where its style sheet is served.
        """
        with self._lock:
            data = self._data(form)
        if data is None:
            return None
        report = unit_report(data, unit_id)
        if report.images is not None:
            # Extracts are what takes a report's time; here each case is one step away.
            images = dataclasses.replace(report.images, examples=())
            report = dataclasses.replace(report, images=images)
        document = unit_document(report, language)
        return render_html(dataclasses.replace(document, crumbs=()), style=style)

    def _data(self, form: str) -> RoundData | None:
        settings, round_id = self._settings, self._settings.round.id
        with self._store.reading() as connection:
            stand = (
                last_seq(connection, CHANGING),
                Cases(connection, round_id).head(),
                Corrections(connection, round_id).head(),
            )
            kept = self._kept.get(form)
            if kept is not None and kept[0] == stand:
                return kept[1]
            run = last_run(connection, round_id)
            if run is None:
                return None
            own = self._forms[form]
            day, folder = settings.round.date_to, settings.path(settings.rules)
            rules = rules_at(folder, day, own.settings.programme)
            before = values_before(self._store, settings, own)
            data = load(connection, settings, own, rules, run, before)
        self._kept[form] = (stand, data)
        return data
