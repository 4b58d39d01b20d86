"""What follows from the scores: changes, groups, publication, awards, targets, complaints.

Made anew whenever scores are, in the same transaction. Nothing here changes a score.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sqlalchemy as sa

from audit.intake.registers import units_at
from audit.intake.results_tables import ALL_UNITS, Award, Published, Target
from audit.pipeline.brought import Brought
from audit.pipeline.index_standing import IndexStanding, index_standing
from audit.pipeline.sources import RoundForm
from audit.scoring.index import group_summary
from audit.scoring.lineage import Kind, Link, Previous, change_of, descent
from audit.scoring.publication import Figure, check_change, check_rank, check_tier, check_value
from audit.scoring.rules import INDEX, RuleSet
from audit.scoring.scores import VERSIONS
from audit.settings import Settings
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.outcomes import Outcome, Outcomes
from audit.store.results import Breakdowns, Scores
from audit.store.rounds import Rounds
from audit.store.rows import Changes
from detectors.bunching import bunching
from detectors.units._peers import FEWEST_PEERS

__all__ = ["conclude"]

BUNCHED = 0.01
NEARLY_ALL = 0.98
Row = Mapping[str, Any]
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    **{">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt},
    "=": operator.eq,
}


@dataclass(frozen=True)
class _Round:
    """Everything that statements are made from.

    Attributes:
        settings: Of the round.
        rules: Programme -> rule set.
        brought: What people brought.
        units: Unit -> its version of the last day.
        scores: Programme -> ``(unit, measure, factor)`` -> stored score.
        whole: Programme -> ``(measure, factor)`` -> all units together.
        index: The index of the round's year.
        cases: Unit -> open cases: records held, serious signs about the unit itself.
        signs: ``(unit, detector)`` of the findings that stand.
        tests: Unit -> results of the unit checks.
    """

    settings: Settings
    rules: Mapping[str, RuleSet]
    brought: Brought
    units: Mapping[str, Row]
    scores: Mapping[str, Mapping[tuple[str, str, str], Row]]
    whole: Mapping[str, Mapping[tuple[str, str], Row]]
    index: IndexStanding
    cases: Mapping[str, tuple[int, int]]
    signs: frozenset[tuple[str, str]]
    tests: Mapping[str, Row]


def conclude(
    connection: sa.Connection,
    settings: Settings,
    forms: Sequence[RoundForm],
    rules: Mapping[str, RuleSet],
    brought: Brought,
) -> Changes:
    """Store every statement that follows from the scores as they stand."""
    found = _round(connection, settings, forms, rules, brought)
    outcomes = [
        *found.index.outcomes,
        *_changes(found),
        *_groups(found),
        *_bunching(found),
        *(one for figures in brought.published for one in _published(found, figures)),
        *_awards(found),
        *(one for target in brought.targets for one in _target(found, target)),
        *_actions(found),
        *_complaints(found),
        _snapshot(found),
    ]
    return Outcomes(connection, settings.round.id).save(outcomes)


def _round(
    connection: sa.Connection,
    settings: Settings,
    forms: Sequence[RoundForm],
    rules: Mapping[str, RuleSet],
    brought: Brought,
) -> _Round:
    round_id = settings.round.id
    versions = units_at(Rounds(connection, round_id).units(), settings.round.date_to)
    units = {row["unit_id"]: {str(k): v for k, v in row.items()} for row in _rows(versions)}
    scores: dict[str, dict[tuple[str, str, str], Row]] = {}
    whole: dict[str, dict[tuple[str, str], Row]] = {}
    for form in forms:
        programme = form.settings.programme
        if programme in scores:
            continue  # of several questionnaires of a programme the first one is its result
        rows = Scores(connection, round_id).all(form.instrument.id)
        scores[programme] = {(r["unit_id"], r["measure"], r["factor"]): dict(r) for r in rows}
        cut = Breakdowns(connection, round_id).all(form.instrument.id)
        whole[programme] = {
            (r["measure"], r["factor"]): dict(r)
            for r in cut
            if r["scope"] == "all" and not r["dimension"]
        }
    cases = Cases(connection, round_id)
    states = cases.states()
    open_: dict[str, list[int]] = {}
    for case in cases.open():
        unit = case["unit_id"] or (case["subject_id"] if case["subject"] == "unit" else None)
        if unit is None or states[case["id"]].closed:
            continue
        counts = open_.setdefault(unit, [0, 0])
        counts[0] += case["subject"] == "record" and bool(case["holds"])
        counts[1] += case["subject"] == "unit" and case["severity"] in ("orange", "red")
    findings = Findings(connection, round_id)
    signs = frozenset((f["unit_id"], f["detector"]) for f in findings.open() if f["unit_id"])
    overall = next(iter(scores.values()), {})
    return _Round(
        settings,
        rules,
        brought,
        units,
        scores,
        whole,
        index_standing(brought, units, settings.round.date_to.year, overall),
        {unit: (one[0], one[1]) for unit, one in open_.items()},
        signs,
        {row["unit_id"]: dict(row) for row in findings.unit_results()},
    )


def _rows(frame: Any) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    return rows


def _shares(row: Row | None) -> dict[str, Fraction | None]:
    """By version; empty without a row."""
    if row is None:
        return {}
    return {
        version: Fraction(row[f"satisfied_{version}"], row[f"answers_{version}"])
        if row[f"answers_{version}"]
        else None
        for version in VERSIONS
    }


def _number(value: Fraction | float | None) -> float | None:
    return None if value is None else round(float(value), 6)


# --- S7: change and groups


def _before(found: _Round, programme: str) -> dict[str, Previous]:
    return {
        unit: one
        for (of, unit, measure, _), one in found.brought.previous.items()
        if of == programme and measure == "overall"
    }


def _links(found: _Round) -> list[Link]:
    """The lineage, and what ``[collection] successors`` adds to it."""
    links = list(found.brought.links)
    named = {(link.predecessor, link.successor) for link in links}
    heirs = found.settings.collection.successors
    for old, new in heirs.items():
        if (old, new) not in named:
            several = sum(heir == new for heir in heirs.values()) > 1 or new in heirs
            links.append(Link(old, new, Kind.MERGED if several else Kind.RENAMED))
    return links


def _current(found: _Round, programme: str) -> Iterator[tuple[str, Row]]:
    """Unit with value, what it is worth, rank and denominator."""
    if programme == INDEX:
        yield from found.index.current.items()
        return
    for (unit, measure, _), row in found.scores.get(programme, {}).items():
        if measure == "overall":
            firm = row["firmness"] or {}
            yield (
                unit,
                {
                    "value": _shares(row)["after_review"],
                    "effective": firm.get("effective"),
                    "rank": row["rank_after_review"],
                    "ranked_units": row["ranked_units"],
                    "tier": row["tier_after_review"],
                },
            )


def _changes(found: _Round) -> Iterator[Outcome]:
    links = _links(found)
    for programme in (*found.scores, INDEX):
        before = _before(found, programme)
        if programme == INDEX:
            before = {**found.index.before, **before}
        if not before:
            continue
        ended = [one.ended for one in before.values() if one.ended is not None]
        since = max(ended, default=None)
        for unit, now in _current(found, programme):
            line = _descent(found, unit, links, before, since)
            broken = found.settings.round.method_break is not None and programme != INDEX
            change = change_of(
                unit,
                line,
                before,
                value=_number(now["value"]),
                effective=now["effective"],
                rank=now["rank"],
                ranked_units=now["ranked_units"],
                method_break=broken,
            )
            body = {
                "state": line.state,
                "predecessors": list(line.predecessors),
                "value": _number(change.value),
                "before": _number(change.before),
                "points": _number(change.points),
                "interval": None if change.interval is None else [*map(_number, change.interval)],
                "rank": change.rank,
                "ranked_units": change.ranked_units,
                "rank_before": change.rank_before,
                "ranked_before": change.ranked_before,
                "places": change.places,
                "method_break": change.method_break,
                "spread_before": change.spread_before and [*map(_number, change.spread_before)],
                "period": next((before[p].period for p in line.predecessors if p in before), ""),
            }
            yield Outcome("change", programme, unit, "overall", change.verdict, body)


def _descent(
    found: _Round,
    unit: str,
    links: Sequence[Link],
    before: Mapping[str, Previous],
    since: dt.date | None,
) -> Any:
    version = found.units.get(unit, {}).get("valid_from")
    return descent(
        unit,
        links,
        before,
        since=since,
        until=found.settings.round.date_to,
        valid_from=version.date() if version is not None and version == version else None,
    )


def _groups(found: _Round) -> Iterator[Outcome]:
    for programme in (*found.scores, INDEX):
        rules = found.rules[programme] if programme != INDEX else found.index.rules
        before = _before(found, programme) or (found.index.before if programme == INDEX else {})
        groups: dict[str, dict[str, Fraction | None]] = {}
        for unit, now in _current(found, programme):
            group = found.units.get(unit, {}).get("group")
            if isinstance(group, str):
                groups.setdefault(group, {})[unit] = now["value"]
        for group, values in sorted(groups.items()):
            one = group_summary(group, values, rules)
            told = [before[unit].tier for unit in values if unit in before]
            named = [rules.tier_called(tier) for tier in told if tier]
            body = {
                "units": one.units,
                "ranked": one.ranked,
                "mean": _number(one.mean),
                "lowest": _number(one.lowest),
                "highest": _number(one.highest),
                "spread": _number(one.spread),
                "iqr": one.iqr,
                "leaders": list(one.leaders),
                "tiers": dict(one.tiers),
                "tiers_before": {
                    tier.id: sum(t is not None and t.id == tier.id for t in named)
                    for tier in rules.tiers
                }
                if named
                else None,
            }
            yield Outcome("group", programme, None, group, "summary", body)


def _bunching(found: _Round) -> Iterator[Outcome]:
    """Units just above a cut-off, all units of a programme together."""
    for programme in (*found.scores, INDEX):
        rules = found.rules[programme] if programme != INDEX else found.index.rules
        values = [now["value"] for _, now in _current(found, programme)]
        cuts = {f"tier {t.id}": t.cut_off for t in rules.tiers if t.cut_off > 0}
        wanted = {"satisfaction": "overall"}.get(programme, programme)
        cuts |= {
            f"target {t.value}": Fraction(t.value) / 100
            for t in found.brought.targets
            if t.unit_id == ALL_UNITS and t.indicator == wanted and t.operator in (">", ">=")
        }
        if values:
            yield from _cuts(programme, values, cuts)


def _cuts(
    programme: str, values: Sequence[Fraction | None], cuts: Mapping[str, Fraction]
) -> Iterator[Outcome]:
    known = np.array([float(v) for v in values if v is not None])
    inner = np.clip(known, 1e-4, 1 - 1e-4)
    for about, cut in cuts.items():
        body: dict[str, Any] = {"cut_off": _number(cut), "units": int(known.size)}
        if known.size < FEWEST_PEERS:
            body["reason"] = f"fewer than {FEWEST_PEERS} units"
            yield Outcome("bunching", programme, None, about, "not_testable", body)
            continue
        above, below, p = bunching(known, np.log(inner / (1 - inner)), float(cut))
        body |= {"above": above, "below": below, "p_value": float(f"{p:.4g}")}
        verdict = "sign" if p <= BUNCHED / max(len(cuts), 1) else "no_sign"
        yield Outcome("bunching", programme, None, about, verdict, body)


# --- S8: publication


def _published(found: _Round, figures: Published) -> Iterator[Outcome]:
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
            _shares(found.whole.get(programme, {}).get((measure, factor))),
            {},
            None,
        )
    else:
        row = found.scores.get(programme, {}).get((unit, measure, factor))
        shares = _shares(row)
        ranks = {} if row is None else {v: row[f"rank_{v}"] for v in VERSIONS}
        ranked = None if row is None else row["ranked_units"]
    after = shares.get("after_review")
    base = {"source": figures.source, "recomputed": {k: _number(v) for k, v in shares.items()}}

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
    found: _Round,
    figures: Published,
    change: Figure,
    after: Fraction | None,
    told: Callable[..., Outcome],
) -> Outcome:
    programme, unit, measure, factor = figures.about
    before = dict(found.brought.previous)
    overall = _before(found, programme)
    ended = [one.ended for one in overall.values() if one.ended is not None]
    origin = unit
    if unit != ALL_UNITS:
        line = _descent(found, unit, _links(found), overall, max(ended, default=None))
        if not line.simple:
            return told("change", str(change.percent), "not_comparable", state=line.state)
        origin = line.predecessors[0]
    old = before.get((programme, origin, measure, factor))
    if old is None and programme == INDEX and not factor:
        old = found.index.before.get(origin)
    was = None if old is None or old.value is None else Fraction(str(old.value))
    verdict = check_change(change, after, was)
    points = None if after is None or was is None else after - was
    return told("change", str(change.percent), verdict, before=_number(was), points=_number(points))


# --- S9: awards


def _awards(found: _Round) -> Iterator[Outcome]:
    proposed = list(found.brought.awards)
    if not found.brought.has_awards:
        for programme in (*found.scores, INDEX):
            rules = found.rules[programme] if programme != INDEX else found.index.rules
            for unit, now in _current(found, programme):
                tier = rules.tier_named(now["tier"])
                if tier is not None and tier.award:
                    proposed.append(
                        Award(unit, programme, tier.name.vi, criticism=False, source="")
                    )
    wrong = _misprinted(found)
    for number, award in enumerate(proposed):
        reasons, notes = _why_wait(found, award, wrong)
        verdict = "hold" if reasons else "no_reason_known"
        mine = dict(_current(found, award.programme)).get(award.unit_id)
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


def _misprinted(found: _Round) -> frozenset[tuple[str, str | None]]:
    return frozenset(
        (one.programme, one.unit_id)
        for figures in found.brought.published
        for one in _published(found, figures)
        if one.verdict in ("differs", "rounded_over_cut_off")
    )


def _why_wait(
    found: _Round, award: Award, wrong: frozenset[tuple[str, str | None]]
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


# --- S10, S12: targets and actions


def _target(found: _Round, target: Target) -> Iterator[Outcome]:
    units = [target.unit_id]
    if target.unit_id == ALL_UNITS:
        units = sorted(found.units)
    for unit in units:
        programme, low, value, high = _indicator(found, target, unit)
        body = {
            "indicator": target.indicator,
            "operator": target.operator,
            "target": str(target.value),
            "value": _number(value),
            "low": _number(low),
            "high": _number(high),
            "due": None if target.due is None else target.due.isoformat(),
            "source": target.source,
        }
        about = f"{target.indicator} {target.operator} {target.value}"
        if value is None and target.unit_id == ALL_UNITS:
            continue
        verdict = "not_measured"
        if value is not None:
            test, goal = _OPERATORS[target.operator], Fraction(target.value) / 100
            met = test(value, goal)
            ends = [test(end, goal) for end in (low, high) if end is not None]
            verdict = "open" if any(end != met for end in ends) else "met" if met else "not_met"
        yield Outcome("target", programme, unit, about, verdict, body)


def _indicator(
    found: _Round, target: Target, unit: str
) -> tuple[str, Fraction | None, Fraction | None, Fraction | None]:
    """Programme, lowest, present and highest value of an indicator; shares."""
    name = target.indicator
    main = next(iter(found.scores), "satisfaction")
    if target.actual is not None:
        value = Fraction(target.actual) / 100
        return main, None, value, None
    if name == INDEX:
        return INDEX, None, found.index.shares(unit, "").get("after_review"), None
    if name == "response_rate":
        served = found.units.get(unit, {}).get("served")
        row = found.scores.get(main, {}).get((unit, "overall", ""))
        if row is None or served is None or served != served or served <= 0:
            return main, None, None, None
        return main, None, Fraction(sum(row["counts"].values()), int(served)), None
    programme = name if name in found.scores and name != main else main
    about = {"overall": ("overall", ""), "whole_form": ("whole_form", "")}.get(
        name, ("factor", name)
    )
    if name == programme:
        about = ("overall", "")
    shares = _shares(found.scores.get(programme, {}).get((unit, *about)))
    return (
        programme,
        shares.get("bound_low"),
        shares.get("after_review"),
        shares.get("bound_high"),
    )


def _actions(found: _Round) -> Iterator[Outcome]:
    """Whether what was agreed on was done; whether it is overdue, the reader's day tells."""
    for action in found.brought.actions:
        verdict = "open"
        if action.done is not None:
            late = action.due is not None and action.done > action.due
            verdict = "done_late" if late else "done"
        unit = None if action.unit_id == ALL_UNITS else action.unit_id
        held, serious = found.cases.get(action.unit_id, (0, 0))
        body = {
            "text": action.text,
            "office": action.office,
            "due": None if action.due is None else action.due.isoformat(),
            "done": None if action.done is None else action.done.isoformat(),
            "source": action.source,
            "open_cases": held + serious,
        }
        yield Outcome("action", "satisfaction", unit, action.action_id, verdict, body)


# --- S11: complaints


def _complaints(found: _Round) -> Iterator[Outcome]:
    """Units of nearly 100 % beside what people complained about."""
    register = found.brought.complaints
    if register is None:
        return
    for unit, now in _current(found, "satisfaction"):
        value, number = now["value"], register.get(unit, 0)
        told = found.units.get(unit, {}).get("served")
        served = int(told) if told is not None and told == told and told > 0 else None
        tested = found.tests.get(unit, {}).get("detectors", {}).get("unit.complaints")
        if (unit, "unit.complaints") in found.signs:
            verdict = "sign"
        elif value is None or tested is None:
            high = value is not None and value >= Fraction(str(NEARLY_ALL))
            verdict = "not_testable" if high and number else "not_asked"
        else:
            verdict = "no_sign"
        body = {
            "value": _number(value),
            "complaints": number,
            "served": served,
            "per_thousand": None if served is None else round(1000 * number / served, 3),
        }
        yield Outcome("complaints", "satisfaction", unit, "register", verdict, body)


def _snapshot(found: _Round) -> Outcome:
    """Hash of all results: what was published can be held against it later."""
    rows = [
        [programme, *about, *(row[f"{part}_{v}"] for part in _PARTS for v in VERSIONS)]
        for programme, scores in found.scores.items()
        for about, row in sorted(scores.items())
    ]
    rows += [["index", *line] for line in found.index.lines()]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    body = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rules": {name: rules.id for name, rules in found.rules.items()},
        "results": len(rows),
    }
    verdict = "interim" if found.settings.round.interim else "final"
    return Outcome("snapshot", "satisfaction", None, "results", verdict, body)


_PARTS = ("satisfied", "answers", "tier", "rank")
