"""From pairs of pages to findings: what the checks of reuse and of duplicates share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.finding import Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo
from scans.fingerprint import Fingerprint
from scans.likeness.pairs import Card, Likeness, card_of, compared, near_pairs, rooms

__all__ = ["LEVEL", "PairCheck", "Pairs", "groups", "measured"]

Pairs = Mapping[tuple[int, int], Sequence[Likeness]]
"""Positions of two pages, the smaller first -> in what they are alike."""

LEVEL = 1e-4
"""A page is told about from this p-value on, after counting all that it was compared with."""

# One hand signs so many forms of a batch, one office stamps so many that look alike: what a
# likeness found by its code is counted against.
_REPEATS = 12
# What more pages share, or most of the pages that have such a field, is printed or a stamp.
_FEW, _MOST_SHARE = 12, 0.5


@dataclass(frozen=True, eq=False)
class PairCheck:
    """A check of pages together, made of its description and the likeness it looks at.

    Attributes:
        info: Who it is.
        what: The likeness: ``sheet``, ``signature``, ``seal`` or ``handwriting``.
        missing: Why a page cannot be judged.
        tell: Message from the best pair and the other page's name.
        every: Whether each pair of pages counts as a comparison, and not only look-alikes.
        printed: Whether many pages may share it because it is printed.
    """

    info: CheckInfo
    what: str
    missing: str
    tell: Callable[[Likeness, str], Message]
    every: bool = False
    printed: bool = False

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: the best pair it is in, as -log10 of the pair's p-value."""
        del seed  # nothing here is random
        return self.judge([card_of(page) for page in subject], measured(subject, self.what))

    def judge(self, cards: Sequence[Card], pairs: Pairs) -> Assessment:
        """The same from pairs that were measured before."""
        scores, p_values = np.zeros(len(cards)), np.ones(len(cards))
        mine = [any(_is(what, self.what) for what in card.whats) for card in cards]
        missing = {i: self.missing for i, able in enumerate(mine) if not able}
        scores[list(missing)], p_values[list(missing)] = np.nan, np.nan
        peers: dict[int, int] = {}
        for card, able in zip(cards, mine, strict=True):
            peers[card.form_page] = peers.get(card.form_page, 0) + able
        found: dict[int, list[tuple[float, str, int, Likeness]]] = {}
        for (i, j), likenesses in sorted(pairs.items()):
            for alike in likenesses:
                if not _is(alike.what, self.what) or not (mine[i] and mine[j]):
                    continue
                count = max(1, peers[cards[i].form_page] - 1) if self.every else _REPEATS
                p = min(1.0, alike.p_pair * count)
                for k, other in ((i, j), (j, i)):
                    if p < p_values[k]:
                        scores[k], p_values[k] = -np.log10(p), p
                    if p <= LEVEL:
                        found.setdefault(k, []).append((p, cards[other].name, other, alike))
        shared = self._printed(found, cards, peers)
        scores[list(shared)], p_values[list(shared)] = 0.0, 1.0
        findings = [
            self._finding(k, sorted(matches, key=lambda m: m[:3]))
            for k, matches in sorted(found.items())
            if k not in shared
        ]
        return Assessment(scores, p_values, tuple(findings), missing, {"printed": len(shared)})

    def _printed(
        self,
        found: Mapping[int, Sequence[tuple[float, str, int, Likeness]]],
        cards: Sequence[Card],
        peers: Mapping[int, int],
    ) -> frozenset[int]:
        """Pages that share theirs with so many that it is printed, or the stamp of a signature."""
        if not self.printed:
            return frozenset()
        linked = groups((k, match[2]) for k, matches in found.items() for match in matches)
        return frozenset(
            k
            for k, group in linked.items()
            if len(group) > _FEW
            or (len(group) >= 4 and len(group) >= _MOST_SHARE * peers[cards[k].form_page])
        )

    def _finding(self, k: int, matches: Sequence[tuple[float, str, int, Likeness]]) -> Finding:
        p, name, _, best = matches[0]
        field = best.what.partition(":")[2] or None
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(-np.log10(p)),
            p_value=p,
            severity=Severity.RED,
            message=self.tell(best, name),
            field=field,
            box_mm=best.box_mm,
            matches=tuple(dict.fromkeys(match[1] for match in matches)),
            evidence={"subject": k, "marks": best.count, "likeness": best.alike},
        )


def _is(what: str, kind: str) -> bool:
    return what.partition(":")[0] == kind


def measured(pages: Sequence[Fingerprint], what: str) -> Pairs:
    """Pairs of pages that are alike in one respect, found by their codes."""
    codes = [
        (i, room, code)
        for i, page in enumerate(pages)
        for room, code in rooms(page).items()
        if _is(room.partition(":")[2], what)
    ]
    found = {}
    for i, j in near_pairs(codes):
        alike = compared(pages[i], pages[j], frozenset((what,)))
        if alike:
            found[i, j] = alike
    return found


def groups(links: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """Pages that hang together by links: member -> all members of its group, in order."""
    head: dict[int, int] = {}

    def find(i: int) -> int:
        while head.setdefault(i, i) != i:
            head[i] = head[head[i]]
            i = head[i]
        return i

    for i, j in links:
        a, b = find(i), find(j)
        head[max(a, b)] = min(a, b)
    members: dict[int, list[int]] = {}
    for i in sorted(head):
        members.setdefault(find(i), []).append(i)
    return {i: group for group in members.values() for i in group}
