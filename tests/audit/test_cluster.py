"""Pages on a Dask cluster: the same results, also when a worker is killed in the middle."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors.errors import AccessError
from scans.batch import page_outcomes
from scans.reference import builtin_reference
from scans.types import Status
from tests.scans.pages import form, honest, written

distributed = pytest.importorskip("distributed", reason="Dask is not installed")

from audit.pipeline import cluster as room  # noqa: E402 - after what skips without it

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A scheduler and two workers, each a process that is started again when it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven pages, one of them no picture."""
    folder = tmp_path_factory.mktemp("pages")
    sheet = written(honest("HL-01", 2, 11), "cluster")
    paths = [folder / f"page-{k}{sheet.suffix}" for k in range(7)]
    for path in paths:
        shutil.copy(sheet, path)
    paths[3].write_bytes(b"no picture")
    return paths


def _told(outcomes: Iterator[object]) -> list[object]:
    return [outcome.result for outcome in outcomes]


def _on(cluster: object, files: list[Path]) -> Iterator[object]:
    return room.judge_on_cluster(
        cluster.scheduler_address,
        files,
        form("HL-01"),
        reference=None,
        false_flag_rate=0.01,
    )


@pytest.fixture(scope="module")
def alone(files: list[Path]) -> list[object]:
    return _told(page_outcomes(files, form("HL-01"), reference=builtin_reference()))


def test_results_are_those_of_one_process(
    cluster: object, files: list[Path], alone: list[object]
) -> None:
    assert _told(_on(cluster, files)) == alone


def test_a_killed_worker_loses_nothing(
    cluster: object, files: list[Path], alone: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_FILES_A_TASK", 1)
    outcomes = _on(cluster, files)
    found = [next(outcomes)]
    worker = next(iter(cluster.workers.values()))
    os.kill(worker.process.pid, signal.SIGKILL)
    found += list(outcomes)
    assert _told(iter(found)) == alone


def test_a_file_that_kills_its_workers_is_given_up_and_its_neighbours_are_not(
    cluster: object, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.scans.poison import pages_or_death

    killer = files[0].with_name("killer.jpg")
    shutil.copy(files[0], killer)
    monkeypatch.setattr(room, "_pages", pages_or_death)
    results = _told(_on(cluster, [files[0], killer, files[1]]))
    states = [result.status for result in results]
    assert states == [Status.READ, Status.NOT_CHECKED, Status.READ]
    assert "killed one worker" in results[1].reason


def test_a_cluster_that_lost_all_workers_is_told_and_waited_for_no_longer(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(room, "_NO_WORKERS_SECONDS", 1)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as local,
        distributed.Client(local.scheduler_address, set_as_default=False) as client,
    ):
        assert room._result(client, client.submit(list, (), key="there")) == []
        local.scale(0)
        while client.nthreads():
            time.sleep(0.05)
        with pytest.raises(AccessError, match="workers of the Dask cluster are gone"):
            room._result(client, client.submit(list, (), key="gone"))


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_CONNECT_SECONDS", 1)
    with pytest.raises(AccessError, match="scheduler does not answer"):
        list(
            room.judge_on_cluster(
                "tcp://127.0.0.1:9", [], form("HL-01"), reference=None, false_flag_rate=0.01
            )
        )


def test_workers_fetch_originals_from_a_bucket_by_their_hashes(
    files: list[Path], alone: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from audit.intake.originals_at import originals_at
    from tests.audit.bucket_server import bucket_server

    with bucket_server(monkeypatch) as url:
        kept = originals_at(url)
        names = [Path(kept.add(path).sha256) for path in (files[0], files[3])]
        # Workers take the address of the server from their own surroundings.
        with distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as local:
            outcomes = room.judge_on_cluster(
                local.scheduler_address,
                [*names, Path("0" * 64)],
                form("HL-01"),
                reference=None,
                false_flag_rate=0.01,
                fetch=url,
            )
            found = _told(outcomes)
    for name, path, one, other in zip(
        names, (files[0], files[3]), found[:2], (alone[0], alone[3]), strict=True
    ):
        origin = dataclasses.replace(one.origin, path=str(path))
        reason = one.reason and one.reason.replace(str(name), str(path))
        assert dataclasses.replace(one, origin=origin, reason=reason) == other
    assert found[2].status is Status.NOT_CHECKED
    assert str(found[2].reason).startswith("0" * 64)
