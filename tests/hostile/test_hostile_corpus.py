"""What becomes of every file of the corpus: one clear line, under its limits, or it is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scans.workers import WorkerLimits, in_workers
from tests.hostile.box import Job, Limits, Outcome, run
from tests.hostile.corpus import CASES, Case
from tests.hostile.corpus.case import STOPPED
from tests.hostile.targets import TARGETS

# Files whose making or reading takes seconds: in the full run only (python -m tests.hostile).
SLOW = frozenset({
    "long_cell.csv", "million_columns.csv", "million_columns.json", "same_id.csv",
    "only_separators.csv", "custody_overlap.csv", "only_quotes.csv",
    "bomb.xlsx", "many_parts.xlsx", "row_of_billions.xlsx", "wide_and_long.xlsx",
    "giant_dictionary.parquet", "giant_group.parquet", "many_groups.parquet", "deep_xml.xlsx",
    "as_large_as_may_be.png", "as_large_as_may_be.tif", "scans_without_end.jpg",
    "too_much_data.png", "many_tags.tif",
    "content_bomb.pdf", "xmp_bomb.pdf", "many_pages.pdf", "many_paths.pdf", "many_notes.pdf",
    "picture_within_limit.pdf", "picture_too_long.pdf", "packed_jpeg_bomb.pdf", "deep_state.pdf",
    "forms_of_forms.pdf", "own_pattern.pdf", "calculator.pdf", "many_ends.pdf", "attachment.pdf",
    "scale_of_millions.toml", "million_items.toml", "trail_huge_line.jsonl",
    "trail_blank_lines.jsonl", "many_members.tar",
})  # fmt: skip
PAGE_MEMORY_MB = 2_500.0
STOPPED_SECONDS = 15.0


def wrong(case: Case, outcome: Outcome) -> str | None:
    """What is not as it must be, if anything."""
    expected = case.ends in (None, outcome.kind) and all(s in outcome.text for s in case.says)
    right_code = outcome.kind != "refused" or outcome.code == case.code
    if not (outcome.good and expected and right_code):
        return f"{outcome.line()} — wanted {case.ends} {case.says} {case.code}"
    return None


def check(cases: list[Case], folder: Path, seconds: float = 30.0) -> Iterator[str]:
    """What went wrong with each of these files, read in a box."""
    for pages in (False, True):
        part = [c for c in cases if (c.target == "pages") == pages and c.ends != STOPPED]
        limits = Limits(seconds, PAGE_MEMORY_MB if pages else 1_024.0)
        jobs = (Job(c.name, c.target, c.write(folder)) for c in part)
        for case, outcome in zip(part, run(jobs, limits), strict=True):
            (folder / case.name).unlink()
            found = wrong(case, outcome)
            if found is not None:
                yield found
    yield from _never_read([c for c in cases if c.ends == STOPPED], folder)


def _never_read(cases: list[Case], folder: Path) -> Iterator[str]:
    """Files that end their reader: given up by the workers of a run, each with its reason."""
    for case in cases:
        start = time.monotonic()
        limits = WorkerLimits(page_seconds=STOPPED_SECONDS)
        told = list(in_workers([case.write(folder)], _read, _given_up, workers=1, limits=limits))
        (folder / case.name).unlink()
        if len(told) != 1 or not any(told[0].startswith(way) for way in _ways(case.name)):
            yield f"{case.name} ({time.monotonic() - start:.0f} s): {told}"


def _ways(name: str) -> tuple[str, ...]:
    # Whether time or memory runs out first is a matter of the machine.
    return tuple(
        f"{name}, page 1: reading it {end}"
        for end in ("took more than", "took longer than", "killed the worker twice", "takes more")
    )


@pytest.mark.slow
@pytest.mark.parametrize("target", sorted({c.target for c in CASES}))
def test_every_file_ends_as_it_must(target: str, tmp_path: Path) -> None:
    cases = [c for c in CASES if c.target == target and c.name not in SLOW and c.ends != STOPPED]
    assert cases
    assert list(check(cases, tmp_path)) == []


def test_names_are_used_once_and_slow_ones_exist() -> None:
    names = [c.name for c in CASES]
    assert len(set(names)) == len(names)
    assert set(names) >= SLOW
    assert {c.target for c in CASES} <= set(TARGETS)


def _read(path: Path) -> list[str]:
    return [TARGETS["pages"](path)]


def _given_up(path: Path, number: int, reason: str) -> str:
    return f"{path.name}, page {number}: {reason}"


@pytest.mark.slow
def test_a_drawing_without_end_is_stopped_and_the_next_file_is_read(tmp_path: Path) -> None:
    by_name = {c.name: c for c in CASES}
    names = ["own_form.pdf", "javascript.pdf"]
    files = [by_name[name].write(tmp_path) for name in names]
    limits = WorkerLimits(page_seconds=2.0)
    told = list(in_workers(files, _read, _given_up, workers=1, limits=limits))
    # By processor time, or by the clock where the machine is busy.
    assert told[0].startswith("own_form.pdf, page 1: reading it took ")
    assert "(252, 180, 3)" in told[1]
