"""What pairs amount to: how many were compared, and what is printed on every page."""

from __future__ import annotations

import pytest

from detectors.registry import Level, discover
from scans.likeness.judge import groups
from scans.likeness.pairs import Card, Likeness, whats_of

SHEET = discover(Level.PAGES)["duplicate.sheet"]
SIGNED = discover(Level.PAGES)["reuse.signature"]


def cards(count, what):
    return [Card(f"{i}.jpg#1", (str(i), 1), f"{i}.jpg", 1, frozenset({what})) for i in range(count)]


def told(answer):
    return {finding.evidence["subject"] for finding in answer.findings}


@pytest.mark.parametrize(("count", "found"), [(10, {0, 1}), (10_000, set())])
def test_a_pair_among_many_pages_must_be_rarer(count, found):
    pairs = {(0, 1): [Likeness("sheet", 1e-6, 0.9, 8)]}
    answer = SHEET.judge(cards(count, "sheet"), pairs)
    assert told(answer) == found
    assert answer.p_values[2] == 1.0


def test_two_pages_with_one_signature_are_told_and_a_whole_batch_is_printed():
    def shared(members):
        alike = Likeness("signature:s", 1e-12, 0.98, 0, (1.0, 2.0, 30.0, 10.0))
        return {(i, j): [alike] for i in members for j in members if i < j}

    for members, batch, found in (
        (range(2), 40, {0, 1}),
        (range(2), 2, {0, 1}),
        (range(5), 40, {0, 1, 2, 3, 4}),
        (range(25), 40, set()),
        (range(6), 8, set()),
    ):
        answer = SIGNED.judge(cards(batch, "signature:s"), shared(members))
        assert told(answer) == found, (members, batch)
    (first, _) = SIGNED.judge(cards(40, "signature:s"), shared(range(2))).findings
    assert first.field == "s"
    assert first.box_mm == (1.0, 2.0, 30.0, 10.0)
    assert first.matches == ("1.jpg#1",)


def test_pages_hang_together_by_links():
    assert groups([(4, 2), (7, 9), (2, 1)]) == {
        **{key: [1, 2, 4] for key in (1, 2, 4)},
        **{key: [7, 9] for key in (7, 9)},
    }


def test_what_a_page_can_be_compared_in_is_told_by_its_rooms():
    rooms = ("", "2:sheet", "2:signature:s:0", "2:signature:s:1", "2:handwriting:a:b:0")
    assert whats_of(rooms) == {"sheet", "signature:s", "handwriting:a:b"}
