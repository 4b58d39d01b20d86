"""New pages against all earlier ones, of all rounds: each pair is measured once and kept.

A night unpacks the pages that are new, finds by their codes which earlier pages they are like,
and looks closely at those pairs only. What is found is judged anew from what was kept, so that
it makes no difference in how many nights the pages came, and a page that is withdrawn takes its
pairs with it. Pages whose codes another version made are compared anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from audit.store import Store
from audit.store.likenesses import Likenesses
from audit.trail.acts import Action
from detectors.finding import Finding

if TYPE_CHECKING:
    import sqlalchemy as sa

    from audit.pipeline.tools import Tools
    from scans.fingerprint import Fingerprint
    from scans.likeness.pairs import Card, Likeness

__all__ = ["findings_among", "measure_new"]

_IN_MEMORY = 4_096


def measure_new(store: Store, instrument_id: str, tools: Tools) -> int:
    """Compare pages that were not compared yet and keep what they have in common.

    Returns:
        The number of pages that were new.
    """
    from scans.likeness.pairs import compared, near_pairs, rooms
    from scans.likeness.sketch import VERSION

    with store.reading() as connection:
        table = Likenesses(connection, instrument_id)
        keys = table.uncoded(VERSION)
        if not keys:
            return 0
        codes = []
        for key, data in table.fingerprints(keys):
            page = _unpacked(data)
            found = {} if page is None else rooms(page)
            codes += [(key, room, code) for room, code in sorted(found.items())]

        @lru_cache(maxsize=_IN_MEMORY)
        def page_of(key: int) -> Fingerprint | None:
            return next((_unpacked(data) for _, data in table.fingerprints([key])), None)

        rows, mine = [], set(keys)
        known = (entry for entry in table.codes() if entry[0] not in mine)
        for one, other in near_pairs(codes, known):
            first, second = page_of(one), page_of(other)
            if first is not None and second is not None:
                rows += [_row(one, other, alike) for alike in compared(first, second)]
    done = [{"page_id": key, "room": "", "code": VERSION} for key in keys]
    done += [{"page_id": key, "room": room, "code": code} for key, room, code in codes]
    with store.writing(tools.act(Action.COMPARISON, instrument_id)) as connection:
        table = Likenesses(connection, instrument_id)
        table.forget(keys)  # what codes of another version found
        table.save(done, rows)
    return len(keys)


def _unpacked(data: bytes) -> Fingerprint | None:
    """A fingerprint to compare; one that an earlier version kept cannot be."""
    from audit.pipeline.prints import unpack

    try:
        return unpack(data, path="", sha256="", page=1)
    except ValueError:
        return None


def _row(one: int, other: int, alike: Likeness) -> dict[str, Any]:
    return {
        "one": one,
        "other": other,
        "what": alike.what,
        "p_pair": alike.p_pair,
        "alike": alike.alike,
        "count": alike.count,
        "box_mm": None if alike.box_mm is None else list(alike.box_mm),
        "saved_again": bool(alike.saved_again),
    }


def findings_among(
    store: Store, round_id: str, instrument_id: str
) -> tuple[Mapping[int, Sequence[Finding]], Mapping[int, Mapping[str, str]]]:
    """What the checks of pages together say about the pages of a round.

    Returns:
        By page key: what they find, and check id -> why one cannot judge the page.
    """
    import dataclasses

    from detectors.registry import Level, discover

    with store.reading() as connection:
        table = Likenesses(connection, instrument_id)
        keys, cards = _cards(table.until(round_id), round_id)
        place = {key: i for i, (key, _) in enumerate(keys)}
        pairs: dict[tuple[int, int], list[Likeness]] = {}
        for row in table.all():
            i, j = place.get(row["one"]), place.get(row["other"])
            if i is not None and j is not None:
                pairs.setdefault((min(i, j), max(i, j)), []).append(_likeness(row))
        own = [(i, key) for i, (key, mine) in enumerate(keys) if mine]
        packed = dict(table.fingerprints([key for _, key in own]))
    # Checks of a batch, and installed ones, ask for the pages themselves: those of the round.
    batch = [(key, _named(packed[key], cards[i])) for i, key in own if key in packed]
    there = [(key, page) for key, page in batch if page is not None]
    found: dict[int, list[Finding]] = defaultdict(list)
    missing: dict[int, dict[str, str]] = defaultdict(dict)
    for check_id, check in discover(Level.PAGES).items():
        judge = getattr(check, "judge", None)
        if judge is None:
            answer = check.assess([page for _, page in there])
            subjects = [(key, True) for key, _ in there]
        else:
            answer, subjects = judge(cards, pairs), keys
        for finding in answer.findings:
            evidence = dict(finding.evidence)
            key, mine = subjects[evidence.pop("subject")]
            if mine:
                found[key].append(dataclasses.replace(finding, evidence=evidence))
        for number, reason in answer.not_assessable.items():
            key, mine = subjects[number]
            if mine:
                missing[key][check_id] = reason
    return found, missing


def _named(data: bytes, card: Card) -> Fingerprint | None:
    """A fingerprint under the name that the round gives its page."""
    from audit.pipeline.prints import unpack

    try:
        return unpack(data, path=card.path, sha256=card.file[0], page=card.file[1])
    except ValueError:
        return None


def _cards(
    rows: Iterable[sa.RowMapping], round_id: str
) -> tuple[list[tuple[int, bool]], list[Card]]:
    """Keys of the pages with whether they are of the round, and their cards."""
    from scans.likeness.pairs import Card, whats_of

    keys, cards = [], []
    for key, group in _by_page(rows):
        head = group[0]
        own = head["round_id"] == round_id
        path = head["path"] if own else f"{head['round_id']}: {head['path']}"
        whats = whats_of(row["room"] for row in group)
        file = (head["sha256"], head["page"])
        keys.append((key, own))
        cards.append(Card(f"{path}#{head['page']}", file, path, head["form_page"], whats))
    return keys, cards


def _by_page(rows: Iterable[sa.RowMapping]) -> Iterator[tuple[int, list[sa.RowMapping]]]:
    from itertools import groupby

    for key, group in groupby(rows, key=lambda row: row["id"]):
        yield int(key), list(group)


def _likeness(row: sa.RowMapping) -> Likeness:
    from scans.likeness.pairs import Likeness

    box = row["box_mm"]
    box_mm = None if box is None else (box[0], box[1], box[2], box[3])
    numbers = (row["p_pair"], row["alike"], row["count"])
    return Likeness(row["what"], *numbers, box_mm, row["saved_again"])
