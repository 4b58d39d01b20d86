"""A batch whose form was printed otherwise than the blank: flagged while it is small, then not
judged, and the same in one night or in many."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from audit.reporting.reasons import reason_message
from audit.verification import verify_round
from detectors.errors import ExitCode
from scans.reprint import CHECK, OTHER_PRINT
from tests.audit.nights import GOOD, rows, run, table
from tests.audit.rounds import FakeScans, Sheet, erasure, settings_of, small_round

MISSING = dataclasses.replace(
    erasure("A1"), detector=CHECK, box_mm=(60.0, 85.0, 5.0, 5.0), evidence={"print_lost": 1.0}
)


def _put(folder: Path, scans: FakeScans, first: int, last: int) -> None:
    for number in range(first, last):
        sheet = Sheet(GOOD, serial=f"S-{number}", findings=(MISSING,))
        scans.put(folder, f"u1/{number:02}.png", sheet)


def test_sheets_of_another_print_are_not_judged_by_what_they_lack(tmp_path: Path) -> None:
    folder, scans = tmp_path / "r", FakeScans()
    config = small_round(folder)
    settings = settings_of(config)
    _put(folder, scans, 0, 5)
    scans.put(folder, "u2/a.png", Sheet(GOOD, serial="S-90"))
    scans.put(folder, "u2/b.png", Sheet(GOOD, serial="S-91", findings=(MISSING,)))
    run(config, scans)
    assert len(table(settings, "held")) == 6
    _put(folder, scans, 5, 12)
    outcome = run(config, scans)
    # The single sheet of the other unit stays flagged: nothing else there lacks that print.
    held = table(settings, "held").set_index("record_id")
    assert held.loc["S-91", "detectors"] == [CHECK]
    others = held.drop("S-91")
    assert len(others) == 12
    assert others["detectors"].tolist() == [[]] * 12
    assert others["reasons"].tolist() == [["page_not_judged"]] * 12
    assert set(table(settings, "findings")["record_id"]) == {"S-91"}
    told = [line for line in outcome.not_judged if OTHER_PRINT in line]
    assert len(told) == 12
    assert all(re.match(r"inbox/scans/u1/\d+\.png, page 1: read, but not judged", t) for t in told)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert verify_round(settings).faults == []
    before = rows(settings)
    assert run(config, scans).exit_code is ExitCode.PARTLY_JUDGED
    assert rows(settings) == before


def test_many_nights_are_as_good_as_one(tmp_path: Path) -> None:
    found = []
    for name, nights in (("one", [(0, 12)]), ("two", [(7, 12), (0, 7)])):
        folder, scans = tmp_path / name / "r", FakeScans()
        config = small_round(folder)
        for first, last in nights:
            _put(folder, scans, first, last)
            run(config, scans)
        assert table(settings_of(config), "findings").empty
        # What was found while there were few sheets stays in the store, as withdrawn.
        found.append(rows(settings_of(config), without=("findings",)))
    assert found[0] == found[1]


def test_it_is_said_in_vietnamese_too() -> None:
    assert reason_message(OTHER_PRINT).vi != OTHER_PRINT
