"""Putting known forms into the queue: kept, judged by the same checks, and noted as known.

They go through the same checks as every scan, in the round of their own that
:mod:`audit.store.known` names. A tampered form that the checks see nothing on is not used:
no inspector would ever be shown such a form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from audit.intake.originals import Original
from audit.intake.originals_at import originals_at
from audit.known.disguise import Host, look_alike, marks_of, planted
from audit.known.forms import CLEAN, KnownForm
from audit.known.surroundings import Surroundings
from audit.pipeline.evaluate import evaluate
from audit.pipeline.plan import FileWork
from audit.pipeline.scan import PaperForm, judge
from audit.pipeline.sources import RoundForm
from audit.pipeline.tools import Tools
from audit.settings import Engine, Settings
from audit.store import Store, schema
from audit.store.cases import Cases
from audit.store.known import KnownForms, known_round
from audit.store.pages import Files
from audit.store.rounds import Rounds
from audit.store.rows import plain
from audit.trail.acts import Action
from audit.trail.chain import describe, touched
from detectors.circumstances import Circumstances

__all__ = ["Added", "add_known"]

_OF_HOST = ("p_value", "q_value", "severity", "flagged", "not_testable", "detectors")


@dataclass
class Added:
    """What came of it.

    Attributes:
        clean: Clean forms in the queue now.
        tampered: Tampered forms in the queue now.
        refused: One line for each form that is not.
    """

    clean: int = 0
    tampered: int = 0
    refused: list[str] = field(default_factory=list)


def add_known(
    store: Store,
    settings: Settings,
    form: RoundForm,
    found: Sequence[KnownForm],
    around: Surroundings,
    tools: Tools,
    rng: np.random.Generator,
    *,
    source: str,
) -> Added:
    """Put known forms into the queue.

    Args:
        store: Of the round.
        settings: Of the round.
        form: Which instrument they are of.
        found: The forms.
        around: What they are fitted into.
        tools: The checks.
        rng: Chance: units, names and planted signs.
        source: ``folder`` or ``drawn``.

    Raises:
        AccessError: If the originals cannot be written.
    """
    told = Added()
    work = _Work(store, settings, form, around, tools, rng)
    kept = work.keep(found, told)
    if not kept:
        return told
    work.judge()
    work.plant(kept)
    work.evaluate()
    cases = work.cases(kept, told)
    if len(cases) < len(kept):
        work.withdraw([key for name, keys in kept.items() if name not in cases for key in keys])
        work.evaluate()
    work.note(cases, source)
    told.clean = sum(form.truth == CLEAN for _, form in cases.values())
    told.tampered = len(cases) - told.clean
    return told


@dataclass
class _Work:
    store: Store
    settings: Settings
    form: RoundForm
    around: Surroundings
    tools: Tools
    rng: np.random.Generator
    forms: dict[str, KnownForm] = field(default_factory=dict)
    host: dict[str, Host] = field(default_factory=dict)
    files: list[tuple[int, str, Original, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = known_round(self.settings.round.id)
        beside = self.settings.round.model_copy(update={"id": known})
        # A handful of pages: they never go to other machines.
        update = {"round": beside, "engine": Engine()}
        self.beside = self.settings.model_copy(update=update)
        self.round_id = known

        def judged(*args: Any, **more: Any) -> Iterator[Any]:
            # Without a fingerprint no page of any round is ever compared with a known one.
            for outcome in self.tools.judge_pages(*args, **more):
                yield dataclasses.replace(outcome, fingerprint=None)

        self.quiet = dataclasses.replace(self.tools, judge_pages=judged, screen=_unscreened)

    def keep(self, found: Sequence[KnownForm], told: Added) -> dict[str, list[int]]:
        """Keep the files under names of the round: form -> keys of its files."""
        originals = originals_at(self.settings.originals_place)
        taken = set(self.around.paths)
        kept: dict[str, list[int]] = {}
        ready: list[tuple[KnownForm, list[Original], tuple[str, ...]]] = []
        for known in found:
            host = self._host(known)
            if host is None:
                told.refused.append(f"{known.name}: unit {known.unit_id} has no scan to hide among")
                continue
            stored = [originals.add(path) for path in known.files]
            if any(one.sha256 in self.around.hashes for one in stored):
                told.refused.append(f"{known.name}: is a scan of this round already")
                continue
            suffixes = [path.suffix.lower() for path in known.files]
            paths = look_alike(host.paths, suffixes, taken, self.rng)
            taken.update(paths)
            self.forms[known.name], self.host[known.name] = known, host
            ready.append((known, stored, paths))
        with self.store.writing(self.tools.act(Action.KNOWN, "files")) as connection:
            Rounds(connection, self.round_id).save(self.beside.round)
            files = Files(connection, self.round_id)
            for known, stored, paths in ready:
                for real, one, path in zip(known.files, stored, paths, strict=True):
                    key = files.add(path, "scan", one.sha256, one.size, self.around.run_id)
                    self.files.append((key, path, one, real))
                    kept.setdefault(known.name, []).append(key)
        return kept

    def _host(self, known: KnownForm) -> Host | None:
        fit = [
            host
            for host in self.around.hosts
            if known.unit_id in (None, host.record["unit_id"])
            and known.beside in (None, host.record["id"])
        ]
        same = [host for host in fit if len(host.paths) == len(known.files)]
        fit = same or fit
        return fit[int(self.rng.integers(len(fit)))] if fit else None

    def judge(self) -> None:
        """Read the pages and judge each by itself."""
        reference = self.form.settings.reference
        paper = PaperForm(
            self.form.instrument, None if reference is None else self.settings.path(reference)
        )
        work = [FileWork(key, path, one.sha256, "known") for key, path, one, _ in self.files]
        where = {key: real for key, _, _, real in self.files}
        judge(self.store, self.beside, [paper], work, where, self.quiet)

    def plant(self, kept: Mapping[str, Sequence[int]]) -> None:
        """Give clean forms that no check says anything about a sign of another sheet."""
        pages = schema.pages
        with self.store.writing(self.tools.act(Action.KNOWN, "pages")) as connection:
            for name, keys in kept.items():
                if self.forms[name].truth != CLEAN:
                    continue
                query = sa.select(pages).where(pages.c.file_id.in_(keys), pages.c.status == "read")
                rows = connection.execute(query.order_by(pages.c.form_page)).mappings().all()
                fit = [
                    (p, s) for p in rows for s in self.around.signs if s.form_page == p["form_page"]
                ]
                if any(row["findings"] for row in rows) or not fit:
                    continue
                marks = marks_of(connection, {row["id"] for row in rows})
                fit = [(p, s) for p, s in fit if s.fits(marks[p["id"]])] or fit
                page, sign = fit[int(self.rng.integers(len(fit)))]
                values = {k: plain(v) for k, v in planted(sign, self.rng).items()}
                connection.execute(sa.update(pages).where(pages.c.id == page["id"]).values(values))
                touched(connection, pages.name, [page["id"]])

    def evaluate(self) -> None:
        """Make records and cases of the pages, as of all others; figures given before stay."""
        records, mine = schema.records, schema.records.c.round_id == self.round_id
        with self.store.reading() as connection:
            before = connection.execute(sa.select(records).where(mine)).mappings().all()
        evaluate(
            *(self.store, self.beside, self.form.instrument, (), self.around.units),
            *(self.around.custody, None, Circumstances(), self.around.run_id, self.quiet),
        )
        given = [row for row in before if row["detectors"] or row["p_value"] is not None]
        with self.store.writing(self.tools.act(Action.KNOWN, "records")) as connection:
            for row in given:
                _give(connection, records.c.id == row["id"], row)

    def withdraw(self, keys: Sequence[int]) -> None:
        """Let files not count that nobody would be shown."""
        with self.store.writing(self.tools.act(Action.KNOWN, "files")) as connection:
            for key in keys:
                Files(connection, self.round_id).set_state(key, "withdrawn")

    def cases(
        self, kept: Mapping[str, Sequence[int]], told: Added
    ) -> dict[str, tuple[sa.RowMapping, KnownForm]]:
        """The case of each form that can stand among the others."""
        links, pages, records = schema.record_pages, schema.pages, schema.records
        found = {}
        with self.store.reading() as connection:
            table = schema.cases
            for name, keys in kept.items():
                query = (
                    sa.select(records)
                    .join(links, links.c.record == records.c.id)
                    .join(pages, pages.c.id == links.c.page_id)
                    .where(pages.c.file_id.in_(keys))
                )
                record = connection.execute(query).mappings().first()
                key = None
                if record is not None:
                    cases = Cases(connection, self.round_id)
                    key = cases.key(self.form.instrument.id, "record", record["record_id"])
                row = (
                    connection.execute(sa.select(table).where(table.c.id == key)).mappings().first()
                )
                why = self._why_not(record, row)
                if why is not None or row is None:
                    told.refused.append(f"{name}: {why}")
                else:
                    found[name] = (row, self.forms[name])
        return found

    def _why_not(self, record: sa.RowMapping | None, case: sa.RowMapping | None) -> str | None:
        if record is None:
            return "is no sheet of this form"
        if record["reasons"]:
            return f"cannot be judged ({', '.join(record['reasons'])})"
        if record["serial"] is not None and record["serial"] in self.around.serials:
            return f"serial {record['serial']} is a sheet of this round"
        if case is None:
            return "the checks see nothing on it, so nobody would be shown it"
        return None

    def note(self, cases: Mapping[str, tuple[sa.RowMapping, KnownForm]], source: str) -> None:
        """Note what is true, and give the records figures like those around them."""
        records, at = schema.records, self.tools.now().isoformat(timespec="seconds")
        act = self.tools.act(Action.KNOWN, f"{len(cases)} forms")
        with self.store.writing(act) as connection:
            for name, (case, _) in cases.items():
                host = self.host[name].record
                mine = sa.and_(
                    records.c.round_id == self.round_id,
                    records.c.instrument_id == case["instrument_id"],
                    records.c.record_id == case["subject_id"],
                )
                _give(connection, mine, host)
            KnownForms(connection, self.settings.round.id).add(
                {
                    "case_id": case["id"],
                    "truth": form.truth,
                    "items": list(form.items),
                    "source": source,
                    "added_by": self.tools.actor,
                    "added_at": at,
                }
                for case, form in cases.values()
            )
            truths = [form.truth for _, form in cases.values()]
            describe(connection, after={t: truths.count(t) for t in sorted(set(truths))})


def _unscreened(*_args: Any, **_more: Any) -> Any:
    """A handful of known forms tells nothing about a unit: no test of tables is made of them."""
    return None


def _give(connection: sa.Connection, where: sa.ColumnElement[bool], like: sa.RowMapping) -> None:
    """Give a record the figures of another."""
    records, values = schema.records, {column: like[column] for column in _OF_HOST}
    changed = sa.update(records).where(where).values(values).returning(records.c.id)
    touched(connection, records.name, connection.execute(changed).scalars().all())
