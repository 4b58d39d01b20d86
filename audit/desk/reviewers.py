"""How well people judge, measured on forms whose truth is known. Pure.

Only words that were said without knowing another's count: the first two on a case. A word
that was taken back does not. Handing a case on (escalating it, asking the respondent) is
neither right nor wrong and is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.desk.agreement import interval
from audit.desk.entries import Entry
from audit.judge.decision import Decision, Verdict
from audit.known.forms import TAMPERED

__all__ = ["Measured", "blind_words", "measure"]

_WORDS = (Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE, Verdict.BACKCHECK)


@dataclass(frozen=True, slots=True)
class Measured:
    """One reviewer, or all of them.

    Attributes:
        actor: Whose words; ``None`` for all together.
        tampered: Tampered forms that were confirmed or dismissed.
        missed: Of them, dismissed.
        clean: Clean forms that were confirmed or dismissed.
        accused: Of them, confirmed.
        passed_on: Known forms that were handed on instead.
    """

    actor: str | None
    tampered: int = 0
    missed: int = 0
    clean: int = 0
    accused: int = 0
    passed_on: int = 0

    @property
    def miss_range(self) -> tuple[float, float] | None:
        """Interval of 95 % of the share missed."""
        return interval(self.missed, self.tampered)

    @property
    def accuse_range(self) -> tuple[float, float] | None:
        """Interval of 95 % of the share wrongly confirmed."""
        return interval(self.accused, self.clean)


def blind_words(history: Iterable[Decision]) -> list[tuple[str, Verdict]]:
    """Who said what on a case without knowing another's word: the first two that stand."""
    words: list[tuple[str, Verdict]] = []
    for decision in history:
        if decision.verdict in _WORDS:
            words.append((decision.actor, decision.verdict))
        elif decision.verdict is Verdict.WITHDRAW:
            own = [n for n, (actor, _) in enumerate(words) if actor == decision.actor]
            if own:
                del words[own[-1]]
        else:
            break  # reopened: everybody has seen everything
    return words[:2]


def measure(entries: Iterable[Entry]) -> list[Measured]:
    """Each reviewer in order of name, and all together last; empty without known forms judged."""
    found: dict[str | None, list[tuple[str, Verdict]]] = {}
    for entry in entries:
        if entry.known is None:
            continue
        for actor, word in blind_words(entry.history):
            for whose in (actor, None):
                found.setdefault(whose, []).append((entry.known, word))
    names = [*sorted(name for name in found if name is not None), *([None] if found else [])]
    return [_measured(name, found[name]) for name in names]


def _measured(actor: str | None, words: list[tuple[str, Verdict]]) -> Measured:
    judged = [(t, w) for t, w in words if w in (Verdict.CONFIRM, Verdict.DISMISS)]
    on_tampered = [w for t, w in judged if t == TAMPERED]
    on_clean = [w for t, w in judged if t != TAMPERED]
    return Measured(
        actor=actor,
        tampered=len(on_tampered),
        missed=on_tampered.count(Verdict.DISMISS),
        clean=len(on_clean),
        accused=on_clean.count(Verdict.CONFIRM),
        passed_on=len(words) - len(judged),
    )
