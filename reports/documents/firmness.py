"""How firm a result is: interval, chances of tiers and ranks."""

from __future__ import annotations

from collections.abc import Iterator

from reports.documents.blocks import Block, Facts, Heading
from reports.documents.parts import shares
from reports.locale import Text as Words
from reports.views.outcomes import Firmness

__all__ = ["chances", "firmness_part"]


def chances(firm: Firmness, words: Words) -> str:
    """Each tier with its chance, the impossible ones left out."""
    told = [(tier, chance) for tier, chance in firm.tier_chances if chance >= 0.005]
    return "; ".join(f"{words.say(tier)} {words.percent(chance, 0)}" for tier, chance in told)


def firmness_part(firm: Firmness | None, ranked: int | None, words: Words) -> Iterator[Block]:
    """How firm value, tier and rank of one unit are."""
    if firm is None:
        return
    yield Heading(words("firm.heading"), 3)
    rows = []
    if firm.interval is not None:
        worth = words("firm.worth", n=words.number(firm.effective))
        rows.append((words("col.interval"), f"{shares(words, *firm.interval)} ({worth})"))
    if told := chances(firm, words):
        rows.append((words("firm.tiers"), told))
    if firm.tier_chance_least is not None:
        verdict = words("firm.tier.open" if firm.tier_open else "firm.tier.firm")
        least = words.percent(firm.tier_chance_least, 0)
        rows.append((words("firm.least"), f"{least}: {verdict}"))
    if firm.rank_interval is not None:
        rows.append((words("firm.rank"), _ranks(firm.rank_interval, ranked, words)))
    if firm.rank_interval_bounds is not None and firm.rank_interval_bounds != firm.rank_interval:
        rows.append((words("firm.rank.bounds"), _ranks(firm.rank_interval_bounds, ranked, words)))
    if firm.rank_chances:
        told = "; ".join(
            f"{words.rank(rank, None)}: {words.percent(chance, 0)}"
            for rank, chance in firm.rank_chances
        )
        rows.append((words("firm.rank.chance"), told))
    yield Facts(tuple(rows), wide=True)


def _ranks(ends: tuple[int, int], of: int | None, words: Words) -> str:
    low, high = ends
    if low == high:
        return words.rank(low, of)
    return f"{words.number(low)} – {words.rank(high, of)}"
