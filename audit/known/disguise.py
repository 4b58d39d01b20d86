"""What makes a known form look like any other: a place in a unit, a name, a serial, a sign.

Whoever judges must not be able to tell: a known form has the path, the serial and the figures
that a sheet of its unit has, and a clean one, which no check has anything to say about, carries
the sign that another sheet of the round was flagged for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import sqlalchemy as sa

from audit.pipeline.serials import SerialRanges
from audit.store import schema
from audit.store.evidence import Findings
from detectors.finding import Finding
from detectors.instrument import Instrument
from scans.simulate.serial import is_serial, make_serial

__all__ = [
    *("Host", "Sign", "hosts_of", "look_alike", "marks_of"),
    *("near_serial", "planted", "signs_of"),
]

_MOST = 5_000
_NUMBER = re.compile(r"\d+")
_NEAR = 60
_NAMED = re.compile(r"([A-Z][\w-]*) = (\d+)")


@dataclass(frozen=True)
class Host:
    """A scanned record of the round that a known form stands beside.

    Attributes:
        record: Its row.
        paths: Of its files, in order of the form's pages.
        scan_class: What kind of pictures its scans are.
    """

    record: sa.RowMapping
    paths: tuple[str, ...]
    scan_class: str | None


def hosts_of(connection: sa.Connection, round_id: str, instrument_id: str) -> list[Host]:
    """Scanned records of units that have a case about a record, in no order that tells."""
    records, cases = schema.records, schema.cases
    links, pages, files = schema.record_pages, schema.pages, schema.files
    at_work = sa.select(cases.c.unit_id).where(
        cases.c.round_id == round_id,
        cases.c.instrument_id == instrument_id,
        cases.c.subject == "record",
        cases.c.withdrawn_run.is_(None),
    )
    chosen = (
        sa.select(records)
        .where(
            records.c.round_id == round_id,
            records.c.instrument_id == instrument_id,
            records.c.source == "scan",
            records.c.unit_id.in_(at_work),
        )
        .order_by(records.c.id)  # hashes: as good as shuffled
        .limit(_MOST)
    )
    rows = {row["id"]: row for row in connection.execute(chosen).mappings()}
    query = (
        sa.select(links.c.record, files.c.path, pages.c.scan_class)
        .join(pages, pages.c.id == links.c.page_id)
        .join(files, files.c.id == pages.c.file_id)
        .where(links.c.record.in_(sa.select(chosen.subquery().c.id)))
        .order_by(links.c.record, pages.c.form_page, files.c.path)
    )
    paths: dict[int, list[str]] = {}
    kinds: dict[int, str | None] = {}
    for record, path, kind in connection.execute(query):
        if path not in paths.setdefault(record, []):
            paths[record].append(path)
        kinds[record] = kinds.get(record) or kind
    # A sheet with a page too few or too many would lend its odd number of scans.
    usual = Counter(len(found) for found in paths.values()).most_common(1)
    whole = {key for key, found in paths.items() if len(found) == usual[0][0]}
    return [Host(row, tuple(paths[key]), kinds[key]) for key, row in rows.items() if key in whole]


def look_alike(
    paths: Sequence[str], suffixes: Sequence[str], taken: Collection[str], rng: np.random.Generator
) -> tuple[str, ...]:
    """Names for the scans of a known form, as its host's are but for a number.

    Args:
        paths: Of the host.
        suffixes: Of the known form's files, with the dot.
        taken: Paths that are there.
        rng: Chance.
    """
    folder = PurePosixPath(paths[0]).parent
    stems = [PurePosixPath(path).stem for path in paths]
    if len(stems) != len(suffixes):
        stems = (
            [stems[0]]
            if len(suffixes) == 1
            else [f"{stems[0]}-{n + 1}" for n in range(len(suffixes))]
        )
    common = stems[0]
    while any(not stem.startswith(common) for stem in stems):
        common = common[:-1]
    found = list(_NUMBER.finditer(common if len(stems) > 1 else stems[0]))
    start, end = found[-1].span() if found else (len(common), len(common))
    width, number = end - start, int(common[start:end] or 0)
    step = 1
    while True:
        fresh = str(number + int(rng.integers(1, 10 * step))).zfill(width)
        names = tuple(
            str(folder / f"{stem[:start]}{fresh}{stem[end:]}{suffix}")
            for stem, suffix in zip(stems, suffixes, strict=True)
        )
        if not set(names) & set(taken):
            return names
        step += 1


def _steps(rng: np.random.Generator) -> Iterator[int]:
    """How far from its host a serial is looked for: near first, on either side."""
    done = 0
    for reach in (4, 12, _NEAR):
        for far in rng.permutation(np.arange(done + 1, reach + 1)).tolist():
            yield from (far, -far) if rng.random() < 0.5 else (-far, far)
        done = reach


def near_serial(
    serial: str, taken: Collection[str], ranges: SerialRanges, rng: np.random.Generator
) -> str | None:
    """A serial of the same batch that no sheet of the round has; ``None`` where there is none."""
    numbers = list(_NUMBER.finditer(serial))
    if not numbers:
        return None
    checked = is_serial(serial)
    start, end = numbers[-2 if checked else -1].span()
    number, batch = int(serial[start:end]), ranges.find(serial) if ranges else None
    fixed = checked or serial[start] == "0"
    for far in _steps(rng):
        wanted = number + int(far)
        if wanted < 1 or (fixed and wanted >= 10 ** (end - start)):
            continue
        fresh = f"{serial[:start]}{wanted:0{end - start}d}{serial[end:]}"
        if checked:
            fresh = make_serial(wanted, year=2000 + int(serial[3:5]), prefix=serial[:2])
        if fresh not in taken and (not ranges or ranges.find(fresh) == batch):
            return fresh
    return None


@dataclass(frozen=True)
class Sign:
    """A sign of another sheet, to be planted.

    Attributes:
        finding: What it says.
        form_page: The page of the form that it is about.
        page: Flag, severity and suspicion of the page that it was found on.
        about: Boxes that it speaks of and how they stand there, as item and value -> state.
    """

    finding: Finding
    form_page: int
    page: sa.RowMapping
    about: Mapping[tuple[str, str], str | None]

    def fits(self, marks: Mapping[tuple[str, str], str]) -> bool:
        """Whether boxes of another page stand as the sign says that those of its own do."""
        return all(marks.get(box) == state for box, state in self.about.items())


def signs_of(connection: sa.Connection, round_id: str, instrument: Instrument) -> list[Sign]:
    """Signs at a place of a page that name no other page."""
    findings, pages = schema.findings, schema.pages
    query = (
        sa.select(findings, pages.c.form_page, pages.c.flagged.label("page_flagged"))
        .add_columns(pages.c.suspicion, pages.c.severity.label("page_severity"))
        .join(pages, pages.c.id == findings.c.page_id)
        .where(
            findings.c.round_id == round_id,
            findings.c.instrument_id == instrument.id,
            findings.c.withdrawn_run.is_(None),
            findings.c.item.is_not(None),
        )
        .order_by(findings.c.id)
        .limit(_MOST)
    )
    rows = [
        row
        for row in connection.execute(query).mappings()
        if row["box_mm"] is not None and not row["matches"] and row["form_page"] is not None
    ]
    there = marks_of(connection, {row["page_id"] for row in rows})
    return [
        Sign(
            Findings.finding({**row, "record_id": None, "unit_id": None}),
            row["form_page"],
            row,
            {box: there[row["page_id"]].get(box) for box in _boxes(row, instrument)},
        )
        for row in rows
    ]


def marks_of(
    connection: sa.Connection, pages: Collection[int]
) -> Mapping[int, Mapping[tuple[str, str], str]]:
    """Page -> item and value -> how the box stands."""
    table = schema.marks
    found: dict[int, dict[tuple[str, str], str]] = {page: {} for page in pages}
    for row in connection.execute(sa.select(table).where(table.c.page_id.in_(pages))).mappings():
        found[row["page_id"]][row["item"], row["value"]] = row["state"]
    return found


def _boxes(row: sa.RowMapping, instrument: Instrument) -> set[tuple[str, str]]:
    """The boxes that a sign speaks of: the one at its place, and those that it names."""
    x, y, width, height = row["box_mm"]
    found = set(_NAMED.findall(row["message_vi"]))
    for page in instrument.pages:
        for box in page.boxes:
            left, top = box.box_mm[0] + box.box_mm[2] / 2, box.box_mm[1] + box.box_mm[3] / 2
            inside = x <= left <= x + width and y <= top <= y + height
            if page.number == row["form_page"] and box.item == row["item"] and inside:
                found.add((box.item, str(box.value)))
    known = {(box.item, str(box.value)) for page in instrument.pages for box in page.boxes}
    return found & known


def planted(sign: Sign, rng: np.random.Generator) -> dict[str, Any]:
    """Columns of a page that carries the sign of another, with figures near that one's."""
    data = sign.finding.to_json()
    data["score"] = round(float(data["score"]) * float(rng.uniform(0.9, 1.1)), 4)
    if data["p_value"] is not None:
        data["p_value"] = min(1.0, float(data["p_value"]) * float(rng.uniform(0.7, 1.3)))
    return {
        "findings": [data],
        "flagged": bool(sign.page["page_flagged"]),
        "severity": sign.page["page_severity"],
        "suspicion": sign.page["suspicion"],
        "suspicion_alone": sign.page["suspicion"],
    }
