"""What a check is asked about to see that it keeps the contract: subjects of all four levels.

All are simulated, made once a process; no file of anybody's is read. The pages and the
round hold a fraud for every check that comes with the program. A check that has nothing
to say about them is not really examined: with a new check, add a page or a fraud here.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pandas as pd

from detectors.calibration.tail import HonestDistribution
from detectors.instrument import Instrument, load_instrument
from detectors.registry import Check, Level, discover
from detectors.simulate.frauds import Fraud, FraudPlan
from detectors.simulate.round import SimulatedRound, simulate_round
from detectors.table import RecordTable, UnitTable
from scans.fingerprint import Fingerprint, fingerprint
from scans.page import answers_of, view_of
from scans.reference import Reference
from scans.simulate.encode import Resave
from scans.simulate.form import write_instrument
from scans.simulate.page import simulate_page
from scans.simulate.respondents import random_spec, tampered_spec
from scans.simulate.spec import SimulatedPage
from scans.source import PageError, read_pages
from scans.types import ScanClass
from scans.view import PageView

__all__ = [
    *("blank_of", "digest", "empty_of", "mates_of", "pages", "prints", "reference", "table_for"),
    *("whole_of", "world"),
]

_FORM, _PAGE, _SEED = "HL-01", 2, 11
_FRAUDS = {
    "rubbed": ("TAY_1", "rubber"),
    "painted": ("TAY_2", "brush"),
    "pasted": ("CAT_1", "strip"),
    "copied": ("CAT_3", "box"),
    "overwritten": ("GHI_DE", "scribble"),
    "multiplied": ("CAT_4", "multiplied"),
    "patched": ("CAT_4", "opaque"),
}
_PLANS = {
    0: FraudPlan(Fraud.COPY, 0.5, edits=1),
    1: FraudPlan(Fraud.STUFFING, 0.5),
    2: FraudPlan(Fraud.EDIT_UP, 0.5),
    3: FraudPlan(Fraud.INVENTED, 0.5),
    4: FraudPlan(Fraud.BOT, 0.9),
}


@cache
def reference() -> Reference:
    """One in which nearly any score stands out, so that every check says what it sees."""
    low = HonestDistribution.fit(np.linspace(0.0, 0.3, 400))
    checks = discover(Level.PAGE)
    every = {(name, scan_class.value): low for name in checks for scan_class in ScanClass}
    return Reference(every, {})


@cache
def _folder() -> TemporaryDirectory[str]:
    # Kept as an object: it is removed when the process ends.
    return TemporaryDirectory(prefix="survey-audit-")


@cache
def _form(form_id: str) -> Instrument:
    return load_instrument(write_instrument(form_id, Path(_folder().name) / form_id))


def _honest(form_id: str, page: int, seed: int, profile: str = "flatbed") -> SimulatedPage:
    return simulate_page(random_spec(form_id, page, seed, profile=profile), seed)


def _view(page: SimulatedPage, name: str) -> PageView:
    path = Path(_folder().name) / f"subject-{name}{page.suffix}"
    path.write_bytes(page.data)
    (scan,) = list(read_pages(path))
    if isinstance(scan, PageError):
        raise TypeError(f"the simulated page {name} was not read: {scan}")
    view = view_of(scan, _form(page.spec.form), reference=reference())
    if not isinstance(view, PageView):
        raise TypeError(f"the simulated page {name} was not read: {view}")
    return view


@cache
def pages() -> Mapping[str, PageView]:
    """Views by name: honest, one a fraud, the blank sheet, 1 bit a pixel, and sheets again."""
    base = _honest(_FORM, _PAGE, _SEED)
    made = {"honest": base, "other": _honest(_FORM, _PAGE, _SEED + 1)}
    made["again"] = simulate_page(replace(base.spec, profile="grey"), _SEED, 99)
    made["fax"] = _honest(_FORM, _PAGE, _SEED, "fax")
    bare = replace(base.spec, answers={}, corrections={}, comment_lines=0, date=None, signed=False)
    made["blank"] = simulate_page(bare, _SEED)
    for name, (kind, variant) in _FRAUDS.items():
        chance = np.random.default_rng(1)
        spec = tampered_spec(base.spec, kind, chance, variant=variant, items=2)
        made[name] = simulate_page(spec, _SEED)
    # Where paper is burnt out, a rubbed mark is told by its own faintness.
    rubbed = tampered_spec(base.spec, "TAY_1", np.random.default_rng(1), variant="rubber")
    made["faded"] = simulate_page(replace(rubbed, profile="adf_grey"), _SEED)
    wiped = tampered_spec(base.spec, "DIGITAL_TAY", np.random.default_rng(1), variant="paint")
    editor = Resave(software="GIMP 2.10.34")
    made["wiped"] = simulate_page(replace(wiped, profile="office_200", resave=editor), _SEED)
    made["filled"] = _filled(base)
    return {name: _view(page, name) for name, page in made.items()}


def _filled(page: SimulatedPage) -> SimulatedPage:
    """The inside of the first answer box, and what stands there, filled with one colour."""
    view = _view(page, "to-fill")
    image = view.raw.image.copy()
    x, y, w, h = view.template.page.boxes[0].box_mm
    ends = view.registration.to_px(np.array([[x + 0.4, y + 0.4], [x + w - 0.4, y + h - 0.4]]))
    (left, top), (right, bottom) = np.rint(ends).astype(int).tolist()
    image[top:bottom, left:right] = round(view.ink.paper)
    return replace(page, data=cv2.imencode(".png", image)[1].tobytes(), suffix=".png")


@cache
def prints() -> Mapping[str, Fingerprint]:
    """Fingerprints by name, of a copied file and of pages that share what is written, too."""
    names = ("honest", "other", "again", "blank", "fax")
    found = {n: fingerprint(pages()[n], answers_of(pages()[n].readings)) for n in names}
    first = found["honest"]
    found |= _batch(found["blank"])
    found |= _one_pen(found["blank"])
    found["copy"] = replace(first, origin=replace(first.origin, path="copy.jpg"))
    agency = _honest("YK-01", 1, _SEED)
    found["stamped"] = _print(agency, "stamped")
    found["stamped again"] = _print(_honest("YK-01", 1, _SEED + 1), "stamped again")
    # Only what is written on the one stands on the other too.
    inks = found["stamped"].inks
    found["stamped again"] = replace(found["stamped again"], inks=inks)
    return found


def _print(page: SimulatedPage, name: str) -> Fingerprint:
    view = _view(page, name)
    return fingerprint(view, answers_of(view.readings))


def _one_pen(sheet: Fingerprint) -> dict[str, Fingerprint]:
    """Sheets by pens of all hues; every third was changed with one black pen."""
    made = {}
    for k in range(24):
        own = [0.25 * np.sin(k), 0.1 * np.cos(2 * k), -0.3 + 0.02 * (k % 7), -0.7 + 0.03 * (k % 5)]
        pens = [own, [0.0, 0.4, 0.3, -0.2]] if k % 3 == 0 else [own]
        origin = replace(sheet.origin, path=f"pen{k:02d}.jpg", sha256=f"{k:064x}")
        made[f"pen{k}"] = replace(sheet, origin=origin, pens=np.array(pens, np.float32))
    return made


def _batch(sheet: Fingerprint) -> dict[str, Fingerprint]:
    """Empty sheets that one scanner put into one folder, the last saved by another program."""
    chance = np.random.default_rng(5)
    made = {}
    if sheet.scanner is None:
        raise TypeError("a simulated scan has no traits of its scanner")
    for k in range(24):
        sha256 = hashlib.sha256(bytes([k])).hexdigest()
        origin = replace(sheet.origin, path=f"batch/{k}.jpg", sha256=sha256)
        if k == 23:
            origin = replace(origin, quantisation=((2,) * 64,), dpi=(96.0, 96.0))
        thumb = chance.integers(0, 255, sheet.thumb.shape, dtype=np.uint8)
        # Dirt stands still on the scan, and the sheet lies a little aside each time.
        values = sheet.scanner.values + np.float32(1e-4) * np.float32(k % 5)
        dirt = np.array([[300, 400, 0, 0], [900, 2500, 0, 0], [2000, 1200, 0, 0]], np.uint16)
        dirt[:, 2:] = chance.integers(9_000, 10_000, (3, 2))
        if k == 23:
            values, dirt = values + np.float32(1.0), dirt[:0]
        made[f"batch-{k}"] = replace(
            sheet,
            origin=origin,
            thumb=thumb,
            scanner=replace(sheet.scanner, values=values, dirt=dirt),
        )
    return made


@cache
def world() -> SimulatedRound:
    """A round of 24 units in which five are tampered with."""
    return simulate_round(11, 24, records_per_unit=50, frauds=_PLANS, digital_share=0.4)


def table_for(
    level: Level, responses: pd.DataFrame | None = None, *, bare: bool = False
) -> RecordTable | UnitTable:
    """A prepared table; ``bare`` leaves out everything beside the responses."""
    sim = world()
    frame = sim.responses if responses is None else responses
    table = RecordTable.build(frame, sim.instrument, None if bare else sim.units)
    if level is Level.RECORD:
        return table
    if bare:
        return UnitTable(table)
    before = RecordTable.build(sim.previous, sim.instrument, sim.units)
    custody = sim.custody.copy()
    custody["returned"] = custody["returned"].where(custody.index != 3, custody["returned"] + 5)
    return UnitTable(table, sim.units, before, custody, sim.period)


def whole_of(check: Check[Any]) -> Sequence[Any]:
    """Everything a check is asked about, call by call; new objects without any memory."""
    level = check.info.level
    if level is Level.PAGE:
        return [replace(view) for view in pages().values()]
    if level is Level.PAGES:
        return [list(prints().values())]
    return [table_for(level)]


def empty_of(check: Check[Any]) -> Any:
    """Nothing to judge."""
    level = check.info.level
    if level is Level.PAGE:
        return None
    return [] if level is Level.PAGES else table_for(level, world().responses.iloc[:0])


def blank_of(check: Check[Any]) -> tuple[Any, list[int]]:
    """A subject with parts that hold nothing, and where these stand in the answer."""
    level = check.info.level
    if level is Level.PAGE:
        return replace(pages()["blank"]), [0]
    if level is Level.PAGES:
        return list(prints().values()), [list(prints()).index("blank")]
    frame = world().responses.copy()
    items = [item.id for item in world().instrument.items]
    if level is Level.RECORD:
        rows = [3, 70, 500]
        frame.loc[frame.index[rows], items] = None
        table = table_for(level, frame)
        if not isinstance(table, RecordTable):
            raise TypeError("records were asked for and units given")
        return table, [int(np.flatnonzero(table.source_row == row)[0]) for row in rows]
    frame.loc[frame["unit_id"] == "U0007", items] = None
    return table_for(level, frame), [world().units["unit_id"].tolist().index("U0007")]


def mates_of(check: Check[Any]) -> tuple[Any, Any, list[tuple[int, int]]]:
    """Half a table, the whole, and which place in the one is which in the other."""
    level = check.info.level
    half = world().responses[world().responses["unit_id"] <= "U0012"]
    few, all_ = table_for(level, half), table_for(level)
    if isinstance(few, RecordTable) and isinstance(all_, RecordTable):
        place = {name: i for i, name in enumerate(all_.record_ids.tolist())}
        return few, all_, [(i, place[name]) for i, name in enumerate(few.record_ids.tolist())]
    if not (isinstance(few, UnitTable) and isinstance(all_, UnitTable)):
        raise TypeError("half a table and the whole are of different levels")
    places = {name: i for i, name in enumerate(all_.unit_ids)}
    return few, all_, [(i, places[name]) for i, name in enumerate(few.unit_ids)]


def digest(thing: Any) -> str:
    """Hash of everything in a subject that a check could change; its private memory left out."""
    return hashlib.sha256(repr(_plain(thing)).encode()).hexdigest()


def _plain(thing: Any) -> Any:
    if isinstance(thing, np.ndarray):
        data = np.ascontiguousarray(thing)
        return (str(data.dtype), data.shape, hashlib.sha256(data.tobytes()).hexdigest())
    if isinstance(thing, pd.DataFrame):
        hashes = _plain(pd.util.hash_pandas_object(thing).to_numpy())
        return (list(thing.columns), [str(t) for t in thing.dtypes], hashes)
    if dataclasses.is_dataclass(thing):
        names = [f.name for f in dataclasses.fields(thing) if not f.name.startswith("_")]
        return [(name, _plain(getattr(thing, name))) for name in names]
    if isinstance(thing, Mapping):
        return [(str(key), _plain(value)) for key, value in thing.items()]
    if isinstance(thing, list | tuple):
        return [_plain(part) for part in thing]
    if isinstance(thing, frozenset):
        return sorted(map(repr, thing))
    if thing is not None and not isinstance(thing, str | int | float | bool | Enum | Path):
        raise TypeError(f"a subject holds a {type(thing).__name__}, of which no digest is known")
    return repr(thing)
