"""Every parser that is given somebody else's file, as a function of its path.

Each reads all there is and gives back a few words; a refusal is an ``AuditError``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["TARGETS", "instrument_file"]

INSTRUMENT = """
id = "H"
title = "Hostile"
[[item]]
id = "A1"
scale = [1, 2, 3, 4, 5]
not_applicable = 9
[[item]]
id = "A2"
scale = [1, 2, 3, 4, 5]
[[item]]
id = "D1"
kind = "category"
scale = ["nam", "nữ"]
"""


@cache
def instrument_file() -> Path:
    """An instrument of three items, on digital channels."""
    path = Path(tempfile.mkdtemp(prefix="hostile-")) / "instrument.toml"
    path.write_text(INSTRUMENT, "utf-8")
    return path


@cache
def _instrument() -> Any:
    from detectors.instrument import load_instrument

    return load_instrument(instrument_file())


def _pages(path: Path) -> str:
    from scans.source import PageError, read_pages

    told = []
    for number, page in enumerate(read_pages(path), start=1):
        if isinstance(page, PageError):
            _clear(page.reason)
            told.append(f"{number}: {page.reason}")
        else:
            told.append(f"{number}: {page.image.shape} {page.scan_class.value}")
    return "; ".join(told[:20]) + f" ({len(told)} pages)"


def _responses(path: Path) -> str:
    from audit.intake.tables import read_responses

    found = read_responses(path, _instrument(), units={"u1", "u2"})
    return _table(found)


def _units(path: Path) -> str:
    from audit.intake.registers import read_units

    return _table(read_units(path))


def _custody(path: Path) -> str:
    from audit.intake.custody_book import read_custody

    return _table(read_custody(path, units={"u1", "u2"}))


def _table(found: Any) -> str:
    for problem in found.problems:
        _clear(problem.line())
    # Everything that was read must be fit to be stored and shown.
    size = len(found.frame.to_csv().encode("utf-8"))
    first = "; ".join(p.line() for p in found.problems[:3])
    return f"{found.frame.shape} in {size} bytes, {len(found.problems)} problems: {first}"


def _clear(line: str) -> None:
    bad = [c for c in line if ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000]
    if bad or len(line) > 2_000:
        raise AssertionError(f"no clear line ({len(line)} characters, {bad[:5]}): {line[:300]!r}")


def _load_instrument(path: Path) -> str:
    from detectors.instrument import load_instrument

    found = load_instrument(path)
    return f"{len(found.items)} items, {sum(len(p.boxes) for p in found.pages)} boxes"


def _settings(path: Path) -> str:
    from audit.settings import load_settings

    return load_settings(path).sha256()


def _collection(path: Path) -> str:
    from audit.intake.collection import load_collection

    return str(load_collection(path))[:200]


def _rules(path: Path) -> str:
    from audit.scoring.rules import load_rules

    return load_rules(path).id[:200]


def _reference(path: Path) -> str:
    from scans.reference import load_reference
    from scans.types import ScanClass

    found = load_reference(path)
    values = [found.p_value(c, ScanClass(k), 3.0) for c, k in sorted(found.distributions)]
    if any(v is not None and not 0.0 <= v <= 1.0 for v in values):
        raise AssertionError(f"p-values that are none: {values}")
    page = [found.page_p_value(k, dict.fromkeys(found.fusion.parts({}), 0.01)) for k in ScanClass]
    return f"{len(values)} distributions, {page[:3]}"


def _trail(path: Path) -> str:
    from audit.trail.verify import verify_file

    return _faults(verify_file(path))


def _checkpoint(path: Path) -> str:
    from audit.trail.checkpoint import checkpoints

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, Path(folder) / "4.json")
        return str([c is not None and c.genuine for _, c in checkpoints(Path(folder))])


def _store(path: Path) -> str:
    from audit.trail.verify import Place, verify_store

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "audit.db"
        shutil.copy(path, copy)
        place = Place(f"sqlite:///{copy}", "2026-Q3", Path(folder), Path(folder))
        return _faults(verify_store(place))


def _faults(found: Any) -> str:
    for line in found.faults:
        _clear(line)
    return f"{found.size} entries, {len(found.faults)} faults: {found.faults[:2]}"


def _backup(path: Path) -> str:
    from audit.keeping.archive import extract

    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "a/b"
        inner.mkdir(parents=True)
        try:
            manifest, _ = extract(path, inner)
        finally:
            escaped = [p for p in Path(folder).rglob("*") if not p.is_relative_to(inner)]
            links = [p for p in inner.rglob("*") if p.is_symlink()]
            if sorted(escaped) != [Path(folder) / "a"] or links:
                raise AssertionError(f"written outside of its folder: {escaped} {links}")
        return f"{len(manifest['files'])} files"


TARGETS: Mapping[str, Callable[[Path], str]] = {
    "pages": _pages,
    "responses": _responses,
    "units": _units,
    "custody": _custody,
    "instrument": _load_instrument,
    "settings": _settings,
    "collection": _collection,
    "rules": _rules,
    "reference": _reference,
    "trail": _trail,
    "checkpoint": _checkpoint,
    "store": _store,
    "backup": _backup,
}
