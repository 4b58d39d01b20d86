"""Published figures beside recomputed ones, and awards that should wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from audit.intake.goal_tables import Award
from audit.intake.published_tables import Published
from audit.intake.results_rows import ALL_UNITS
from audit.pipeline.standpoint import (
    Row,
    Standpoint,
    as_number,
    before_of,
    current_of,
    descent_of,
    links_of,
    shares_of,
)
from audit.scoring.publication import Figure, check_change, check_rank, check_tier, check_value
from audit.scoring.rules import INDEX
from audit.scoring.scores import VERSIONS
from audit.store.outcomes import Outcome

__all__ = ["awards", "published"]


def published(found: Standpoint, figures: Published) -> Iterator[Outcome]:
    """Each published figure of one result."""
    programme, unit, measure, factor = figures.about
    about = measure if not factor else f"{measure} {factor}"
    rules = found.rules[programme] if programme != INDEX else found.index.rules
    row: Row | None = None
    if programme == INDEX:
        shares = found.index.shares(unit, factor)
        place = found.index.current.get(unit, {}) if not factor else {}
        ranks = {"after_review": place.get("rank")}
        ranked = place.get("ranked_units")
    elif unit == ALL_UNITS:
        shares, ranks, ranked = (
            shares_of(found.whole.get(programme, {}).get((measure, factor))),
            {},
            None,
        )
    else:
        row = found.scores.get(programme, {}).get((unit, measure, factor))
        shares = shares_of(row)
        ranks = {} if row is None else {v: row[f"rank_{v}"] for v in VERSIONS}
        ranked = None if row is None else row["ranked_units"]
    after = shares.get("after_review")
    told_to = 4 if unit == ALL_UNITS else 6  # TOLD: finer, a total would tell of small units
    recomputed = {k: None if v is None else round(float(v), told_to) for k, v in shares.items()}
    base = {"source": figures.source, "recomputed": recomputed}

    def told(figure: str, published: str, verdict: str, **more: Any) -> Outcome:
        who = None if unit == ALL_UNITS else unit
        body = {**base, "figure": figure, "published": published, **more}
        return Outcome("published", programme, who, f"{about} {figure}", verdict, body)

    if figures.value is not None:
        yield told("value", str(figures.value.percent), check_value(figures.value, shares))
    if figures.rank is not None:
        verdict = check_rank(figures.rank, ranks.get("after_review"), ranked)
        if verdict == "differs" and figures.rank[0] == ranks.get("as_received"):
            verdict = "as_received"
        text = str(figures.rank[0]) + (f"/{figures.rank[1]}" if figures.rank[1] else "")
        mine = {"rank": ranks.get("after_review"), "ranked_units": ranked}
        yield told("rank", text, verdict, **mine)
    if figures.tier is not None:
        verdict = check_tier(figures.tier, after, rules)
        received = rules.tier(shares.get("as_received"))
        if verdict == "differs" and received is not None and received.id == figures.tier.id:
            verdict = "as_received"
        mine_tier = rules.tier(after)
        names = [None if t is None else [t.name.vi, t.name.en] for t in (figures.tier, mine_tier)]
        yield told("tier", figures.tier.id, verdict, tier=mine_tier and mine_tier.id, names=names)
    if figures.change is not None:
        yield _published_change(found, figures, figures.change, after, told)


def _published_change(
    found: Standpoint,
    figures: Published,
    change: Figure,
    after: Fraction | None,
    told: Callable[..., Outcome],
) -> Outcome:
    programme, unit, measure, factor = figures.about
    before = dict(found.brought.previous)
    overall = before_of(found, programme)
    ended = [one.ended for one in overall.values() if one.ended is not None]
    origin = unit
    if unit != ALL_UNITS:
        line = descent_of(found, unit, links_of(found), overall, max(ended, default=None))
        if not line.simple:
            return told("change", str(change.percent), "not_comparable", state=line.state)
        origin = line.predecessors[0]
    old = before.get((programme, origin, measure, factor))
    if old is None and programme == INDEX and not factor:
        old = found.index.before.get(origin)
    was = None if old is None or old.value is None else Fraction(str(old.value))
    verdict = check_change(change, after, was)
    points = None if after is None or was is None else after - was
    if points is not None and unit == ALL_UNITS:
        points = Fraction(round(points, 4))  # as coarse as the total itself
    return told(
        "change", str(change.percent), verdict, before=as_number(was), points=as_number(points)
    )


def awards(found: Standpoint) -> Iterator[Outcome]:
    """Each proposal with the reasons to wait."""
    proposed = list(found.brought.awards)
    if not found.brought.has_awards:
        for programme in (*found.scores, INDEX):
            rules = found.rules[programme] if programme != INDEX else found.index.rules
            for unit, now in current_of(found, programme):
                tier = rules.tier_named(now["tier"])
                if tier is not None and tier.award:
                    proposed.append(
                        Award(unit, programme, tier.name.vi, criticism=False, source="")
                    )
    wrong = _misprinted(found)
    # Once for all proposals: a country has thousands of units, and many in the best tier.
    current = {
        programme: dict(current_of(found, programme))
        for programme in {award.programme for award in proposed}
    }
    for number, award in enumerate(proposed):
        reasons, notes = _why_wait(found, award, wrong)
        verdict = "hold" if reasons else "no_reason_known"
        mine = current[award.programme].get(award.unit_id)
        if mine is None or mine["value"] is None:
            verdict = "not_judged"
        body = {
            "title": award.title,
            "criticism": award.criticism,
            "source": award.source,
            "proposed": found.brought.has_awards,
            "reasons": reasons,
            "notes": notes,
        }
        about = f"{number:04d}" if found.brought.has_awards else "tier"
        yield Outcome("award", award.programme, award.unit_id, about, verdict, body)


def _misprinted(found: Standpoint) -> frozenset[tuple[str, str | None]]:
    return frozenset(
        (one.programme, one.unit_id)
        for figures in found.brought.published
        for one in published(found, figures)
        if one.verdict in ("differs", "rounded_over_cut_off")
    )


def _why_wait(
    found: Standpoint, award: Award, wrong: frozenset[tuple[str, str | None]]
) -> tuple[list[str], list[str]]:
    """Reasons to wait, and notes that are none by themselves."""
    reasons, notes = [], []
    held, serious = found.cases.get(award.unit_id, (0, 0))
    if held:
        reasons.append("records_held")
    if serious:
        reasons.append("unit_case_open")
    if (award.programme, award.unit_id) in wrong:
        reasons.append("published_differs")
    if award.programme == INDEX:
        sheet = found.index.sheets.get(award.unit_id)
        if sheet is not None and sheet.arithmetic_holds is False:
            reasons.append("index_does_not_add_up")
        if sheet is not None and sheet.total.missing:
            reasons.append("index_incomplete")
        if any(one.unit_id == award.unit_id for one in found.index.flagged):
            notes.append("index_out_of_line")
        return reasons, notes
    row = found.scores.get(award.programme, {}).get((award.unit_id, "overall", ""))
    if row is None:
        return reasons, notes
    if row["tier_firm"] is False:
        reasons.append("tier_not_firm")
    least = (row["firmness"] or {}).get("tier_chance_least")
    if least is not None and least < 0.95:
        notes.append("tier_within_sampling")
    return reasons, notes
