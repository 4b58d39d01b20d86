"""Known forms by the simulator: printed, filled and scanned like the sheets they stand beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from audit.known.disguise import Host, near_serial
from audit.known.forms import CLEAN, TAMPERED, KnownForm
from audit.known.surroundings import Surroundings
from audit.pipeline.serials import SerialRanges
from detectors.errors import UsageError
from detectors.instrument import Instrument
from scans.simulate.form import get_form, printing
from scans.simulate.page import simulate_page
from scans.simulate.pdf import pages_as_pdf
from scans.simulate.profiles import PROFILES
from scans.simulate.respondents import correct_one, random_spec, tampered_spec
from scans.simulate.spec import PageSpec, SimulatedPage

__all__ = ["draw"]

# What an inspector can see on one sheet alone, as it is done by hand.
_KINDS = ("TAY_1", "TAY_2", "TAY_3", "GHI_DE", "CAT_1", "CAT_3")
_STRENGTHS = ("gross", "moderate")


def draw(
    instrument: Instrument,
    truths: Sequence[str],
    around: Surroundings,
    folder: Path,
    rng: np.random.Generator,
) -> list[KnownForm]:
    """Draw filled forms into ``folder``, one for each of ``truths``.

    Clean ones are what honest people leave: some with a mark corrected as the form allows.

    Raises:
        UsageError: If the form has no page, or its code is one that cannot be printed.
    """
    if not instrument.pages:
        raise UsageError(f"{instrument.id} has no paper page", remedy="name a form on paper")
    rows = [] if around.custody is None else around.custody.to_dict("records")
    ranges, taken = SerialRanges(rows), set(around.serials)
    found = []
    with printing(instrument) as form:
        for number, truth in enumerate(truths, start=1):
            host = around.hosts[int(rng.integers(len(around.hosts)))]
            serial = near_serial(str(host.record["serial"] or ""), taken, ranges, rng)
            if host.record["serial"] is not None and serial is None:
                continue  # the batch has no number left: another host will do
            taken.add(str(serial))
            specs, items = _specs(form, truth, host, serial, rng)
            seed = int(rng.integers(2**31))
            pages = [simulate_page(spec, seed) for spec in specs]
            files = _written(pages, folder / f"{number:04d}", like=host.paths)
            name = f"drawn form {number}"
            found.append(KnownForm(name, tuple(files), truth, items, beside=host.record["id"]))
    return found


def _written(pages: Sequence[SimulatedPage], stem: Path, *, like: Sequence[str]) -> list[Path]:
    """The pages as the host's are kept: a picture each, or together in one PDF."""
    files = []
    for page in pages:
        path = stem.with_name(f"{stem.name}-{page.spec.page}{page.suffix}")
        path.write_bytes(page.data)
        files.append(path)
    if {PurePosixPath(name).suffix.lower() for name in like} != {".pdf"}:
        return files
    if len(like) == len(files):
        return [pages_as_pdf([path], path.with_suffix(".pdf")) for path in files]
    return [pages_as_pdf(files, stem.with_suffix(".pdf"))]


def _specs(
    form: str, truth: str, host: Host, serial: str | None, rng: np.random.Generator
) -> tuple[list[PageSpec], tuple[str, ...]]:
    """The pages of one sheet, and the items that were tampered with."""
    seed, profile = int(rng.integers(2**31)), _profile(host, rng)
    pages = get_form(form).pages
    specs = [random_spec(form, page.number, seed, profile=profile) for page in pages]
    if serial is not None:
        specs = [replace(spec, serial=serial) for spec in specs]
    rated = [n for n, page in enumerate(pages) if _ratings(form, page.number)]
    at = rated[int(rng.integers(len(rated)))]
    if truth == CLEAN:
        if rng.random() < 0.5:
            specs[at] = correct_one(specs[at], rng)
        return specs, ()
    assert truth == TAMPERED
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    strength = _STRENGTHS[int(rng.integers(len(_STRENGTHS)))]
    specs[at] = tampered_spec(specs[at], kind, rng, strength=strength)
    items = tuple(item for tamper in specs[at].tampers for item, _, _ in tamper.changes)
    # The hand of the tampered page filled the others, too.
    return [replace(spec, writer=specs[at].writer) for spec in specs], items


def _ratings(form: str, page: int) -> list[str]:
    drawn = get_form(form)
    return [name for name in drawn.page(page).items if drawn.item(name).is_rating]


def _profile(host: Host, rng: np.random.Generator) -> str:
    """A device whose pictures are of the host's kind."""
    fit = [p.name for p in PROFILES.values() if p.scan_class.value == host.scan_class]
    return fit[int(rng.integers(len(fit)))] if fit else "flatbed"
