"""Small rounds made for a test: an instrument, units, custody, tables and pages by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audit.pipeline.tools import Tools, real_tools
from audit.settings import Settings, load_settings
from audit.template import make_round
from audit.trail.acts import Act, Action
from detectors.finding import Family, Finding, Message, Severity
from detectors.instrument import Instrument
from scans.page import PageOutcome
from scans.types import BoxReading, MarkState, Origin, PageResult, Status

ITEMS = ("A1", "A2", "B1", "B2")
# The smallest PNG: by its first bytes a page, and different for every form that is made.
PNG = b"\x89PNG\r\n\x1a\n"


_SECONDS = itertools.count()


def clock() -> dt.datetime:
    """A clock that moves on by a second whenever it is looked at."""
    start = dt.datetime(2026, 10, 1, 1, 0, tzinfo=dt.UTC)
    return start + dt.timedelta(seconds=next(_SECONDS))


def act() -> Act:
    """What a test does to a store by hand."""
    return Act(Action.EVIDENCE, clock(), "test")


def write_instrument(folder: Path, *, pages: int = 1, form_id: str = "T-01") -> Path:
    """A form of four items on one or two pages; the blank is a plain white picture."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    text = [f'id = "{form_id}"', 'version = "1"', 'title = { vi = "Phiếu thử", en = "Test form" }']
    for item in ITEMS:
        text += ["[[item]]", f'id = "{item}"', f'factor = "{item[0]}"', "scale = [1, 2, 3, 4, 5]"]
        text += ["not_applicable = 9"]
    for number in range(1, pages + 1):
        cv2.imwrite(str(folder / f"p{number}.png"), np.full((297, 210), 255, np.uint8))
        items = ITEMS if pages == 1 else ITEMS[2 * number - 2 : 2 * number]
        text += ["[[page]]", f"number = {number}", "size_mm = [210, 297]"]
        text += [f'blank = "p{number}.png"', "[[page.grid]]", f"items = {list(items)}"]
        text += ["values = [1, 2, 3, 4, 5]", "first_box_mm = [100, 100, 5, 5]"]
        text += ["pitch_mm = [9, 8]"]
    path = folder / "instrument.toml"
    path.write_text("\n".join(text).replace("'", '"'), "utf-8")
    return path


def units_csv(units: Sequence[str], group: str = "G") -> str:
    """A units table; every unit handles procedures."""
    lines = ["unit_id,name,group,level,handles_procedures,served"]
    return "\n".join([*lines, *(f"{u},Đơn vị {u},{group},xã,true,500" for u in units)]) + "\n"


def responses_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """A responses table with the columns that the rows name."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns)]
    lines += [",".join(str(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def answers(seed: int, count: int, unit: str, *, start: int = 0) -> list[dict[str, Any]]:
    """Honest-looking digital records of one unit."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(start, start + count):
        values = draw.choice([2, 3, 4, 5], size=len(ITEMS), p=[0.03, 0.12, 0.4, 0.45])
        row: dict[str, Any] = {"record_id": f"{unit}-{number}", "unit_id": unit, "channel": "QR"}
        rows.append(row | dict(zip(ITEMS, values.tolist(), strict=True)))
    return rows


def small_round(folder: Path, *, pages: int = 1, units: Sequence[str] = ("u1", "u2")) -> Path:
    """A round with its instrument and units, and nothing in the inbox."""
    make_round(folder, dt.date(2026, 9, 15))
    write_instrument(folder / "instruments", pages=pages)
    (folder / "units.csv").write_text(units_csv(units), "utf-8")
    config = folder / "audit.toml"
    config.write_text(config.read_text("utf-8").replace("jobs = 0", "jobs = 1"), "utf-8")
    return config


def put_scan(folder: Path, name: str, content: str) -> Path:
    """A file that looks like a picture; what stands on it is told by :class:`FakeScans`."""
    path = folder / "inbox/scans" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(PNG + content.encode())
    return path


def digest(content: str) -> str:
    return hashlib.sha256(PNG + content.encode()).hexdigest()


def erasure(item: str, severity: Severity = Severity.ORANGE) -> Finding:
    """A sign as an image check gives it."""
    return Finding(
        detector="erasure.test",
        family=Family.IMAGE,
        kind="erasure",
        score=8.0,
        p_value=0.001,
        severity=severity,
        message=Message("Dấu hiệu tẩy xóa.", "Signs of an erasure."),
        item=item,
        box_mm=(100.0, 100.0, 5.0, 5.0),
    )


@dataclasses.dataclass
class Sheet:
    """What the fake reader sees on one page."""

    answers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    serial: str | None = None
    form_page: int | None = 1
    status: Status = Status.READ
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    flagged: bool | None = None
    ambiguous: tuple[str, ...] = ()
    judged: bool = True


@dataclasses.dataclass
class FakeScans:
    """Stands for the reader of scans: content of a file -> its pages.

    Attributes:
        sheets: SHA-256 of a file -> what is on its pages.
        break_after: Die after so many files.
        judged: Files that were judged, in order.
    """

    sheets: dict[str, list[Sheet]] = dataclasses.field(default_factory=dict)
    break_after: int | None = None
    judged: list[str] = dataclasses.field(default_factory=list)

    def put(self, folder: Path, name: str, *pages: Sheet) -> Path:
        """A file in the inbox with these pages."""
        path = put_scan(folder, name, name)
        self.sheets[digest(name)] = list(pages)
        return path

    def __call__(
        self,
        paths: Sequence[Path],
        instrument: Instrument,
        *,
        reference: Path | None,
        jobs: int,
        false_flag_rate: float,
        cluster: str | None = None,
        fetch: str | None = None,
    ) -> Iterator[PageOutcome]:
        del reference, jobs, false_flag_rate, cluster
        for path in paths:
            sha = hashlib.sha256(path.read_bytes()).hexdigest()
            if self.break_after is not None and len(self.judged) >= self.break_after:
                raise KeyboardInterrupt
            self.judged.append(sha)
            for number, sheet in enumerate(self.sheets[sha], start=1):
                yield PageOutcome(self._result(path, sha, number, sheet, instrument))

    def _result(
        self, path: Path, sha: str, number: int, sheet: Sheet, instrument: Instrument
    ) -> PageResult:
        origin = Origin(str(path), sha, number, "image/png")
        if sheet.status is not Status.READ:
            reason = sheet.reason or "the page is too blurred to be read"
            return PageResult(origin, sheet.status, reason, serial=sheet.serial)
        page = next(p for p in instrument.pages if p.number == sheet.form_page)
        readings = []
        for box in page.boxes:
            wanted = sheet.answers.get(box.item)
            marked = box.value in (wanted if isinstance(wanted, list) else [wanted])
            state = MarkState.MARKED if marked else MarkState.EMPTY
            if box.item in sheet.ambiguous and box.value == 3:
                state = MarkState.AMBIGUOUS
            readings.append(BoxReading(box.item, box.value, state, 0.3 if marked else 0.0, 0.9))
        flagged = bool(sheet.findings) if sheet.flagged is None else sheet.flagged
        return PageResult(
            origin,
            Status.READ,
            None,
            form_page=sheet.form_page,
            serial=sheet.serial,
            readings=tuple(readings),
            suspicion=None if not sheet.judged else 0.999 if flagged else 0.1,
            flagged=flagged if sheet.judged else None,
            severity=Severity.worst([f.severity for f in sheet.findings]),
            findings=sheet.findings,
        )


def tools(scans: FakeScans | None = None, **changes: Any) -> Tools:
    """The real checks on tables; scans by hand; a clock that nobody has to wait for."""
    real = real_tools(now=clock, progress=lambda items, label, total: iter(items))
    # Nobody waits for files that were made a moment ago.
    changes = {"settled": lambda paths, seconds: frozenset(paths)} | changes
    return dataclasses.replace(real, judge_pages=scans or FakeScans(), **changes)


def settings_of(config: Path) -> Settings:
    return load_settings(config)
