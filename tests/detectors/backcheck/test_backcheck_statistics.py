"""Draws that anybody can repeat; tests that may be looked at any time; exact intervals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from detectors.backcheck.intervals import Interval, anytime_interval, exact_interval
from detectors.backcheck.power import (
    calls_for,
    catch_power,
    difference_power,
    size_to_catch,
    size_to_tell,
)
from detectors.backcheck.risk import TierTest, clean_records_needed, risks
from detectors.backcheck.sampling import ALPHABET, draw, reference_of, reference_valid

NAMES = [f"R{number:03d}" for number in range(200)]


# --- drawing


def test_a_draw_depends_on_seed_and_names_only() -> None:
    one = draw(NAMES, 20, "2026-11-26 6 3 1", "random")
    assert one == draw(reversed(NAMES), 20, "2026-11-26 6 3 1", "random")
    assert one == draw(NAMES, 50, "2026-11-26 6 3 1", "random")[:20]
    assert one != draw(NAMES, 20, "2026-11-26 6 3 2", "random")
    assert one != draw(NAMES, 20, "2026-11-26 6 3 1", "suspect")
    # A name that comes or goes moves no other.
    left = [name for name in one if name != "R007"]
    assert draw(set(NAMES) - {"R007"}, 20, "2026-11-26 6 3 1", "random")[: len(left)] == left


def test_a_known_draw_stays_as_it_was() -> None:
    """The format of a ticket is part of what was published with a seed."""
    assert draw(["a", "b", "c", "d"], 4, "20261126", "random") == ["b", "a", "d", "c"]


def test_every_name_is_drawn_equally_often() -> None:
    counts = dict.fromkeys(NAMES[:20], 0)
    for seed in range(2000):
        for name in draw(NAMES[:20], 5, str(seed), "random"):
            counts[name] += 1
    low, high = binom.ppf([1e-4, 1 - 1e-4], 2000, 0.25)
    assert all(low <= count <= high for count in counts.values())


def test_every_wrong_letter_of_a_reference_is_seen() -> None:
    reference = reference_of(b"k" * 32, "R001")
    assert reference_valid(reference)
    assert reference_valid(reference.lower().replace("-", ""))
    for place in [0, 1, 2, 3, 5, 6, 7, 8]:
        for letter in ALPHABET:
            wrong = reference[:place] + letter + reference[place + 1 :]
            assert reference_valid(wrong) == (wrong == reference)
    assert not reference_valid("")
    assert reference != reference_of(b"j" * 32, "R001")


# --- power


def test_power_to_catch_one_is_that_of_the_survey_plan() -> None:
    found = {n: [round(catch_power(n, rate), 3) for rate in (0.05, 0.1, 0.2)] for n in (18, 30, 50)}
    assert found == {
        18: [0.603, 0.85, 0.982],
        30: [0.785, 0.958, 0.999],
        50: [0.923, 0.995, 1.0],
    }
    for population in (None, 60, 353):
        size = size_to_catch(0.9, 0.05, population)
        assert catch_power(size, 0.05, population) >= 0.9 > catch_power(size - 1, 0.05, population)
    assert size_to_catch(0.9, 0.05, 60) < size_to_catch(0.9, 0.05)
    assert size_to_catch(0.9, 0.01, 10) <= 10


def test_power_to_tell_two_arms_is_that_of_the_test_itself() -> None:
    size = size_to_tell(0.9, 0.5, 0.05)
    assert difference_power(size, 0.5, 0.05) >= 0.9 > difference_power(size - 1, 0.5, 0.05)
    # Where nothing differs, the test rejects at most as often as it may.
    assert difference_power(40, 0.1, 0.1) <= 0.05
    assert calls_for(18, 0.6) == 30


# --- intervals


@pytest.mark.parametrize("population", [7, 20])
def test_the_exact_interval_never_misses_too_often(population: int) -> None:
    for size in range(1, population + 1):
        found = [exact_interval(hits, size, population) for hits in range(size + 1)]
        for altered in range(population + 1):
            share = altered / population
            chance = sum(
                float(hypergeom.pmf(hits, population, altered, size))
                for hits in range(max(0, size - population + altered), min(size, altered) + 1)
                if found[hits].low - 1e-12 <= share <= found[hits].high + 1e-12
            )
            assert chance >= 0.95 - 1e-9


def test_intervals_close_when_everybody_was_asked() -> None:
    for interval in (exact_interval, anytime_interval):
        whole = interval(3, 10, 10)
        assert (whole.value, whole.low, whole.high) == (0.3, 0.3, 0.3)
        nothing = interval(0, 0, 10)
        assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)
        with pytest.raises(ValueError, match="cannot be"):
            interval(5, 4, 10)


def test_the_interval_holds_at_every_look_together() -> None:
    """Looking after each of 60 answers misses the truth in at most 5 % of all rounds."""
    rng = np.random.default_rng(20261126)
    population, size, rounds = 150, 40, 400

    def misses(interval: Callable[[int, int, int], Interval], altered: int) -> int:
        share = altered / population
        held = [
            [abs(i.low + i.high - 2 * share) <= i.high - i.low + 1e-9 for i in row]
            for row in (
                [interval(hits, n, population) for hits in range(n + 1)] for n in range(1, size + 1)
            )
        ]
        missed = 0
        for _ in range(rounds):
            hits = np.cumsum(rng.permutation(population)[:size] < altered)
            missed += not all(held[n][int(hits[n])] for n in range(size))
        return missed

    most = binom.ppf(0.999, rounds, 0.05)
    for altered in (0, 6, 45, 75):
        assert misses(anytime_interval, altered) <= most
    # Why the other interval may not be used for stopping.
    assert misses(exact_interval, 45) > most


# --- the risk limit of a tier


def _unit(records: int, satisfied_share: float, seed: int) -> tuple[np.ndarray, TierTest]:
    rng = np.random.default_rng(seed)
    good = rng.binomial(22, satisfied_share, records)
    test = TierTest.of(
        records=records,
        most=int(good.max()),
        satisfied=int(good.sum()),
        answers=22 * records,
        cut_off=Fraction(95, 100),
    )
    return good, test


@pytest.mark.parametrize(("records", "share"), [(60, 0.98), (353, 0.987), (353, 0.96)])
def test_a_wrong_tier_passes_at_most_as_often_as_the_limit_says(records: int, share: float) -> None:
    """Type I error under optional stopping: the lowest risk of the whole way counts."""
    rng = np.random.default_rng(1)
    good, test = _unit(records, share, 5)
    rounds, passed = 600, {0.05: 0, 0.2: 0}
    for _ in range(rounds):
        order = rng.permutation(records)
        lost = np.zeros(records, dtype=int)
        # Alter records until the unit is just below the cut-off, no more.
        for record in rng.permutation(records):
            lost[record] = good[record]
            if lost.sum() > test.margin:
                break
        lowest = float(risks(test, lost[order].tolist()).min())
        for limit in passed:
            passed[limit] += lowest <= limit
    for limit, count in passed.items():
        assert count <= binom.ppf(0.999, rounds, limit), limit


def test_a_right_tier_is_confirmed_without_asking_everybody() -> None:
    good, test = _unit(353, 0.987, 5)
    clean = clean_records_needed(test, 0.05)
    assert clean is not None
    # Kaplan and Markov's rule, betting all on no altered record, is the least there can be.
    least = np.log(0.05) / np.log(test.null_mean)
    assert least * 0.8 < clean < least * 1.6
    rng = np.random.default_rng(3)
    asked = []
    for _ in range(100):
        lost = np.where(rng.random(353) < 0.005, good, 0)
        found = risks(test, lost.tolist())
        asked.append(int(np.argmax(found <= 0.05)) + 1 if found.min() <= 0.05 else 353)
    assert np.median(asked) < 200


def test_edges_of_the_tier_test() -> None:
    on_the_line = TierTest.of(
        records=10, most=2, satisfied=19, answers=20, cut_off=Fraction(95, 100)
    )
    assert clean_records_needed(on_the_line, 0.05) is None
    assert risks(on_the_line, [0] * 9).tolist() == [1.0] * 9
    # A tier that begins at zero cannot be wrong: even if all were altered it stands.
    lowest = TierTest.of(records=10, most=2, satisfied=20, answers=20, cut_off=Fraction(0))
    assert risks(lowest, [2] * 3).tolist() == [0.0] * 3
    assert risks(lowest, []).size == 0
    safe = TierTest.of(records=10, most=2, satisfied=20, answers=20, cut_off=Fraction(1, 2))
    # Asking all of them proves it, whatever was bet.
    assert risks(safe, [2, 2, *[0] * 8])[-1] == 0.0
    assert risks(safe, [2] * 6 + [0] * 4)[-1] == 1.0
    assert np.all(np.diff(risks(safe, [0, 2, 0, 0, 2, 0])) <= 0)
