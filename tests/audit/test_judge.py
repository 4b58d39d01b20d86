"""Decisions and the gate: every way through the states, and no way round them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from audit.judge.authority import Bar, Role, bar, belongs_to, verdicts
from audit.judge.case import record_case
from audit.judge.decision import (
    CaseState,
    Decision,
    Verdict,
    can_withdraw,
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
B, W = Verdict.BACKCHECK, Verdict.WITHDRAW


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
        ([B], CaseState.BACKCHECK),
        ([C, B], CaseState.BACKCHECK),
        ([C, B, C], CaseState.SECOND_NEEDED),
        ([C, B, D, D], CaseState.DISMISSED),
        ([C, D, B], CaseState.BACKCHECK),
    ],
)
def test_where_a_case_stands(said: list[Verdict], state: CaseState) -> None:
    history = [_say(f"p{n}", verdict) for n, verdict in enumerate(said)]
    assert state_of(history, evidence=SIGNS, needs_two=True) is state


def test_one_person_closes_what_holds_nothing() -> None:
    assert state_of([_say("a", D)], evidence=SIGNS, needs_two=False) is CaseState.DISMISSED


def _opinions(history: list[Decision]) -> list[Decision]:
    """Words that stand together: nothing taken back, nothing before a reopening or back-check."""
    standing: list[Decision] = []
    for decision in history:
        if decision.verdict is W:
            standing.pop()
        else:
            standing.append(decision)
    ends = [number for number, d in enumerate(standing) if d.verdict in (R, B)]
    return standing[ends[-1] + 1 :] if ends else standing


def _ways(depth: int, *, needs_two: bool) -> Iterator[tuple[list[Decision], CaseState]]:
    """Every history that the rules allow, of four people and up to ``depth`` words."""
    waiting: list[list[Decision]] = [[]]
    while waiting:
        history = waiting.pop()
        state = state_of(history, evidence=SIGNS, needs_two=needs_two)
        yield history, state
        if len(history) == depth:
            continue
        # People are alike: a new one is always the next letter.
        known = len({d.actor for d in history})
        for actor, verdict in itertools.product("abcd"[: known + 1], Verdict):
            new = _say(actor, verdict)
            try:
                after = check_decision(history, new, evidence=SIGNS, needs_two=needs_two)
            except UsageError:
                continue
            assert after is state_of([*history, new], evidence=SIGNS, needs_two=needs_two)
            waiting.append([*history, new])


def test_every_way_to_a_closed_case_had_two_people_or_three() -> None:
    ways = 0
    for history, state in _ways(5, needs_two=True):
        ways += 1
        words = _opinions(history)
        assert len({d.actor for d in words}) == len(words)
        verdicts = [d.verdict for d in words]
        if state.closed:
            assert len(words) >= 2
            agreed = verdicts[0] is verdicts[1] and verdicts[0] in (C, D)
            assert agreed or (len(words) >= 3 or verdicts[0] is E)
            assert state is (CaseState.CONFIRMED if verdicts[-1] is C else CaseState.DISMISSED)
        elif state is CaseState.SECOND_NEEDED:
            assert len(words) == 1
        elif state is CaseState.ESCALATED:
            assert E in verdicts or set(verdicts) == {C, D}
        else:
            assert words == []
    assert ways > 5_000


def test_whoever_has_seen_anothers_word_never_chooses_again() -> None:
    """No way leads from seeing a first verdict to being the second."""
    for history, _ in _ways(5, needs_two=True):
        for number, new in enumerate(history):
            if new.verdict not in (C, D) or len(_opinions(history[: number + 1])) != 2:
                continue
            first = _opinions(history[: number + 1])[0]
            since = next(k for k, d in enumerate(history) if d is first)
            for moment in range(since + 1, number + 1):
                seen = visible_to(history[:moment], new.actor, evidence=SIGNS, needs_two=True)
                assert first.verdict is E or all(d is not first for d in seen)


def test_a_word_is_taken_back_by_its_owner_only_and_while_alone() -> None:
    assert can_withdraw([_say("a", C)], "A ", evidence=SIGNS)
    assert not can_withdraw([_say("a", C)], "b", evidence=SIGNS)
    assert not can_withdraw([], "a", evidence=SIGNS)
    assert not can_withdraw([_say("a", C), _say("b", C)], "b", evidence=SIGNS)
    assert not can_withdraw([_say("a", C), _say("b", B)], "b", evidence=SIGNS)
    assert can_withdraw([_say("a", C), _say("b", C), _say("c", R)], "c", evidence=SIGNS)
    assert not can_withdraw([_say("a", C, "e0")], "a", evidence=SIGNS)
    again = [_say("a", C), _say("a", W), _say("a", D), _say("b", D)]
    assert state_of(again, evidence=SIGNS, needs_two=True) is CaseState.DISMISSED


@pytest.mark.parametrize("role", list(Role))
def test_who_may_say_what(role: Role) -> None:
    for state, verdict, own in itertools.product(CaseState, Verdict, (True, False)):
        found = bar(role, state, verdict, own_unit=own)
        if role not in (Role.INSPECTOR, Role.APPROVER):
            assert found is Bar.ROLE
        elif own:
            assert found is Bar.OWN_UNIT
        elif verdict is R or (state is CaseState.ESCALATED and verdict is not W):
            assert (found is None) is (role is Role.APPROVER)
        elif state.closed and verdict is not W:
            assert found is Bar.CLOSED
        else:
            assert found is None
        assert (verdict in verdicts(role, state, own_unit=own)) <= (found is None)


def test_one_belongs_to_ones_unit_and_to_those_above_it() -> None:
    parents = {"team": "ward", "ward": "province", "province": None, "loop": "loop"}
    assert belongs_to("ward", "ward", parents)
    assert belongs_to("team", "ward", parents)
    assert belongs_to("team", "province", parents)
    assert not belongs_to("province", "ward", parents)
    assert not belongs_to(None, "ward", parents)
    assert not belongs_to("ward", None, parents)
    assert not belongs_to("loop", "ward", parents)


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
        case = record_case("r", "u", list(signs), (), flagged=True)
        assert case is not None
        return case.evidence

    assert evidence(sign) == evidence(same)
    assert len({evidence(sign), evidence(other), evidence(sign, other)}) == 3
