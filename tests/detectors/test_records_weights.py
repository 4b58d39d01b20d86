"""Which record checks may flag: no rank among peers does."""

from __future__ import annotations

from detectors.registry import Level, discover
from detectors.weights import ORDER_ONLY, RECORD_WEIGHTS


def test_checks_that_say_they_flag_nobody_cannot_flag():
    for name, check in discover(Level.RECORD).items():
        if "obody is flagged by it alone" in check.info.null_model.replace("\n", " "):
            assert name in ORDER_ONLY or RECORD_WEIGHTS.get(name) == 0.0, name


def test_every_weight_is_of_a_check():
    assert set(RECORD_WEIGHTS) | ORDER_ONLY <= set(discover(Level.RECORD))
