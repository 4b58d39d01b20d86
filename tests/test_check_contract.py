"""One contract for every check of a page, of pages, of records and of units.

A check is found by the registry and nothing has to be added here for it; what it is asked
about stands in :mod:`tests.subjects`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache

import numpy as np
import pytest

from audit.pipeline import signs
from audit.reporting.reasons import reason_message
from detectors.finding import Finding
from detectors.registry import PACKAGES, Assessment, Level, discover
from reports.wording import kind_title
from tests.schemas import KINDS, accept_finding
from tests.subjects import (
    blank_of,
    digest,
    empty_of,
    mates_of,
    pages,
    prints,
    table_for,
    whole_of,
    world,
)

CHECKS = {name: check for level in Level for name, check in discover(level).items()}
ON_PAPER = (Level.PAGE, Level.PAGES)


def of(*levels, batch_dependent=None):
    """Checks of some levels as parameters."""
    chosen = [
        pytest.param(check, id=name)
        for name, check in CHECKS.items()
        if check.info.level in levels and batch_dependent in (None, check.info.batch_dependent)
    ]
    return pytest.mark.parametrize("check", chosen)


every = of(*Level)


@cache
def answers(name: str) -> tuple[Assessment, ...]:
    check = CHECKS[name]
    return tuple(check.assess(subject, seed=1) for subject in whole_of(check))


@cache
def asked(level: Level):
    """A table on which every check of its level was asked, the last first."""
    table = table_for(level)
    for check in reversed(list(discover(level).values())):
        check.assess(table, seed=1)
    return table


def same(one: Assessment, other: Assessment) -> None:
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.p_values, other.p_values)
    assert [f.to_json() for f in one.findings] == [f.to_json() for f in other.findings]
    assert dict(one.not_assessable) == dict(other.not_assessable)


# --- who it is


@pytest.mark.parametrize("level", list(Level))
def test_every_public_file_of_a_room_is_a_check_of_its_level(level):
    package = importlib.import_module(PACKAGES[level])
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    assert names
    found = {importlib.import_module(f"{package.__name__}.{name}").CHECK for name in names}
    assert found <= set(discover(level).values())
    assert len(found) == len(names)


@every
def test_it_says_who_it_is(check):
    info = check.info
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", info.id)
    assert info.version
    assert all(len(text) > 20 for text in (info.sees, info.null_model))
    assert len(info.source) > 5
    assert info.innocent
    for message in (info.title, *info.innocent):
        assert message.vi
        assert message.en
        assert message.vi != message.en
        assert not re.search(r"gian lận|fraud", f"{message.vi} {message.en}", re.IGNORECASE)
    if info.level in ON_PAPER:
        assert info.kind in KINDS


def test_an_id_belongs_to_one_check_only():
    ids = [name for level in Level for name in discover(level)] + list(signs.VERSIONS)
    assert len(ids) == len(set(ids))


@every
def test_its_kind_has_a_name_in_both_languages(check):
    title = kind_title(check.info.kind)
    assert title.vi != title.en
    assert title.vi != check.info.kind


# --- what it answers


@every
def test_it_answers_for_every_subject(check):
    for subject, answer in zip(whole_of(check), answers(check.info.id), strict=True):
        count = 1 if check.info.level is Level.PAGE else len(subject)
        assert answer.scores.shape == answer.p_values.shape == (count,)
        assert answer.scores.dtype == answer.p_values.dtype == np.float64
        assert not np.any(np.isinf(answer.scores))
        p = answer.p_values[~np.isnan(answer.p_values)]
        assert np.all((p > 0) & (p <= 1))


@every
def test_what_it_cannot_judge_has_a_reason(check):
    for answer in answers(check.info.id):
        unjudged = set(np.flatnonzero(np.isnan(answer.scores)).tolist())
        assert unjudged <= set(answer.not_assessable)
        assert set(answer.not_assessable) <= set(range(len(answer.scores)))
        assert np.all(np.isnan(answer.p_values[list(unjudged)]))
        for reason in answer.not_assessable.values():
            assert reason.strip()
            assert "\n" not in reason


@every
def test_its_reasons_are_told_in_vietnamese(check):
    for answer in answers(check.info.id):
        for reason in answer.not_assessable.values():
            assert reason_message(reason).vi != reason, reason


@every
def test_the_same_seed_answers_the_same_and_nothing_is_changed(check):
    for subject, answer in zip(whole_of(check), answers(check.info.id), strict=True):
        before = digest(subject)
        same(check.assess(subject, seed=1), answer)
        assert digest(subject) == before


@every
def test_an_empty_subject_gets_an_empty_answer(check):
    answer = check.assess(empty_of(check), seed=1)
    assert answer.scores.shape == answer.p_values.shape == (0,)
    assert answer.findings == ()
    assert not answer.not_assessable


@every
def test_what_holds_nothing_is_not_accused(check):
    subject, places = blank_of(check)
    answer = check.assess(subject, seed=1)
    for place in places:
        if check.info.level is Level.RECORD:
            assert np.isnan(answer.scores[place])
        assert np.isfinite(answer.scores[place]) or answer.not_assessable[place]
    if check.info.level is Level.RECORD:
        blank = {subject.record_ids[place] for place in places}
        assert not blank & {finding.record_id for finding in answer.findings}
    if check.info.level is Level.PAGES:
        assert not set(places) & {finding.evidence["subject"] for finding in answer.findings}


# --- on whom it depends


@of(Level.PAGE)
def test_a_page_is_judged_alike_alone_and_after_others(check):
    views = whole_of(check)
    for view in views:
        check.assess(view, seed=1)
    alone = dict(zip(pages(), answers(check.info.id), strict=True))
    for name, view in zip(reversed(pages()), reversed(views), strict=True):
        same(check.assess(view, seed=1), alone[name])


@of(Level.RECORD, Level.UNIT)
def test_it_makes_no_difference_which_checks_were_asked_before(check):
    same(check.assess(asked(check.info.level), seed=1), answers(check.info.id)[0])


@of(Level.RECORD, Level.UNIT, batch_dependent=False)
def test_batch_mates_do_not_change_a_score(check):
    few, many, places = mates_of(check)
    some, all_ = check.assess(few, seed=1), check.assess(many, seed=1)
    for here, there in places:
        np.testing.assert_equal(some.scores[here], all_.scores[there])
        np.testing.assert_equal(some.p_values[here], all_.p_values[there])


@of(Level.RECORD, Level.UNIT)
def test_the_order_of_rows_has_no_effect(check):
    shuffled = world().responses.sample(frac=1, random_state=5)
    subject = table_for(check.info.level, shuffled)
    same(check.assess(subject, seed=1), answers(check.info.id)[0])


@of(Level.PAGES)
def test_the_order_of_pages_has_no_effect(check):
    forth = answers(check.info.id)[0]
    back = check.assess(list(prints().values())[::-1], seed=1)
    # Likenesses are sums of float32 and round by their order.
    np.testing.assert_allclose(back.scores[::-1], forth.scores, rtol=1e-5)
    np.testing.assert_allclose(back.p_values[::-1], forth.p_values, rtol=1e-4)
    last = len(forth.scores) - 1
    found = {(last - f.evidence["subject"], frozenset(f.matches or ())) for f in back.findings}
    assert found == {(f.evidence["subject"], frozenset(f.matches or ())) for f in forth.findings}


@of(Level.RECORD, Level.UNIT)
def test_two_bare_records_are_no_accident(check):
    few = world().responses.iloc[:2][["record_id", "unit_id", "A1", "A2"]]
    answer = check.assess(table_for(check.info.level, few, bare=True), seed=1)
    assert answer.findings == ()


@of(Level.RECORD)
def test_a_table_without_answers_is_not_judged(check):
    frame = world().responses.copy()
    frame[[item.id for item in world().instrument.items]] = None
    answer = check.assess(table_for(Level.RECORD, frame), seed=1)
    assert np.all(np.isnan(answer.p_values))
    assert answer.findings == ()
    assert len(answer.not_assessable) == len(frame)


# --- what it says


@every
def test_findings_are_what_the_contract_promises(check):
    info = check.info
    for answer in answers(info.id):
        for finding in answer.findings:
            data = finding.to_json()
            accept_finding(data)
            assert Finding.from_json(data).to_json() == data
            assert (finding.detector, finding.family) == (info.id, info.family)
            assert finding.kind == info.kind
            assert info.level is not Level.RECORD or finding.record_id
            assert info.level is not Level.UNIT or (finding.unit_id and not finding.record_id)
            assert info.level is not Level.PAGES or finding.matches


@of(*ON_PAPER)
def test_every_check_of_paper_has_something_to_say_here(check):
    assert any(answer.findings for answer in answers(check.info.id))


@of(Level.PAGE)
def test_a_place_on_the_page_is_named_and_lies_on_it(check):
    (form_page,) = {view.template.page.number for view in pages().values()}
    width, height = next(iter(pages().values())).template.page.size_mm
    assert form_page
    for answer in answers(check.info.id):
        for finding in answer.findings:
            assert finding.box_mm or finding.field or finding.item
            if finding.box_mm is not None:
                x, y, w, h = finding.box_mm
                assert w > 0
                assert h > 0
                assert -2 <= x <= x + w <= width + 2
                assert -2 <= y <= y + h <= height + 2


def test_the_tampered_units_of_the_round_are_found():
    tables = [name for name, c in CHECKS.items() if c.info.level not in ON_PAPER]
    found = {f.detector for name in tables for answer in answers(name) for f in answer.findings}
    assert {"answers.unit_twins", "answers.twin", "channel.response_time"} <= found
    assert {"custody.balance", "answers.incoherence", "answers.tail_deficit"} <= found


def test_rules_over_the_whole_round_speak_alike():
    found = [
        signs.serial_reused("r1", "PB-1", ("a.jpg#1",)),
        signs.not_issued("r1", "PB-1"),
        signs.unit_differs("r1", "PB-1", "U1", "U2"),
        signs.record_differs("r1", "PB-1", [("A1", "2", "5")]),
    ]
    assert {finding.detector for finding in found} == set(signs.VERSIONS) == set(signs.TITLES)
    for finding in found:
        accept_finding(finding.to_json())
        assert finding.record_id == "r1"
