"""Head and foot of official documents, after the forms of Vietnamese administrative papers.

The program fills in what it knows and leaves room for the rest: it gives no number, no date
of signing, no name, and it never signs.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.documents.blocks import Block, Document, Letterhead, Room, Signatures
from reports.documents.parts import frame
from reports.locale import Text as Words
from reports.views import Provenance, RoundIdentity, UnitIdentity

__all__ = ["letterhead", "official", "room", "signatures"]


def letterhead(words: Words, code: str) -> Letterhead:
    """Office, motto, number with the code of the kind of paper, and room for place and day."""
    return Letterhead(
        (words("paper.office.above"), words("paper.office")),
        (words("paper.country"), words("paper.motto")),
        words("paper.number", code=code),
        words("paper.place"),
    )


def official(
    words: Words,
    kind: str,
    code: str,
    provenance: Provenance,
    round_: RoundIdentity,
    blocks: Sequence[Block],
    *,
    unit: UnitIdentity | None = None,
    broad: bool = False,
) -> Document:
    """An official document of a round or of one of its units.

    Args:
        words: Its language.
        kind: Its kind; ``paper.<kind>.title`` and ``paper.<kind>.about`` are its words.
        code: Of its number, e.g. BB for minutes.
        provenance: Where its numbers come from.
        round_: The round.
        blocks: What it says.
        unit: The unit, if it is about one.
        broad: Whether it has broad tables.
    """
    title = words.say(round_.title)
    name = "" if unit is None else unit.name
    return frame(
        words,
        kind,
        provenance,
        [letterhead(words, code), *blocks],
        title=words(f"paper.{kind}.title"),
        about=" · ".join(part for part in (name, title) if part),
        under=words(f"paper.{kind}.about", unit=name, round=title),
        kicker=words(f"paper.{kind}.title"),
        broad=broad,
        formal=True,
    )


def room(words: Words, key: str, lines: int = 1) -> Room:
    """Room to be filled in."""
    return Room(words(key), lines)


def signatures(words: Words, *keys: str) -> Signatures:
    """Who signs."""
    return Signatures(tuple(words(key) for key in keys), words("paper.sign"))
