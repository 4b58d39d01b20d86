"""The real scans: every box, every refusal, every false alarm. Never used for tuning p-values."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from detectors.instrument import Instrument, load_instrument
from scans.page import check_page
from scans.reference import builtin_reference
from scans.source import PageError, expand, read_pages
from scans.types import MarkState, PageResult, RawPage, Status
from tests.accuracy.images import Row, row
from tests.accuracy.otherwise import real_otherwise
from tests.data import DATA

__all__ = ["measure"]

_FORMS = ("formscanner", "hotel", "amc")
_FOREIGN = (
    *(("formscanner", "negatives"), ("hotel", "negatives"), ("amc", "amc_formats")),
    *(("formscanner", "hotel"), ("hotel", "formscanner"), ("amc", "formscanner")),
    *(("formscanner", "amc"), ("hotel", "amc"), ("amc", "hotel")),
)
# The two sheets of amc from which boxes were removed: a sign there is right.
_ALTERED = ("201303061208_0001.tif", "201303061208_0004.tif")

# A box whose mark was half taken off, or half made, on the paper of an honest page.
_REMOVED = {"Q00003.jpg": "Q4b"}


def _judged(form: str, folder: str) -> list[tuple[Path, PageResult]]:
    instrument = load_instrument(DATA / "scans" / form / "instrument.toml")
    found = []
    for path in expand([DATA / "scans" / folder / "scans"]):
        for page in read_pages(path):
            assert not isinstance(page, PageError)
            result = check_page(page, instrument, reference=builtin_reference()).result
            found.append((path, result))
    return found


def measure() -> list[Row]:
    """Rows on the real scans; none without them."""
    if not (DATA / "scans").is_dir():
        sys.stderr.write("real scans not found (SURVEY_AUDIT_DATA): left out\n")
        return []
    rows, flagged, honest, altered = [], 0, 0, 0
    boxes = silent = doubtful = 0
    for form in _FORMS:
        truth = {}
        with (DATA / "scans" / form / "truth.csv").open(encoding="utf-8") as file:
            for line in csv.DictReader(file):
                right = {line["state"], *line["also_right"].split("|")}
                truth[(line["file"], line["item"], line["value"])] = right
        for path, result in _judged(form, form):
            for reading in result.readings:
                boxes += 1
                right = truth[(path.name, reading.item, str(reading.value))]
                if reading.state.value not in right:
                    doubtful += reading.state is MarkState.AMBIGUOUS
                    silent += reading.state is not MarkState.AMBIGUOUS
            if path.name in _ALTERED:
                altered += bool(result.flagged)
            else:
                honest += 1
                flagged += bool(result.flagged)
    rows.append(row("boxes read wrong and silently", silent, boxes, "0"))
    rows.append(row("boxes left to a person (ambiguous)", doubtful, boxes, "<= .005"))
    rows.append(row("honest pages flagged", flagged, honest, "<= .01"))
    rows.append(row("pages with removed boxes found", altered, len(_ALTERED), ">= .99"))
    refused = pages = 0
    for form, folder in _FOREIGN:
        for _, result in _judged(form, folder):
            pages += 1
            refused += result.status is Status.WRONG_FORM
    rows.append(row("pages of other forms refused", refused, pages, ">= 1"))
    return rows + real_otherwise(list(_honest()), _REMOVED, row)


def _honest() -> Iterator[tuple[RawPage, Instrument]]:
    for form in _FORMS:
        instrument = load_instrument(DATA / "scans" / form / "instrument.toml")
        for path in expand([DATA / "scans" / form / "scans"]):
            for page in read_pages(path):
                if path.name not in _ALTERED and not isinstance(page, PageError):
                    yield page, instrument
