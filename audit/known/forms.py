"""Known forms as somebody hands them in: a folder of scans with ``known.csv`` beside them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from detectors.errors import AccessError, InputError
from detectors.instrument import Instrument

__all__ = ["CLEAN", "TABLE", "TAMPERED", "KnownForm", "read_folder"]

CLEAN, TAMPERED = "clean", "tampered"
TABLE = "known.csv"
_NEEDED = ("form", "file", "truth")


@dataclass(frozen=True)
class KnownForm:
    """One filled form of which it is known whether it was tampered with.

    Attributes:
        name: What it is called where something about it has to be said.
        files: Its scans, in order.
        truth: :data:`CLEAN` or :data:`TAMPERED`.
        items: Where it was tampered with, as far as that is known.
        unit_id: The unit under which it is shown; any unit with scans where ``None``.
        beside: The record that it stands beside; one of the unit's is drawn where ``None``.
    """

    name: str
    files: tuple[Path, ...]
    truth: str
    items: tuple[str, ...] = ()
    unit_id: str | None = None
    beside: int | None = None


def read_folder(folder: Path, instrument: Instrument) -> list[KnownForm]:
    """The forms that ``known.csv`` of a folder names.

    Its columns are ``form`` (a name; rows of equal name are pages of one form, in order),
    ``file`` (in the folder), ``truth`` (``clean`` or ``tampered``) and, where they are known,
    ``items`` (separated by semicolons) and ``unit_id``.

    Raises:
        AccessError: If the table cannot be read.
        InputError: If it is not as described, or names a file that is not there.
    """
    table = folder / TABLE
    try:
        text = table.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8", where=str(table), remedy="save it as UTF-8") from error
    except OSError as error:
        raise AccessError(
            f"cannot be read ({error.strerror})",
            where=str(table),
            remedy="write it with the columns form,file,truth,items,unit_id",
        ) from error
    rows = csv.DictReader(text.splitlines())
    lacking = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if lacking:
        raise InputError(
            f"has no column {', '.join(lacking)}",
            where=str(table),
            remedy="its columns are form,file,truth,items,unit_id",
        )
    found: dict[str, KnownForm] = {}
    for row in rows:
        place = f"{table}, line {rows.line_num}"
        known = _form(
            folder, place, {k: (v or "").strip() for k, v in row.items() if k}, instrument
        )
        before = found.get(known.name)
        if before is not None:
            same = ("truth", "items", "unit_id")
            if any(getattr(before, n) != getattr(known, n) for n in same):
                raise InputError(
                    f"says something else of form {known.name} than its first row",
                    where=place,
                    remedy="repeat truth, items and unit_id in every row of a form",
                )
            files = before.files + known.files
            known = KnownForm(known.name, files, known.truth, known.items, known.unit_id)
        found[known.name] = known
    return list(found.values())


def _form(folder: Path, place: str, row: dict[str, str], instrument: Instrument) -> KnownForm:
    if row["truth"] not in (CLEAN, TAMPERED):
        raise InputError(
            f"truth is {row['truth']!r}", where=place, remedy=f"write {CLEAN} or {TAMPERED}"
        )
    path = folder / row["file"]
    inside = path.resolve().is_relative_to(folder.resolve())
    if not row["file"] or not inside or not path.is_file():
        raise InputError(
            f"there is no file {row['file']!r} in the folder",
            where=place,
            remedy="name a scan that lies beside the table",
        )
    items = tuple(name.strip() for name in row.get("items", "").split(";") if name.strip())
    unknown = [name for name in items if name not in instrument.by_id]
    if unknown:
        raise InputError(
            f"{instrument.id} has no item {', '.join(unknown)}",
            where=place,
            remedy="write items as the instrument calls them",
        )
    return KnownForm(
        row["form"] or row["file"], (path,), row["truth"], items, row.get("unit_id") or None
    )
