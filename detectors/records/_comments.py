"""Free texts that are the same, or nearly, and how surprising that is.

Texts are folded first: NFC, case, white space and punctuation; a Vietnamese tone mark
belongs to its syllable, wherever it was typed (``hoà`` = ``hòa``). What is compared are
pairs of neighbouring words. A pair of words weighs by how few units it occurs in, so a
usual phrase ("không có ý kiến", "rất hài lòng") costs nothing, however often it stands in
one unit. Two texts are alike if they share most of their weight; their score is the shared
weight in natural log units.

The null: the best partner among as many comments of other units. It is not drawn but
counted: of ``a`` comments elsewhere that are as like, none is among the ``m`` drawn with a
hypergeometric probability. As with twins, the chance that honest doubles stand in one unit
is part of the p-value.

Reference: Broder (1997) for shingles; Unicode Standard Annex 15 for normal forms; null from
other units: own work, as in the twin test.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.conformal import by_rank
from detectors.table import RecordTable

__all__ = ["Copies", "against_others", "copies_of", "fold"]

ALIKE = 0.6
LEAST_SCORE = 4.0
FEWEST_UNITS = 5
FEWEST_COMMENTS = 30
MOST_TEXTS = 200
MOST_PARTNERS = 300
USUAL_UNITS = 50
VIRTUAL_DRAWS = 20

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_WORD = re.compile(r"[^\W_]+")

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Copies:
    """Best partner of each comment within its unit.

    Attributes:
        score: float64 ``(n,)``: weight shared with it, 0 for none; NaN without a comment.
        p_value: float64 ``(n,)``.
        p_foreign: float64 ``(n,)``: against comments of other units alone.
        partner: int ``(n,)``: row of the partner, -1 for none.
        words: int ``(n,)``: words of the comment.
        shared: float64 ``(n,)``: share of the weight of both that is in common.
        pairs: ``(first, second, score)`` rows of like comments, any units.
        reason: Why a row was not judged.
    """

    score: Vector
    p_value: Vector
    p_foreign: Vector
    partner: NDArray[np.intp]
    words: NDArray[np.intp]
    shared: Vector
    pairs: tuple[NDArray[np.intp], NDArray[np.intp], Vector]
    reason: dict[int, str]

    @classmethod
    def unjudged(cls, n: int, reason: dict[int, str]) -> Copies:
        """A result to be filled in."""
        none = np.zeros(0, dtype=np.intp)
        return cls(
            score=np.full(n, np.nan),
            p_value=np.full(n, np.nan),
            p_foreign=np.full(n, np.nan),
            partner=np.full(n, -1, dtype=np.intp),
            words=np.zeros(n, dtype=np.intp),
            shared=np.full(n, np.nan),
            pairs=(none, none, np.zeros(0)),
            reason=reason,
        )


def fold(text: str) -> tuple[str, ...]:
    """Words of a text with case, punctuation and the place of tone marks taken off."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    return tuple(_tone_last(word) for word in words)


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    tones = sorted(letter for letter in letters if letter in _TONES)
    plain = "".join(letter for letter in letters if letter not in _TONES)
    return unicodedata.normalize("NFC", plain) + "".join(tones)


def copies_of(table: RecordTable) -> Copies:
    """Worked out once a table."""
    return table.memo("comments", lambda: _copies(table))


def _copies(table: RecordTable) -> Copies:
    n = len(table)
    comment = table.column("comment")
    reason = dict.fromkeys(np.flatnonzero(comment == "").tolist(), "no comment")
    reason.update(dict.fromkeys(np.flatnonzero(~table.in_unit).tolist(), "no other units"))
    reason.update(dict.fromkeys(np.flatnonzero(table.answered == 0).tolist(), "no answers"))
    rows = np.flatnonzero((comment != "") & table.in_unit & (table.answered > 0))
    copies = Copies.unjudged(n, reason)
    units = np.unique(table.unit[rows]).size
    if units < FEWEST_UNITS or rows.size < FEWEST_COMMENTS:
        few = f"fewer than {FEWEST_COMMENTS} comments in {FEWEST_UNITS} units"
        reason.update(dict.fromkeys(rows.tolist(), few))
        return copies
    texts = [fold(str(comment[row])) for row in rows]
    copies.words[rows] = [len(words) for words in texts]
    first, second, score, shared = _like(texts, table.unit[rows])
    _best(copies, table, rows, (first, second, score, shared))
    copies = replace(copies, pairs=(rows[first], rows[second], score))
    foreign = against_others(table, copies)
    size = np.bincount(table.unit[rows], minlength=len(table.unit_ids))
    together = size[table.unit] / rows.size
    p_value = (1.0 - together) * foreign + together * by_rank(copies.score)
    return replace(copies, p_foreign=foreign, p_value=p_value)


def _shingles(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(itertools.pairwise(words))


def _like(
    texts: list[tuple[str, ...]], unit: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], Vector, Vector]:
    """Pairs of like comments: places, weight in common, and its share of both."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, words in enumerate(texts):
        places[words].append(place)
    distinct = [words for words in places if len(words) > 1]
    pieces = [_shingles(words) for words in distinct]
    weight = _weights(pieces, [places[words] for words in distinct], unit)
    total = [sum(weight[piece] for piece in own) for own in pieces]
    found: list[tuple[int, int, float, float]] = []
    for a, b in _candidates(pieces, weight, total):
        common = sum(weight[piece] for piece in pieces[a] & pieces[b])
        share = common / max(total[a] + total[b] - common, 1e-12)
        if common < LEAST_SCORE or share < ALIKE:
            continue
        mine, theirs = places[distinct[a]], places[distinct[b]]
        for i, x in enumerate(mine):
            for y in mine[i + 1 :] if a == b else theirs:
                found.append((x, y, common, share))
    first, second, score, shared = zip(*found, strict=True) if found else ((), (), (), ())
    return (
        np.array(first, dtype=np.intp),
        np.array(second, dtype=np.intp),
        np.array(score, dtype=np.float64),
        np.array(shared, dtype=np.float64),
    )


def _weights(
    pieces: list[frozenset[tuple[str, ...]]], places: list[list[int]], unit: NDArray[np.intp]
) -> dict[tuple[str, ...], float]:
    """Weight of each pair of words: how few units it occurs in, 0 from 50 units."""
    where: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for own, at in zip(pieces, places, strict=True):
        units = {int(unit[place]) for place in at}
        for piece in own:
            where[piece] |= units
    count = np.unique(unit).size
    return {
        piece: float(np.log((count + 1.0) / len(units))) if len(units) < USUAL_UNITS else 0.0
        for piece, units in where.items()
    }


def _candidates(
    pieces: list[frozenset[tuple[str, ...]]],
    weight: dict[tuple[str, ...], float],
    total: list[float],
) -> list[tuple[int, int]]:
    """Pairs of texts, each with itself too, that share a piece which few texts have."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, own in enumerate(pieces):
        if total[place] >= LEAST_SCORE:
            for piece in own:
                holders[piece].append(place)
    pairs = {(place, place) for place, value in enumerate(total) if value >= LEAST_SCORE}
    for piece, at in holders.items():
        if len(at) <= MOST_TEXTS and weight[piece] > 0:
            pairs.update((a, b) for i, a in enumerate(at) for b in at[i + 1 :])
    return sorted(pairs)


def _best(
    copies: Copies,
    table: RecordTable,
    rows: NDArray[np.intp],
    like: tuple[NDArray[np.intp], NDArray[np.intp], Vector, Vector],
) -> None:
    """Fill in score, partner and share from the pairs inside units."""
    copies.score[rows] = 0.0
    copies.shared[rows] = 0.0
    first, second, score, shared = like
    for a, b, value, share in zip(rows[first], rows[second], score, shared, strict=True):
        if table.unit[a] != table.unit[b]:
            continue
        for row, mate in ((a, b), (b, a)):
            if value > copies.score[row]:
                copies.score[row], copies.partner[row] = value, mate
                copies.shared[row] = share


def against_others(
    table: RecordTable, copies: Copies, honest: NDArray[np.bool_] | None = None
) -> Vector:
    """p-values ``(n,)`` among best partners drawn from other units, in expectation.

    Args:
        table: The records.
        copies: Their comments.
        honest: Records that may stand in the null; all by default.
    """
    judged = np.isfinite(copies.score)
    pool = judged if honest is None else judged & honest
    first, second, score = copies.pairs
    unit = table.unit
    apart = (unit[first] != unit[second]) & pool[first] & pool[second]
    elsewhere: dict[int, list[float]] = defaultdict(list)
    pairs = (first[apart].tolist(), second[apart].tolist(), score[apart].tolist())
    for a, b, value in zip(*pairs, strict=True):
        elsewhere[a].append(value)
        elsewhere[b].append(value)
    size = Counter(unit[pool].tolist())
    total = int(pool.sum())
    values: list[float] = []
    chances: list[float] = []
    for row, scores in elsewhere.items():
        mates = size[int(unit[row])] - 1
        others = total - mates - 1
        missed = 1.0
        for rank, value in enumerate(sorted(scores, reverse=True)):
            # none of the mates drawn is among the comments that are at least as like
            left = missed * max(1.0 - min(mates, others) / max(others - rank, 1), 0.0)
            values.append(value)
            chances.append(missed - left)
            missed = left
    order = np.argsort(values)[::-1]
    ranked = np.asarray(values, dtype=np.float64)[order]
    above = np.concatenate([[0.0], np.cumsum(np.asarray(chances, dtype=np.float64)[order])])
    expected = above[np.searchsorted(-ranked, -copies.score, side="right")]
    p = np.minimum((1.0 + VIRTUAL_DRAWS * expected) / (1.0 + VIRTUAL_DRAWS * total), 1.0)
    return np.where(judged, np.where(copies.score > 0, p, 1.0), np.nan)
