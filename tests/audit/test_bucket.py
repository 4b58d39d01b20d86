"""Originals in a bucket: what holds for a folder holds there, spoken to over HTTP."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.intake.bucket import Bucket
from audit.intake.originals import Folder, Originals
from audit.intake.originals_at import originals_at
from audit.settings import load_settings
from detectors.errors import AccessError, ConfigError, InputError, MissingComponent
from tests.audit.bucket_server import bucket_server
from tests.audit.rounds import small_round

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, bucket_server(patch) as url:
        yield url


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Originals:
    if request.param == "folder":
        return originals_at(tmp_path / "originals")
    return originals_at(f"{request.getfixturevalue('bucket')}/{tmp_path.name}")


def _put(kept: Originals, sha256: str, data: bytes | None) -> None:
    """What somebody else does to an original: change it, or delete it."""
    if isinstance(kept, Folder):
        path = kept.path(sha256)
        path.chmod(0o640)
        path.unlink()
        if data is not None:
            path.write_bytes(data)
    else:
        assert isinstance(kept, Bucket)
        kept._fs.rm_file(kept.key(sha256))
        if data is not None:
            kept._fs.pipe_file(kept.key(sha256), data)


def test_an_original_is_kept_once_read_verified_and_removed(
    kept: Originals, tmp_path: Path
) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"scan" * 1000)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    first, second = kept.add(source), kept.add(source)
    assert (first, first.sha256, first.size) == (second, sha256, 4000)
    (orphan,) = kept.orphans(frozenset())
    assert orphan.endswith(f"{sha256[:2]}/{sha256[2:4]}/{sha256}")
    assert list(kept.orphans(frozenset({sha256}))) == []
    with kept.read(sha256) as stream:
        assert stream.read() == source.read_bytes()
    with kept.at_hand([sha256, "0" * 64]) as there:
        assert there[sha256].read_bytes() == source.read_bytes()
        assert not there["0" * 64].exists()
    assert kept.verify(sha256) is None
    _put(kept, sha256, b"scan" * 999 + b"scam")
    assert kept.verify(sha256) == "changed"
    again = tmp_path / "again"
    again.write_bytes(source.read_bytes())
    kept.put_back(again, sha256)
    assert kept.verify(sha256) is None
    assert [name.rsplit("/", 1)[-1] for name in kept.orphans(frozenset({sha256}))] == [
        f"{sha256}.changed"
    ]
    for _ in range(2):
        kept.remove(sha256)
    assert kept.verify(sha256) == "missing"
    with pytest.raises(FileNotFoundError):
        kept.read(sha256)


def test_links_and_files_that_are_not_there_are_refused(kept: Originals, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InputError, match="link"):
        kept.add(tmp_path / "link")
    with pytest.raises(AccessError, match="kept"):
        kept.add(tmp_path / "absent")
    assert list(kept.orphans(frozenset())) == []


def test_an_empty_file_and_a_large_one_of_several_parts(bucket: str, tmp_path: Path) -> None:
    kept = originals_at(f"{bucket}/parts")
    for name, data in (("none", b""), ("large", bytes(range(256)) * (1 << 19))):
        (tmp_path / name).write_bytes(data)
        assert kept.verify(kept.add(tmp_path / name).sha256) is None


def test_the_content_that_is_sent_is_the_content_that_was_hashed(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "growing"
    source.write_bytes(b"half")
    kept = originals_at(f"{bucket}/growing")
    assert isinstance(kept, Bucket)
    send = kept._send

    def later(path: Path, sha256: str, size: int) -> None:
        source.write_bytes(b"half and the other half")
        send(path, sha256, size)

    monkeypatch.setattr(kept, "_send", later)
    assert kept.verify(kept.add(source).sha256) is None


def test_what_cannot_be_reached_is_one_line(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("x")
    nowhere = originals_at("s3://no-such-bucket/x")
    for ask in (
        lambda: nowhere.add(tmp_path / "a"),
        lambda: nowhere.verify("0" * 64),
        lambda: list(nowhere.orphans(frozenset())),
    ):
        with pytest.raises(AccessError, match=r"s3://no-such-bucket/x: .*bucket is not there"):
            ask()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    gone = originals_at(bucket)
    with pytest.raises(AccessError, match="cannot be reached") as told:
        gone.verify("0" * 64)
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 5


def test_without_the_extra_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingComponent, match=r"survey-audit\[s3\]"):
        originals_at("s3://audit/kept")


@pytest.mark.parametrize(
    "value", ["s3://key:secret@audit/x", "gs://audit/x", "s3://", "s3://Audit?x=1", "C:/x", ""]
)
def test_a_place_that_is_none_is_told(value: str, tmp_path: Path) -> None:
    config = small_round(tmp_path / "r")
    config.write_text(f'originals = "{value}"\n' + config.read_text("utf-8"), "utf-8")
    with pytest.raises(ConfigError, match=r"key originals: .*s3://bucket/prefix"):
        load_settings(config)
