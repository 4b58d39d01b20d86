"""The part of a round's report on what its results are held against."""

from __future__ import annotations

from collections.abc import Iterator

from reports.documents.blocks import Block, Column, Heading, Table, Text
from reports.documents.follow_up import actions_table, targets_table
from reports.documents.index import index_table
from reports.documents.outcomes import (
    awards_table,
    changes_table,
    complaints_table,
    published_table,
)
from reports.documents.parts import number, plain, share
from reports.locale import Text as Words
from reports.views.outcomes import GroupStanding, RoundOutcomes

__all__ = ["held_against"]


_QUIET = {
    "published": "published.quiet",
    "target": "target.quiet",
    "complaint": "complaint.quiet",
}
"""What is told by number only: a reader looks for what is not in order."""


def held_against(found: RoundOutcomes | None, words: Words) -> Iterator[Block]:
    """Changes, tiers, publication, index, awards, targets, actions and complaints.

    What nobody brought is named, so that its absence is not read as agreement.
    """
    if found is None:
        yield Text(words("against.missing"))
        return
    silent = []
    published = [one for one in found.published if not one.agrees]
    targets = [one for one in found.targets if not one.met]
    complaints = [one for one in found.complaints if not one.quiet]
    for key, brought, table in (
        ("change", len(found.changes), changes_table(found.changes, words, units=True)),
        ("published", len(found.published), published_table(published, words, units=True)),
        ("award", len(found.awards), awards_table(found.awards, words, units=True)),
        ("target", len(found.targets), targets_table(targets, words, units=True)),
        ("action", len(found.actions), actions_table(found.actions, words, units=True)),
        ("complaint", len(found.complaints), complaints_table(complaints, words, units=True)),
    ):
        if not brought:
            silent.append(words(f"{key}.heading"))
            continue
        yield Heading(words(f"{key}.heading"), 3)
        if key == "award":
            yield Text(words("award.lead"), note=True)
        if left := brought - len(table.rows):
            yield Text(words.count(_QUIET[key], left))
        if table.rows:
            yield table
    if found.index:
        yield Heading(words("index.heading"), 3)
        yield index_table(found.index, words)
        for part, declared, total in found.index_weights:
            told = words("index.weights", part=part, declared=declared, total=total)
            yield Text(told, level="yellow")
        yield Text(words("index.note"), note=True)
    else:
        silent.append(words("index.heading"))
    if any(group.tiers for group in found.groups):
        yield Heading(words("tiers.heading"), 3)
        yield _tiers(found.groups, words)
    for note in found.bunching:
        yield Text(
            words(
                "bunching.words",
                programme=words.say(note.programme),
                cut_off=words.percent(note.cut_off),
                verdict=words.say(note.verdict),
            ),
            note=note.p_value is None,
        )
    if silent:
        yield Text(words("against.silent", what="; ".join(silent)), note=True)


def _tiers(groups: tuple[GroupStanding, ...], words: Words) -> Table:
    columns = (
        Column(words("fact.group"), weight=2.2, head=True),
        Column(words("outcome.programme"), weight=1.4),
        Column(words("fact.units"), right=True),
        Column(words("tiers.mean"), right=True),
        Column(words("tiers.now"), weight=2.4),
        Column(words("tiers.before"), weight=2.4),
    )
    lines = []
    for group in groups:
        now = [f"{words.say(tier)} {words.number(n)}" for tier, n, _ in group.tiers]
        before = [
            f"{words.say(tier)} {words.number(n)}" for tier, _, n in group.tiers if n is not None
        ]
        lines.append(
            (
                plain(words.or_raw("group", group.group) or group.group),
                plain(words.say(group.programme)),
                number(words, group.units),
                share(words, group.mean),
                plain("; ".join(now) or words("none")),
                plain("; ".join(before) or words("none")),
            )
        )
    return Table(words("tiers.heading"), columns, tuple(lines))
