"""Pairs of pages that carry the same ink: found by their codes, then looked at closely.

What a pair is worth depends on its two pages alone, so a pair is measured once and kept; how
surprising it is depends on how many pages there are, and is worked out anew from what was kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from detectors.instrument import BoxMm
from scans.fingerprint import SHEET, Fingerprint
from scans.likeness.compare import agreement
from scans.likeness.honest import p_of_field, p_of_marks
from scans.likeness.index import CodeIndex
from scans.likeness.ink import LEAST_MM2
from scans.likeness.overlay import field_agreement

__all__ = [
    "ALL",
    "KEPT",
    "Card",
    "Likeness",
    "card_of",
    "compared",
    "near_pairs",
    "rooms",
    "whats_of",
]

ALL = frozenset((SHEET, *LEAST_MM2))
"""Everything that pages are compared in."""

KEPT = 1e-3
"""Pairs that honest pages reach more often than this are not kept."""

# Two scans of one sheet share most of their marks; a mark more or less is read on one of them.
_SHARED = 0.6
# Grey levels that saving a file again changes in the mean of a sixteenth of the page.
_SAVED_AGAIN = 0.75


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pages are in one respect.

    Attributes:
        what: ``sheet``, or ``signature:<field>``, ``seal:<field>``, ``handwriting:<field>``.
        p_pair: How often two honest pages are as alike, in (0, 1].
        alike: Mean likeness of what was compared, at most 1.
        count: Marks compared; 0 for fields.
        box_mm: Of the field; ``None`` for a sheet.
        saved_again: One scan under two files, not two scans.
    """

    what: str
    p_pair: float
    alike: float
    count: int = 0
    box_mm: BoxMm | None = None
    saved_again: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A page as a judgement sees it, beside its pairs.

    Attributes:
        name: How it is named to people.
        file: Hash of its file and page in it.
        path: Of its file.
        form_page: Page of the form.
        whats: What it can be compared in, as in :class:`Likeness`.
    """

    name: str
    file: tuple[str, int]
    path: str
    form_page: int
    whats: frozenset[str]


def whats_of(rooms_: Iterable[str]) -> frozenset[str]:
    """What a page with codes in these rooms can be compared in."""
    channels = (room.partition(":")[2] for room in rooms_ if room)
    # A field's channel ends with what its picture shows.
    return frozenset(c if c == SHEET else c.rpartition(":")[0] for c in channels)


def card_of(page: Fingerprint) -> Card:
    """The card of a page."""
    file = (page.origin.sha256, page.origin.page)
    return Card(page.name, file, page.origin.path, page.form_page, whats_of(rooms(page)))


def rooms(page: Fingerprint) -> dict[str, bytes]:
    """Codes of a page by room; codes in one room are compared with each other."""
    return {f"{page.form_page}:{c}": code.tobytes() for c, code in page.codes.items()}


def near_pairs(
    new: Iterable[tuple[int, str, bytes]], known: Iterable[tuple[int, str, bytes]] = ()
) -> Iterator[tuple[int, int]]:
    """Pairs of keys worth a closer look: new with new, and new with known.

    Args:
        new: Key, room and code; keys are compared within a room.
        known: Codes whose pairs among each other are known.

    Yields:
        Each pair once, the smaller key first, in rising order.
    """
    indices: dict[str, CodeIndex] = {}
    fresh: dict[str, list[tuple[int, bytes]]] = {}
    for key, room, code in new:
        fresh.setdefault(room, []).append((key, code))
    waiting: dict[str, list[tuple[int, bytes]]] = {room: [] for room in fresh}
    for key, room, code in known:
        if room in waiting:
            waiting[room].append((key, code))
    found: set[tuple[int, int]] = set()
    for room, entries in sorted(fresh.items()):
        index = indices.setdefault(room, CodeIndex())
        every = [*waiting.pop(room), *entries]
        keys = np.array([key for key, _ in every], np.int64)
        codes = np.frombuffer(b"".join(code for _, code in every), np.uint8)
        index.add(keys, codes.reshape(len(every), -1))
        for key, code in entries:
            near, _ = index.near(np.frombuffer(code, np.uint8))
            found.update((min(key, k), max(key, k)) for k in near.tolist() if k != key)
    yield from sorted(found)


def compared(one: Fingerprint, other: Fingerprint, only: frozenset[str] = ALL) -> list[Likeness]:
    """In what two pages of one form page are as alike as honest pages hardly are.

    Args:
        one: A page.
        other: Another.
        only: ``sheet`` and kinds of fields to look at.
    """
    if one.form_page != other.form_page:
        return []
    found = [_sheet(one, other)] if SHEET in only else []
    found += _fields(one, other, only)
    return [pair for pair in found if pair is not None and pair.p_pair <= KEPT]


def _sheet(one: Fingerprint, other: Fingerprint) -> Likeness | None:
    agreed = agreement(one.marks, other.marks)
    if agreed is None or agreed.marks < _SHARED * agreed.of:
        return None
    same = (
        one.shape == other.shape
        and float(np.abs(one.thumb.astype(int) - other.thumb.astype(int)).mean()) < _SAVED_AGAIN
    )
    p = p_of_marks(agreed.likeness)
    return Likeness(SHEET, p, round(agreed.mean, 4), agreed.marks, None, same)


def _fields(
    one: Fingerprint, other: Fingerprint, only: frozenset[str]
) -> Iterator[Likeness | None]:
    theirs = {ink.channel: ink for ink in other.comparable}
    best: dict[str, Likeness] = {}
    for ink in one.comparable:
        pair = theirs.get(ink.channel) if ink.kind in only else None
        if pair is None:
            continue
        agreed = field_agreement(ink, pair)
        p = p_of_field(ink.kind, agreed) ** min(ink.distinct, pair.distinct)
        what = f"{ink.kind}:{ink.id}"
        if what not in best or p < best[what].p_pair:
            best[what] = Likeness(what, p, agreed.alike, 0, ink.box_mm)
    yield from best.values()
