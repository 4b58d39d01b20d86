"""Characters of a page joined to phrases: runs of words on one line, cells of a table apart.

A PDF holds characters, not words: table cells follow each other without a space, a font that
lacks a letter is left for another in the middle of a word, and boxes are often letters of a
symbol font.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from detectors.instrument import BoxMm
from scans.draft.types import Phrase

__all__ = ["Character", "phrases_of"]

Character = tuple[str, BoxMm | None]
"""A letter and its place in mm; ``None`` for a space or line end that the reader put in."""

# Boxes and circles that are letters, and what symbol fonts keep in the private range.
_BOXES = re.compile("[\u2610-\u2612\u25a0-\u25ff\u2b1c\u2b55\u274f-\u2752\ue000-\uf8ff]")
_LEADERS = re.compile(r"[.…_·]{4,}|…{2,}")
_GAP = 0.62  # of the line's height: wider than between two words
_SPACE = 0.12
# A line's height holds the room between lines as well; words fill this share of it.
_TRIM = 0.12


def phrases_of(characters: Iterable[Character]) -> Iterator[Phrase]:
    """Phrases in the order of the file.

    Args:
        characters: In the order of the file. Boxes that are letters part phrases and are no
            words; so do rows of dots that are written on.
    """
    run: list[tuple[str, BoxMm]] = []
    spaced = False
    for letter, place in characters:
        if place is None or letter.isspace():
            if letter in "\r\n":
                yield from _cut(run)
                run = []
            spaced = True
            continue
        if _BOXES.match(letter):
            yield from _cut(run)
            run, spaced = [], False
            continue
        if run and _apart(run[-1][1], place):
            yield from _cut(run)
            run, spaced = [], False
        if run and (spaced or _gap(run[-1][1], place) > _SPACE * place[3]):
            run.append((" ", run[-1][1]))
        spaced = False
        run.append((letter, place))
    yield from _cut(run)


def _gap(before: BoxMm, place: BoxMm) -> float:
    return place[0] - before[0] - before[2]


def _apart(before: BoxMm, place: BoxMm) -> bool:
    height = max(before[3], place[3])
    level = abs(before[1] + before[3] / 2 - place[1] - place[3] / 2) < 0.45 * height
    return not level or not -0.5 * height < _gap(before, place) < _GAP * height


def _cut(run: list[tuple[str, BoxMm]]) -> Iterator[Phrase]:
    """The phrases of a run: cut where a row of dots stands."""
    text = "".join(letter for letter, _ in run)
    start = 0
    for dots in [*_LEADERS.finditer(text), None]:
        end = len(text) if dots is None else dots.start()
        part = run[start:end]
        words = " ".join(unicodedata.normalize("NFC", text[start:end]).split())
        if words:
            left = min(p[0] for _, p in part)
            top = min(p[1] for _, p in part)
            right = max(p[0] + p[2] for _, p in part)
            bottom = max(p[1] + p[3] for _, p in part)
            trim = _TRIM * (bottom - top)
            yield Phrase(words, (left, top + trim, right - left, bottom - top - 2 * trim))
        start = len(text) if dots is None else dots.end()
