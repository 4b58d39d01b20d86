"""A few of the trials of :mod:`tests.audit.crash`; ``python -m tests.audit.crash`` does many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audit.crash import FAULTS, length, trial


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    """Steps and store of a round that nobody disturbs."""
    return length(tmp_path_factory.mktemp("whole"))


def test_the_steps_are_those_of_a_whole_round(whole: tuple[int, dict[str, Any]]) -> None:
    steps, rows = whole
    assert steps > 150
    assert len(rows["records"]) > 60


@pytest.mark.parametrize("part", range(6))
def test_a_round_killed_at_any_step_ends_as_if_undisturbed(
    part: int, whole: tuple[int, dict[str, Any]], tmp_path: Path
) -> None:
    steps, rows = whole
    at = int(np.random.default_rng(part).integers(part * steps // 6, (part + 1) * steps // 6)) + 1
    found = trial(tmp_path, [(at, "kill")])
    assert found.endings[0].killed
    assert found.rows == rows


@pytest.mark.parametrize("fault", FAULTS[1:])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_fault_is_an_error_of_one_line_and_leaves_nothing_behind(
    fault: str, share: float, whole: tuple[int, dict[str, Any]], tmp_path: Path
) -> None:
    steps, rows = whole
    found = trial(tmp_path, [(round(share * steps), fault)])
    assert found.endings[0].crash is None
    assert found.endings[0].error is None or "\n" not in found.endings[0].error
    assert found.rows == rows


def test_a_round_killed_again_and_again_comes_to_its_end(
    whole: tuple[int, dict[str, Any]], tmp_path: Path
) -> None:
    steps, rows = whole
    found = trial(tmp_path, [(steps // k, "kill") for k in (9, 5, 3, 2)])
    assert found.rows == rows
