"""What a person may ask about their own record: to see it, to have it, to have it erased.

Law 91/2025/QH15 and Decree 356/2025/NĐ-CP: answered within two working days. The trail keeps
that somebody asked, when, and what was done, under a keyed hash of the record, never its id.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from audit.intake.originals_at import originals_at
from audit.keeping.backup import KEEPING_LOCK
from audit.keeping.workdays import BY_LAW, Workdays, day_after
from audit.pipeline.lock import round_lock
from audit.pipeline.run import LOCK
from audit.pseudonyms import load_keys
from audit.settings import Settings
from audit.store import Store, schema
from audit.store.pages import Files
from audit.trail.acts import Act, Action
from audit.trail.canonical import utc
from detectors.errors import UsageError

__all__ = ["due_on", "erasable", "erase", "held_about", "told", "waiting"]

_DAYS = 2


def due_on(asked: dt.date, calendar: Workdays = BY_LAW) -> dt.date:
    """The last day for an answer: two working days after the day on which it was asked."""
    return day_after(asked, _DAYS, calendar)


def held_about(store: Store, settings: Settings, record: str) -> list[dict[str, Any]]:
    """All that is held about a record, by its id or serial; one for each form it stands in.

    Raises:
        UsageError: If there is none.
    """
    table, round_id = schema.records, settings.round.id
    named = sa.or_(table.c.record_id == record, table.c.serial == record)
    with store.reading() as connection:
        query = sa.select(table).where(table.c.round_id == round_id, named)
        rows = connection.execute(query.order_by(table.c.id)).mappings().all()
        found = [_one(connection, row) for row in rows]
    if not found:
        raise UsageError(
            f"no record of round {round_id} has the id or serial {record}",
            remedy="take it from the form, or from the table that it was sent with",
        )
    return found


def _one(connection: sa.Connection, row: sa.RowMapping) -> dict[str, Any]:
    answers, links, pages, files = (
        schema.answers,
        schema.record_pages,
        schema.pages,
        schema.files,
    )
    findings, cases = schema.findings, schema.cases
    asked = sa.select(answers.c.item, answers.c.state, answers.c.value)
    given = connection.execute(asked.where(answers.c.record == row["id"])).mappings()
    of_file = sa.select(files.c.id, files.c.path, files.c.kind, files.c.deleted_at)
    scans = of_file.join(pages, pages.c.file_id == files.c.id).join(
        links, links.c.page_id == pages.c.id
    )
    there = connection.execute(scans.where(links.c.record == row["id"]).distinct()).mappings()
    sources = {f["id"]: dict(f) for f in there}
    if row["file_id"] is not None:
        table = connection.execute(of_file.where(files.c.id == row["file_id"])).mappings()
        sources |= {f["id"]: dict(f) for f in table}
    about = (row["round_id"], row["instrument_id"], row["record_id"])
    signs = sa.select(findings.c.message_vi, findings.c.message_en, findings.c.severity).where(
        findings.c.round_id == about[0],
        findings.c.instrument_id == about[1],
        findings.c.record_id == about[2],
        findings.c.withdrawn_run.is_(None),
    )
    opened = sa.select(sa.func.count()).where(
        cases.c.round_id == about[0],
        cases.c.instrument_id == about[1],
        cases.c.subject == "record",
        cases.c.subject_id == about[2],
    )
    names = ("record_id", "serial", "instrument_id", "unit_id", "channel", "batch", "collector")
    times = {n: None if row[n] is None else row[n].isoformat() for n in _TIMES}
    return {
        **{name: row[name] for name in names},
        **times,
        "state": row["state"],
        "answers": sorted((dict(a) for a in given), key=lambda a: str(a["item"])),
        "signs": [dict(s) for s in connection.execute(signs).mappings()],
        "cases": connection.execute(opened).scalar_one(),
        "files": [
            {"path": f["path"], "kind": f["kind"], "deleted_at": f["deleted_at"]}
            for f in sorted(sources.values(), key=lambda f: str(f["path"]))
        ],
    }


_TIMES = ("started_at", "submitted_at")


def erasable(store: Store, settings: Settings, record: str) -> list[Mapping[str, Any]]:
    """Scans that show this record and nobody else's, and are still there."""
    links, pages, files, records = (
        schema.record_pages,
        schema.pages,
        schema.files,
        schema.records,
    )
    query = (
        sa.select(files.c.id, files.c.path, files.c.sha256, records.c.record_id, records.c.serial)
        .join(pages, pages.c.file_id == files.c.id)
        .outerjoin(links, links.c.page_id == pages.c.id)
        .outerjoin(records, records.c.id == links.c.record)
        .where(
            files.c.round_id == settings.round.id,
            files.c.kind == "scan",
            files.c.deleted_at.is_(None),
        )
    )
    shown: dict[int, dict[str, Any]] = {}
    others: set[int] = set()
    with store.reading() as connection:
        for row in connection.execute(query).mappings():
            if record in (row["record_id"], row["serial"]):
                shown[row["id"]] = dict(row)
            else:
                others.add(row["id"])
    return [row for key, row in shown.items() if key not in others]


def erase(
    store: Store, settings: Settings, record: str, *, at: dt.datetime, actor: str
) -> list[Mapping[str, Any]]:
    """Delete the originals that show this record alone; hashes, results and the trail stay.

    Raises:
        UsageError: While the round is still collected: its results need the originals.
        Busy: If a run or a backup holds the round.
        AccessError: If a file cannot be deleted.
    """
    if at.date() <= settings.round.date_to:
        raise UsageError(
            f"round {settings.round.id} is collected until {settings.round.date_to}",
            remedy="list the scan in withdrawn.csv now, and erase it after that day",
        )
    with (
        round_lock(settings.base / LOCK, "subject"),
        round_lock(settings.base / KEEPING_LOCK, "subject"),
    ):
        gone = erasable(store, settings, record)
        hashes = sorted({row["sha256"] for row in gone})
        said = {"step": "erase", "files": len(gone), "sha256": hashes}
        with store.writing(_act(settings, record, at, actor, said)) as connection:
            if gone:
                Files(connection, settings.round.id).note_deleted(
                    [row["id"] for row in gone], utc(at)
                )
        with store.reading() as connection:
            rows = Files(connection, settings.round.id).every()
        needed = {row["sha256"] for row in rows if row["deleted_at"] is None}
        originals = originals_at(settings.originals_place)
        for sha256 in hashes:
            if sha256 not in needed:
                originals.remove(sha256)
    return gone


def told(
    store: Store, settings: Settings, record: str, step: str, *, at: dt.datetime, actor: str
) -> None:
    """Tell the trail that somebody asked (``find``) or was answered (``export``)."""
    with store.writing(_act(settings, record, at, actor, {"step": step})):
        pass


def _act(settings: Settings, record: str, at: dt.datetime, actor: str, said: dict[str, Any]) -> Act:
    ring = load_keys(settings.path(settings.identity_keys), at)
    assert ring is not None  # made where there was none
    who = ring.of_round(settings.round.id).of("record", record)
    if said["step"] == "find":
        local = at.astimezone(ZoneInfo(settings.timezone))
        said |= {"due": due_on(local.date(), settings.workdays).isoformat()}
    return Act(Action.SUBJECT, at, actor, who, after=said, always=True)


def waiting(connection: sa.Connection) -> list[tuple[str, str]]:
    """Keyed hash and last day of every request that nobody has answered, the first due first."""
    query = sa.select(schema.trail.c.body).where(schema.trail.c.action == Action.SUBJECT.value)
    found: dict[str, str] = {}
    for text in connection.execute(query.order_by(schema.trail.c.seq)).scalars():
        body = json.loads(text)
        if body["after"]["step"] == "find":
            found.setdefault(body["object"], body["after"]["due"])
        else:
            found.pop(body["object"], None)
    return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))
