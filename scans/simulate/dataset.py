"""Sets of pages with their truth, the same for the same seed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from detectors.errors import AccessError, UsageError
from detectors.instrument import BoxMm
from scans.simulate.controls import CONTROLS, with_control
from scans.simulate.encode import Resave
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.profiles import get_profile
from scans.simulate.respondents import random_spec, tampered_spec
from scans.simulate.spec import PageSpec, SimulatedPage
from scans.simulate.tamper import DIGITAL

__all__ = [
    "random_spec",
    "simulate_page",
    "simulate_set",
    "tampered_spec",
    "with_control",
    "write_instrument",
    "write_set",
]

TRUTH_COLUMNS = ("file", "page", "item", "value", "state", "also_right", "note")
TAMPER_COLUMNS = (
    *("file", "page", "kind", "variant", "strength", "part", "item", "field"),
    *("box_mm", "from", "to"),
)
PAGE_COLUMNS = (
    *("file", "page", "form", "form_page", "serial", "profile", "scan_class"),
    *("controls", "tampered"),
)


def simulate_set(
    form_id: str,
    n: int,
    seed: int,
    *,
    page: int = 1,
    profiles: Sequence[str] = ("flatbed",),
    tampered: float = 0.0,
    kinds: Sequence[tuple[str, str | None, str]] = (),
    controls: float = 0.0,
    control_kinds: Sequence[str] = CONTROLS,
    resaved: float = 0.0,
) -> Iterator[SimulatedPage]:
    """Pages of one form page, made one after the other.

    Args:
        form_id: Form.
        n: How many pages.
        seed: Page ``i`` depends on ``seed`` and ``i`` only, so a longer set begins with the
            shorter one.
        page: Page number.
        profiles: Devices, in turn.
        tampered: Share of pages with a fraud.
        kinds: Frauds to choose from: kind, variant (``None`` is any not held out), strength.
        controls: Share of the honest pages with honest trouble.
        control_kinds: Troubles to choose from.
        resaved: Share of honest pages opened and saved again, as frauds in the file are.

    Raises:
        UsageError: For an unknown name, or frauds wanted and none named.
    """
    if tampered > 0 and not kinds:
        raise UsageError("pages are to be tampered with, but no kind of fraud is named")
    for i in range(n):
        rng = np.random.default_rng([seed, i, 3])
        own = int(rng.integers(2**31))
        spec = random_spec(form_id, page, own, profile=profiles[i % len(profiles)], number=i + 1)
        if rng.random() < tampered:
            kind, variant, strength = kinds[int(rng.integers(len(kinds)))]
            spec = tampered_spec(spec, kind, rng, variant=variant, strength=strength)
        elif rng.random() < controls:
            control = str(control_kinds[int(rng.integers(len(control_kinds)))])
            spec = with_control(spec, control, rng)
        if not spec.tampers and rng.random() < resaved:
            spec = with_control(spec, "resaved", rng)
        if spec.resave is None and (spec.tampers or "resaved" in spec.controls):
            spec = _saved_again(spec, rng)
        yield simulate_page(spec, own)


def _saved_again(spec: PageSpec, rng: np.random.Generator) -> PageSpec:
    """How an editor saves: the same choices for honest and other pages."""
    if not any(t.kind in DIGITAL for t in spec.tampers) and "resaved" not in spec.controls:
        return spec
    encoding = "png" if rng.random() < 0.15 else "jpeg"
    return replace(spec, resave=Resave(encoding, int(rng.integers(80, 97))))


def write_set(pages: Iterable[SimulatedPage], folder: str | Path, *, prefix: str = "scan") -> Path:
    """Write files with ``truth.csv``, ``tampers.csv`` and ``pages.csv`` beside them.

    Args:
        pages: Taken one by one, never all in memory.
        folder: Made if it is not there.
        prefix: Of the file names.

    Returns:
        The folder.

    Raises:
        AccessError: If it cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            (folder / "truth.csv").open("w", encoding="utf-8", newline="") as truth_file,
            (folder / "tampers.csv").open("w", encoding="utf-8", newline="") as tamper_file,
            (folder / "pages.csv").open("w", encoding="utf-8", newline="") as page_file,
        ):
            truth, tampers, listing = (csv.writer(f) for f in (truth_file, tamper_file, page_file))
            truth.writerow(TRUTH_COLUMNS)
            tampers.writerow(TAMPER_COLUMNS)
            listing.writerow(PAGE_COLUMNS)
            for number, page in enumerate(pages, start=1):
                name = f"{prefix}-{number:05d}{page.suffix}"
                (folder / name).write_bytes(page.data)
                truth.writerows(_truth_rows(name, page))
                tampers.writerows(_tamper_rows(name, page))
                listing.writerow(_page_row(name, page))
    except OSError as error:
        raise AccessError(
            f"simulated pages cannot be written ({error.strerror})", where=str(folder)
        ) from error
    return folder


def _truth_rows(name: str, page: SimulatedPage) -> Iterator[tuple[object, ...]]:
    for box in page.boxes:
        also = "|".join(box.also_right)
        yield (name, 1, box.item, box.value, box.state.value, also, box.note)


def _tamper_rows(name: str, page: SimulatedPage) -> Iterator[tuple[object, ...]]:
    for t in page.tampers:
        yield (
            *(name, 1, t.kind, t.variant, t.strength, t.part, t.item or "", t.field or ""),
            *(_numbers(t.box_mm), "" if t.before is None else t.before),
            "" if t.after is None else t.after,
        )


def _page_row(name: str, page: SimulatedPage) -> tuple[object, ...]:
    spec = page.spec
    return (
        *(name, 1, spec.form, spec.page, page.serial or "", spec.profile),
        get_profile(spec.profile).scan_class.value,
        "|".join(spec.controls),
        "true" if page.tampers else "false",
    )


def _numbers(box: BoxMm) -> str:
    return " ".join(f"{value:.2f}" for value in box)
