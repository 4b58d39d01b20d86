"""Fusing checks: the louder check leads, silence dilutes, absence does not clear."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from scans.fusion import Fusion, Voice


def _two() -> Fusion:
    return Fusion({"sharp": Voice(0.5, 0.1), "dull": Voice(0.5, 0.8)})


def test_a_page_that_shows_nothing_is_likelier_honest() -> None:
    assert _two().log_ratio({"sharp": 0.6, "dull": 0.7}) < 0.0


def test_the_same_p_value_weighs_by_what_its_check_is_worth() -> None:
    sharp = _two().log_ratio({"sharp": 1e-4, "dull": 0.5})
    dull = _two().log_ratio({"sharp": 0.5, "dull": 1e-4})
    assert sharp > 1.5 > dull


def test_the_ratio_never_falls_with_a_smaller_p_value() -> None:
    fusion = _two()
    ratios = [fusion.log_ratio({"sharp": p, "dull": 0.3}) for p in np.geomspace(1.0, 1e-12, 60)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(ratios))


def test_a_check_that_could_not_judge_lends_its_share() -> None:
    alone = _two().log_ratio({"sharp": 1e-3})
    assert alone > _two().log_ratio({"sharp": 1e-3, "dull": 0.9})
    assert _two().log_ratio({"sharp": 1e-3, "dull": float("nan")}) == alone


def test_nothing_assessed_is_no_evidence_either_way() -> None:
    assert _two().log_ratio({}) == 0.0


def test_the_ratio_of_honest_p_values_has_mean_one() -> None:
    """Each power-law ratio integrates to 1, so the sum is an e-value (Vovk & Wang 2021)."""
    p = np.random.default_rng(3).random((40_000, 2))
    fusion = Fusion({"a": Voice(0.5, 0.6), "b": Voice(0.5, 0.7)})
    ratios = [10 ** fusion.log_ratio({"a": a, "b": b}) for a, b in p]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.03)


def test_fitting_finds_who_sees_and_how_sharply() -> None:
    chance = np.random.default_rng(5)
    pages = []
    for k in range(900):
        page = {name: float(chance.random()) for name in ("often", "rarely", "never")}
        if k % 3 or k % 15 == 0:
            page["often" if k % 15 else "rarely"] = float(10 ** -chance.uniform(2, 6))
        pages.append(page)
    voices = Fusion.fit(pages).voices
    # Drawn half way to equal shares: nine times as often is three times as loud.
    assert 4 * voices["rarely"].share > voices["often"].share > 2 * voices["rarely"].share
    assert voices["rarely"].share > voices["never"].share > 0.0
    assert voices["often"].power < 0.2


def test_a_check_that_was_missing_on_most_pages_keeps_a_voice() -> None:
    pages = [{"here": 0.5, "there": 1e-5} if k == 0 else {"here": 1e-4} for k in range(50)]
    assert Fusion.fit(pages).voices["there"].share > 0.0


def test_json_and_back() -> None:
    fusion = _two()
    assert Fusion.from_json(json.loads(json.dumps(fusion.to_json()))) == fusion
    with pytest.raises((ValueError, TypeError)):
        Fusion.from_json({"sharp": [0.5]})
