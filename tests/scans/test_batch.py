"""Many files: order, comparison with each other, bad files, a file that kills its worker."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pytest

from scans.batch import check_files, page_files
from scans.types import PageResult, Status
from tests.scans.pages import form, honest, written


@pytest.fixture(scope="module")
def sheets():
    """Two honest sheets, and the first scanned a second time on another device."""
    from scans.simulate.page import simulate_page

    first, second = honest("HL-01", 2, 11), honest("HL-01", 2, 12)
    again = simulate_page(replace(first.spec, profile="grey"), 11, 99)
    return {
        "first": written(first, "batch-first"),
        "second": written(second, "batch-second"),
        "again": written(again, "batch-again"),
    }


def test_the_same_sheet_scanned_twice_is_found_on_both_and_nowhere_else(sheets):
    results = list(check_files(list(sheets.values()), form("HL-01")))
    kinds = [{f.detector for f in r.findings} for r in results]
    assert ["duplicate.sheet" in kind for kind in kinds] == [True, False, True]
    (finding,) = [f for f in results[0].findings if f.detector == "duplicate.sheet"]
    assert finding.matches == (f"{sheets['again']}#1",)
    assert results[0].flagged
    assert results[0].suspicion > results[1].suspicion


def test_a_copied_file_is_told_by_its_hash(sheets, tmp_path):
    copy = tmp_path / "renamed.jpg"
    shutil.copy(sheets["first"], copy)
    results = list(check_files([sheets["first"], copy], form("HL-01")))
    for result in results:
        assert "duplicate.file" in {f.detector for f in result.findings}


def test_a_file_named_twice_is_checked_once(sheets):
    results = list(check_files([sheets["first"], sheets["first"]], form("HL-01")))
    assert len(results) == 1
    assert not any(f.kind == "duplicate" for f in results[0].findings)


def test_bad_files_are_listed_with_their_reason_and_the_rest_goes_on(sheets, tmp_path):
    (tmp_path / "a-empty.jpg").write_bytes(b"")
    (tmp_path / "b-text.jpg").write_text("not a picture")
    data = sheets["first"].read_bytes()
    (tmp_path / "c-cut.jpg").write_bytes(data[: len(data) // 2])
    shutil.copy(sheets["first"], tmp_path / "d-good.jpg")
    missing = tmp_path / "missing.jpg"
    results = list(check_files([tmp_path, missing], form("HL-01")))
    # Names are texts here.
    named = {os.path.basename(r.origin.path): r for r in results}  # noqa: PTH119
    assert named["d-good.jpg"].status is Status.READ
    for name in ("a-empty.jpg", "c-cut.jpg", "missing.jpg"):
        assert named[name].status is Status.NOT_CHECKED
        assert named[name].reason
        assert "\n" not in named[name].reason
        assert named[name].severity is None
        assert named[name].flagged is None


def test_workers_give_the_same_results_in_the_same_order(sheets):
    alone = list(check_files(list(sheets.values()), form("HL-01")))
    shared = list(check_files(list(sheets.values()), form("HL-01"), jobs=2))
    assert alone == shared


def test_folders_are_walked_and_refused_entries_are_told(tmp_path, sheets):
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copy(sheets["first"], inner / "page.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = list(page_files([tmp_path]))
    told = [f for f in found if isinstance(f, PageResult)]
    assert [str(f) for f in found if not isinstance(f, PageResult)] == [str(inner / "page.jpg")]
    assert len(told) == 1
    assert told[0].status is Status.NOT_CHECKED
