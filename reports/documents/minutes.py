"""Minutes of a review of forms (biên bản rà soát phiếu), to be completed and signed."""

from __future__ import annotations

from collections.abc import Iterator

from reports.documents.blocks import Block, Cell, Column, Document, Facts, Heading, Table, Text
from reports.documents.custody import custody_part
from reports.documents.official import official, room, signatures
from reports.documents.parts import number, plain, severity_cell
from reports.documents.unit import CROPPED_FORMS
from reports.locale import Text as Words
from reports.locale import load_text
from reports.views.papers import Minutes

__all__ = ["minutes_document"]

LISTED = 500
"""Forms in one record; the full list is an export."""


def minutes_document(view: Minutes, language: str) -> Document:
    """The minutes of one unit's review.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    form = view.instrument
    scope = f"{words.say(form.title)} ({form.id}, {form.version})"
    batches = ", ".join(row.batch for row in view.custody or ()) or words("unknown")
    serials = "; ".join(row.serials for row in view.custody or () if row.serials)
    blocks: list[Block] = [
        room(words, "minutes.begin"),
        Heading(f"I. {words('minutes.present')}"),
        room(words, "minutes.team", 2),
        room(words, "minutes.unit", 2),
        room(words, "minutes.clerk"),
        Heading(f"II. {words('minutes.basis')}"),
        room(words, "minutes.plan"),
        Facts(
            (
                (words("fact.unit"), f"{view.unit.name} ({view.unit.id})"),
                (words("fact.instrument"), scope),
                (words("minutes.batches"), batches),
                (words("minutes.serials"), serials or words("unknown")),
            )
        ),
        Heading(f"III. {words('minutes.custody')}"),
        *custody_part(view.custody, words),
        Heading(f"IV. {words('minutes.forms')}"),
        *_forms(view, words),
        Heading(f"V. {words('minutes.explanation')}"),
        room(words, "minutes.explanation.room", 5),
        Heading(f"VI. {words('minutes.outcome')}"),
        *_outcome(view, words),
        Heading(f"VII. {words('minutes.files')}"),
        *_files(view, words),
        Text(words("minutes.end"), lead=True),
        signatures(words, "minutes.sign.unit", "minutes.sign.clerk", "minutes.sign.leader"),
    ]
    return official(
        words, "minutes", "BB", view.provenance, view.round, blocks, unit=view.unit, broad=True
    )


def _forms(view: Minutes, words: Words) -> Iterator[Block]:
    if not view.forms:
        yield Text(words("appendix.flagged.none"))
        return
    columns = (
        Column(words("col.no"), right=True, weight=0.65),
        Column(words("col.label"), weight=1.5, head=True),
        Column(words("col.place"), weight=0.95),
        Column(words("col.signs"), weight=3.6),
        Column(words("col.severity"), weight=1.05),
        Column(words("sheet.extract"), weight=2.8),
        Column(words("minutes.opinion"), weight=1.3),
    )
    shown = view.forms[:LISTED]
    lines = []
    pictures = 0
    for place, form in enumerate(shown, start=1):
        crop = form.crop if pictures < CROPPED_FORMS else None
        pictures += crop is not None
        alt = words("examples.alt", label=form.label) if crop else words("none")
        lines.append(
            (
                number(words, place),
                plain(form.label),
                plain(form.place),
                plain("\n".join(words.say(sign) for sign in form.signs[:3])),
                severity_cell(words, form.severity),
                Cell(alt, crop=crop),
                plain(words.say(form.opinion)),
            )
        )
    yield Table(words("minutes.forms"), columns, tuple(lines))
    if len(view.forms) > LISTED:
        yield Text(words.count("appendix.more", len(view.forms) - LISTED), note=True)
    yield Text(words("minutes.forms.note"), note=True)


def _outcome(view: Minutes, words: Words) -> Iterator[Block]:
    columns = (Column(words("minutes.decision"), weight=3, head=True), Column("n", right=True))
    outcome = view.outcome
    lines = tuple(
        (plain(words(f"minutes.outcome.{key}")), number(words, getattr(outcome, key)))
        for key in ("kept", "held", "excluded", "to_verify")
    )
    yield Table(words("minutes.outcome"), columns, lines, keep=True)


def _files(view: Minutes, words: Words) -> Iterator[Block]:
    yield Text(words("minutes.files.words", run=view.provenance.run_id))
    if view.files:
        yield Facts(view.files[:40], code=True)
    if len(view.files) > 40:
        yield Text(words.count("appendix.more", len(view.files) - 40), note=True)
