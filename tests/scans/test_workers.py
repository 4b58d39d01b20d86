"""Files that kill, hang, burn or fill their worker: told, and the rest goes on in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from scans.workers import WorkerLimits, in_workers
from tests.scans.poison import befalls

_LIMITS = WorkerLimits(memory_bytes=5 << 30, page_seconds=1.5)


def _given_up(path: Path, page: int, reason: str) -> str:
    return f"{path.name} {page} given up: {reason}"


def _read(folder: Path, names: list[str], workers: int = 2) -> list[str]:
    jobs = [folder / name for name in names]
    return list(in_workers(jobs, befalls, _given_up, workers=workers, limits=_LIMITS))


@pytest.mark.parametrize("workers", [1, 3])
def test_pages_come_in_the_order_of_the_files(tmp_path: Path, workers: int) -> None:
    names = [f"file-{k}" for k in range(9)]
    expected = [f"{name} {page}" for name in names for page in (1, 2)]
    assert _read(tmp_path, names, workers) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("killer", "killed the worker"),
        ("sleeper", "took longer than 1.5 s"),
        ("burner", "1.5 s"),
        ("eater", "more memory"),
        ("faulty", "ValueError: two lines"),
    ],
)
def test_a_file_that_harms_its_worker_is_given_up_after_its_good_pages(
    tmp_path: Path, name: str, reason: str
) -> None:
    found = _read(tmp_path, ["a", name, "z"])
    assert found[:3] == ["a 1", "a 2", f"{name} 1"]
    assert found[3].startswith(f"{name} 2 given up: ")
    assert reason in found[3]
    assert "\n" not in found[3]
    assert found[4:] == ["z 1", "z 2"]


@pytest.mark.parametrize("name", ["killer-once", "sleeper-once"])
def test_a_second_try_goes_on_where_the_first_ended(tmp_path: Path, name: str) -> None:
    assert _read(tmp_path, [name, "z"]) == [f"{name} 1", f"{name} 2", "z 1", "z 2"]


def test_many_bad_files_do_not_wear_the_pool_out(tmp_path: Path) -> None:
    names = ["killer-1", "killer-2", "killer-3", "good"]
    found = _read(tmp_path, names, workers=1)
    assert sum("given up" in line for line in found) == 3
    assert found[-2:] == ["good 1", "good 2"]


def test_workers_are_gone_when_the_reader_stops_early(tmp_path: Path) -> None:
    import multiprocessing

    before = set(multiprocessing.active_children())
    pages = in_workers([tmp_path / "a", tmp_path / "b"], befalls, _given_up, workers=2)
    assert next(pages) == "a 1"
    pages.close()
    assert set(multiprocessing.active_children()) <= before
