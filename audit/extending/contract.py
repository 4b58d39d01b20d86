"""The contract of a check as promises that can be tried, each with a name.

The suite tries every promise on every check that comes with the program; an author tries
them on their own (:func:`examine`). A promise raises :class:`ContractBroken` with a line that
says what was promised and what came.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from audit.extending import subjects
from audit.extending.promise import (
    ContractBroken,
    answers_of,
    hold,
    hold_same,
    hold_texts,
    promise,
    promises,
)
from audit.extending.wording import KINDS, finding_faults
from audit.reporting.reasons import reason_message
from detectors.finding import Finding
from detectors.registry import Check, Level, discover
from reports.wording import kind_title

__all__ = ["examine", "promises"]

_PAPER = (Level.PAGE, Level.PAGES)
_TABLES = (Level.RECORD, Level.UNIT)


def examine(check: Check[Any]) -> tuple[str, ...]:
    """Try every promise that concerns ``check``; takes seconds to a minute.

    Returns:
        A line for each promise that is not kept: its name and what was wrong. Empty where
        the check keeps its contract.
    """
    broken = []
    for one in promises():
        if one.concerns(check):
            try:
                one.keep(check)
            except ContractBroken as error:
                broken.append(f"{one.name}: {error}")
            except Exception as error:
                broken.append(f"{one.name}: it raised {type(error).__name__}: {error}")
    return tuple(broken)


@promise()
def _it_says_who_it_is(check: Check[Any]) -> None:
    info = check.info
    hold(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", info.id), f"{info.id!r} is no dotted name")
    hold(info.version, "it has no version")
    for name in ("sees", "null_model"):
        hold(len(getattr(info, name)) > 20, f"{name} says too little")
    hold(len(info.source) > 5, "its source is not named")
    hold(info.innocent, "no innocent explanation is given")
    for message in (info.title, *info.innocent):
        hold_texts(message)
    on_paper = info.level in _PAPER
    hold(not on_paper or info.kind in KINDS, f"{info.kind!r} is none of {sorted(KINDS)}")


@promise()
def _its_kind_has_a_name_in_both_languages(check: Check[Any]) -> None:
    title = kind_title(check.info.kind)
    hold(title.vi not in (title.en, check.info.kind), f"{check.info.kind!r} has no name to show")


@promise()
def _it_answers_for_every_subject(check: Check[Any]) -> None:
    for subject, answer in zip(subjects.whole_of(check), answers_of(check), strict=True):
        count = 1 if check.info.level is Level.PAGE else len(subject)
        for name in ("scores", "p_values"):
            values = getattr(answer, name)
            hold(values.shape == (count,), f"{name} has shape {values.shape}, not {(count,)}")
            hold(values.dtype == np.float64, f"{name} is {values.dtype}, not float64")
        hold(not np.any(np.isinf(answer.scores)), "a score is infinite")
        p = answer.p_values[~np.isnan(answer.p_values)]
        hold(np.all((p > 0) & (p <= 1)), "a p-value is not above 0 and at most 1")


@promise()
def _what_it_cannot_judge_has_a_reason(check: Check[Any]) -> None:
    for answer in answers_of(check):
        unjudged = set(np.flatnonzero(np.isnan(answer.scores)).tolist())
        hold(unjudged <= set(answer.not_assessable), "a score is NaN without a reason")
        places = set(range(len(answer.scores)))
        hold(set(answer.not_assessable) <= places, "a reason belongs to no subject")
        hold(np.all(np.isnan(answer.p_values[list(unjudged)])), "a p-value without a score")
        for reason in answer.not_assessable.values():
            hold(reason.strip() and "\n" not in reason, f"no line of reason: {reason!r}")


@promise()
def _its_reasons_are_told_in_vietnamese(check: Check[Any]) -> None:
    for answer in answers_of(check):
        for reason in answer.not_assessable.values():
            own = any(reason == said.en for said in check.info.reasons)
            hold(own or reason_message(reason).vi != reason, f"English only: {reason}")


@promise()
def _the_same_seed_answers_the_same_and_nothing_is_changed(check: Check[Any]) -> None:
    for subject, answer in zip(subjects.whole_of(check), answers_of(check), strict=True):
        before = subjects.digest(subject)
        hold_same(check.assess(subject, seed=1), answer, "when asked again")
        hold(subjects.digest(subject) == before, "it changed what it was given")


@promise()
def _an_empty_subject_gets_an_empty_answer(check: Check[Any]) -> None:
    answer = check.assess(subjects.empty_of(check), seed=1)
    hold(answer.scores.shape == answer.p_values.shape == (0,), "scores without subjects")
    hold(not answer.findings and not answer.not_assessable, "it speaks of nobody")


@promise()
def _what_holds_nothing_is_not_accused(check: Check[Any]) -> None:
    subject, places = subjects.blank_of(check)
    answer = check.assess(subject, seed=1)
    for place in places:
        judged = np.isfinite(answer.scores[place])
        of_record = check.info.level is Level.RECORD
        hold(not (of_record and judged), "a record without an answer has a score")
        hold(judged or answer.not_assessable.get(place), "neither a score nor a reason")
    if check.info.level is Level.RECORD:
        blank = {subject.record_ids[place] for place in places}
        hold(not blank & {f.record_id for f in answer.findings}, "an empty record is accused")
    if check.info.level is Level.PAGES:
        accused = {f.evidence["subject"] for f in answer.findings}
        hold(not set(places) & accused, "an empty page is accused")


@promise(Level.PAGE)
def _a_page_is_judged_alike_alone_and_after_others(check: Check[Any]) -> None:
    views = subjects.whole_of(check)
    for view in views:
        check.assess(view, seed=1)
    for view, answer in zip(reversed(views), reversed(answers_of(check)), strict=True):
        hold_same(check.assess(view, seed=1), answer, "after other pages")


@cache
def _asked(level: Level) -> Any:
    """A table on which every check of its level was asked, the last first."""
    table = subjects.table_for(level)
    for check in reversed(list(discover(level).values())):
        check.assess(table, seed=1)
    return table


@promise(*_TABLES)
def _it_makes_no_difference_which_checks_were_asked_before(check: Check[Any]) -> None:
    hold_same(
        check.assess(_asked(check.info.level), seed=1), answers_of(check)[0], "after other checks"
    )


@promise(*_TABLES, batch_dependent=False)
def _batch_mates_do_not_change_a_score(check: Check[Any]) -> None:
    few, many, places = subjects.mates_of(check)
    some, all_ = check.assess(few, seed=1), check.assess(many, seed=1)
    here, there = (np.array(side, np.int64) for side in zip(*places, strict=True))
    for name in ("scores", "p_values"):
        one, other = getattr(some, name)[here], getattr(all_, name)[there]
        hold(np.array_equal(one, other, equal_nan=True), f"{name} depend on who else is there")


@promise(*_TABLES)
def _the_order_of_rows_has_no_effect(check: Check[Any]) -> None:
    shuffled = subjects.world().responses.sample(frac=1, random_state=5)
    answer = check.assess(subjects.table_for(check.info.level, shuffled), seed=1)
    hold_same(answer, answers_of(check)[0], "when rows come in another order")


@promise(Level.PAGES)
def _the_order_of_pages_has_no_effect(check: Check[Any]) -> None:
    forth = answers_of(check)[0]
    back = check.assess(list(subjects.prints().values())[::-1], seed=1)
    # Likenesses are sums of float32 and round by their order.
    for name, tolerance in (("scores", 1e-5), ("p_values", 1e-4)):
        one, other = getattr(back, name)[::-1], getattr(forth, name)
        close = np.allclose(one, other, rtol=tolerance, atol=0, equal_nan=True)
        hold(close, f"{name} differ when pages come in another order")
    last = len(forth.scores) - 1
    found = {(last - place, matches) for place, matches in _pairs(back.findings)}
    hold(found == _pairs(forth.findings), "findings differ when pages come in another order")


def _pairs(findings: Sequence[Finding]) -> set[tuple[int, frozenset[str]]]:
    return {(f.evidence["subject"], frozenset(f.matches or ())) for f in findings}


@promise(*_TABLES)
def _two_bare_records_are_no_accident(check: Check[Any]) -> None:
    few = subjects.world().responses.iloc[:2][["record_id", "unit_id", "A1", "A2"]]
    answer = check.assess(subjects.table_for(check.info.level, few, bare=True), seed=1)
    hold(not answer.findings, "it accuses one of two records without context")


@promise(Level.RECORD)
def _a_table_without_answers_is_not_judged(check: Check[Any]) -> None:
    frame = subjects.world().responses.copy()
    frame[[item.id for item in subjects.world().instrument.items]] = None
    answer = check.assess(subjects.table_for(Level.RECORD, frame), seed=1)
    silent = not answer.findings and np.all(np.isnan(answer.p_values))
    hold(silent, "it judges records without answers")
    hold(len(answer.not_assessable) == len(frame), "a record without answers has no reason")


@promise()
def _findings_are_what_the_contract_promises(check: Check[Any]) -> None:
    info = check.info
    for answer in answers_of(check):
        for finding in answer.findings:
            data = finding.to_json()
            faults = finding_faults(data)
            hold(not faults, "; ".join(faults))
            hold(Finding.from_json(data).to_json() == data, "it does not survive JSON")
            signed = (finding.detector, finding.family, finding.kind)
            hold(signed == (info.id, info.family, info.kind), f"a finding is signed {signed}")
            hold(info.level is not Level.RECORD or finding.record_id, "no record is named")
            of_unit = finding.unit_id and not finding.record_id
            hold(info.level is not Level.UNIT or of_unit, "no unit, or a record, is named")
            hold(info.level is not Level.PAGES or finding.matches, "nothing it is like is named")


@promise(Level.PAGE)
def _a_place_on_the_page_is_named_and_lies_on_it(check: Check[Any]) -> None:
    width, height = next(iter(subjects.pages().values())).template.page.size_mm
    for answer in answers_of(check):
        for finding in answer.findings:
            hold(finding.box_mm or finding.field or finding.item, "a finding has no place")
            if finding.box_mm is not None:
                x, y, w, h = finding.box_mm
                hold(w > 0 and h > 0, f"a box of {w} by {h} mm")
                inside = -2 <= x <= x + w <= width + 2 and -2 <= y <= y + h <= height + 2
                hold(inside, f"{finding.box_mm} does not lie on the page")
