"""A round whose originals are in a bucket: the same rows, also when the bucket goes away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.intake.bucket import Bucket
from audit.intake.originals_at import originals_at
from audit.keeping.backup import back_up
from audit.keeping.purge import purge
from audit.keeping.restore import restore
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.store import open_store
from audit.verification import verify_round
from detectors.errors import AccessError
from tests.audit.bucket_server import bucket_server
from tests.audit.cut_line import CutLine, cut_line
from tests.audit.nights import GOOD, fill, quiet, rows
from tests.audit.rounds import FakeScans, Sheet, clock, digest, put_scan, settings_of, small_round

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, FakeScans]]:
    """A round with files in its inbox and a bucket for its originals."""
    config, scans = small_round(tmp_path / "r"), FakeScans()
    fill(tmp_path / "r", scans)
    with bucket_server(monkeypatch) as url:
        config.write_text(f'originals = "{url}/r"\n' + config.read_text("utf-8"), "utf-8")
        yield settings_of(config), scans


def _beside(tmp_path: Path) -> dict[str, Any]:
    """Rows of the same round whose originals are in a folder."""
    config, scans = small_round(tmp_path / "other/r"), FakeScans()
    fill(tmp_path / "other/r", scans)
    run_round(settings_of(config), quiet(scans))
    return rows(settings_of(config))


def _quietly(items: Any, *_: object, **__: object) -> Iterator[Any]:
    return iter(items)


def test_rows_are_those_of_a_folder_and_everything_verifies(
    place: tuple[Settings, FakeScans], tmp_path: Path
) -> None:
    settings, scans = place
    outcome = run_round(settings, quiet(scans))
    assert rows(settings) == _beside(tmp_path)
    assert not (settings.base / "originals").exists()
    found = verify_round(settings)
    assert (found.faults, found.checked["originals"]) == ([], 6)
    again = run_round(settings, quiet(scans))
    assert (again.nothing_new, again.run_id) == (True, outcome.run_id)
    # Somebody with the keys of the bucket changes one original and deletes another.
    bucket = originals_at(settings.originals_place)
    assert isinstance(bucket, Bucket)
    one, other = [path.rsplit("/", 1)[-1] for path in list(bucket.orphans(frozenset()))[:2]]
    bucket._fs.rm_file(bucket.key(one))
    bucket._fs.pipe_file(bucket.key(one), b"other")
    bucket.remove(other)
    told = "\n".join(verify_round(settings).faults)
    assert f"{one} is changed" in told
    assert f"{other} is missing" in told


def test_a_bucket_that_goes_away_ends_the_run_and_loses_nothing(
    place: tuple[Settings, FakeScans], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, scans = place
    fetch, calls = Bucket._fetch, []

    def gone(self: Bucket, item: tuple[str, Path]) -> None:
        calls.append(item)
        if len(calls) > 2:
            raise OSError("Could not connect to the endpoint URL")
        fetch(self, item)

    for unplugged in ("_fetch", "_send"):
        with monkeypatch.context() as patch:
            if unplugged == "_fetch":
                patch.setattr(Bucket, "_fetch", gone)
            else:
                patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            with pytest.raises((AccessError, OSError)):
                run_round(settings, quiet(scans))
        with open_store(settings.store_url) as store, store.reading() as connection:
            states = connection.exec_driver_sql("SELECT status FROM runs").scalars().all()
        assert set(states) == {"failed"}
    run_round(settings, quiet(scans))
    assert rows(settings) == _beside(tmp_path)
    assert verify_round(settings).faults == []


def test_a_backup_brings_the_bucket_back_and_purge_empties_it(
    place: tuple[Settings, FakeScans], tmp_path: Path
) -> None:
    settings, scans = place
    run_round(settings, quiet(scans))
    before = rows(settings)
    made = back_up(settings, tmp_path / "b.tar", now=clock, actor="anna", progress=_quietly)
    assert made.left_out == ()
    bucket = originals_at(settings.originals_place)
    names = [path.rsplit("/", 1)[-1] for path in bucket.orphans(frozenset())]
    for name in names:
        bucket.remove(name)
    shutil.rmtree(settings.base)
    done = restore(
        made.path,
        settings.base / "audit.toml",
        force=False,
        now=clock,
        actor="anna",
        progress=_quietly,
    )
    assert done.faults == ()
    assert rows(settings) == before
    assert [path.rsplit("/", 1)[-1] for path in bucket.orphans(frozenset())] == names
    short = settings.model_copy(
        update={"retention": settings.retention.model_copy(update={"scans": 0})}
    )
    with open_store(settings.store_url, now=clock) as store:
        over = purge(store, short, apply=True, now=clock, actor="anna")
    assert len(over.files) == 4
    assert len(list(bucket.orphans(frozenset()))) == 2
    assert verify_round(settings).faults == []


@pytest.fixture
def line(place: tuple[Settings, FakeScans], monkeypatch: pytest.MonkeyPatch) -> Iterator[CutLine]:
    """The bucket of the round is reached over a line that can be cut."""
    with cut_line(os.environ["AWS_ENDPOINT_URL"]) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.port}")
        yield made


def test_a_line_cut_in_the_middle_of_an_object_loses_nothing(
    place: tuple[Settings, FakeScans], line: CutLine, tmp_path: Path
) -> None:
    settings, scans = place
    large = "x" * 300_000
    for base, made in ((settings.base, scans), (tmp_path / "other/r", FakeScans())):
        if made is not scans:
            config = small_round(base)
            fill(base, made)
        put_scan(base, "u1/large.png", large)
        made.sheets[digest(large)] = [Sheet(GOOD, serial="S-L")]
    line.left = 150_000
    with pytest.raises(AccessError, match="originals cannot be reached") as told:
        run_round(settings, quiet(scans))
    assert "\n" not in str(told.value)
    assert line.cuts
    with open_store(settings.store_url) as store, store.reading() as connection:
        paths = connection.exec_driver_sql("SELECT path FROM files").scalars().all()
    assert "inbox/scans/u1/large.png" not in paths
    line.left = None
    assert not (set(_names(settings)) & {digest(large)})
    run_round(settings, quiet(scans))
    assert digest(large) in _names(settings)
    run_round(settings_of(config), quiet(made))
    assert rows(settings) == rows(settings_of(config))
    assert verify_round(settings).faults == []


def test_what_is_left_of_an_upload_in_parts_is_no_original(
    place: tuple[Settings, FakeScans],
    line: CutLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import boto3
    import s3fs

    settings, _ = place
    source = tmp_path / "large"
    source.write_bytes(bytes(range(256)) * (16 << 12))
    send = s3fs.S3FileSystem._put_file

    async def in_small_parts(self: Any, *words: Any, **more: Any) -> None:
        await send(self, *words, chunksize=5 << 20, **more)

    monkeypatch.setattr(s3fs.S3FileSystem, "_put_file", in_small_parts)
    kept = originals_at(settings.originals_place)
    line.left = 8 << 20
    with pytest.raises(AccessError, match="cannot be reached"):
        kept.add(source)
    line.left = None
    bucket, prefix = settings.originals.removeprefix("s3://").split("/", 1)
    begun = boto3.client("s3").list_multipart_uploads(Bucket=bucket, Prefix=prefix)
    assert len(begun.get("Uploads", ())) == 1
    assert _names(settings) == []
    again = kept.add(source)
    assert kept.verify(again.sha256) is None
    assert _names(settings) == [again.sha256]


def _names(settings: Settings) -> list[str]:
    kept = originals_at(settings.originals_place)
    return [name.rsplit("/", 1)[-1] for name in kept.orphans(frozenset())]
