"""List of held forms, and the request to a unit for an explanation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reports.documents.blocks import Block, Column, Document, Heading, Table, Text
from reports.documents.custody import custody_part
from reports.documents.official import official, room, signatures
from reports.documents.parts import listed, number, plain, severity_cell
from reports.locale import Text as Words
from reports.locale import load_text
from reports.views.papers import Explanation, HeldList

__all__ = ["explanation_document", "held_document"]

LISTED = 3_000


def held_document(view: HeldList, language: str) -> Document:
    """Forms out of scoring, by unit.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    forms = view.forms
    blocks: list[Block] = [Text(words("held.lead", n=words.number(len(forms))))]
    if forms:
        blocks.append(_by_unit(view, words))
        blocks.append(Heading(words("held.list"), 2))
        blocks.append(_held_table(view, words))
        if len(forms) > LISTED:
            blocks.append(Text(words.count("appendix.more", len(forms) - LISTED), note=True))
    blocks += [
        Text(words("held.note"), note=True),
        signatures(words, "paper.sign.maker", "paper.sign.approver"),
    ]
    return official(words, "held", "DM", view.provenance, view.round, blocks, broad=True)


def _by_unit(view: HeldList, words: Words) -> Table:
    counts = Counter(form.unit for form in view.forms)
    columns = (Column(words("col.unit"), weight=3, head=True), Column("n", right=True))
    lines = tuple((plain(unit), number(words, counts[unit])) for unit in dict.fromkeys(counts))
    total = (plain(words("total")), number(words, len(view.forms)))
    return Table(words("held.by_unit"), columns, lines, total)


def _held_table(view: HeldList, words: Words) -> Table:
    columns = (
        Column(words("col.no"), right=True, weight=0.65),
        Column(words("col.unit"), weight=2.2),
        Column(words("col.label"), weight=1.8, head=True),
        Column(words("col.batch"), weight=1.1),
        Column(words("held.why"), weight=2.6),
        Column(words("col.severity"), weight=1.1),
        Column(words("col.status"), weight=1.4),
    )
    lines = tuple(
        (
            number(words, place),
            plain(form.unit),
            plain(form.label),
            plain(form.batch or words("none")),
            plain("; ".join(words.say(kind) for kind in form.kinds) or words("none")),
            severity_cell(words, form.severity),
            plain(words.say(form.status)),
        )
        for place, form in enumerate(view.forms[:LISTED], start=1)
    )
    return Table(words("held.list"), columns, lines)


def explanation_document(view: Explanation, language: str) -> Document:
    """What a unit is asked to explain; it says no answer and shows no extract.

    Raises:
        UsageError: If the language is not known.
    """
    words = load_text(language)
    blocks: list[Block] = [
        Text(words("explanation.to", unit=view.unit.name)),
        Text(words("explanation.lead", round=words.say(view.round.title))),
        Heading(f"1. {words('explanation.seen')}"),
        *_seen(view, words),
        Heading(f"2. {words('explanation.ask')}"),
        listed([words(f"explanation.ask.{n}") for n in (1, 2, 3, 4)], numbered=True),
    ]
    if view.innocent:
        blocks.append(Text(words("explanation.innocent")))
        blocks.append(listed([words.say(message) for message in view.innocent]))
    blocks += [
        Heading(f"3. {words('explanation.when')}"),
        room(words, "explanation.deadline"),
        Text(words("explanation.right")),
        Heading(f"4. {words('explanation.answer')}"),
        room(words, "explanation.answer.room", 8),
        signatures(words, "explanation.sign.head", "explanation.sign.asker"),
    ]
    return official(words, "explanation", "CV", view.provenance, view.round, blocks, unit=view.unit)


def _seen(view: Explanation, words: Words) -> Iterator[Block]:
    counts = [count for count in view.counts if count.forms]
    if not counts and not view.unit_signs and not view.custody:
        yield Text(words("explanation.nothing"))
        return
    if counts:
        columns = (
            Column(words("col.sign"), weight=3, head=True),
            Column(words("explanation.forms"), right=True),
            Column(words("col.judged"), right=True),
        )
        lines = tuple(
            (plain(words.say(c.title)), number(words, c.forms), number(words, c.judged))
            for c in counts
        )
        yield Table(words("explanation.seen"), columns, lines, keep=True)
    if view.unit_signs:
        yield Text(words("explanation.unit_signs"))
        yield listed([words.say(title) for title in view.unit_signs])
    if view.custody:
        yield from custody_part(view.custody, words)
    if view.forms:
        yield Heading(words("explanation.list"), 3)
        yield _asked(view, words)


def _asked(view: Explanation, words: Words) -> Table:
    columns = (
        Column(words("col.no"), right=True, weight=0.65),
        Column(words("col.label"), weight=2.0, head=True),
        Column(words("col.batch"), weight=1.4),
        Column(words("col.place"), weight=1.0),
        Column(words("col.sign"), weight=3.0),
    )
    lines = tuple(
        (
            number(words, place),
            plain(form.label),
            plain(form.batch or words("none")),
            plain(form.place),
            plain("; ".join(words.say(kind) for kind in form.kinds)),
        )
        for place, form in enumerate(view.forms[:LISTED], start=1)
    )
    return Table(words("explanation.list"), columns, lines)
