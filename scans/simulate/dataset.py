"""Pages and sets of pages with their truth, the same for the same seed."""

from __future__ import annotations

import numpy as np

from detectors.instrument import Value
from scans.simulate.encode import encode_scan
from scans.simulate.fill import fill, printed_sheet
from scans.simulate.form import get_form
from scans.simulate.layout import PrintedPage
from scans.simulate.profiles import get_profile
from scans.simulate.scanner import scan
from scans.simulate.serial import make_serial
from scans.simulate.spec import BoxTruth, PageSpec, SimulatedPage
from scans.simulate.writer import some_writer
from scans.types import MarkState

__all__ = ["random_spec", "simulate_page"]


def random_spec(
    form_id: str, page: int, seed: int, *, profile: str = "flatbed", number: int | None = None
) -> PageSpec:
    """An honest respondent drawn at random; both pages of a seed are by the same hand.

    Args:
        form_id: Form.
        page: Page number.
        seed: Of the respondent.
        profile: Device.
        number: Running number of the sheet; drawn if ``None``.
    """
    form = get_form(form_id)
    person = np.random.default_rng([seed, 1])
    writer = some_writer(person, style=form.marks.style)
    drawn = int(person.integers(1, 900_000))
    rng = np.random.default_rng([seed, 2, page])
    answers: dict[str, Value] = {}
    corrections: dict[str, Value] = {}
    generous = rng.beta(6, 1.2)
    for name in form.page(page).items:
        item = form.item(name)
        values = list(item.ordered_scale)
        if rng.random() < 0.015:
            continue
        if item.not_applicable is not None and rng.random() < 0.7:
            answers[name] = item.not_applicable
            continue
        if item.is_rating:
            top = [0.006, 0.012, 0.035, 0.35, 0.597][-len(values) :]
            low = [0.1, 0.15, 0.3, 0.3, 0.15][-len(values) :]
            chance = np.array(top) if rng.random() < generous else np.array(low)
        else:
            chance = np.ones(len(values))
        answers[name] = values[int(rng.choice(len(values), p=chance / chance.sum()))]
    if rng.random() < 0.04:
        name = str(rng.choice(sorted(answers)))
        others = [v for v in form.item(name).scale if v != answers[name]]
        corrections[name] = others[int(rng.integers(len(others)))]
    return PageSpec(
        form=form_id,
        page=page,
        serial=make_serial(drawn if number is None else number),
        writer=writer,
        answers=answers,
        corrections=corrections,
        profile=profile,
        comment_lines=int(rng.integers(1, 4)) if rng.random() < 0.25 else 0,
        date=f"{rng.integers(1, 29)}/{rng.integers(1, 13)}/23",
        signed=bool(rng.random() < 0.7) or form_id == "YK-01",
        seal=int(person.integers(4)) if form_id == "YK-01" else None,
    )


def simulate_page(spec: PageSpec, seed: int, scan_seed: int | None = None) -> SimulatedPage:
    """Print, fill, scan and write one page.

    Args:
        spec: What to make.
        seed: Of the sheet: paper, hand, frauds on paper. The same seed and ``spec`` make the
            same sheet, so another ``scan_seed`` or profile is the same sheet scanned again.
        scan_seed: Of the device and the file; ``None`` is ``seed``.
    """
    form = get_form(spec.form)
    page = form.page(spec.page)
    rng = np.random.default_rng([seed, 11])
    sheet = printed_sheet(form, page, spec, rng)
    truth = fill(sheet, form, page, spec, rng)
    device = np.random.default_rng([seed if scan_seed is None else scan_seed, 12])
    profile = get_profile(spec.profile)
    scanned = scan(sheet, profile, device)
    encoded = encode_scan(scanned.image, profile, device)
    answers: dict[str, Value | None] = {item: spec.answers.get(item) for item in page.items}
    own = page.code is not None and page.code.role == "serial"
    return SimulatedPage(
        data=encoded.data,
        suffix=encoded.suffix,
        spec=spec,
        answers=answers,
        boxes=_all_boxes(page, truth),
        tampers=(),
        mapping=scanned.mapping,
        serial=(spec.code_text or spec.serial) if own else None,
    )


def _all_boxes(page: PrintedPage, truth: dict[tuple[str, Value], BoxTruth]) -> tuple[BoxTruth, ...]:
    return tuple(
        truth.get((b.item, b.value), BoxTruth(b.item, b.value, MarkState.EMPTY)) for b in page.boxes
    )
