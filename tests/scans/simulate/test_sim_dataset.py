"""Sets on disk: files, truth beside them, and no surprise in their making."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from detectors.errors import AccessError, UsageError
from scans.simulate.dataset import simulate_set, write_set
from scans.types import MarkState, ScanClass


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_set_is_written_with_its_truth(tmp_path: Path) -> None:
    kinds = [("TAY_2", None, "gross"), ("DIGITAL_TAY", "paint", "moderate")]
    pages = list(
        simulate_set("HL-02", 6, 9, profiles=("flatbed", "fax"), tampered=0.5, kinds=kinds)
    )
    folder = write_set(pages, tmp_path / "set")
    listing, truth = rows(folder / "pages.csv"), rows(folder / "truth.csv")
    assert [row["file"] for row in listing] == sorted(
        p.name for p in folder.iterdir() if p.suffix != ".csv"
    )
    assert len(truth) == 6 * 60
    assert {row["state"] for row in truth} <= {state.value for state in MarkState}
    assert {row["scan_class"] for row in listing} == {ScanClass.CONTINUOUS, ScanClass.BITONAL}
    tampered = {row["file"] for row in listing if row["tampered"] == "true"}
    altered = rows(folder / "tampers.csv")
    assert {row["file"] for row in altered} == tampered
    assert 0 < len(tampered) < 6
    for row in altered:
        assert len([float(v) for v in row["box_mm"].split()]) == 4
        assert int(row["to"]) > int(row["from"])
    for page, row in zip(pages, listing, strict=True):
        assert (folder / row["file"]).read_bytes() == page.data


def test_a_longer_set_begins_with_the_shorter_one() -> None:
    devices = ("office_150",)
    short = [p.data for p in simulate_set("HL-02", 1, 4, controls=0.5, profiles=devices)]
    long = [p.data for p in simulate_set("HL-02", 2, 4, controls=0.5, profiles=devices)]
    assert long[:1] == short
    other = [p.data for p in simulate_set("HL-02", 1, 5, controls=0.5, profiles=devices)]
    assert other != short


def test_serials_of_a_set_are_unique() -> None:
    pages = list(simulate_set("HL-01", 2, 2))
    assert len({page.serial for page in pages}) == 2


def test_frauds_wanted_but_none_named() -> None:
    with pytest.raises(UsageError, match="no kind"):
        next(simulate_set("HL-02", 1, 1, tampered=0.5))


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AccessError, match="cannot be written"):
        write_set([], tmp_path / "file" / "set")
