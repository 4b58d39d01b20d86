"""An exported trail: every byte of it and every line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.store import open_store
from audit.trail.acts import Act, Action
from audit.trail.canonical import canonical
from audit.trail.cursor import reading
from audit.trail.transcript import write_transcript
from audit.trail.verify import verify_file
from tests.audit.rounds import (
    clock,
)


def _small_trail(folder: Path) -> Path:
    """A trail of a few entries with a few rows, exported."""
    from tests.audit.test_store import _case

    with open_store(f"sqlite:///{folder / 's.db'}", now=clock) as store:
        _case(store)
        for name in ("anna", "bình"):
            with store.writing(Act(Action.LOGIN, clock(), name, "desk", always=True)):
                pass
    path = folder / "trail.jsonl"
    with reading(f"sqlite:///{folder / 's.db'}") as cursor:
        lines: list[str] = []
        assert write_transcript(cursor, lines.append) == 4
    path.write_text("".join(lines), "utf-8")
    return path


def test_every_flipped_byte_of_an_exported_trail_is_found_and_named(tmp_path: Path) -> None:
    path = _small_trail(tmp_path)
    good = path.read_bytes()
    assert verify_file(path).faults == []
    starts = [0] + [n + 1 for n, byte in enumerate(good) if byte == 10]
    owner: dict[int, set[str]] = {}
    for number, text in enumerate(good.splitlines(), start=1):
        data = json.loads(text)
        owner[number] = {f"line {number}"} | ({f"seq {data['seq']}"} if "seq" in data else set())
    draw = random.Random(5)
    for position in range(len(good)):
        line = sum(start <= position for start in starts)
        # a line that lost its end runs into the next
        names = owner[line] | owner.get(line + 1, {"the file ends"})
        for mask in (0x01, draw.randrange(1, 256)):
            bad = bytearray(good)
            bad[position] ^= mask
            path.write_bytes(bad)
            found = verify_file(path).faults
            assert found, f"byte {position} of {len(good)} ^ {mask:#x}"
            assert any(any(n in fault for n in names) for fault in found), (line, mask, found)


cells = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=6)
cells |= st.sampled_from(["0" * 64, "{}", '{"action":5}', "[" * 2000, "\ud800"])
lines_ = st.one_of(
    st.fixed_dictionaries({"body": cells, "hash": cells, "prev": cells, "seq": cells}),
    st.fixed_dictionaries({"digest": cells, "key": cells, "row": cells, "seq": cells}),
    st.dictionaries(st.text(max_size=4), cells, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(lines_, max_size=5), st.binary(max_size=40))
def test_whatever_a_file_holds_is_told_and_never_ends_in_an_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, Any]], tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("f") / "t.jsonl"
    text = "".join(canonical(line) + "\n" for line in [{"format": "survey-audit trail 1"}, *lines])
    path.write_bytes(text.encode() + tail)
    assert verify_file(path).faults


def test_lines_deleted_doubled_swapped_and_cut_off_are_found(tmp_path: Path) -> None:
    path = _small_trail(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        for changed in (
            lines[:number] + lines[number + 1 :],
            lines[: number + 1] + lines[number:],
            [*lines[:number], *lines[number : number + 2][::-1], *lines[number + 2 :]],
            lines[:number],
        ):
            if changed != lines:
                path.write_bytes(b"".join(changed))
                assert verify_file(path).faults
