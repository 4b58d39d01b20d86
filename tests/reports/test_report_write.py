"""Files of a round: complete, linked, whole or not at all."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from detectors.errors import AccessError, UsageError
from reports.files import unit_file
from reports.views import UnitReport
from reports.write import write_reports
from tests.reports import sample


def test_a_page_a_unit_and_language_and_an_index(tmp_path: Path) -> None:
    units = [sample.unit_report(), sample.bare_report()]
    written = write_reports(tmp_path / "reports", sample.round_report(), units)
    assert len(written) == 6
    assert sorted(written) == sorted(p for p in (tmp_path / "reports").rglob("*") if p.is_file())
    assert [p.name for p in written[-2:]] == ["index.html", "index.en.html"]


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    units = [sample.unit_report(), sample.bare_report()]
    for path in write_reports(tmp_path, sample.round_report(), units):
        links = re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8"))
        assert links
        for link in links:
            assert (path.parent / unquote(link)).is_file(), f"{path.name}: {link}"


def test_the_first_language_has_the_plain_index(tmp_path: Path) -> None:
    written = write_reports(tmp_path, sample.round_report(), [sample.unit_report()], ("en",))
    assert [p.name for p in written][-1] == "index.html"
    assert 'lang="en"' in written[-1].read_text(encoding="utf-8")


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (
        write_reports(tmp_path / name, sample.round_report(), [sample.unit_report()])
        for name in ("a", "b")
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    again = write_reports(tmp_path / "a", sample.round_report(), [sample.unit_report()])
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in second]


def test_units_are_taken_one_at_a_time(tmp_path: Path) -> None:
    seen: list[int] = []

    def units() -> Iterator[UnitReport]:
        for number in range(3):
            assert len(list(tmp_path.rglob("*.html"))) == number
            yield sample.unit_report(unit=replace(sample.unit(), id=f"U{number}"))

    write_reports(tmp_path, sample.round_report(), units(), ("vi",), progress=seen.append)
    assert seen == [1, 2, 3]


def test_ids_cannot_leave_the_folder_or_share_a_file() -> None:
    ids = ["../../etc/passwd", "a/b", "a\\b", "A", "a", "á", "à", "", ".", "CON", "x" * 300, "đ"]
    names = [unit_file(unit, "vi") for unit in ids]
    assert len({name.lower() for name in names}) == len(ids)
    for name in names:
        assert re.fullmatch(r"units/[a-z0-9-]{8,52}\.vi\.html", name)
    assert unit_file("Cư M’gar", "en").startswith("units/cu-mgar-")
    assert unit_file("Đắk Lắk", "vi").startswith("units/dak-lak-")


def test_a_failure_leaves_the_old_page_and_no_rest(tmp_path: Path) -> None:
    index = write_reports(tmp_path, sample.round_report(), [sample.unit_report()], ("vi",))[-1]
    before = index.read_bytes()

    def broken() -> Iterator[UnitReport]:
        yield sample.unit_report()
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError):
        write_reports(tmp_path, replace(sample.round_report(), units=()), broken(), ("vi",))
    assert index.read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "reports"
    blocked.write_text("mine", encoding="utf-8")
    with pytest.raises(AccessError, match=r"reports.*cannot be written.*check the folder"):
        write_reports(blocked, sample.round_report(), [sample.unit_report()])
    assert blocked.read_text(encoding="utf-8") == "mine"


def test_a_place_that_is_taken_by_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.html" / "inside").mkdir(parents=True)
    with pytest.raises(AccessError, match=r"index\.html"):
        write_reports(tmp_path, sample.round_report(), [], ("vi",))
    assert not list(tmp_path.glob(".*.part"))


def test_no_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vi, en"):
        write_reports(tmp_path, sample.round_report(), [], ())
