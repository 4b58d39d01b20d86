"""How often people who judge the same thing say the same, beyond chance. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.desk.entries import Entry
from audit.judge.decision import Verdict

__all__ = ["Agreement", "agreement", "interval", "pairs_of"]

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of pairs of independent words.

    Attributes:
        n: Pairs.
        same: Of them, equal ones.
        kappa: Cohen's kappa, chance from each side's own frequencies (Cohen 1960); ``None``
            where chance alone would always agree.
        ac1: Gwet's AC1, which does not fall to nothing where nearly all words are the same
            (Gwet 2008).
    """

    n: int
    same: int
    kappa: float | None
    ac1: float | None


def pairs_of(entries: Iterable[Entry]) -> list[tuple[Verdict, Verdict]]:
    """First and second independent word on each case that got both, before anything else."""
    found = []
    for entry in entries:
        words: list[Verdict] = []
        for decision in entry.history:
            if decision.verdict in (Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE):
                words.append(decision.verdict)
            elif decision.verdict is Verdict.WITHDRAW and words:
                words.pop()
            elif decision.verdict is not Verdict.WITHDRAW:
                words = []
        if entry.two and entry.known is None and len(words) >= 2:
            found.append((words[0], words[1]))
    return found


def agreement(pairs: Sequence[tuple[Verdict, Verdict]]) -> Agreement:
    """Raw agreement, Cohen's kappa and Gwet's AC1."""
    n = len(pairs)
    if not n:
        return Agreement(0, 0, None, None)
    same = sum(one is other for one, other in pairs)
    first, second = Counter(p[0] for p in pairs), Counter(p[1] for p in pairs)
    words = [w for w in Verdict if first[w] or second[w]]
    seen = same / n
    chance = sum(first[w] / n * second[w] / n for w in words)
    kappa = None if math.isclose(chance, 1.0) else (seen - chance) / (1 - chance)
    # Three words can be said on a case, whether all of them were said or not.
    both = [(first[w] + second[w]) / (2 * n) for w in words]
    gwet = sum(p * (1 - p) for p in both) / 2
    return Agreement(n, same, kappa, (seen - gwet) / (1 - gwet))


def interval(hits: int, n: int) -> tuple[float, float] | None:
    """Wilson's interval of 95 % of a share; ``None`` without trials (Wilson 1927)."""
    if not n:
        return None
    share, z2 = hits / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
