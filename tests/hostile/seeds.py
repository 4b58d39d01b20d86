"""Good files of every kind to begin from, and those that keep their checksums when changed."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.hostile.corpus import archives, documents, pictures, sheets, tables, texts

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A parser under test.

    Attributes:
        target: Of :data:`tests.hostile.targets.TARGETS`.
        suffix: Of its files.
        seeds: Makes the good files.
        mend: Puts checksums and packing right again after a change, ``None`` for neither.
    """

    target: str
    suffix: str
    seeds: Callable[[], Sequence[bytes]]
    mend: Callable[[bytes], bytes] | None = None


def _mend_png(data: bytes) -> bytes:
    """Right checksums, so that a change gets past them."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + size]
        if len(body) != size + 4:
            break
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + size
    return bytes(out + data[at:])


def _pack(parts: bytes) -> bytes:
    """A workbook from its parts as one text: changed inside, packed right."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # two parts of one name are part of the game
        for number, part in enumerate(parts.split(_BREAK)):
            name, _, content = part.partition(b"\n")
            text = name.decode("ascii", "replace")[:200] or f"part{number}"
            archive.writestr(zipfile.ZipInfo(text, (2026, 7, 31, 0, 0, 0)), content)
    return out.getvalue()


_BREAK = b"\n=====part=====\n"


def _workbook_rows() -> bytes:
    return sheets.cells(
        sheets._row(2, sheets._text("E2", "tốt")),
        sheets._row(3, '<c r="E3" t="s"><v>0</v></c>'),
        sheets._row(4, '<c r="E4"><f>1+1</f><v>2</v></c>'),
    )()


def _parts_of_workbook() -> Sequence[bytes]:
    with zipfile.ZipFile(io.BytesIO(_workbook_rows())) as archive:
        names = archive.namelist()
        return [_BREAK.join(n.encode() + b"\n" + archive.read(n) for n in names)]


def _csv(suffix: str = ",") -> bytes:
    text = tables.csv(
        tables.ROW, 'r2,u2,1,,nữ,"a, ""b""\nc",2026-08-01,PB-2', "r3,u1,9,3,nam,x,01/08/2026 7:05,",
    )()  # fmt: skip
    return text.replace(b",", suffix.encode())


def _objects() -> Sequence[bytes]:
    rows = [
        {"record_id": f"r{i}", "unit_id": "u1", "A1": i, "A2": 4.0, "comment": "é"}
        for i in range(5)
    ]
    wrapped = {"count": 5, "next": None, "results": rows}
    return [json.dumps(rows).encode(), json.dumps(wrapped, ensure_ascii=False).encode()]


def _lines() -> Sequence[bytes]:
    return [b"\n".join(json.dumps(row).encode() for row in json.loads(_objects()[0]))]


def _parquets() -> Sequence[bytes]:
    columns = sheets._ids(40)
    return [
        sheets.parquet(columns),
        sheets.parquet({**columns, "comment": ["tốt"] * 40}, compression="zstd"),
        sheets.parquet(columns, use_dictionary=False, compression="none", row_group_size=7),
    ]


def _units() -> Sequence[bytes]:
    return [
        tables.units("u1,Xã A,G,500,2026-01-01,,true", "u2,Xã B,G,1.200,2025-01-01,2026-12-31,có")()
    ]


def _custody() -> Sequence[bytes]:
    return [tables.custody("u1,b1,PB-1,PB-50,50,2026-07-01", "u2,b2,PB-51,PB-99,49,")()]


def _instruments() -> Sequence[bytes]:
    from tests.hostile.targets import INSTRUMENT

    page = (
        '\n[marks]\nshape = "box"\n[[page]]\nnumber = 1\nsize_mm = [210, 297]\n'
        'blank = "/etc/hostname"\nfiducials_mm = [[14, 14], [196, 14]]\nfiducial_size_mm = 8\n'
        'code = { kind = "qr", box_mm = [176, 12, 22, 22], role = "serial" }\n'
        '[[page.grid]]\nitems = ["A1"]\nvalues = [1, 2, 3]\nfirst_box_mm = [100, 100, 5, 5]\n'
        'pitch_mm = [9, 8]\n[[page.box]]\nitem = "A2"\nvalue = 1\nbox_mm = [31.5, 62.0, 4.0, 4.0]\n'
        '[[page.field]]\nid = "s"\nkind = "signature"\nbox_mm = [20, 230, 60, 25]\n'
    )
    return [(INSTRUMENT + page).encode()]


def _settings() -> Sequence[bytes]:
    more = (
        'units = "units.csv"\nstore = "sqlite:///audit.db"\nfalse_flag_rate = 0.01\nseed = 3\n'
        'jobs = 2\nlanguage = "en"\ntimezone = "Asia/Ho_Chi_Minh"\nfail_on = "red"\n'
    )
    tail = (
        '[engine]\nkind = "processes"\n[collection]\noffice_hours = [7.0, 17.5]\nshared = ["a"]\n'
        '[[collection.assisted_days]]\nday = 2026-07-05\nunit = "u1"\n[retention]\nscans = 365\n'
    )
    return [(texts.settings_text(more) + tail).encode()]


def _collections() -> Sequence[bytes]:
    text = (
        b'office_hours = [7.0, 17.5]\noffice_days = [1, 2]\nshared = ["x"]\n'
        b'transactions = "t.csv"\n[[assisted_days]]\nday = 2026-07-05\nunit = "u1"\n'
        b'[successors]\nu1 = "u2"\n'
    )
    return [text]


@cache
def _stores() -> Sequence[bytes]:
    import datetime as dt
    import tempfile
    from pathlib import Path

    from audit.store import open_store
    from audit.trail.acts import Act, Action

    moment = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        with open_store(f"sqlite:///{path}", now=lambda: moment) as store:
            for name in ("anna", "bình"):
                with store.writing(Act(Action.LOGIN, moment, name, "desk", always=True)):
                    pass
        return [path.read_bytes()]


def _pdfs() -> Sequence[bytes]:
    return [
        documents.scan(),
        documents.scan(documents._javascript),
        documents.one_page(),
        documents._picture(
            40, 40, zlib.compress(bytes(1600)), f"{documents.GREY} /Filter /FlateDecode"
        ),
        documents._forms(2, 2),
    ]


def _tiffs() -> Sequence[bytes]:
    kinds: Sequence[Mapping[str, Any]] = (
        {"compression": "tiff_lzw"}, {"compression": "group4"}, {"compression": "jpeg"},
        {"compression": "tiff_adobe_deflate"}, {},
    )  # fmt: skip
    return [pictures.tiff(**kind) for kind in kinds]


KINDS: Mapping[str, Kind] = {
    "jpeg": Kind("pages", ".jpg", lambda: [pictures.jpeg(), pictures.jpeg(progressive=True)]),
    "png": Kind("pages", ".png", lambda: [pictures.png()]),
    "png_right_sums": Kind("pages", ".png", lambda: [pictures.png()], _mend_png),
    "tiff": Kind("pages", ".tif", _tiffs),
    "pdf": Kind("pages", ".pdf", _pdfs),
    "csv": Kind("responses", ".csv", lambda: [_csv(), _csv(";"), _csv("\t")]),
    "xlsx": Kind("responses", ".xlsx", lambda: [_workbook_rows()]),
    "xlsx_parts": Kind("responses", ".xlsx", _parts_of_workbook, _pack),
    "parquet": Kind("responses", ".parquet", _parquets),
    "json": Kind("responses", ".json", _objects),
    "jsonl": Kind("responses", ".jsonl", _lines),
    "units": Kind("units", ".csv", _units),
    "custody": Kind("custody", ".csv", _custody),
    "instrument": Kind("instrument", ".toml", _instruments),
    "settings": Kind("settings", ".toml", _settings),
    "collection": Kind("collection", ".toml", _collections),
    "rules": Kind("rules", ".toml", lambda: [texts.rules_text().encode()]),
    "reference": Kind("reference", ".json", lambda: [texts.reference()]),
    "trail": Kind("trail", ".jsonl", lambda: [texts.trail()]),
    "checkpoint": Kind("checkpoint", ".json", lambda: [texts.checkpoint()]),
    "store": Kind("store", ".db", _stores),
    "backup": Kind("backup", ".tar", lambda: [archives.backup(), archives._sparse()]),
}
