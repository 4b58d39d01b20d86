"""The image checks on sheets of the second maker, after learning from forty honest ones.

As a new office would: its own form, its own scanner, ``calibrate`` on 40 pages, then
``check``. No check was made or fitted with this maker.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from detectors.instrument import Instrument, load_instrument
from scans.page import PageOutcome, check_page
from scans.reference import Reference, builtin_reference
from scans.source import PageError, read_pages
from scans.types import PageResult, ScanClass, Status
from tests.accuracy.images import CALIBRATION, Row, row
from tests.accuracy.pages import KEPT, in_parallel
from tests.accuracy.second_sheets import FRAUDS, Sheet, make, write_form

__all__ = ["measure"]

_OFFICES = (
    ("squares", "desk"),
    ("ovals", "desk200"),
    ("ovals", "feeder"),
    ("squares", "grey"),
    ("squares", "feeder_grey"),
    ("ovals", "two_level"),
)
# Learning takes forty pages an office whatever the scale: a small one visits the first few only.
_FEW, _SMALL = 3, 0.15
_STRENGTHS = ("gross", "moderate", "subtle")
_MEASURING = 9_100_000
_GROUPS = {
    **dict.fromkeys((ScanClass.CONTINUOUS, ScanClass.PHOTO), "continuous"),
    **dict.fromkeys((ScanClass.CLIPPED_COLOUR, ScanClass.CLIPPED_GREY), "clipped"),
    ScanClass.BITONAL: "1-bit",
}
_TARGETS: dict[tuple[str, str], tuple[float | None, ...]] = {
    ("erase", "continuous"): (0.97, 0.90, 0.60),
    ("fluid", "continuous"): (0.97, 0.90, 0.60),
    ("fill", "clipped"): (0.95, None, None),
    ("clone", "clipped"): (0.95, None, None),
    ("copy", "clipped"): (0.95, None, None),
    ("splice", "clipped"): (0.95, None, None),
    ("paste", "continuous"): (0.95, 0.80, None),
    ("paste", "clipped"): (0.95, 0.80, None),
}


@dataclass(frozen=True)
class _Job:
    form: str
    device: str
    seed: int
    fraud: str | None = None
    strength: str = "gross"


@dataclass(frozen=True)
class _Found:
    job: _Job
    scan_class: ScanClass | None
    read: bool
    flagged: bool
    placed: bool
    detectors: tuple[str, ...]


def _sheet(job: _Job) -> Sheet:
    """The sheet of a job, made once and kept."""
    KEPT.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(_source() + repr(job).encode()).hexdigest()[:24]
    place = KEPT / f"{key}.sheet"
    if not place.is_file():
        made = make(job.form, job.device, job.seed, job.fraud, job.strength)
        part = place.with_suffix(f".{hashlib.sha256(repr(job).encode()).hexdigest()[:8]}")
        part.write_bytes(pickle.dumps(made))
        part.replace(place)
    kept: Sheet = pickle.loads(place.read_bytes())
    return kept


@cache
def _source() -> bytes:
    """Everything that a sheet's looks hang on."""
    made_by = ("forms", "hands", "paper", "frauds", "scanners", "sheets")
    here = Path(__file__)
    return b"".join(here.with_name(f"second_{name}.py").read_bytes() for name in made_by)


@cache
def _form(name: str) -> Instrument:
    return load_instrument(write_form(name, Path(mkdtemp(prefix="survey-audit-second-"))))


def _outcome(job: _Job, reference: Reference | None) -> tuple[Sheet, PageOutcome]:
    sheet = _sheet(job)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"page{sheet.suffix}"
        path.write_bytes(sheet.data)
        (raw,) = read_pages(path)
    assert not isinstance(raw, PageError)
    return sheet, check_page(raw, _form(job.form), reference=reference)


def _scores(job: _Job) -> tuple[ScanClass | None, dict[str, float]]:
    _, outcome = _outcome(job, None)
    return outcome.result.scan_class, dict(outcome.scores or {})


def _judged(job: _Job, reference: Reference) -> _Found:
    sheet, outcome = _outcome(job, reference)
    result = outcome.result
    return _Found(
        job,
        result.scan_class,
        result.status is Status.READ,
        bool(result.flagged),
        _on_place(result, sheet),
        tuple(sorted({f.detector for f in result.findings})),
    )


def _on_place(result: PageResult, sheet: Sheet) -> bool:
    for finding in result.findings:
        if finding.box_mm is None:
            continue
        x, y, w, h = finding.box_mm
        for px, py, pw, ph in sheet.touched:
            if x < px + pw and px < x + w and y < py + ph and py < y + h:
                return True
    return False


def measure(scale: float = 1.0, workers: int = 2) -> list[Row]:
    """Honest pages flagged and frauds found, office by office; few offices at a small scale."""
    honest: list[_Found] = []
    frauds: list[_Found] = []
    offices = _OFFICES if scale >= _SMALL else _OFFICES[:_FEW]
    for k, (form, device) in enumerate(offices):
        first = _MEASURING + 10_000 * k
        learn = [_Job(form, device, first + i) for i in range(CALIBRATION)]
        learnt = [
            (scan_class, scores)
            for scan_class, scores in in_parallel(_scores, learn, workers)
            if scan_class is not None and scores
        ]
        reference = Reference.learn(learnt, fallback=builtin_reference())
        fresh = [_Job(form, device, first + 1_000 + i) for i in range(max(12, round(60 * scale)))]
        altered = [
            _Job(form, device, first + 2_000 + 100 * f + 10 * s + i, fraud, strength)
            for f, fraud in enumerate(FRAUDS)
            for s, strength in enumerate(_STRENGTHS)
            for i in range(max(1, round(6 * scale)))
        ]
        honest += in_parallel(partial(_judged, reference=reference), fresh, workers)
        frauds += in_parallel(partial(_judged, reference=reference), altered, workers)
        sys.stderr.write(f"  second maker: {form} on {device} done\n")
    return [*_honest_rows(honest), *_fraud_rows(frauds)]


def _honest_rows(honest: Sequence[_Found]) -> list[Row]:
    read = [f for f in honest if f.read]
    rows = [row("honest pages read", len(read), len(honest), ">= .99")]
    flagged = sum(f.flagged for f in read)
    name = f"honest pages flagged after calibrating on {CALIBRATION}"
    rows.append(row(name, flagged, len(read), "<= .01"))
    return rows


def _fraud_rows(frauds: Sequence[_Found]) -> list[Row]:
    cells: dict[tuple[str, int, str], list[_Found]] = {}
    for found in frauds:
        if not found.read or found.job.fraud is None or found.scan_class is None:
            continue
        strength = _STRENGTHS.index(found.job.strength)
        group = _GROUPS.get(found.scan_class, "other")
        cells.setdefault((found.job.fraud, strength, group), []).append(found)
    rows = []
    for (fraud, strength, group), members in sorted(cells.items()):
        target = _TARGETS.get((fraud, group), (None, None, None))[strength]
        wanted = "" if target is None else f">= {target:g}"
        name = f"found: {fraud} {_STRENGTHS[strength]}, {group}"
        rows.append(row(name, sum(f.flagged for f in members), len(members), wanted))
    seen = [f for f in frauds if f.flagged]
    placed = sum(f.placed for f in seen)
    rows.append(row("evidence box on the place", placed, len(seen), ">= .90"))
    return rows


if __name__ == "__main__":
    for line in measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0):
        sys.stdout.write(f"{line['name']}: {line['value']:.3f} of {line['n']} {line['target']}\n")
