"""A small fixed part of the fuzz run; the large one is ``python -m tests.hostile.fuzz``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.fuzz import fuzz, made
from tests.hostile.seeds import KINDS
from tests.hostile.targets import TARGETS

INPUTS = 330


def test_seeds_are_good_files(tmp_path: Path) -> None:
    """A fuzz run that begins from files which nobody reads would find nothing."""
    for name, kind in KINDS.items():
        seed = kind.seeds()[0]
        path = tmp_path / f"{name}{kind.suffix}"
        path.write_bytes(seed if kind.mend is None else kind.mend(seed))
        assert TARGETS[kind.target](path)


def test_inputs_are_the_same_each_time_and_differ_from_their_seeds() -> None:
    for name in ("csv", "png", "xlsx_parts"):
        assert made(name, 1, 3) == made(name, 1, 3)
        assert len({made(name, 1, n) for n in range(10)}) >= 8


@pytest.mark.slow
def test_changed_files_are_read_or_refused_in_one_clear_line(tmp_path: Path) -> None:
    outcomes = list(fuzz(INPUTS, 20, tmp_path))
    assert [outcome.line() for outcome in outcomes if not outcome.good] == []
    assert {outcome.kind for outcome in outcomes} == {"read", "refused"}
