"""The page of runs: what ran, how long each part took, what came out, and what waits."""

from __future__ import annotations

from datetime import datetime

from reports.documents.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Facts,
    Heading,
    Level,
    Table,
    Text,
)
from reports.locale import Text as Words
from reports.views.runs import RunsPage, RunView

__all__ = ["runs_document"]


def runs_document(
    page: RunsPage, words: Words, crumbs: tuple[tuple[str, str | None, str | None], ...] = ()
) -> Document:
    """The page in one language.

    Args:
        page: What it shows.
        words: Its language.
        crumbs: Links at its top.
    """
    blocks: list[Block] = []
    if page.runs:
        blocks += _run(page.runs[0], words)
    if page.not_judged:
        blocks.append(Heading(words("runs.waiting")))
        blocks.append(Bullets(page.not_judged))
        if page.more_not_judged:
            blocks.append(Text(words("runs.more", n=page.more_not_judged), note=True))
    blocks += [Heading(words("runs.all")), _table(page.runs, words)]
    trail = (words("fact.trail"), page.trail_head) if page.trail_head else None
    return Document(
        kind="runs",
        language=words.language,
        kicker=words("runs.kicker"),
        title=page.title,
        under=page.round_id,
        running=(f"{words('runs.kicker')} · {page.round_id}", words("marker")),
        foot=(words("footer"), f"survey-audit {page.software}"),
        notice=words("footer"),
        marker=words("marker"),
        trail=trail,
        blocks=tuple(blocks),
        as_of=page.runs[0].finished if page.runs else None,
        crumbs=crumbs,
    )


def _level(run: RunView) -> Level:
    """How urgently somebody has to look at it; no severity of signs."""
    if run.status == "done":
        return "green" if run.exit_code == 0 else "yellow"
    return "none" if run.status == "running" else "red"


def _ended(run: RunView, words: Words) -> str:
    text = words(f"runs.status.{run.status}")
    return text if run.exit_code is None else f"{text} ({run.exit_code})"


def _run(run: RunView, words: Words) -> list[Block]:
    facts = [
        (words("runs.id"), run.run_id),
        (words("runs.ended"), _ended(run, words)),
        (words("runs.started"), _moment(run.started, words)),
        (words("runs.finished"), _moment(run.finished, words)),
        (words("runs.config"), run.config or words("none")),
        (words("runs.manifest"), run.manifest or words("none")),
    ]
    blocks: list[Block] = [Heading(words("runs.last")), Facts(tuple(facts))]
    if run.phases:
        blocks += [Heading(words("runs.phases"), level=3), _phases(run, words)]
    if run.counts:
        rows = tuple((_name(words, name), words.number(n)) for name, n in run.counts)
        blocks += [Heading(words("runs.counts"), level=3), Facts(rows, wide=True)]
    if run.failures:
        rows = tuple((_reason(words, code), words.number(n)) for code, n in run.failures)
        blocks += [Heading(words("runs.failures"), level=3), Facts(rows)]
    return blocks


def _phases(run: RunView, words: Words) -> Table:
    total = sum(phase.seconds for phase in run.phases) or 1.0
    rows = []
    for phase in run.phases:
        told = ", ".join(f"{words.number(n)} {_name(words, name)}" for name, n in phase.counts)
        name = words.or_raw("runs.phase", phase.name) or phase.name
        level: Level | None = None if phase.done else "red"
        rows.append(
            (
                Cell(name, level=level),
                Cell(words.number(phase.seconds, 1), phase.seconds, "number"),
                Cell(words.percent(phase.seconds / total, 0), phase.seconds / total, "share"),
                Cell(told),
            )
        )
    columns = (
        Column(words("runs.column.phase"), head=True),
        Column(words("runs.column.seconds"), right=True),
        Column(words("runs.column.share"), right=True),
        Column(words("runs.column.did"), weight=2.0),
    )
    return Table("phases", columns, tuple(rows))


def _table(runs: tuple[RunView, ...], words: Words) -> Table:
    columns = (
        Column(words("runs.id"), head=True, weight=1.6),
        Column(words("runs.started")),
        Column(words("runs.column.seconds"), right=True),
        Column(words("runs.ended"), weight=1.4),
    )
    rows = []
    for run in runs:
        took = None if run.finished is None else (run.finished - run.started).total_seconds()
        seconds = Cell(words("none")) if took is None else Cell(words.number(took), took, "number")
        ended = Cell(_ended(run, words), level=_level(run))
        rows.append((Cell(run.run_id), Cell(_moment(run.started, words)), seconds, ended))
    return Table("runs", columns, tuple(rows))


def _name(words: Words, code: str) -> str:
    return words.or_raw("runs.count", code) or code


def _reason(words: Words, code: str) -> str:
    return words.or_raw("runs.reason", code) or code


def _moment(moment: datetime | None, words: Words) -> str:
    return words("none") if moment is None else words.moment(moment)
