"""The custody book as counts of units and as ranges of serials, and what cannot be in it.

Everything here is arithmetic: a count that is not known breaks no rule, a range that is not
understood overlaps nothing. A row that stands in the book twice, word for word, is one row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from detectors.units._custody_serials import Range, span_of
from detectors.units._register import text_ids

__all__ = [
    *("Broken", "balance", "by_unit", "faults_of", "of_batches", "overlaps", "rows_of"),
]

COUNTS = (
    *("printed", "unissued", "issued", "returned", "valid", "invalid"),
    *("lost", "spoilt", "outstanding", "handed_out", "taken_home", "reasons"),
)

Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold.

    Attributes:
        forms: How many forms are in doubt.
        vi: What was found, Vietnamese.
        en: The same in English.
        batches: Batches it is about.
    """

    forms: float
    vi: str
    en: str
    batches: tuple[str, ...] = ()


def rows_of(custody: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows with unit, batch, known counts, days and range; none without ``unit_id``."""
    if custody is None or "unit_id" not in custody.columns:
        return []
    book = custody[~custody.map(str).duplicated()]
    columns: dict[str, list[Any]] = {}
    for name in ("unit_id", "batch", "serial_from", "serial_to"):
        if name in book.columns:
            columns[name] = text_ids(book[name])
    for name in COUNTS:
        if name in book.columns:
            columns[name] = pd.to_numeric(book[name], errors="coerce").tolist()
    if "invalid_reasons" in book.columns:
        columns["reasons"] = [_reasons(cell) for cell in book["invalid_reasons"].tolist()]
    if "handler" in book.columns:
        columns["handler"] = text_ids(book["handler"])
    for name in ("issued_at", "returned_at", "scanned_at"):
        if name in book.columns:
            days = pd.to_datetime(book[name], errors="coerce", utc=True, format="ISO8601")
            columns[name] = [None if pd.isna(day) else day.date() for day in days]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _reasons(cell: object) -> float:
    """Invalid forms by their reasons, ``CODE=3; CODE=1`` together; NaN where none are given."""
    counts = re.findall(r"=\s*(\d+)", cell) if isinstance(cell, str) else []
    return float(sum(map(int, counts))) if counts else float("nan")


def faults_of(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Broken]]:
    """Unit and identity that does not hold: of each batch, or of the unit as a whole.

    A slip of one batch can make up for that of another, so each batch is looked at; only
    where none is wrong by itself are the sums of the unit.
    """
    mine: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        mine.setdefault(row["unit_id"], []).append(row)
    for unit, batches in mine.items():
        found = [
            Broken(fault.forms, f"lô {name}: {fault.vi}", f"batch {name}: {fault.en}", (name,))
            for row in batches
            if len(batches) > 1 and (name := row.get("batch"))
            for fault in balance(by_unit([row])[unit])
        ]
        yield from ((unit, fault) for fault in found or balance(by_unit(batches)[unit]))


def by_unit(rows: list[dict[str, Any]]) -> dict[str, Counts]:
    """Sums by unit; a count that is unknown for any batch of the unit is left out."""
    sums: dict[str, dict[str, float]] = {}
    for row in rows:
        mine = sums.setdefault(row["unit_id"], {})
        for name in COUNTS:
            if name in row:
                mine[name] = mine.get(name, 0.0) + float(row[name])
    return {
        unit: {name: count for name, count in counts.items() if np.isfinite(count)}
        for unit, counts in sums.items()
    }


def balance(book: Counts) -> Iterator[Broken]:
    """Identities of printed, issued, returned and valid forms that do not hold."""
    yield from _printed(book)
    issued, returned = book.get("issued"), book.get("returned")
    valid, invalid = book.get("valid"), book.get("invalid")
    if issued is not None and returned is not None:
        told = returned + book.get("lost", 0.0) + book.get("outstanding", 0.0)
        # a book counts spoilt forms among the issued ones or among those left in the store
        spoilt = book.get("spoilt", 0.0)
        out = told + (0.0 if "printed" in book else spoilt)
        if issued - told in (0.0, spoilt):
            pass
        elif out > issued:
            yield Broken(
                out - issued,
                f"thu về, thất lạc, hỏng và chưa thu {out:.0f} nhiều hơn phát ra {issued:.0f}",
                f"{out:.0f} returned, lost, spoilt or outstanding but only {issued:.0f} issued",
            )
        elif "outstanding" in book and "lost" in book:
            yield Broken(
                issued - out,
                f"{issued - out:.0f} phiếu phát ra không rõ đã thu về, thất lạc hay chưa thu",
                f"{issued - out:.0f} issued forms are neither returned, lost nor outstanding",
            )
    yield from _handed_out(book)
    reasons = book.get("reasons")
    if invalid is not None and reasons is not None and reasons != invalid:
        yield Broken(
            abs(invalid - reasons),
            f"{invalid:.0f} phiếu không hợp lệ nhưng lý do chỉ nêu cho {reasons:.0f} phiếu",
            f"{invalid:.0f} invalid but reasons are given for {reasons:.0f}",
        )
    if returned is not None and valid is not None and invalid is not None:
        counted = valid + invalid
        if counted != returned:
            yield Broken(
                abs(counted - returned),
                f"hợp lệ và không hợp lệ {counted:.0f} khác thu về {returned:.0f}",
                f"{counted:.0f} valid or invalid but {returned:.0f} returned",
            )


def _handed_out(book: Counts) -> Iterator[Broken]:
    """Forms cannot come back that were never given to anybody."""
    words = {
        "issued": ("phát cho đơn vị", "issued"),
        "handed_out": ("phát cho người dân", "handed out"),
        "taken_home": ("người dân mang về", "taken home"),
        "returned": ("thu về", "returned"),
    }
    for less, more in (
        ("handed_out", "issued"),
        ("taken_home", "handed_out"),
        ("returned", "handed_out"),
    ):
        if less in book and more in book and book[less] > book[more]:
            (vi_less, en_less), (vi_more, en_more) = words[less], words[more]
            yield Broken(
                book[less] - book[more],
                f"{vi_less} {book[less]:.0f} nhiều hơn {vi_more} {book[more]:.0f}",
                f"{book[less]:.0f} {en_less} but only {book[more]:.0f} {en_more}",
            )


def _printed(book: Counts) -> Iterator[Broken]:
    printed, issued = book.get("printed"), book.get("issued")
    if printed is None or issued is None:
        return
    left = printed - issued
    if left < 0:
        yield Broken(
            -left,
            f"phát ra {issued:.0f} nhiều hơn số in {printed:.0f}",
            f"{issued:.0f} issued but only {printed:.0f} printed",
        )
    elif "unissued" in book and left - book["unissued"] not in (0.0, book.get("spoilt", 0.0)):
        told = issued + book["unissued"]
        yield Broken(
            abs(printed - told),
            f"phát ra và chưa phát {told:.0f} khác số in {printed:.0f}",
            f"{told:.0f} issued or unissued but {printed:.0f} printed",
        )


def of_batches(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Broken]]:
    """Unit and what is wrong with one batch by itself: its days, its range."""
    for row in rows:
        unit, batch = row["unit_id"], row.get("batch") or "?"
        issued_at, returned_at = row.get("issued_at"), row.get("returned_at")
        if issued_at and returned_at and returned_at < issued_at:
            yield (
                unit,
                Broken(
                    0.0,
                    f"lô {batch} thu về ngày {returned_at:%d/%m/%Y}, trước ngày phát "
                    f"{issued_at:%d/%m/%Y}",
                    f"batch {batch} was returned on {returned_at}, before it was issued on "
                    f"{issued_at}",
                    (batch,),
                ),
            )
        scanned_at = row.get("scanned_at")
        if scanned_at and returned_at and scanned_at < returned_at:
            yield (
                unit,
                Broken(
                    0.0,
                    f"lô {batch} quét ngày {scanned_at:%d/%m/%Y}, trước ngày thu về "
                    f"{returned_at:%d/%m/%Y}",
                    f"batch {batch} was scanned on {scanned_at}, before it was returned on "
                    f"{returned_at}",
                    (batch,),
                ),
            )
        span = span_of(row)
        issued = row.get("issued", np.nan)
        if span and np.isfinite(issued) and issued > span.high - span.low + 1:
            room = span.high - span.low + 1
            yield (
                unit,
                Broken(
                    float(issued) - room,
                    f"lô {batch} phát ra {issued:.0f} phiếu nhưng dải sê-ri chỉ có {room} số",
                    f"batch {batch}: {issued:.0f} issued but its range holds {room} serials",
                    (batch,),
                ),
            )


def overlaps(rows: list[dict[str, Any]]) -> Iterator[tuple[str, Broken]]:
    """Unit and batch whose serials were issued in another batch as well."""
    spans = sorted(
        (span for span in map(span_of, rows) if span),
        key=lambda s: (s.prefix, s.low, s.high, s.unit, s.batch),
    )
    widest: Range | None = None
    for span in spans:
        if widest is not None and widest.prefix == span.prefix and span.low <= widest.high:
            if (widest.unit, widest.batch) != (span.unit, span.batch):
                shared = min(widest.high, span.high) - span.low + 1
                yield from _both(widest, span, shared)
            if span.high <= widest.high:
                continue
        widest = span


def _both(one: Range, two: Range, shared: int) -> Iterator[tuple[str, Broken]]:
    for mine, other in ((one, two), (two, one)):
        yield (
            mine.unit,
            Broken(
                float(shared),
                f"lô {mine.batch} và lô {other.batch} của đơn vị {other.unit} trùng {shared} "
                "số sê-ri",
                f"batch {mine.batch} and batch {other.batch} of unit {other.unit} have {shared} "
                "serials in common",
                (mine.batch, other.batch),
            ),
        )
