"""The demo round: a made-up province with scanned forms, ratings, frauds and their truth.

Everything in it is simulated and says so. Truth is written beside it, in ``truth/``, where
no check looks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit.demo_results import write_results
from audit.scoring.rules import shipped_rules
from detectors.errors import AccessError

if TYPE_CHECKING:
    from scans.simulate.spec import PageSpec, SimulatedPage

__all__ = ["make_demo"]

SEED = 20_260_701
UNITS = 12
RECORDS = 60
SHEETS = 5
_FORM = "HL-01"
_FRAUDS: tuple[tuple[int, int, str, str], ...] = (
    # unit, sheet, kind, strength: one unit erases, another cuts and pastes.
    (1, 0, "TAY_2", "gross"),
    (1, 1, "TAY_1", "gross"),
    (1, 3, "TAY_2", "moderate"),
    (2, 1, "CAT_1", "gross"),
    (2, 2, "CAT_3", "gross"),
)
_SCANNED_TWICE = (2, 4)
_CORRECTED = (0, 2)

_CONFIG = """\
# Kỳ khảo sát giả lập · A simulated round, made by `survey-audit demo`.
language = "vi"
false_flag_rate = 0.01
jobs = 0
seed = 7

[round]
id = "demo-2026-Q3"
title = {{ vi = "Kỳ khảo sát mẫu (dữ liệu giả lập)", en = "Demo survey (simulated data)" }}
from = {start}
to = {end}

[[instrument]]
file = "instruments/HL-01/instrument.toml"
previous = "previous.csv"
respondent = "D1"
field = "D7"

[collection]
complaints = "complaints.csv"
"""


@dataclass(frozen=True)
class _Sheet:
    unit: str
    name: str
    pages: tuple[PageSpec, ...]
    seed: int
    scan_seed: int | None = None


def make_demo(
    folder: Path,
    *,
    progress: Callable[[Iterable[_Sheet]], Iterable[_Sheet]] = lambda sheets: sheets,
) -> bool:
    """Make the demo round in ``folder``; one that is whole is left alone.

    The configuration is written last, so a folder with one is whole.

    Returns:
        Whether anything was made.

    Raises:
        AccessError: If the folder cannot be written.
    """
    if (folder / "audit.toml").exists():
        return False
    try:
        _make(folder, progress)
    except OSError as error:
        raise AccessError(
            f"the demo cannot be made ({error.strerror})",
            where=str(error.filename or folder),
            remedy="choose a folder that you may write to",
        ) from error
    return True


def _make(folder: Path, progress: Callable[[Iterable[_Sheet]], Iterable[_Sheet]]) -> None:
    from detectors.instrument import load_instrument
    from detectors.simulate.round import simulate_round
    from scans.simulate.dataset import write_set
    from scans.simulate.form import write_instrument
    from scans.simulate.page import simulate_page

    for part in ("inbox/scans", "inbox/responses", "instruments", "rules", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for rules in shipped_rules():
        shutil.copyfile(rules, folder / "rules" / rules.name)
    form = load_instrument(write_instrument(_FORM, folder / "instruments" / _FORM))
    made = simulate_round(SEED, UNITS, records_per_unit=RECORDS, instrument=form)
    units = made.units.copy()
    units["name"] = [f"Công an phường Mẫu {k:02d} (giả lập)" for k in range(1, len(units) + 1)]
    units.to_csv(folder / "units.csv", index=False)
    made.responses.to_csv(folder / "inbox" / "responses" / "ratings.csv", index=False)
    made.previous.to_csv(folder / "previous.csv", index=False)
    made.truth.records.to_csv(folder / "truth" / "records.csv", index=False)
    made.truth.units.to_csv(folder / "truth" / "units.csv", index=False)
    write_results(folder, made)
    names = [str(name) for name in units["unit_id"][:3]]
    for sheet in progress(list(_sheets(names))):
        pages: list[SimulatedPage] = [
            simulate_page(spec, sheet.seed, sheet.scan_seed) for spec in sheet.pages
        ]
        write_set(pages, folder / "truth" / "scans", prefix=sheet.name)
        inbox = folder / "inbox" / "scans" / sheet.unit
        inbox.mkdir(exist_ok=True)
        for number, page in enumerate(pages, start=1):
            (inbox / f"{sheet.name}-p{number}{page.suffix}").write_bytes(page.data)
    start, end = made.period
    (folder / "audit.toml").write_text(_CONFIG.format(start=start, end=end), encoding="utf-8")


def _sheets(units: list[str]) -> Iterator[_Sheet]:
    """The scanned sheets: two pages each, most of them honest."""
    import numpy as np

    from scans.simulate.respondents import correct_one, random_spec, tampered_spec

    frauds = {(unit, sheet): (kind, strength) for unit, sheet, kind, strength in _FRAUDS}
    for u, unit in enumerate(units):
        for k in range(SHEETS):
            seed = SEED + 100 * u + k
            chance = np.random.default_rng(seed)
            number = 1 + SHEETS * u + k
            profile = ("flatbed", "adf", "flatbed")[u]
            specs = [
                random_spec(_FORM, page, seed, profile=profile, number=number) for page in (1, 2)
            ]
            if (u, k) in frauds:
                kind, strength = frauds[(u, k)]
                specs[1] = tampered_spec(specs[1], kind, chance, strength=strength, items=3)
                specs[0] = replace(specs[0], writer=specs[1].writer)
            if (u, k) == _CORRECTED:
                specs[1] = correct_one(specs[1], chance)
            name = f"{unit}-sheet{k + 1}"
            yield _Sheet(unit, name, tuple(specs), seed)
            if (u, k) == _SCANNED_TWICE:
                yield _Sheet(unit, f"{name}-again", (specs[1],), seed, seed + 9_999)
