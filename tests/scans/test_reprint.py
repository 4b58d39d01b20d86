"""Sheets printed otherwise than their blank, and what one page is beside others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from detectors.finding import Family, Finding, Message, Severity
from scans.judgement import among, fuse
from scans.reprint import CHECK, OTHER_PRINT, Sheet, otherwise_printed
from scans.types import Origin, PageResult, Status

RATE = 0.01


def sign(
    detector: str = CHECK, place: float = 60.0, lost: float | None = 1.0, p: float = 1e-4
) -> Finding:
    return Finding(
        detector=detector,
        family=Family.IMAGE,
        kind="erasure",
        score=9.0,
        p_value=p,
        severity=Severity.RED,
        message=Message("Dấu hiệu che phủ.", "Signs of covering."),
        box_mm=(place, 85.0, 5.0, 5.0),
        evidence={} if lost is None else {"print_lost": lost},
    )


def sheets(count: int, *signs: Finding, folder: str = "lot") -> list[Sheet]:
    return [Sheet(f"{folder}/{k:03}.jpg", 1, signs) for k in range(count)]


def test_what_all_sheets_of_a_batch_lack_was_never_printed() -> None:
    batch = sheets(8, sign(place=60.0, lost=0.97), sign(place=65.0, lost=0.93))
    other = sheets(8, folder="other")
    assert otherwise_printed([*batch, *other]) == set(range(8))


def test_half_of_a_batch_printed_otherwise_is_enough_and_the_rest_stay_clean() -> None:
    assert otherwise_printed([*sheets(10, sign()), *sheets(10)]) == set(range(10))
    assert otherwise_printed([*sheets(9, sign()), *sheets(11)]) == set()


@pytest.mark.parametrize("count", [1, 7])
def test_a_few_sheets_show_no_habit(count: int) -> None:
    assert otherwise_printed(sheets(count, sign())) == set()


def test_fluid_lies_now_here_now_there_and_now_takes_more_now_less() -> None:
    rng = np.random.default_rng(4)
    here_and_there = [
        Sheet(f"lot/{k:03}.jpg", 1, [sign(place=float(5 * rng.integers(8, 30)))]) for k in range(40)
    ]
    assert otherwise_printed(here_and_there) == set()
    more_or_less = [
        Sheet(f"lot/{k:03}.jpg", 1, [sign(lost=float(rng.uniform(0.3, 1.0)))]) for k in range(40)
    ]
    assert otherwise_printed(more_or_less) == set()


def test_boxes_without_outline_and_other_checks_are_not_explained() -> None:
    assert otherwise_printed(sheets(20, sign(lost=None))) == set()
    assert otherwise_printed(sheets(20, sign(detector="erasure.residue"))) == set()


def test_where_boxes_lost_their_outline_something_lies_on_them() -> None:
    batch = sheets(20, sign(), sign(lost=None))
    assert otherwise_printed(batch) == set()
    assert otherwise_printed([*sheets(20, sign()), *batch[:3]]) == set(range(20))


def test_pages_of_the_form_are_batches_of_their_own() -> None:
    front = [Sheet(f"lot/{k}.jpg", 1, [sign()]) for k in range(7)]
    back = [Sheet(f"lot/{k}.jpg", 2, [sign()]) for k in range(7)]
    assert otherwise_printed([*front, *back]) == set()


def judged(*findings: Finding, p: float | None = 1e-6) -> PageResult:
    origin = Origin("lot/1.jpg", "0" * 64, 1, "image/jpeg")
    page = PageResult(origin, Status.READ, None, form_page=1, not_assessable={"a": "b"})
    return fuse(page, findings, p, RATE)


def seen(page: PageResult, missing: Mapping[str, str], *matches: Finding) -> PageResult:
    return among(page, matches, missing, RATE)


def test_a_page_that_nothing_else_flagged_is_not_judged_and_not_clean() -> None:
    page = seen(judged(sign()), {CHECK: OTHER_PRINT})
    assert (page.flagged, page.suspicion, page.severity) == (None, None, None)
    assert page.findings == ()
    assert page.not_assessable == {"a": "b", CHECK: OTHER_PRINT}


def test_what_flags_without_it_stays() -> None:
    other = sign(detector="erasure.residue", lost=None)
    page = seen(judged(sign(), other), {CHECK: OTHER_PRINT})
    assert page.flagged is True
    assert [f.detector for f in page.findings] == ["erasure.residue"]
    assert page.suspicion == pytest.approx(1 - RATE)
    lead = sign(detector="metadata.batch", lost=None, p=0.05)
    assert seen(judged(sign(), lead), {CHECK: OTHER_PRINT}).flagged is None


def test_a_clean_page_of_which_a_check_of_its_batch_says_nothing_stays_clean() -> None:
    page = seen(judged(p=0.4), {"metadata.scanner": "fewer than 20 pages in the batch"})
    assert page.flagged is False
    assert page.suspicion == pytest.approx(0.6)
    assert page.not_assessable["metadata.scanner"] == "fewer than 20 pages in the batch"
