"""Tables as text: CSV, JSON, JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.hostile.corpus.case import READ, Case

__all__ = ["CASES"]

HEAD = "record_id,unit_id,A1,A2,D1,comment,submitted_at,serial"
ROW = "r1,u1,5,4,nam,tốt,2026-07-31T14:05,PB-1"
ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def csv(*rows: str, head: str = HEAD) -> Callable[[], bytes]:
    return lambda: "\n".join([head, *rows, ""]).encode("utf-8", "surrogatepass")


def objects(*rows: str) -> Callable[[], bytes]:
    return lambda: ("[" + ",".join(rows) + "]").encode("utf-8", "surrogatepass")


def units(*rows: str) -> Callable[[], bytes]:
    return csv(*rows, head="unit_id,name,group,served,valid_from,valid_to,handles_procedures")


def custody(*rows: str) -> Callable[[], bytes]:
    return csv(*rows, head="unit_id,batch,serial_from,serial_to,issued,issued_at")


def _record(**cells: object) -> str:
    return json.dumps({"record_id": "r1", "unit_id": "u1", "A1": 5, "A2": 4, **cells})


def _wide(count: int) -> bytes:
    names = ",".join(f"c{i}" for i in range(count))
    return f"{HEAD},{names}\n{ROW}{',' * count}\n".encode()


def _wide_objects() -> bytes:
    row = {
        "record_id": "r1",
        "unit_id": "u1",
        "A1": 5,
        "A2": 4,
        **{f"c{i}": i for i in range(10**6)},
    }
    return json.dumps([row]).encode()


def _sparse_objects() -> bytes:
    """Every row has keys of its own: a table of 10^10 cells in a few megabytes."""
    rows = [{"record_id": str(i), **{f"k{i}_{j}": 0 for j in range(10)}} for i in range(30_000)]
    return json.dumps(rows).encode()


CASES = (
    # too much of something
    Case("million_columns.csv", "responses", lambda: _wide(10**6), says=("columns",)),
    Case("million_columns.json", "responses", _wide_objects, says=("columns",)),
    Case("keys_of_their_own.json", "responses", _sparse_objects, says=("columns",)),
    Case("long_cell.csv", "responses",
         lambda: f"{HEAD}\n{ROW}\nr2,u1,5,5,nam,{'x' * 10**8},,\n".encode(),
         READ, ("(2,", "100000000 characters", "line 3")),
    Case("long_cell.json", "responses",
         lambda: f'[{_record(comment="")},{{"record_id":"r2","unit_id":"u1","A1":1,"A2":2,'
                 f'"comment":"{"x" * 10**8}"}}]'.encode(), READ, ("(2,", "100000000 characters")),
    Case("long_id.csv", "responses", csv(f"{'9' * 200_000},u1,5,5,nam,,,"), READ, ("200000",)),
    Case("long_header.csv", "responses", csv(ROW + ",1", head=HEAD + "," + "h" * 10**7),
         says=("column", "characters")),
    Case("long_answer.csv", "responses", csv("r1,u1," + "5" * 90_000 + ",4,nam,,,"), READ,
         ("1 problems", " … 5")),
    Case("open_quote.csv", "responses",
         lambda: (HEAD + '\n"' + "r1,u1,5,4,nam,,,\n" * 200_000).encode(), says=("line 2",)),
    Case("field_limit.csv", "responses", csv('r1,u1,5,4,nam,"' + "y" * 300_000 + '",,'), READ,
         ("300000 characters",)),
    Case("only_separators.csv", "responses", lambda: b"," * 5_000_000, says=("header",)),
    Case("only_quotes.csv", "responses", lambda: b'"' * 3_000_001, None),
    Case("only_newlines.csv", "responses", lambda: b"\n" * 20_000_000, says=("header",)),
    Case("same_id.csv", "responses", csv(*["x,u1,5,4,nam,,,"] * 60_000), READ,
         ("(60000,", "60000 problems")),
    # bytes that are no text
    Case("zero_byte.csv", "responses", csv("r1,u1,5,4,nam,a\0b,,"), says=("line 2", "zero byte")),
    Case("not_utf8.csv", "responses", lambda: HEAD.encode() + b"\nr1,u1,5,4,nam,\xff\xfe,,\n",
         says=("line 2", "UTF-8")),
    Case("utf16_cut.csv", "responses", lambda: HEAD.encode("utf-16")[:-1], says=("UTF-8",)),
    Case("surrogate.csv", "responses", csv("r1,u1,5,4,nam,a\ud800b,,"), says=("line 2",)),
    Case("surrogate.json", "responses",
         objects(r'{"record_id":"r\ud800","unit_id":"u1","A1":5,"A2":4,"comment":"\udfff"}'), READ),
    Case("zero_byte.json", "responses", lambda: _record(comment="a\0b").join("[]").encode(), READ),
    # numbers
    Case("huge_integer.json", "responses", objects('{"record_id":"r1","unit_id":"u1","A2":4,"A1":'
         + "9" * 5_000 + "}"), READ, ("is no",)),
    Case("huge_integer_id.json", "responses", objects('{"unit_id":"u1","A1":5,"A2":4,"record_id":'
         + "9" * 5_000 + "}"), READ),
    Case("integer_of_400_digits.json", "responses",
         objects('{"record_id":"r1","unit_id":"u1","A2":4,"A1":' + "9" * 400 + "}"), READ,
         ("is no finite number",)),
    Case("not_a_number.json", "responses",
         objects('{"record_id":"r1","unit_id":"u1","A1":NaN,"A2":Infinity}',
                 '{"record_id":NaN,"unit_id":-Infinity,"A1":1e999,"A2":-0.0}'), READ, ("(2,",)),
    Case("not_a_number.csv", "responses", csv("r1,u1,nan,inf,nam,,,", "r2,u1,-inf,1e999,nam,,,"),
         READ, ("(2, 8)", "4 problems")),
    Case("huge_integer.jsonl", "responses",
         lambda: ('{"record_id":"r1","unit_id":"u1","A1":' + "9" * 5_000 + ',"A2":1}\n').encode(),
         READ),
    # nesting
    Case("deep.json", "responses", lambda: b"[" * 1_000_000, says=("JSON",)),
    Case("deep_objects.json", "responses", lambda: b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
         says=("JSON",)),
    Case("deep_cell.json", "responses",
         objects('{"record_id":"r1","unit_id":"u1","A1":5,"A2":4,"comment":' + "[" * 900 + "]" * 900
                 + "}"), READ),
    Case("deep.jsonl", "responses", lambda: b'{"a":' * 100_000 + b"\n", says=("line 1", "JSON")),
    Case("cells_are_objects.json", "responses",
         objects('{"record_id":{"a":1},"unit_id":["u1"],"A1":[5],"A2":{"x":4}}'),
         says=("missing", "record_id/a")),
    Case("double_keys.json", "responses",
         objects('{"record_id":"a","record_id":"b","unit_id":"u1","A1":5,"A2":4}'),
         says=("twice",)),
    Case("keys_alike.json", "responses",
         objects('{"record_id":"a","unit_id":"u1","A1":5,"A2":4,"A1 ":1}'), None),
    Case("no_keys.json", "responses", objects("{}", "{}"), says=("records",)),
    Case("scalars.json", "responses", objects("1", "2"), says=("list of objects",)),
    # times
    Case("years.csv", "responses",
         csv("r1,u1,5,4,nam,,9999-12-31T23:59:59-12:00,", "r2,u1,5,4,nam,,0001-01-01T00:00+14:00,",
             "r3,u1,5,4,nam,,99999-01-01,", "r4,u1,5,4,nam,,31/02/2026,",
             "r5,u1,5,4,nam,,2026-07-31T14:05+99:99,"), READ, ("(5, 8)", "5 problems")),
    # what steers a terminal, a page or a spreadsheet
    Case("terminal.csv", "responses",
         csv(f"r{ESCAPE},u1,{ESCAPE},4,nam,{ESCAPE},{ESCAPE},", f"r2,u{ESCAPE},5,5,x{ESCAPE},,,"),
         READ, ("off the scale",)),
    Case("terminal_header.csv", "responses", csv("1,2", head=f"record_id{ESCAPE},A1{ESCAPE}")),
    Case("markup.csv", "responses", csv("<script>alert(1)</script>,u1,<b>,4,nam,,,"), READ),
    Case("bidi_header.csv", "responses", csv("1", head="\u202eA1\u202c"), says=("missing",)),
    # one id in two spellings, and ids that only look alike
    Case("spellings.csv", "responses",
         csv("Hòa,u1,5,4,nam,,,", "Ho\u0300a,u1,5,4,nam,,,", "H\u200bòa,u1,5,4,nam,,,"), READ,
         ("(3,", "is used 3 times")),
    Case("spelled_units.csv", "responses",
         csv("a,u\u200b1,5,4,nữ,,,", "b,u1\u00a0,5,4,nu\u031b\u0303,,,"), READ,
         ("(2, 8)", "0 problems")),
    Case("bidi_unit.csv", "responses", csv("a,\u202eu1,5,4,nam,,,"), READ,
         ("(1, 8)", "0 problems")),
    Case("confusable_unit.csv", "responses", csv("a,\u03c51,5,4,nam,,,"), READ,
         ("not in the list",)),
    # units and custody
    Case("absurd_units.csv", "units",
         units("u1,x,G,1e308,2026-01-01,,true", "u2,x,G,-5,9999-12-31,,true", "u3,x,G,1.5,,,maybe",
               "u4,x,G,inf,0001-01-01,,true", "u5,x,G," + "9" * 400 + ",,,true",
               "u6,,,nan,2026-01-01,2025-01-01,1"), READ, ("served", "no count")),
    Case("units_deep_dates.csv", "units", units("u1,x,G,5,1900-01-01T00:00+14:00,2200-12-31,true"),
         READ),
    Case("units_terminal.csv", "units", units(f"u{ESCAPE},x{ESCAPE},G{ESCAPE},{ESCAPE},,,{ESCAPE}"),
         READ),
    Case("custody_digits.csv", "custody",
         custody("u1,b,PB-" + "9" * 6_000 + ",PB-" + "9" * 6_001 + ",5,2026-07-01",
                 "u1,c,1²,3²,5,", "u1,d,٣,٤,5,", "u2,e,-,-,5,", "u9,f,1,2,1e300,"), READ, ("(5,",)),
    Case("custody_overlap.csv", "custody",
         custody(*(f"u1,b{i},PB-1,PB-99999999999999999999,1," for i in range(2_000))), READ,
         ("overlaps",)),
)  # fmt: skip
