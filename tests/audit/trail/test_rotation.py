"""Changing keys: what was signed, exported and printed before still verifies after."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.cli.main import run as command
from audit.pipeline.run import run_round
from audit.pseudonyms import load_keys
from audit.settings import Settings
from audit.trail.keys import read_public
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.rounds import FakeScans, answers, clock, responses_csv, settings_of, small_round
from tests.audit.rounds import tools as all_tools
from tests.audit.trail.watched import tools_of


@dataclass
class Kept:
    """What an officer took away before the key was changed."""

    trail: Path
    checkpoints: Path
    key: Path
    head: str


@pytest.fixture
def kept(place: Settings, tmp_path: Path) -> Kept:
    """Taken away; then the signing key is changed, and a night passes."""
    away = tmp_path / "away"
    away.mkdir()
    words = ["verify", "-c", str(place.base)]
    assert command([*words, "--export", str(away / "trail.jsonl")]) == ExitCode.DONE
    there = place.base / "runs/checkpoints"
    shutil.copytree(there, away / "checkpoints")
    shutil.copy(there / "key.pem", away / "old.pem")
    assert command(["report", "-c", str(place.base), "-o", str(away / "reports")]) == ExitCode.DONE
    page = next((away / "reports").rglob("*.html")).read_text("utf-8")
    head = re.search(r'class="trail-head"[^>]*>\s*([0-9a-f]{64})', page)
    assert head
    (place.base / ".survey-audit.key").unlink()
    table = place.base / "units.csv"
    table.write_text(table.read_text("utf-8") + "u3,Đơn vị u3,G,xã,true,500\n", "utf-8")
    run_round(place, tools_of(FakeScans()))
    return Kept(away / "trail.jsonl", away / "checkpoints", away / "old.pem", head[1])


def test_what_the_old_key_signed_holds_after_the_new_one(
    place: Settings, kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = place.base / "runs/checkpoints/key.pem"
    assert read_public(new) != read_public(kept.key)
    whole = ["verify", "-c", str(place.base)]
    old = ["verify", "-c", str(place.base), "--trail", str(kept.trail)]
    old += ["--checkpoints", str(kept.checkpoints)]
    # The store, with checkpoints by either key, by itself and against both keys that were kept.
    assert command(whole) == ExitCode.DONE
    both = ["--public-key", str(kept.key), "--public-key", str(new)]
    assert command([*whole, *both]) == ExitCode.DONE
    assert "the signing key was changed at seq" in capsys.readouterr().err
    # What was exported before, with the checkpoints and the key of then.
    assert command([*old, "--public-key", str(kept.key)]) == ExitCode.DONE
    # A head on paper from before is found in the trail of now, and in the export of then.
    assert command([*whole, "--report", kept.head]) == ExitCode.DONE
    assert command([*old, "--report", kept.head]) == ExitCode.DONE
    # An export of now, with checkpoints by both keys.
    later = tmp_path / "later.jsonl"
    assert command([*whole, "--export", str(later)]) == ExitCode.DONE
    now = ["verify", "-c", str(place.base), "--trail", str(later)]
    assert command([*now, *both]) == ExitCode.DONE


def test_one_key_alone_does_not_vouch_for_the_other(place: Settings, kept: Kept) -> None:
    new = place.base / "runs/checkpoints/key.pem"
    for path in (kept.key, new):
        found = verify_round(place, public_key=read_public(path)).faults
        assert found
        assert all("is not signed by the key that was given" in fault for fault in found)


def test_the_old_key_signs_nothing_more_once_there_is_a_new_one(
    place: Settings, whole: Path
) -> None:
    """Whoever keeps the old key after the change cannot make a checkpoint that passes."""
    import dataclasses

    from audit.trail.checkpoint import checkpoints
    from audit.trail.keys import load_key

    stolen = load_key(whole / ".survey-audit.key")
    assert stolen is not None
    (place.base / ".survey-audit.key").unlink()
    table = place.base / "units.csv"
    table.write_text(table.read_text("utf-8") + "u3,Đơn vị u3,G,xã,true,500\n", "utf-8")
    run_round(place, tools_of(FakeScans()))
    path, last = list(checkpoints(place.base / "runs/checkpoints"))[-1]
    assert last is not None
    assert verify_round(place).faults == []
    path.write_bytes(dataclasses.replace(last, key=stolen.public).signed(stolen).text())
    assert verify_round(place).faults == [
        f"{path}: is signed by a key that the trail did not know then"
    ]


def test_a_round_keeps_its_hashes_when_their_key_is_changed(tmp_path: Path) -> None:
    """Worked out anew after `rotate-keys`, findings and hashes of a round are those of before."""
    config = small_round(tmp_path / "r")
    rows = answers(1, 30, "u1") + answers(2, 30, "u2")
    for row in rows:
        row |= {"account": f"anna.{row['unit_id']}@example.vn", "device": "phone-1"}
    (tmp_path / "r/inbox/responses/a.csv").write_text(responses_csv(rows), "utf-8")
    settings = settings_of(config)

    def told() -> str:
        target = tmp_path / "findings.json"
        words = ["export", "findings", "-c", str(config), "-o", str(target)]
        assert command(words) == ExitCode.DONE
        rows = json.loads(target.read_text("utf-8"))
        return json.dumps(sorted(json.dumps(row, sort_keys=True) for row in rows))

    run_round(settings, all_tools(FakeScans()))
    before, keys = told(), load_keys(settings.path(settings.identity_keys), clock())
    assert keys is not None
    old = keys.of_round(settings.round.id)
    assert command(["rotate-keys", "-c", str(config)]) == ExitCode.DONE
    ring = load_keys(settings.path(settings.identity_keys), clock())
    assert ring is not None
    assert ring.current != old.key_id
    assert ring.of_round(settings.round.id).of("account", "x") == old.of("account", "x")
    # A later night, and everything anew from the inbox.
    (tmp_path / "r/inbox/responses/b.csv").write_text(
        responses_csv(answers(3, 5, "u1", start=90)), "utf-8"
    )
    run_round(settings, all_tools(FakeScans()))
    (tmp_path / "r/inbox/responses/b.csv").unlink()
    run_round(settings, all_tools(FakeScans()))
    assert told() == before
    assert verify_round(settings).faults == []
    # A round to come has the new key: the same account has another hash there.
    assert ring.of_round("next").of("account", "x") != old.of("account", "x")
