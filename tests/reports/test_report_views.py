"""Promises that the view objects keep before any renderer sees them."""

from dataclasses import replace

import pytest

from detectors.finding import Message, Severity
from reports import views as v
from tests.reports import sample


@pytest.mark.parametrize(
    ("served", "needed"),
    [(0, 0), (200, 134), (500, 223), (1000, 286), (3000, 353), (10_000, 385), (50_000, 397)],
)
def test_minimal_sample_is_that_of_the_guidance(served: int, needed: int) -> None:
    assert v.minimal_sample(served) == needed


def test_minimal_sample_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="-1"):
        v.minimal_sample(-1)
    with pytest.raises(ValueError, match="margin"):
        v.minimal_sample(100, 0.0)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [(0.5, 100, 0.40383, 0.59617), (0.0, 10, 0.0, 0.27753), (1.0, 10, 0.72247, 1.0)],
)
def test_wilson_has_the_known_values(share: float, n: int, low: float, high: float) -> None:
    assert v.wilson(share, n) == pytest.approx((low, high), abs=1e-5)


def test_sample_size_is_unknown_without_transactions() -> None:
    assert v.Sample(400).sufficient is None
    assert v.Sample(352, 3000).sufficient is False
    assert v.Sample(353, 3000).sufficient is True


def test_a_small_unit_keeps_its_n_and_nothing_else() -> None:
    small = sample.result(received=9, scored=9, held=0, not_judged=0)
    assert small.received == 9
    assert small.suppressed
    for standing in (small.as_received, small.after_review, small.bound_low, small.bound_high):
        assert standing == v.Standing()
    assert small.interval is None
    assert small.tier_firm is None
    assert not sample.result(received=10, scored=10, held=0).suppressed


def test_few_left_after_review_are_not_given_away_by_the_bounds() -> None:
    few = sample.result(received=60, scored=9, held=51)
    assert few.as_received.value is not None
    assert few.after_review == few.bound_low == few.bound_high == v.Standing()


def test_all_held_still_has_bounds() -> None:
    held = sample.result(
        received=60, scored=0, held=60, after_review=v.Standing(), bound_low=v.Standing(0.0)
    )
    assert held.bound_low.value == 0.0


def test_a_small_factor_is_blanked_but_keeps_the_peers() -> None:
    factor = v.FactorResult("A", Message("x", "x"), 9, 0.9, 0.8, 0.95, 0.97, 63)
    assert (factor.value, factor.low, factor.high) == (None, None, None)
    assert (factor.n, factor.peer_median) == (9, 0.97)


def test_small_peers_are_no_points() -> None:
    group = v.PeerGroup("A", 2, points=(v.PeerPoint(9, 0.5), v.PeerPoint(10, 0.9)))
    assert group.points == (v.PeerPoint(10, 0.9),)


@pytest.mark.parametrize(
    ("flagged", "judged", "band"),
    [
        (0, 9, None),
        (0, 10, 0),
        (5, 100, 0),
        (6, 100, 1),
        (10, 100, 1),
        (11, 100, 2),
        (24, 100, 2),
        (25, 100, 3),
        (100, 100, 3),
    ],
)
def test_bands_follow_the_published_edges(flagged: int, judged: int, band: int | None) -> None:
    assert v.band_of(flagged, judged) == band


def test_custody_counts_what_is_missing_only_where_it_is_known() -> None:
    assert v.CustodyRow("1", None, 200, 188, 185, 3, 8, 2).unaccounted == 2
    assert v.CustodyRow("1", None, 200, 188, 185, 3, 8, 2, outstanding=2).unaccounted == 0
    assert v.CustodyRow("1", None, 200, 188, 180, 3).unsorted == 5
    assert v.CustodyRow("1", None, 200, None).unaccounted is None
    assert v.CustodyRow("1", None, 200, 188, None, 3).unsorted is None


def test_green_is_taken_from_what_nobody_looked_at() -> None:
    unseen = {"images": None, "statistics": None, "digital": None, "severity": Severity.GREEN}
    assert sample.unit_report(**unseen).severity is None
    blind = v.ImageSection(
        pages=3, judged=0, counts=(v.SignCount("erasure", Message("a", "a"), 0, 0),)
    )
    assert sample.unit_report(**{**unseen, "images": blind}).severity is None
    assert sample.unit_report(severity=Severity.GREEN).severity is Severity.GREEN
    row = sample.round_report().units[1]
    assert replace(row, severity=Severity.GREEN, judged=0).severity is None
    assert replace(row, severity=Severity.RED, judged=0).severity is Severity.RED
