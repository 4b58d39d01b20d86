"""Simulated pages shared by tests: written once a session, read and judged many times."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from detectors.instrument import Instrument, load_instrument
from scans.page import PageOutcome, check_page
from scans.reference import builtin_reference
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec
from scans.simulate.spec import SimulatedPage
from scans.source import PageError, read_pages
from scans.types import RawPage


@cache
def folder() -> Path:
    return Path(mkdtemp(prefix="survey-audit-pages-"))


@cache
def form(form_id: str) -> Instrument:
    return load_instrument(write_instrument(form_id, folder() / form_id))


@cache
def honest(form_id: str, page: int, seed: int, profile: str = "flatbed") -> SimulatedPage:
    return simulate_page(random_spec(form_id, page, seed, profile=profile), seed)


def written(page: SimulatedPage, name: str) -> Path:
    path = folder() / f"{name}{page.suffix}"
    if not path.exists():
        path.write_bytes(page.data)
    return path


def raw(page: SimulatedPage, name: str) -> RawPage:
    (only,) = list(read_pages(written(page, name)))
    assert not isinstance(only, PageError)
    return only


def judged(page: SimulatedPage, name: str, *, learn: bool = False) -> PageOutcome:
    reference = None if learn else builtin_reference()
    return check_page(raw(page, name), form(page.spec.form), reference=reference)


def wrong_readings(outcome: PageOutcome, page: SimulatedPage) -> list[str]:
    """Readings that differ from the truth, as text; ambiguous is told, not wrong."""
    truth = {(box.item, box.value): box for box in page.boxes}
    wrong = []
    for reading in outcome.result.readings:
        box = truth[(reading.item, reading.value)]
        right = {box.state.value, "ambiguous", *(state.value for state in box.also_right)}
        if reading.state.value not in right:
            wrong.append(f"{reading.item}={reading.value}: {box.state} read as {reading.state}")
    return wrong


def truth_table(path: Path) -> dict[str, dict[tuple[str, str], set[str]]]:
    """File -> (item, value) -> states that are right, from a truth.csv of the real data."""
    table: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(dict)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            right = {row["state"], *row["also_right"].split("|")} - {""}
            table[row["file"]][(row["item"], row["value"])] = right
    return table


__all__ = [
    *("folder", "form", "honest", "judged", "raw", "truth_table", "written"),
    "wrong_readings",
]
