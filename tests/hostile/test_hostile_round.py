"""A night in which half of what comes in is hostile: the other half is judged, nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from audit.cli.main import run
from detectors.errors import ExitCode
from tests.audit.rounds import answers, responses_csv, small_round
from tests.hostile.corpus import CASES

TABLES = (
    "deep.json", "huge_integer.json", "surrogate.json", "terminal_header.csv",
    "laughs_in_sheet.xlsx", "overlapping.xlsx", "lying_size.xlsx", "cut.parquet",
    "keys_alike.json", "zero_byte.csv", "row_of_billions.xlsx", "giant_dictionary.parquet",
    "same_id.csv",
)  # fmt: skip
SCANS = (
    "bomb.png", "cut.jpg", "exif_escape.jpg", "loop.tif", "bomb.tif", "javascript.pdf",
    "pages_loop.pdf", "encrypted.pdf", "wrong_crc.png",
)  # fmt: skip
ESCAPE = "\x1b]0;own\x07\x1b[2J"
NAME = f'<img src=x onerror="alert(1)">{ESCAPE}\u202e=1+1'


def _steering(text: str) -> list[str]:
    return [
        c for c in text if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or c == "\u202e"
    ]


@pytest.mark.slow
def test_the_rest_of_the_night_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = small_round(tmp_path / "r")
    folder = config.parent
    inbox = folder / "inbox"
    by_name = {case.name: case for case in CASES}
    good = [*answers(1, 30, "u1"), *answers(2, 30, "u2")]
    good[0]["record_id"] = f"r{ESCAPE}"
    good[1]["record_id"] = "=cmd|' /C calc'!A0"
    (inbox / "responses/good.csv").write_text(responses_csv(good), "utf-8")
    units = (folder / "units.csv").read_text("utf-8")
    quoted = NAME.replace('"', '""')
    (folder / "units.csv").write_text(units.replace("Đơn vị u1", f'"{quoted}"'), "utf-8")
    (inbox / "scans").mkdir(exist_ok=True)
    for part, names in (("responses", TABLES), ("scans", SCANS)):
        for name in names:
            by_name[name].write(inbox / part)
    # Names are texts out of somebody's hands, too; one of them is no UTF-8.
    odd = [
        inbox / "scans" / f"{ESCAPE[:4]}\u202egpj.png",
        inbox / "scans" / os.fsdecode(b"\xff.png"),
    ]
    for path in odd:
        path.write_bytes(by_name["cut.png"].make())

    assert run(["run", "-c", str(config)]) == ExitCode.PARTLY_JUDGED
    out, err = capsys.readouterr()
    assert _steering(out + err) == []

    kept = {path.name for path in (folder / "originals").rglob("*") if path.is_file()}
    for path in inbox.rglob("*"):
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() in kept, path

    exported = tmp_path / "records.json"
    words = ["export", "records", "-c", str(config), "--format", "json", "-o", str(exported)]
    assert run(words) == ExitCode.DONE
    rows = json.loads(exported.read_text("utf-8"))
    digital = [row for row in rows if row["channel"] == "QR"]
    assert len(digital) >= 60
    assert run(["report", "-c", str(config)]) == ExitCode.DONE
    pages = list((folder / "reports").rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        assert "<img src=x" not in text
        assert _steering(text) == [], page
    assert run(["verify", "-c", str(config)]) == ExitCode.DONE
    assert run(["status", "-c", str(config)]) == ExitCode.DONE
    out, err = capsys.readouterr()
    assert _steering(out + err) == []
    # A second night finds nothing new.
    assert run(["run", "-c", str(config)]) == ExitCode.PARTLY_JUDGED
