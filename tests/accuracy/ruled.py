"""Ruled tables whose cells are the answer boxes: reading, false flags and frauds found.

Every office has a form and a scanner of its own. Forty of its pages are judged with the built-in
reference, others with what ``calibrate`` learns from those forty. Nothing is shared with the
simulator; what was mended after a look at these seeds is told on the page.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np

from detectors.instrument import Instrument, load_instrument
from scans.page import PageOutcome, check_page
from scans.reference import Reference, builtin_reference
from scans.source import PageError, read_pages
from scans.types import MarkState, PageResult, ScanClass, Status
from tests.accuracy.images import CALIBRATION, Row, row
from tests.accuracy.pages import KEPT, in_parallel
from tests.accuracy.ruled_forms import Form, Place, write_form
from tests.accuracy.ruled_frauds import IN_FILE, ON_PAPER, in_file, on_paper
from tests.accuracy.ruled_scanners import DEVICES, reopened, scanned, written
from tests.accuracy.ruled_sheets import Key, Sheet

__all__ = ["Job", "Judged", "Page", "jobs", "judge", "made", "measure"]

OFFICES = (
    ("plain", "glass"),
    ("worded", "feeder"),
    ("uneven", "grey feeder"),
    ("numbered", "copier"),
    ("plain", "two levels"),
    ("uneven", "telephone"),
)
# Learning takes forty pages an office whatever the scale: a small one visits the first few only.
FEW, SMALL = 2, 0.15
MEASURING = 6_400_000
FRESH, ALTERED = 16, 3
_GROUPS = {
    ScanClass.CONTINUOUS: "continuous",
    ScanClass.PHOTO: "photo",
    ScanClass.CLIPPED_COLOUR: "clipped",
    ScanClass.CLIPPED_GREY: "clipped",
    ScanClass.BITONAL: "1-bit",
}
# A telephone's picture is altered on paper only: nobody edits what can be photographed again.
_NOT_DONE = {("telephone", fraud) for fraud in IN_FILE}
_TARGETS = {
    ("rubbed out", "continuous"): ">= .9",
    ("white fluid", "continuous"): ">= .9",
    ("glued row", "continuous"): ">= .8",
    ("glued row", "clipped"): ">= .8",
    ("painted out", "clipped"): ">= .95",
    ("empty cell laid over", "clipped"): ">= .95",
    ("mark copied", "clipped"): ">= .95",
}


@dataclass(frozen=True)
class Job:
    """One page to make."""

    kind: str
    form_seed: int
    device: str
    seed: int
    fraud: str | None = None


@dataclass(frozen=True, eq=False)
class Page:
    """A file and what is true of it.

    Attributes:
        data: Bytes of the file.
        suffix: Of its name.
        states: State of each cell that holds ink, by row and value from 0.
        touched: Altered places in mm; empty on an honest page.
    """

    data: bytes
    suffix: str
    states: dict[Key, MarkState]
    touched: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What the lab keeps of a page.

    Attributes:
        wrong: Boxes read otherwise than they are, without a doubt told.
        unasked: Those of them in an item without any doubt told.
        asked: Boxes left to a person.
    """

    job: Job
    scan_class: ScanClass | None
    flagged: bool
    detectors: tuple[str, ...]
    placed: bool
    boxes: int
    wrong: int
    unasked: int
    asked: int


def made(job: Job) -> Page:
    """The page of a job, made once and kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(_source() + repr(job).encode()).hexdigest()[:24]
    place = KEPT / f"{key}.ruled"
    if not place.is_file():
        part = place.with_suffix(f".{job.seed}")
        part.write_bytes(pickle.dumps(_make(job)))
        part.replace(place)
    kept: Page = pickle.loads(place.read_bytes())
    return kept


@cache
def _source() -> bytes:
    """Everything that a page's looks hang on."""
    made_by = ("forms", "hands", "sheets", "frauds", "scanners")
    here = Path(__file__)
    return b"".join(here.with_name(f"ruled_{name}.py").read_bytes() for name in made_by)


def _make(job: Job) -> Page:
    form, device = Form.of(job.kind, job.form_seed), DEVICES[job.device]
    sheet = Sheet(form, job.seed)
    chance = np.random.default_rng([job.seed, 64])
    if job.fraud in IN_FILE:
        shot = reopened(scanned(sheet.picture(), device, chance), device, chance)
        touched = in_file(shot, sheet, job.fraud)
        data, suffix = written(shot, device, chance, int(chance.integers(85, 96)))
        return Page(data, suffix, sheet.states, tuple(touched))
    picture, places = (sheet.picture(), []) if job.fraud is None else on_paper(sheet, job.fraud)
    data, suffix = written(scanned(picture, device, chance), device, chance)
    return Page(data, suffix, sheet.states, tuple(places))


@cache
def _instrument(kind: str, seed: int) -> Instrument:
    folder = Path(mkdtemp(prefix="survey-audit-ruled-"))
    return load_instrument(write_form(Form.of(kind, seed), folder))


def _outcome(page: Page, job: Job, reference: Reference | None) -> PageOutcome:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"page{page.suffix}"
        path.write_bytes(page.data)
        (raw,) = read_pages(path)
    assert not isinstance(raw, PageError)
    return check_page(raw, _instrument(job.kind, job.form_seed), reference=reference)


def judge(job: Job, reference: Reference) -> Judged:
    """Make a page and judge it."""
    page = made(job)
    outcome = _outcome(page, job, reference)
    return _held_against(page, job, outcome)


def _learnt(job: Job) -> tuple[Judged, dict[str, float]]:
    """A page judged with the built-in reference, and its scores."""
    page = made(job)
    outcome = _outcome(page, job, builtin_reference())
    return _held_against(page, job, outcome), dict(outcome.scores or {})


def _held_against(page: Page, job: Job, outcome: PageOutcome) -> Judged:
    result = outcome.result
    wrong = asked = unasked = 0
    doubted = {r.item for r in result.readings if r.state is MarkState.AMBIGUOUS}
    for reading in result.readings:
        key = (int(reading.item[1:]) - 1, int(reading.value) - 1)
        if reading.state is MarkState.AMBIGUOUS:
            asked += 1
        elif reading.state is not page.states.get(key, MarkState.EMPTY):
            wrong += 1
            unasked += reading.item not in doubted
    return Judged(
        job=job,
        scan_class=result.scan_class if result.status is Status.READ else None,
        flagged=bool(result.flagged),
        detectors=tuple(sorted({f.detector for f in result.findings})),
        placed=_on_place(result, page.touched),
        boxes=len(result.readings),
        wrong=wrong,
        unasked=unasked,
        asked=asked,
    )


def _on_place(result: PageResult, touched: Sequence[Place]) -> bool:
    for finding in result.findings:
        if finding.box_mm is None:
            continue
        x, y, w, h = finding.box_mm
        for px, py, pw, ph in touched:
            if x < px + pw and px < x + w and y < py + ph and py < y + h:
                return True
    return False


def jobs(office: int, scale: float = 1.0) -> tuple[list[Job], list[Job], list[Job]]:
    """Pages of an office: to learn from, fresh honest ones, altered ones."""
    kind, device = OFFICES[office]
    first = MEASURING + 10_000 * office
    learn = [Job(kind, first, device, first + i) for i in range(CALIBRATION)]
    fresh = [Job(kind, first, device, first + 1_000 + i) for i in range(_count(FRESH, scale))]
    altered = [
        Job(kind, first, device, first + 2_000 + 100 * f + i, fraud)
        for f, fraud in enumerate((*ON_PAPER, *IN_FILE))
        for i in range(_count(ALTERED, scale))
        if (device, fraud) not in _NOT_DONE
    ]
    return learn, fresh, altered


def _count(n: int, scale: float) -> int:
    return max(1, round(n * scale))


def measure(scale: float = 1.0, workers: int = 2) -> list[Row]:
    """All rows, office by office; few offices at a small scale."""
    honest: list[Judged] = []
    calibrated: list[Judged] = []
    frauds: list[Judged] = []
    for office in range(len(OFFICES) if scale >= SMALL else FEW):
        learn, fresh, altered = jobs(office, scale)
        known = list(in_parallel(_learnt, learn, workers))
        own = Reference.learn(
            [(j.scan_class, scores) for j, scores in known if j.scan_class and scores],
            fallback=builtin_reference(),
        )
        honest += [judged for judged, _ in known]
        calibrated += in_parallel(partial(judge, reference=own), fresh, workers)
        frauds += in_parallel(partial(judge, reference=own), altered, workers)
        sys.stderr.write(f"  ruled tables: {' on '.join(OFFICES[office])} done\n")
    return [*_honest_rows(honest, calibrated), *_fraud_rows(frauds)]


def _honest_rows(honest: Sequence[Judged], calibrated: Sequence[Judged]) -> list[Row]:
    every = [*honest, *calibrated]
    read = [j for j in every if j.scan_class]
    rows = [row("honest pages read", len(read), len(every), ">= .99")]
    rows += _flagged("built-in reference", honest)
    rows += _flagged(f"after calibrating on {CALIBRATION}", calibrated)
    boxes = sum(j.boxes for j in read)
    rows.append(row("boxes read wrong and silently", sum(j.wrong for j in read), boxes, "0"))
    rows.append(row("… in an item that no person sees", sum(j.unasked for j in read), boxes, "0"))
    asked = sum(j.asked for j in read)
    rows.append(row("boxes left to a person (ambiguous)", asked, boxes, "<= .005"))
    return rows


def _flagged(how: str, honest: Sequence[Judged]) -> Iterator[Row]:
    read = [j for j in honest if j.scan_class]
    yield row(f"honest pages flagged, {how}", sum(j.flagged for j in read), len(read), "<= .01")
    for group, members in _by_group(read).items():
        flagged = sum(j.flagged for j in members)
        yield row(f"honest pages flagged, {how}, {group}", flagged, len(members))


def _by_group(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        if one.scan_class is not None:
            groups.setdefault(_GROUPS.get(one.scan_class, "other"), []).append(one)
    return groups


def _fraud_rows(frauds: Sequence[Judged]) -> list[Row]:
    rows = []
    for fraud in (*ON_PAPER, *IN_FILE):
        for group, members in _by_group([j for j in frauds if j.job.fraud == fraud]).items():
            target = _TARGETS.get((fraud, group), "")
            found = sum(j.flagged for j in members)
            rows.append(row(f"found: {fraud}, {group}", found, len(members), target))
    seen = [j for j in frauds if j.flagged]
    placed = sum(j.placed for j in seen)
    rows.append(row("evidence box overlaps the altered place", placed, len(seen), ">= .90"))
    return rows
