"""The command, and what the verifier is made of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli.main import run as command
from audit.settings import Settings
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.rounds import (
    settings_of,
)
from tests.data import ROOT


def test_an_honest_round_verifies(whole: Path) -> None:
    found = verify_round(settings_of(whole / "audit.toml"))
    assert found.faults == []
    assert found.notes == []
    assert found.checked["checkpoints"] == 3
    assert found.size == found.checked["entries"] > 30


def test_commands_tell_the_place_and_end_in_twelve(
    place: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(place.base / "audit.toml")
    exported = tmp_path / "elsewhere/trail.jsonl"
    assert command(["verify", "-c", config, "--export", str(exported)]) == ExitCode.DONE
    assert command(["report", "-c", config]) == ExitCode.DONE
    page = str(place.base / "reports/index.html")
    folder = str(place.base / "runs/checkpoints")
    key = str(place.base / "reports/trail-key.pem")
    words = ["verify", "--trail", str(exported), "--config", str(tmp_path / "none")]
    more = ["--checkpoints", folder, "--public-key", key, "--report", page]
    assert command([*words, *more]) == ExitCode.DONE
    assert "made from the trail as it was at seq" in capsys.readouterr().err
    assert command([*words, "--report", "0" * 64]) == ExitCode.TRAIL
    text = Path(page).read_text("utf-8")
    head = text.split('class="trail-head">')[1][:64]
    assert command([*words, "--report", head.upper()]) == ExitCode.DONE
    Path(page).write_text(text.replace(head, head[::-1]), "utf-8")
    capsys.readouterr()
    assert command(["verify", "-c", config, "--report", page]) == ExitCode.TRAIL
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert page in said[0]
    assert command(["verify", "--trail", "a", "--export", "b"]) == ExitCode.USAGE


def test_the_verifier_knows_nothing_of_the_orm() -> None:
    code = (
        "import sys, audit.trail.verify\n"
        "heavy = {'sqlalchemy', 'alembic', 'pandas', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
