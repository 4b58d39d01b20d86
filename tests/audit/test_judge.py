"""Decisions and the gate: every way through the states, and no way round them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.judge.case import record_case
from audit.judge.decision import (
    CaseState,
    Decision,
    Verdict,
    check_decision,
    state_of,
    visible_to,
)
from audit.judge.gate import Gate, gate
from detectors.errors import UsageError
from detectors.finding import Severity
from tests.audit.rounds import erasure

SIGNS = "e1"


def _say(actor: str, verdict: Verdict, evidence: str = SIGNS) -> Decision:
    return Decision(actor, verdict, evidence, reason="r")


C, D, E, R = Verdict.CONFIRM, Verdict.DISMISS, Verdict.ESCALATE, Verdict.REOPEN


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], CaseState.OPEN),
        ([C], CaseState.SECOND_NEEDED),
        ([C, C], CaseState.CONFIRMED),
        ([D, D], CaseState.DISMISSED),
        ([C, D], CaseState.ESCALATED),
        ([E], CaseState.ESCALATED),
        ([C, E], CaseState.ESCALATED),
        ([C, D, D], CaseState.DISMISSED),
        ([E, C], CaseState.CONFIRMED),
        ([E, E, D], CaseState.DISMISSED),
        ([C, C, R], CaseState.OPEN),
        ([C, C, R, D], CaseState.SECOND_NEEDED),
    ],
)
def test_where_a_case_stands(said: list[Verdict], state: CaseState) -> None:
    history = [_say(f"p{n}", verdict) for n, verdict in enumerate(said)]
    assert state_of(history, evidence=SIGNS, needs_two=True) is state


def test_one_person_closes_what_holds_nothing() -> None:
    assert state_of([_say("a", D)], evidence=SIGNS, needs_two=False) is CaseState.DISMISSED


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(list(Verdict))), max_size=9))
def test_nothing_is_ever_closed_by_one_person(steps: list[tuple[str, Verdict]]) -> None:
    history: list[Decision] = []
    for actor, verdict in steps:
        new = _say(actor, verdict)
        before = state_of(history, evidence=SIGNS, needs_two=True)
        try:
            after = check_decision(history, new, evidence=SIGNS, needs_two=True)
        except UsageError:
            continue
        history.append(new)
        assert after is state_of(history, evidence=SIGNS, needs_two=True)
        if after.closed:
            since = (
                [d.verdict is R for d in history][::-1].index(True)
                if any(d.verdict is R for d in history)
                else len(history)
            )
            recent = history[len(history) - since :]
            assert len({d.actor for d in recent}) == len(recent) >= 2
        assert not (before.closed and after.closed)


def test_the_same_person_cannot_decide_twice_whatever_the_spelling() -> None:
    with pytest.raises(UsageError, match="already"):
        check_decision([_say("An", C)], _say(" an ", C), evidence=SIGNS, needs_two=True)


def test_a_decision_on_old_evidence_is_refused_and_old_ones_do_not_count() -> None:
    history = [_say("a", D), _say("b", D)]
    assert state_of(history, evidence="e2", needs_two=True) is CaseState.OPEN
    with pytest.raises(UsageError, match="changed"):
        check_decision(history, _say("c", D), evidence="e2", needs_two=True)


def test_a_closed_case_takes_no_more_words_until_it_is_reopened() -> None:
    closed = [_say("a", C), _say("b", C)]
    with pytest.raises(UsageError, match="already"):
        check_decision(closed, _say("c", D), evidence=SIGNS, needs_two=True)
    with pytest.raises(UsageError, match="reopened"):
        check_decision([], _say("c", R), evidence=SIGNS, needs_two=True)
    with pytest.raises(UsageError, match="name"):
        check_decision([], _say(" ", C), evidence=SIGNS, needs_two=True)


def test_the_second_does_not_see_the_first() -> None:
    history = [_say("a", C)]
    assert visible_to(history, "b", evidence=SIGNS, needs_two=True) == ()
    assert visible_to(history, "a", evidence=SIGNS, needs_two=True) == tuple(history)
    both = [*history, _say("b", C)]
    assert visible_to(both, "c", evidence=SIGNS, needs_two=True) == tuple(both)


def test_no_record_with_an_open_flag_is_scored() -> None:
    for case, holds, unit in itertools.product([None, *CaseState], [True, False], [True, False]):
        state = gate(unit_known=unit, case=case, holds=holds)
        if not unit:
            assert state is Gate.NOT_SCORED
        elif case is CaseState.CONFIRMED:
            assert state is Gate.EXCLUDED
        elif holds and case not in (None, CaseState.DISMISSED):
            assert state is Gate.HELD
        else:
            assert state is Gate.SCORED


@pytest.mark.parametrize(
    ("severity", "flagged", "reasons", "holds"),
    [
        (Severity.YELLOW, False, (), False),
        (Severity.YELLOW, True, (), True),
        (Severity.ORANGE, False, (), True),
        (Severity.RED, False, (), True),
        (None, False, ("page_unreadable",), True),
        (None, True, (), True),
    ],
)
def test_what_holds_a_record(
    severity: Severity | None, flagged: bool, reasons: tuple[str, ...], holds: bool
) -> None:
    signs = [] if severity is None else [erasure("A1", severity)]
    case = record_case("r", "u", signs, reasons, flagged=flagged)
    assert case is not None
    assert case.holds is holds


def test_nothing_to_look_at_makes_no_case() -> None:
    assert record_case("r", "u", [], (), flagged=False) is None


def test_evidence_changes_with_signs_and_not_with_numbers() -> None:
    import dataclasses

    sign = erasure("A1")
    same = dataclasses.replace(sign, score=99.0, p_value=0.5)
    other = dataclasses.replace(sign, item="A2")

    def evidence(*signs: object) -> str:
        case = record_case("r", "u", list(signs), (), flagged=True)  # type: ignore[arg-type]
        assert case is not None
        return case.evidence

    assert evidence(sign) == evidence(same)
    assert len({evidence(sign), evidence(other), evidence(sign, other)}) == 3
