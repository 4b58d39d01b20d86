"""What people configure: instruments, settings, rules, references; and trails as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.hostile.corpus.case import READ, Case
from tests.hostile.targets import INSTRUMENT

__all__ = ["CASES", "checkpoint", "reference", "settings_text", "trail"]

ESCAPE = "\\u001b]0;own\\u0007\\u202e"


def text(content: str) -> Callable[[], bytes]:
    return lambda: content.encode("utf-8", "surrogatepass")


def settings_text(more: str = "") -> str:
    """A small ``audit.toml``."""
    return (
        f'{more}\n[round]\nid = "R"\ntitle = "T"\nfrom = 2026-07-01\nto = 2026-09-30\n'
        '[[instrument]]\nfile = "instruments/i.toml"\n'
    )


def rules_text() -> str:
    """The rule set that is shipped."""
    import audit.scoring.rules as rules

    return (Path(rules.__file__).parent / "satisfaction-2023.toml").read_text("utf-8")


def item(more: str) -> Callable[[], bytes]:
    return text(f'id = "H"\ntitle = "t"\n[[item]]\nid = "A1"\n{more}\n')


def page(more: str) -> Callable[[], bytes]:
    return text(f'{INSTRUMENT}\n[[page]]\nnumber = 1\nblank = "/dev/null"\n{more}\n')


@cache
def reference() -> bytes:
    """A small reference, as ``calibrate`` writes it."""
    import numpy as np

    from scans.reference import Reference
    from scans.types import ScanClass

    draw = np.random.default_rng(1)
    pages = [(ScanClass.CONTINUOUS, {"erasure.fluid": float(v)}) for v in draw.exponential(size=40)]
    return json.dumps(Reference.learn(pages).to_json()).encode()


def changed(**keys: Any) -> Callable[[], bytes]:
    """The reference with keys replaced at its top, or in its first distribution."""

    def make() -> bytes:
        data = json.loads(reference())
        for key, value in keys.items():
            (data if key in data else data["honest"][0])[key] = value
        return json.dumps(data).encode()

    return make


@cache
def trail() -> bytes:
    """A small exported trail."""
    import datetime as dt
    import tempfile

    from audit.store import open_store
    from audit.trail.acts import Act, Action
    from audit.trail.cursor import reading
    from audit.trail.transcript import write_transcript

    moment = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        with open_store(url, now=lambda: moment) as store:
            for name in ("anna", "bình"):
                with store.writing(Act(Action.LOGIN, moment, name, "desk", always=True)):
                    pass
        lines: list[str] = []
        with reading(url) as cursor:
            write_transcript(cursor, lines.append)
    return "".join(lines).encode()


@cache
def checkpoint() -> bytes:
    """A signed checkpoint."""
    import tempfile

    from audit.trail.checkpoint import Checkpoint
    from audit.trail.keys import make_key

    with tempfile.TemporaryDirectory() as folder:
        key = make_key(Path(folder) / "key")
    made = Checkpoint("R", "run", 4, "0" * 64, "2026-10-01T00:00:00.000000Z", key.public)
    return made.signed(key).text()


def _after_head(line: str) -> Callable[[], bytes]:
    return lambda: trail().split(b"\n")[0] + b"\n" + line.encode("utf-8", "surrogatepass")


def _huge_line() -> bytes:
    return b'{"body":"' + b"x" * (300 << 20)


DIGITS = "9" * 5_000

CASES = (
    # any TOML
    Case("deep.toml", "instrument", text("a = " + "[" * 100_000), says=("nested",)),
    Case("deep_keys.toml", "instrument", text(".".join(["a"] * 50_000) + " = 1"), None),
    Case("digits.toml", "instrument", text(f"a = {DIGITS}"), says=("TOML",)),
    Case("large.toml", "instrument", text("# " + "x" * (5 << 20)), says=("larger",)),
    Case("zero.toml", "instrument", text('id = "a\0"'), says=("TOML",)),
    Case("not_utf8.toml", "instrument", lambda: b'id = "\xff"', says=("TOML",)),
    Case("escapes.toml", "instrument", text(f'"{ESCAPE}" = 1')),
    Case("escapes_in_id.toml", "instrument",
         text(f'id = "{ESCAPE}"\n[[item]]\nid = "{ESCAPE}"\nscale = [1, 1]')),
    # instruments
    Case("infinite_scale.toml", "instrument", item("scale = [1, inf]"), says=("not a number",)),
    Case("no_number_scale.toml", "instrument", item("scale = [nan, nan]"), says=("not a number",)),
    Case("scale_of_digits.toml", "instrument", item("scale = [1, " + "9" * 400 + "]"),
         says=("not a number",)),
    Case("scale_of_lists.toml", "instrument", item("scale = [[1], {}]")),
    Case("scale_of_millions.toml", "instrument",
         item("scale = [" + ",".join(map(str, range(300_000))) + "]"), says=("scale",)),
    Case("million_items.toml", "instrument",
         text('id = "H"\n' + "".join(f"[[item]]\nid='{i}'\nscale=[1,2]\n" for i in range(60_000))),
         says=("item",)),
    Case("not_applicable_list.toml", "instrument", item("scale = [1, 2]\nnot_applicable = []"), None),
    Case("item_no_table.toml", "instrument", text('id = "H"\nitem = [1, "x"]')),
    Case("kind_list.toml", "instrument", item("scale = [1, 2]\nkind = [1]")),
    Case("factor_table.toml", "instrument", item("scale = [1, 2]\nfactor = { a = 1 }"), None),
    Case("infinite_page.toml", "instrument", page("size_mm = [inf, 297]")),
    Case("no_number_box.toml", "instrument",
         page('[[page.box]]\nitem = "A1"\nvalue = 1\nbox_mm = [nan, nan, nan, nan]'),
         says=("not a number",)),
    Case("grid_of_millions.toml", "instrument",
         page("[[page.grid]]\nfirst_box_mm = [9, 9, 1, 1]\npitch_mm = [0, 0]\n"
              f"items = {['A1'] * 3_000}\nvalues = {[1] * 3_000}")),
    Case("grid_no_list.toml", "instrument", page("grid = 5")),
    Case("grid_items_number.toml", "instrument",
         page("[[page.grid]]\nfirst_box_mm = [9, 9, 1, 1]\npitch_mm = [0, 0]\nitems = 5")),
    Case("grid_items_tables.toml", "instrument",
         page("[[page.grid]]\nfirst_box_mm = [9, 9, 1, 1]\npitch_mm = [0, 0]\nitems = [{}]\n"
              "values = [[1]]")),
    Case("box_no_list.toml", "instrument", page("box = { a = 1 }")),
    Case("box_value_list.toml", "instrument",
         page('[[page.box]]\nitem = "A1"\nvalue = [1]\nbox_mm = [9, 9, 5, 5]')),
    Case("field_number.toml", "instrument", page("field = 7")),
    Case("shape_list.toml", "instrument", text(INSTRUMENT + "\n[marks]\nshape = [[]]")),
    Case("tiny_box.toml", "instrument",
         page('[[page.box]]\nitem = "A1"\nvalue = 1\nbox_mm = [9, 9, 1e-300, 1e-300]')),
    Case("blank_outside.toml", "instrument",
         text(INSTRUMENT + '\n[[page]]\nblank = "../../../../etc/passwd"\n'), None),
    Case("blank_zero.toml", "instrument", text(INSTRUMENT + '\n[[page]]\nblank = "a\\u0000b"\n')),
    Case("blank_folder.toml", "instrument", text(INSTRUMENT + '\n[[page]]\nblank = "/"\n')),
    # settings
    Case("settings_plain.toml", "settings", text(settings_text()), READ),
    Case("settings_deep.toml", "settings", text("a = " + "[" * 90_000), code=9),
    Case("settings_digits.toml", "settings", text(settings_text(f"seed = {DIGITS}")), code=9),
    Case("settings_infinite.toml", "settings", text(settings_text("false_flag_rate = inf")), code=9),
    Case("settings_no_number.toml", "settings", text(settings_text("false_flag_rate = nan")), code=9),
    Case("settings_jobs.toml", "settings", text(settings_text("jobs = 1000000000")), code=9),
    Case("settings_years.toml", "settings",
         text(settings_text().replace("2026-07-01", "0001-01-01").replace("2026-09-30", "9999-12-31")),
         code=9),
    Case("settings_retention.toml", "settings",
         text(settings_text() + "[retention]\nscans = 9000000000000000000\n"), code=9),
    Case("settings_path_zero.toml", "settings", text(settings_text('units = "a\\u0000b"')), code=9),
    Case("settings_round_id.toml", "settings",
         text(settings_text().replace('"R"', '"../../x"')), code=9),
    Case("settings_escapes.toml", "settings", text(settings_text(f'"{ESCAPE}" = 1')), code=9),
    Case("settings_store.toml", "settings", text(settings_text('store = "sqlite:///\\u0000"')),
         code=9),
    Case("settings_other.toml", "settings", text(settings_text("round = 5").replace("[round]", "[x]")),
         code=9),
    Case("collection_hours.toml", "collection", text("office_hours = [nan, inf]"), code=9),
    Case("collection_years.toml", "collection",
         text('[[assisted_days]]\nday = 0001-01-01\nunit = "x"'), None, code=9),
    Case("collection_kind.toml", "collection", text("shared = 5"), code=9),
    Case("rules_deep.toml", "rules", text("a = " + "{a=" * 50_000), code=9),
    Case("rules_infinite.toml", "rules",
         lambda: rules_text().replace("from = 90", "from = inf").encode(), None, code=9),
    Case("rules_no_table.toml", "rules", text("tier = 5\nid = 'x'"), code=9),
    # references
    Case("reference_plain.json", "reference", reference, READ),
    Case("reference_counts.json", "reference",
         changed(scores=[1.0, 2.0], counts=[10**12, 10**12])),
    Case("reference_negative.json", "reference", changed(scores=[1.0], counts=[-5])),
    Case("reference_wide.json", "reference", changed(scores=[1.0], counts=[10**30])),
    Case("reference_two_rows.json", "reference", changed(scores=[[1.0]], counts=[[1]])),
    Case("reference_no_number.json", "reference",
         changed(scores=[float("nan"), float("inf")], counts=[1, 1])),
    Case("reference_scale.json", "reference", changed(min_scale=float("inf"))),
    Case("reference_pages.json", "reference", changed(pages={"continuous": "x"})),
    Case("reference_fusion.json", "reference", changed(fusion={"a": [float("nan"), 5.0]})),
    Case("reference_fusion_zero.json", "reference", changed(fusion={"erasure.fluid": [0.0, 0.0]})),
    Case("reference_deep.json", "reference", lambda: b"[" * 1_000_000),
    Case("reference_digits.json", "reference", text('{"format": ' + DIGITS + "}")),
    Case("reference_list.json", "reference", lambda: b"[]"),
    # trails
    Case("trail_plain.jsonl", "trail", trail, READ, ("3 entries, 0 faults",)),
    Case("trail_deep.jsonl", "trail", _after_head("[" * 100_000), READ, ("line 2",)),
    Case("trail_digits.jsonl", "trail", _after_head('{"seq":' + DIGITS + "}\n"), READ, ("line 2",)),
    Case("trail_escapes.jsonl", "trail", _after_head(
        '{"body":"{\\"action\\":\\"x\\"}","hash":"\\u001b[2J","prev":"","seq":1}\n'), READ),
    Case("trail_huge_line.jsonl", "trail", _huge_line, READ, ("line 1",)),
    Case("trail_blank_lines.jsonl", "trail", lambda: b"\n" * 200_000, READ, ("line 1",)),
    Case("trail_empty.jsonl", "trail", lambda: b"", READ, ("ends before",)),
    Case("checkpoint_plain.json", "checkpoint", checkpoint, READ, ("[True]",)),
    Case("checkpoint_deep.json", "checkpoint", lambda: b"[" * 9_000, READ, ("[False]",)),
    Case("checkpoint_digits.json", "checkpoint", text('{"size":' + DIGITS + "}"), READ, ("[False]",)),
)  # fmt: skip
