"""What the printed patterns are worth: the same frauds on the same form, with and without them.

The form is laid out by the press, drawn from its PDF, filled and tampered with by the
simulator, scanned and checked after `calibrate` on honest sheets of the same arm, as an office
does that prints its own. Every arm has the same hands, frauds and seeds, so arms are compared
sheet by sheet.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from detectors.instrument import BoxMm, Field, Instrument, load_instrument
from detectors.instrument_toml import instrument_toml
from scans.page import PageOutcome, check_page
from scans.press.drawing import rendered, set_pdf
from scans.press.forms import shipped
from scans.press.layout import SERIAL_AT, Look, lay_out
from scans.press.pattern import KINDS
from scans.reference import Reference, builtin_reference
from scans.simulate import erase, paste, rubbing
from scans.simulate import form as simulator
from scans.simulate.dataset import random_spec, simulate_page, tampered_spec
from scans.simulate.layout import Form, PrintedPage
from scans.simulate.spec import SimulatedPage
from scans.source import PageError, read_pages
from scans.types import MarkState, Status
from tests.accuracy.images import row
from tests.accuracy.measures import Measure, Z, value_of

__all__ = ["FRAUDS", "Fraud", "careful", "measure", "press", "simulated"]

_ARMS = ("none", *(kind for kind in KINDS if kind != "none"))
_PROFILES = ("flatbed", "grey", "office_200")
_NAME = "PRESS"
_CALIBRATED_ON = 40


@dataclass(frozen=True)
class Fraud:
    """A fraud as it is done here.

    Attributes:
        kind, variant: As the simulator calls it.
        words: In the table.
        light: Share of the light print that comes off where the simulator has none of its own.
    """

    kind: str
    variant: str
    words: str
    light: float | None = None


FRAUDS = (
    Fraud("TAY_1", "gum", "pencil rubbed out, no print taken along"),
    Fraud("TAY_1", "abrasive", "ink rubbed out, 10 % of light print taken along", 0.1),
    Fraud("TAY_1", "abrasive", "ink rubbed out, 20 %", 0.2),
    Fraud("TAY_1", "abrasive", "ink rubbed out, 40 %", 0.4),
    Fraud("TAY_3", "blade", "ink scraped off, 45 %"),
    Fraud("TAY_2", "brush", "fluid"),
    Fraud("CAT_1", "strip", "strip pasted"),
    Fraud("CAT_1", "box", "box pasted"),
)


@contextmanager
def careful(fraud: Fraud) -> Iterator[None]:
    """Hands better than the simulator's best.

    Ink is gone to one part in seventy, raised fibres are burnished down, pasted paper is from the
    same sheaf and lies within a tenth of a millimetre. What comes off with the ink is not in
    the hand's power.
    """
    before = (dict(erase._RUBBING), dict(erase._SCRAPING), dict(paste._CARE), dict(rubbing._GUM))
    light = 0.4 if fraud.light is None else fraud.light
    erase._RUBBING["abrasive", "subtle"] = (0.015, 0.005, 0.8, 0.05, light)
    erase._SCRAPING["subtle"] = (0.01, 0.95, 1.0, 0.45)
    paste._CARE["subtle"] = ((0.05, 0.15), (0.05, 0.12), (1, 3), (0.1, 0.3))
    rubbing._GUM["subtle"] = (12, 0.46, 0.03, 0)
    try:
        yield
    finally:
        for table, old in zip(
            (erase._RUBBING, erase._SCRAPING, paste._CARE, rubbing._GUM), before, strict=True
        ):
            table.update(old)


def press(
    folder: Path, *, pattern: str, source: Instrument | None = None, agency: str = ""
) -> tuple[Instrument, Form]:
    """Form B, or another, laid out into ``folder``: as an instrument and for the simulator."""
    folder.mkdir(exist_ok=True)
    source = source or load_instrument(shipped("yk-b"))
    fields = ("agency", "comment", "date", "signature", "seal")
    look = Look(agency, fields=fields, pattern=pattern)
    printed = lay_out(source, look, folder / "form.toml")
    pdf = set_pdf(list(printed.drawings), printed.instrument.pages[0].size_mm, source.id)
    pages = []
    for number, page in enumerate(printed.instrument.pages):
        picture = rendered(pdf, number, 300)
        cv2.imwrite(str(page.blank), picture)
        pages.append(
            PrintedPage(
                number=page.number,
                size_mm=page.size_mm,
                print=picture,
                grids=(),
                singles=page.boxes,
                shape=printed.instrument.marks.shape,
                fields=page.fields,
                fiducials_mm=page.fiducials_mm,
                code=page.code,
                serial_at_mm=SERIAL_AT,
                date_mm=_date_of(page.fields),
            )
        )
    target = folder / "form.toml"
    target.write_text(instrument_toml(printed.instrument), encoding="utf-8")
    form = Form(
        _NAME, "1", dict(source.title), source.items, source.marks, tuple(pages), held_out=True
    )
    return load_instrument(target), form


def _date_of(fields: tuple[Field, ...]) -> tuple[BoxMm, ...]:
    """Where day, month and year are written in the date field."""
    for place in fields:
        if place.kind == "date":
            x, y, _, height = place.box_mm
            return tuple((x + dx, y, 10.0, height) for dx in (2.0, 15.0, 33.0))
    return ()


def simulated(form: Form, seed: int, fraud: tuple[str, str] | None = None) -> SimulatedPage:
    """A filled sheet of the form; the same seed is the same hand in every arm."""
    simulator._DRAW[_NAME] = lambda: form
    simulator.get_form.cache_clear()
    try:
        spec = random_spec(_NAME, 1, seed, profile=_PROFILES[seed % len(_PROFILES)], number=seed)
        if fraud is not None:
            rng = np.random.default_rng([seed, 9])
            spec = tampered_spec(spec, fraud[0], rng, variant=fraud[1], strength="subtle")
        return simulate_page(spec, seed)
    finally:
        del simulator._DRAW[_NAME]


@dataclass(eq=False)
class _Arm:
    """The form with one pattern, and what an office knows of it.

    Attributes:
        found: Fraud -> whether each of its sheets was flagged; the key ``""`` holds the honest.
    """

    name: str
    folder: Path
    instrument: Instrument
    form: Form
    reference: Reference | None = None
    found: dict[str, list[bool]] = field(default_factory=dict)

    def judge(self, page: SimulatedPage) -> PageOutcome:
        path = self.folder / f"page{page.suffix}"
        path.write_bytes(page.data)
        (raw,) = read_pages(path)
        assert not isinstance(raw, PageError)
        return check_page(raw, self.instrument, reference=self.reference)

    def calibrate(self, count: int) -> None:
        """Learn from honest sheets, as ``survey-audit calibrate`` does."""
        learnt = []
        for seed in range(70_000, 70_000 + count):
            outcome = self.judge(simulated(self.form, seed))
            if outcome.scores is not None and outcome.result.scan_class is not None:
                learnt.append((outcome.result.scan_class, outcome.scores))
        self.reference = Reference.learn(learnt, fallback=builtin_reference())

    def honest(self, count: int) -> tuple[int, int, int]:
        """Flags on other honest sheets are kept; boxes read wrong silently, asked about, all."""
        self.found[""], silent, asked, boxes = [], 0, 0, 0
        for seed in range(71_000, 71_000 + count):
            page = simulated(self.form, seed)
            result = self.judge(page).result
            if result.status is not Status.READ:
                continue
            self.found[""].append(bool(result.flagged))
            right = {(b.item, b.value): {b.state, *b.also_right} for b in page.boxes}
            boxes += len(result.readings)
            wrong = [r for r in result.readings if r.state not in right[r.item, r.value]]
            unclear = sum(r.state is MarkState.AMBIGUOUS for r in wrong)
            asked += unclear
            silent += len(wrong) - unclear
        return silent, asked, boxes

    def try_fraud(self, number: int, fraud: Fraud, count: int) -> None:
        """Whether each of ``count`` sheets is flagged; one that is not read is not found."""
        start = 72_000 + 100 * number
        with careful(fraud):
            sheets = (
                simulated(self.form, seed, (fraud.kind, fraud.variant))
                for seed in range(start, start + count)
            )
            self.found[fraud.words] = [bool(self.judge(s).result.flagged) for s in sheets]


def measure(scale: float = 1.0) -> list[Measure]:
    """Rows: honest sheets, each fraud found in each arm, and what the pattern adds."""
    honest, each = max(6, round(90 * scale)), max(2, round(24 * scale))
    rows: list[Measure] = []
    arms: list[_Arm] = []
    for name in _ARMS:
        with tempfile.TemporaryDirectory() as place:
            arm = _Arm(name, Path(place), *press(Path(place), pattern=name))
            sys.stderr.write(f"  {name}: honest\n")
            arm.calibrate(_CALIBRATED_ON)
            silent, asked, boxes = arm.honest(honest)
            clean = arm.found[""]
            rows.append(row(f"{name}: honest sheets read", len(clean), honest, ">= .99"))
            rows.append(row(f"{name}: boxes read wrong and silently", silent, boxes, "0"))
            rows.append(row(f"{name}: boxes left to a person", asked, boxes))
            rows.append(row(f"{name}: honest sheets flagged", sum(clean), len(clean), "<= .01"))
            for number, fraud in enumerate(FRAUDS):
                sys.stderr.write(f"  {name}: {fraud.words}\n")
                arm.try_fraud(number, fraud, each)
                found = arm.found[fraud.words]
                rows.append(row(f"{name}: {fraud.words}, found", sum(found), len(found)))
            arms.append(arm)
    plain, *patterned = arms
    for arm in patterned:
        for fraud in FRAUDS:
            name = f"{arm.name} against none: {fraud.words}"
            rows.append(_more(name, arm.found[fraud.words], plain.found[fraud.words]))
        every = [f.words for f in FRAUDS]
        rows.append(
            _more(f"{arm.name} against none: all", *(
                [hit for words in every for hit in one.found[words]] for one in (arm, plain)
            ))
        )  # fmt: skip
    return rows


def _more(name: str, with_it: Sequence[bool], without: Sequence[bool]) -> Measure:
    """Share found more on the same sheets, with the interval of Agresti & Min (2005)."""
    n = len(with_it)
    gained = sum(a and not b for a, b in zip(with_it, without, strict=True))
    lost = sum(b and not a for a, b in zip(with_it, without, strict=True))
    # Half a pair is added to each of the four cells.
    up, down, of = gained + 0.5, lost + 0.5, n + 2.0
    middle = (up - down) / of
    half = Z * ((up + down) - (up - down) ** 2 / of) ** 0.5 / of
    return value_of(name, (gained - lost) / n, middle - half, middle + half, n)
