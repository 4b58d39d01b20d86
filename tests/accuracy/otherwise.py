"""Honest pages laid, treated and kept otherwise than a plain scan: read, and flagged by nothing.

The simulator's pages of all scanners, and the real scans. What is done to them is in
`laid.py`, `treated.py` and `refiled.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from detectors.instrument import Instrument
from scans.page import check_page
from scans.reference import builtin_reference
from scans.types import PageResult, RawPage, Status
from tests.accuracy.laid import LAID
from tests.accuracy.pages import Job, in_parallel, instrument, scanned, simulated
from tests.accuracy.refiled import REFILED, Filed, saved
from tests.accuracy.treated import TREATED, Picture

__all__ = ["WAYS", "done_to", "real_otherwise", "simulated_otherwise"]

Row = dict[str, object]
MakeRow = Callable[[str, int, int, str], Row]

WAYS = (*LAID, *TREATED, *REFILED)
"""All that is done to pages, in the words of the lab."""


def done_to(image: Picture, way: str, rng: np.random.Generator) -> Filed:
    """The file of a picture that something was done to."""
    if way in REFILED:
        return REFILED[way](image, rng)
    return saved((LAID | TREATED)[way](image, rng), rng)


def simulated_otherwise(jobs: Sequence[Job], workers: int, row: MakeRow) -> list[Row]:
    """Rows: pages read, and flagged, way by way; each way is tried on every second page."""
    rows = []
    for k, way in enumerate(WAYS):
        found = list(in_parallel(partial(_simulated, way=way), jobs[k % 2 :: 2], workers))
        read = sum(read for read, _ in found)
        rows.append(row(f"honest pages {way}: read", read, len(found), ">= .95"))
        hits = sum(flagged for _, flagged in found)
        rows.append(row(f"honest pages {way}: flagged", hits, read, "<= .01"))
    return rows


def real_otherwise(
    pages: Sequence[tuple[RawPage, Instrument]], removed: Mapping[str, str], row: MakeRow
) -> list[Row]:
    """Rows: the same of real pages, all ways together.

    Args:
        pages: The pages and their forms.
        removed: File name -> item in which part of a mark was taken off on the paper: a sign there
            is right, and counted by itself.
        row: Makes a row.
    """
    found = [(name, result) for name, result in _real(pages) if result.status is Status.READ]
    name = "honest pages laid, treated and kept otherwise"
    told = [(file, {f.item for f in result.findings}) for file, result in found if result.flagged]
    right = [items == {removed.get(file)} for file, items in told]
    there = sum(file in removed for file, _ in found)
    return [
        row(f"{name}: read", len(found), len(pages) * len(WAYS)),
        row(f"{name}: flagged", len(told) - sum(right), len(found), "<= .01"),
        row(f"{name}: flagged for a mark half taken off on the paper", sum(right), there),
    ]


def _simulated(job: Job, way: str) -> tuple[bool, bool]:
    """Whether the page is read, and flagged."""
    page = simulated(job)
    rng = np.random.default_rng([job.seed, *way.encode()])
    filed = done_to(scanned(page.data, page.suffix).image, way, rng)
    result = _result(filed, instrument(job.form))
    return result.status is Status.READ, bool(result.flagged)


def _real(pages: Sequence[tuple[RawPage, Instrument]]) -> Iterator[tuple[str, PageResult]]:
    for page, form in pages:
        name = page.origin.path.rpartition("/")[2]
        for way in WAYS:
            rng = np.random.default_rng([*name.encode(), *way.encode()])
            yield name, _result(done_to(page.image, way, rng), form)


def _result(filed: Filed, form: Instrument) -> PageResult:
    return check_page(scanned(*filed), form, reference=builtin_reference()).result
