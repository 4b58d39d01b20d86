"""The signing key and what it signs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from audit.pipeline.run import run_round
from audit.trail.checkpoint import Checkpoint, checkpoints, write_checkpoint
from audit.trail.keys import load_key, make_key, public_pem, read_public, signed_by
from detectors.errors import AccessError, ConfigError, InputError
from tests.audit.rounds import FakeScans, settings_of, small_round, tools


def test_a_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "apart/key"
    assert load_key(path) is None
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = load_key(path)
    assert loaded is not None
    assert loaded.public == made.public
    with pytest.raises(AccessError):
        make_key(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(AccessError):
        load_key(tmp_path / "link")
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(ConfigError, match="read by others"):
            load_key(path)


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("no key")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no Ed25519"):
        load_key(path)
    for wrong in (path, tmp_path / "none"):
        with pytest.raises(InputError):
            read_public(wrong)


def test_a_signature_holds_for_its_key_and_its_words(tmp_path: Path) -> None:
    one, other = make_key(tmp_path / "1"), make_key(tmp_path / "2")
    signature = one.sign(b"words")
    assert signed_by(one.public, signature, b"words")
    assert not signed_by(other.public, signature, b"words")
    assert not signed_by(one.public, signature, b"other words")
    assert not signed_by("no hex", signature, b"words")
    assert not signed_by(one.public, "no hex", b"words")
    pem = tmp_path / "pem"
    pem.write_bytes(public_pem(one.public))
    assert read_public(pem) == one.public


def test_a_checkpoint_is_never_written_over(tmp_path: Path) -> None:
    key = make_key(tmp_path / "1")
    first = Checkpoint("r", "run", 7, "ab" * 32, "t", key.public).signed(key)
    other = dataclasses.replace(first, head="cd" * 32, signature="").signed(key)
    folder = tmp_path / "c"
    assert write_checkpoint(folder, first).name == "7.json"
    assert write_checkpoint(folder, first).name == "7.json"
    assert write_checkpoint(folder, other).name == f"7-{'cd' * 4}.json"
    found = [c for _, c in checkpoints(folder)]
    assert sorted(found, key=lambda c: c.head if c else "") == [first, other]
    assert all(c is not None and c.genuine for c in found)
    assert not dataclasses.replace(first, run="x").genuine


def test_a_run_refuses_a_key_that_others_may_read_before_it_works(tmp_path: Path) -> None:
    config = small_round(tmp_path / "r")
    key = tmp_path / "r/.survey-audit.key"
    make_key(key)
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        run_round(settings_of(config), tools(FakeScans()))
    key.chmod(0o600)
    run_round(settings_of(config), tools(FakeScans()))
    assert list((tmp_path / "r/runs/checkpoints").glob("*.json"))
