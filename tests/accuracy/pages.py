"""Pages for the lab, in parallel and the same for the same seeds.

Seeds from :data:`TUNING` up are for learning the built-in reference and for tuning; what
is measured uses seeds from :data:`MEASURING` up, and scanner profiles, a form and fraud
renderings that tuning never saw are among it.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TypeVar

import numpy as np

from detectors.instrument import Instrument, load_instrument
from scans.page import PageOutcome, check_page
from scans.reference import PageScores, Reference
from scans.simulate.controls import CONTROLS, with_control
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from scans.simulate.spec import PageSpec, SimulatedPage
from scans.source import PageError, read_pages
from scans.types import RawPage, ScanClass, Status
from scans.worker import limit_worker

__all__ = [
    *("FORM_PAGES", "MEASURING", "TUNING", "Job", "honest_jobs", "in_parallel", "instrument"),
    *("outcome_of", "scores_of", "simulated", "tampered_jobs"),
]

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".accuracy_cache" / "pages"
TUNING, MEASURING = 1_000_000, 20_000_000
FORM_PAGES = (("HL-01", 1), ("HL-01", 2), ("HL-02", 1), ("YK-01", 1))

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Job:
    """One page to make; the recipe is rebuilt from it in the worker."""

    form: str
    page: int
    profile: str
    seed: int
    control: str | None = None
    kind: str | None = None
    variant: str | None = None
    strength: str = "gross"
    scan_seed: int | None = None


def honest_jobs(
    profiles: Sequence[str],
    count: int,
    first_seed: int,
    *,
    pages: Sequence[tuple[str, int]] = FORM_PAGES,
    trouble: float = 0.0,
) -> Iterator[Job]:
    """``count`` honest pages of every form page and profile, a share of them in trouble."""
    for p, profile in enumerate(profiles):
        for f, (form, page) in enumerate(pages):
            for k in range(count):
                seed = first_seed + 100_000 * p + 10_000 * f + k
                chance = np.random.default_rng(seed)
                control = None
                if chance.random() < trouble:
                    names = [c for c in sorted(CONTROLS) if c != "phone"]
                    control = names[int(chance.integers(len(names)))]
                yield Job(form, page, profile, seed, control)


def tampered_jobs(
    kind: str, strength: str, count: int, first_seed: int, profiles: Sequence[str],
    *, variants: Sequence[str], pages: Sequence[tuple[str, int]],
) -> Iterator[Job]:  # fmt: skip
    """``count`` pages with a fraud, spread over profiles, form pages and renderings."""
    for k in range(count):
        form, page = pages[k % len(pages)]
        profile = profiles[(k // len(pages)) % len(profiles)]
        variant = variants[k % len(variants)]
        yield Job(form, page, profile, first_seed + k, None, kind, variant, strength)


def spec_of(job: Job) -> PageSpec:
    """The recipe of a job."""
    spec = random_spec(job.form, job.page, job.seed, profile=job.profile)
    chance = np.random.default_rng([job.seed, 77])
    if job.control is not None:
        spec = with_control(spec, job.control, chance)
    if job.kind is not None:
        spec = tampered_spec(spec, job.kind, chance, variant=job.variant, strength=job.strength)
    return spec


def simulated(job: Job) -> SimulatedPage:
    """The page of a job; drawn once and kept, as drawing takes five times as long as judging."""
    KEPT.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(f"{_drawing()} {job}".encode()).hexdigest()[:24]
    place = KEPT / f"{key}.page"
    if place.is_file():
        # Our own file, written below.
        kept: SimulatedPage = pickle.loads(place.read_bytes())
        return kept
    page = simulate_page(spec_of(job), job.seed, job.scan_seed)
    part = place.with_suffix(f".{os.getpid()}")
    part.write_bytes(pickle.dumps(page))
    part.replace(place)
    return page


@cache
def _drawing() -> str:
    """Hash of everything that a page's looks hang on."""
    return _hash_of((ROOT / "scans" / "simulate").glob("*.py"))


@cache
def _measuring() -> str:
    """Hash of everything that a page's scores hang on, but not what is made of them."""
    scans = ROOT / "scans"
    rooms = ("checks", "measure", "read", "register", "source")
    paths = [p for room in rooms for p in (scans / room).iterdir() if p.is_file()]
    names = (
        *("bilinear.py", "compiled.py", "halvings.py", "laid.py", "page.py", "quantiles.py"),
        *("rectify.py", "template.py", "types.py", "upright.py", "view.py"),
    )
    return _hash_of([*paths, *(scans / name for name in names)])


def _hash_of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def instrument(form: str) -> Instrument:
    """The form, written once a process."""
    folder = Path(mkdtemp(prefix="survey-audit-lab-"))
    return load_instrument(write_instrument(form, folder))


def scanned(data: bytes, suffix: str) -> RawPage:
    """The one page of a file with these bytes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"page{suffix}"
        path.write_bytes(data)
        (raw,) = list(read_pages(path))
    assert not isinstance(raw, PageError)
    return raw


def outcome_of(job: Job, reference: Reference | None) -> tuple[SimulatedPage, PageOutcome]:
    """Make, write, read and judge a page."""
    page = simulated(job)
    raw = scanned(page.data, page.suffix)
    return page, check_page(raw, instrument(job.form), reference=reference)


def scores_of(job: Job) -> tuple[ScanClass, PageScores] | None:
    """Raw scores of one page; ``None`` when it was not read. Measured once and kept."""
    key = hashlib.sha256(f"{_drawing()} {_measuring()} {job}".encode()).hexdigest()[:24]
    place = KEPT / f"{key}.scores"
    if place.is_file():
        kept = json.loads(place.read_text(encoding="utf-8"))
    else:
        _, outcome = outcome_of(job, None)
        found = outcome.result.scan_class
        read = outcome.result.status is Status.READ and outcome.scores is not None
        kept = [found.value, dict(outcome.scores or {})] if read and found is not None else None
        part = place.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(place)
    return None if kept is None else (ScanClass(kept[0]), kept[1])


def in_parallel(work: Callable[[T], R], jobs: Sequence[T], workers: int = 2) -> Iterator[R]:
    """Results of ``work`` on every job, in order, from worker processes."""
    if workers <= 1:
        yield from map(work, jobs)
        return
    # A worker takes seconds to start: one pool serves the whole lab.
    yield from _pool(workers).map(work, jobs, chunksize=4)


@cache
def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), limit_worker)
