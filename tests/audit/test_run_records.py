"""What becomes of sheets and rows: serials, custody, typed records, units that are not known."""

from __future__ import annotations

from pathlib import Path

from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.nights import GOOD, fill, run, table
from tests.audit.rounds import FakeScans, Sheet, responses_csv, settings_of, small_round


def test_one_serial_on_two_sheets_holds_both(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD | {"A1": 1}, serial="S-1"))
    run(config, scans)
    held = table(settings_of(config), "held")
    assert held["record_id"].tolist() == ["S-1", "S-1#2"]
    assert held["detectors"].tolist() == [["custody.serial_reused"]] * 2


def test_two_pages_with_one_serial_are_one_record(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r", pages=2), FakeScans()
    folder = tmp_path / "r"
    scans.put(folder, "u1/a.png", Sheet({"A1": 5, "A2": 5}, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet({"B1": 4, "B2": 2}, serial="S-1", form_page=2))
    scans.put(folder, "u1/c.png", Sheet({"A1": 1, "A2": 1}, serial="S-2"))
    run(config, scans)
    records = table(settings_of(config), "records").set_index("record_id")
    assert records.loc["S-1", ["A1", "A2", "B1", "B2"]].tolist() == [5, 5, 4, 2]
    assert records.loc["S-1", "state"] == "scored"
    assert records.loc["S-2", "state"] == "held"
    assert records.loc["S-2", "reasons"] == ["page_missing"]


def test_custody_gives_unit_and_batch_and_tells_mixed_batches(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    (folder / "custody.csv").write_text(
        "unit_id,batch,serial_from,serial_to,issued\nu1,b1,S-001,S-050,50\nu2,b2,S-051,S-099,49\n",
        "utf-8",
    )
    scans.put(folder, "a.png", Sheet(GOOD, serial="S-007"))
    scans.put(folder, "u1/b.png", Sheet(GOOD, serial="S-060"))
    scans.put(folder, "u1/c.png", Sheet(GOOD, serial="S-200"))
    run(config, scans)
    records = table(settings_of(config), "records").set_index("record_id")
    assert records.loc["S-007", ["unit_id", "batch", "state"]].tolist() == ["u1", "b1", "scored"]
    assert records.loc["S-060", ["unit_id", "state"]].tolist() == ["u2", "held"]
    assert records.loc["S-200", ["unit_id", "state"]].tolist() == ["u1", "scored"]
    findings = table(settings_of(config), "findings").set_index("record_id")
    assert findings.loc["S-060", "detector"] == "custody.unit_differs"
    assert findings.loc["S-200", "severity"] == "yellow"


def test_optional_columns_of_the_custody_table_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    config, scans = small_round(folder), FakeScans()
    head = "unit_id,batch,issued,returned,printed,outstanding,scanned_at,invalid_reasons\n"
    for book in ("u1,b1,50,40,60,10,2026-08-03,BO_TRONG=2\n", "u1,b1,50,40,60,9,,\n"):
        (folder / "custody.csv").write_text(head + book, "utf-8")
        run(config, scans)
        (row,) = table(settings_of(config), "custody").to_dict("records")
        assert (row["issued"], row["printed"]) == (50, 60)
        told = book.strip().split(",")
        assert row["outstanding"] == int(told[5])
        assert str(row["scanned_at"] or "")[:10] == told[6]
        assert (row["invalid_reasons"] or "") == told[7]
        assert verify_round(settings_of(config)).faults == []
    assert row["handed_out"] is None


def test_a_typed_record_is_held_against_its_paper(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet(GOOD | {"A1": 2}, serial="S-2"))
    rows = [
        {"record_id": f"t{n}", "unit_id": "u1", "channel": "paper", "serial": f"S-{n}", **GOOD}
        for n in (1, 2)
    ]
    (folder / "inbox/responses/typed.csv").write_text(responses_csv(rows), "utf-8")
    run(config, scans)
    records = table(settings_of(config), "records").set_index("record_id")
    assert records["source"].tolist() == ["both", "both"]
    assert records["state"].to_dict() == {"t1": "scored", "t2": "held"}
    finding = table(settings_of(config), "findings").iloc[0]
    assert (finding["detector"], finding["item"]) == ("custody.record_differs", "A1")


def test_a_scan_of_no_known_unit_is_kept_and_listed_and_not_scored(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u7/a.png", Sheet(GOOD, serial="S-1"))
    outcome = run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert outcome.not_judged[0].startswith("inbox/scans/u7/a.png, form S-1: no unit")
    held = table(settings_of(config), "held").iloc[0]
    assert (held["state"], held["reasons"]) == ("not_scored", ["unknown_unit"])


def test_a_page_that_was_read_and_not_judged_is_held_and_listed(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1", judged=False))
    outcome = run(config, scans)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert outcome.not_judged[0].startswith("inbox/scans/u1/a.png, page 1: read, but not judged")
    held = table(settings_of(config), "held").iloc[0]
    assert (held["state"], held["reasons"]) == ("held", ["page_not_judged"])


def test_units_without_procedures_have_no_result(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    units = tmp_path / "r/units.csv"
    units.write_text(units.read_text("utf-8").replace("u2,Đơn vị u2,G,xã,true", "u2,U2,G,xã,false"))
    fill(tmp_path / "r", scans)
    run(config, scans)
    assert set(table(settings_of(config), "scores")["unit_id"]) == {"u1"}
