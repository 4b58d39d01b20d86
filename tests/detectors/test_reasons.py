"""Reasons in a byte each answer as the dictionary that they were made from."""

from __future__ import annotations

import pytest

from detectors.reasons import Reasons


def test_they_are_the_dictionary_they_were() -> None:
    plain = {4: "no answers", 0: "alone in its unit", 7: "no answers"}
    kept = Reasons(plain, 9)
    assert dict(kept) == plain
    assert len(kept) == 3
    assert kept == plain
    assert [kept.get(place, "") for place in range(10)] == [
        *("alone in its unit", "", "", "", "no answers", "", "", "no answers", "", "")
    ]
    with pytest.raises(KeyError):
        kept[9]
    with pytest.raises(KeyError):
        kept[-1]


def test_there_may_be_none_and_more_than_a_byte_holds() -> None:
    assert dict(Reasons({}, 0)) == {}
    many = {place: f"reason {place}" for place in range(300)}
    assert dict(Reasons(many, 300)) == many
