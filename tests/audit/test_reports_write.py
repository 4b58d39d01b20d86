"""Writing many reports: in parallel the same bytes, and an interrupted call goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.pipeline.run import run_round
from audit.reporting import write_round_reports
from audit.settings import Settings
from detectors.errors import AccessError, UsageError
from tests.audit.rounds import answers, responses_csv, settings_of, small_round, tools

UNITS = ("u1", "u2", "u3", "u4", "u5")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("many")
    config = small_round(folder, units=UNITS)
    rows = [row for k, unit in enumerate(UNITS) for row in answers(k, 20, unit)]
    (folder / "inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    settings = settings_of(config)
    run_round(settings, tools())
    return settings


def _write(settings: Settings, folder: Path, **options: Any) -> list[Path]:
    return write_round_reports(
        settings, languages=["vi"], formats=["html", "pdf"], folder=folder, **options
    )


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.*"))}


def test_workers_write_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    alone = _write(settings, tmp_path / "one")
    together = _write(settings.model_copy(update={"jobs": 2}), tmp_path / "two")
    assert len(alone) == len(together) == 2 * (len(UNITS) + 1)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_an_interrupted_call_goes_on_where_it_stopped(settings: Settings, tmp_path: Path) -> None:
    def stop_after_two(items: Iterable[Any], _label: str, _total: int | None) -> Iterator[Any]:
        for number, item in enumerate(items):
            if number == 2:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        _write(settings, tmp_path, progress=stop_after_two)
    assert len(list(tmp_path.glob(".unfinished-*.jsonl"))) == 1
    assert not (tmp_path / "index.html").exists()
    first = {p: p.stat().st_mtime_ns for p in (tmp_path / "units").glob("u[12]-*")}
    assert len(first) == 4
    lefts: list[int | None] = []

    def count(items: Iterable[Any], _label: str, total: int | None) -> Iterable[Any]:
        lefts.append(total)
        return items

    time.sleep(0.01)
    written = _write(settings, tmp_path, progress=count)
    assert lefts == [3]
    assert len(written) == 2 * (len(UNITS) + 1)
    assert {p: p.stat().st_mtime_ns for p in first} == first
    assert not list(tmp_path.glob(".unfinished-*"))
    _write(settings, tmp_path / "again")
    again = _bytes(tmp_path / "again")
    assert {name: data for name, data in _bytes(tmp_path).items() if name in again} == again


def test_what_cannot_be_written_is_named_once(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "units").write_text("mine", "utf-8")
    with pytest.raises(AccessError, match="cannot be written"):
        _write(settings, tmp_path)
    assert (tmp_path / "units").read_text("utf-8") == "mine"


def test_papers_of_the_round_and_one_unit(settings: Settings, tmp_path: Path) -> None:
    kinds = ["minutes", "explanation", "held", "comparison"]
    written = _write(settings, tmp_path, units=["u2"], documents=kinds)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in written)
    assert [name for name in names if name.startswith(("held", "comparison"))] == [
        "comparison.vi.html",
        "comparison.vi.pdf",
        "held.vi.html",
        "held.vi.pdf",
    ]
    assert sum(name.startswith("minutes/u2-") for name in names) == 2
    assert len(names) == 8
    others = tmp_path / "others"
    with pytest.raises(UsageError, match="nothing was drawn yet"):
        _write(settings, others, documents=["backcheck", "held"])
    assert (others / "held.vi.pdf").is_file()  # what can be told is written all the same
