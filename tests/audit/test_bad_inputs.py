"""What may stand in a round's folders: told in a line, kept, and never fatal to the rest."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.cli.main import run as command
from audit.intake.settled import settled
from audit.pipeline.run import Outcome, run_round
from audit.trail.cursor import reading
from audit.verification import verify_round
from detectors.errors import ExitCode
from tests.audit.nights import GOOD, quiet, rows, run, table
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    answers,
    responses_csv,
    settings_of,
    small_round,
)


@pytest.fixture
def anybodys() -> Iterator[Path]:
    """A folder that a user without rights may walk to."""
    folder = Path(tempfile.mkdtemp(prefix="survey-audit-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _as_nobody(work: Callable[[], Outcome]) -> tuple[int, str]:
    """How a run by a user without rights ends, and what it could not judge."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            outcome = work()
            os.write(theirs, "\n".join([str(int(outcome.exit_code)), *outcome.not_judged]).encode())
        except BaseException:
            os.write(theirs, f"-1\n{traceback.format_exc()}".encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "r", encoding="utf-8") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    code, _, text = told.partition("\n")
    return int(code), text


def test_folders_and_files_without_rights_are_told_and_the_rest_is_done(anybodys: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become a user without rights")
    folder = anybodys / "r"
    config, scans = small_round(folder), FakeScans()
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "shut/b.png", Sheet(GOOD, serial="S-2"))
    good, shut = folder / "inbox/responses/a.csv", folder / "inbox/responses/deep/b.csv"
    shut.parent.mkdir()
    for path, seed in ((good, 1), (shut, 2)):
        path.write_text(responses_csv(answers(seed, 4, "u1", start=10 * seed)), "utf-8")
    unreadable = folder / "inbox/responses/c.csv"
    unreadable.write_text("x", "utf-8")
    for path in (anybodys, *anybodys.rglob("*")):
        os.chown(path, 65534, 65534)
    for path in (folder / "inbox/scans/shut", shut.parent, unreadable):
        os.chown(path, 0, 0)
        path.chmod(0o600 if path.is_file() else 0o700)
    # What a run imports must be there before: the user may not be able to read it.
    other, others = small_round(anybodys / "other"), FakeScans()
    others.put(anybodys / "other", "u1/a.png", Sheet(GOOD, serial="S-1"))
    os.mkfifo(anybodys / "other/inbox/scans/pipe")
    run(other, others)
    code, text = _as_nobody(lambda: run(config, scans))
    assert code == ExitCode.PARTLY_JUDGED
    assert "inbox/scans/shut: cannot be read: Permission denied — check" in text
    assert "inbox/responses/deep: the folder cannot be read (Permission denied) — check" in text
    assert "inbox/responses/c.csv: cannot be read (Permission denied) — check" in text
    assert len(table(settings_of(config), "records")) == 5


def test_links_pipes_and_folders_by_a_files_name_are_told(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    (tmp_path / "outside.csv").write_text("secret", "utf-8")
    for inbox, name in (("responses", "link.csv"), ("scans", "link.png")):
        (folder / "inbox" / inbox / name).symlink_to(tmp_path / "outside.csv")
    os.mkfifo(folder / "inbox/responses/pipe.csv")
    os.mkfifo(folder / "inbox/scans/pipe.png")
    (folder / "inbox/responses/folder.csv").mkdir()
    (folder / "inbox/responses/elsewhere").symlink_to(tmp_path)
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    outcome = run(config, scans)
    lines = sorted(line.split("inbox/")[1] for line in outcome.not_judged)
    assert [line.split(":")[0] for line in lines] == [
        *("responses/elsewhere", "responses/link.csv", "responses/pipe.csv"),
        *("scans/link.png", "scans/pipe.png"),
    ]
    assert all(" — " in line for line in lines)
    assert [line for line in outcome.not_judged if not line.startswith("inbox/")] == []
    assert len(table(settings_of(config), "records")) == 1
    assert "secret" not in "".join(p.read_text("latin-1") for p in folder.rglob("originals/*/*/*"))


class _Copier:
    """Somebody who writes to a file for a while; the clock stands still in between."""

    def __init__(self, path: Path, times: int) -> None:
        self.path, self.left, self.now, self.waited = path, times, 1000.0, 0.0
        self.write()

    def write(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"more")
        os.utime(self.path, (self.now, self.now))

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.now += seconds
        if self.left:
            self.left -= 1
            self.write()


@pytest.mark.parametrize(("times", "whole", "waited"), [(0, True, 2), (2, True, 6), (9, False, 6)])
def test_a_file_that_grows_is_waited_for_and_then_left(
    tmp_path: Path, times: int, whole: bool, waited: float
) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"x")
    os.utime(old, (10.0, 10.0))
    copier = _Copier(tmp_path / "new", times)
    found = settled(
        [old, copier.path, tmp_path / "absent"], 2, clock=lambda: copier.now, wait=copier.wait
    )
    assert found == {old, tmp_path / "absent", *([copier.path] if whole else [])}
    assert copier.waited == waited


def test_what_was_refused_is_told_no_more_when_it_is_mended(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    table_ = config.parent / "inbox/responses/a.csv"
    table_.write_text(responses_csv(answers(1, 20, "u1")), "utf-8")
    assert run(config, scans).exit_code is ExitCode.DONE
    link = config.parent / "inbox/responses/b.csv"
    link.symlink_to(table_)
    told = run(config, scans)
    # Nothing else is new: it is told all the same, and once only worked on.
    assert (told.exit_code, told.nothing_new) == (ExitCode.PARTLY_JUDGED, False)
    assert any("b.csv" in line and "link" in line for line in told.not_judged)
    assert run(config, scans).nothing_new
    link.unlink()
    mended = run(config, scans)
    assert (mended.exit_code, mended.not_judged) == (ExitCode.DONE, [])
    assert run(config, scans).nothing_new


def test_a_half_copied_file_is_told_and_taken_in_by_the_next_run(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    half = scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD, serial="S-2"))
    tools = quiet(scans)
    object.__setattr__(tools, "settled", lambda paths, seconds: frozenset(paths) - {half})
    outcome = run_round(settings_of(config), tools)
    assert outcome.exit_code is ExitCode.PARTLY_JUDGED
    assert outcome.not_judged[0].startswith("inbox/scans/u1/a.png: somebody is still writing it — ")
    assert table(settings_of(config), "records")["record_id"].tolist() == ["S-2"]
    assert run(config, scans).exit_code is ExitCode.DONE
    assert len(table(settings_of(config), "records")) == 2


def test_a_store_that_is_not_there_is_one_line_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("psycopg", reason="the extra [postgres] is not installed")
    config = small_round(tmp_path / "r")
    url = "postgresql+psycopg://audit:hidden@127.0.0.1:9/audit"
    config.write_text(f'store = "{url}"\n' + config.read_text("utf-8"), "utf-8")
    assert command(["run", "--config", str(config)]) is ExitCode.ACCESS
    told = capsys.readouterr().err.strip()
    assert "\n" not in told
    assert "127.0.0.1:9" in told
    assert "hidden" not in told
    assert " — " in told


@pytest.mark.parametrize("gone", ["inbox", "inbox/scans"])
def test_an_inbox_that_is_not_there_is_no_night_without_news(
    tmp_path: Path, gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A share that is not mounted: what was taken from it before makes it missed."""
    config, scans = small_round(tmp_path / "r"), FakeScans()
    scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    assert run(config, scans).exit_code is ExitCode.DONE
    (tmp_path / "r" / gone).rename(tmp_path / "away")
    assert command(["run", "--config", str(config)]) is ExitCode.ACCESS
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and "inbox/scans: the folder of the inbox is not there — mount" in told
    (tmp_path / "away").rename(tmp_path / "r" / gone)
    assert run(config, scans).nothing_new


def test_no_folders_are_made_up_for_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a share that is not mounted a new, empty store would pass for the round's."""
    config = small_round(tmp_path / "r")
    lost = tmp_path / "share/rounds/audit.db"
    config.write_text(f'store = "sqlite:///{lost}"\n' + config.read_text("utf-8"), "utf-8")
    assert command(["run", "--config", str(config)]) is ExitCode.ACCESS
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and "the store's folder cannot be made" in told and " — mount" in told
    assert not (tmp_path / "share").exists()


def test_a_round_without_paper_needs_no_folder_of_scans(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    shutil.rmtree(tmp_path / "r/inbox/scans", ignore_errors=True)
    table_ = tmp_path / "r/inbox/responses/a.csv"
    table_.write_text(responses_csv(answers(1, 30, "u1")), "utf-8")
    assert run(config, scans).exit_code is ExitCode.DONE


def test_a_file_that_goes_away_between_two_looks_is_told(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    going = scans.put(tmp_path / "r", "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(tmp_path / "r", "u1/b.png", Sheet(GOOD, serial="S-2"))
    tools = quiet(scans)
    tick = tools.now

    def now() -> object:
        # The run tells the time once the inbox was looked through.
        if (tmp_path / "r/audit.db").exists():
            going.unlink(missing_ok=True)
        return tick()

    object.__setattr__(tools, "now", now)
    outcome = run_round(settings_of(config), tools)
    assert outcome.not_judged[0].startswith("inbox/scans/u1/a.png: ")
    assert table(settings_of(config), "records")["record_id"].tolist() == ["S-2"]


def test_a_withdrawn_file_counts_no_more_and_counts_again(tmp_path: Path) -> None:
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    scans.put(folder, "u1/a.png", Sheet(GOOD, serial="S-1"))
    scans.put(folder, "u1/b.png", Sheet(GOOD, serial="S-2"))
    responses = folder / "inbox/responses/a.csv"
    responses.write_text(responses_csv(answers(1, 4, "u1")), "utf-8")
    settings = settings_of(config)
    run(config, scans)
    before = rows(settings)
    # Taking it out of the inbox undoes nothing.
    (folder / "inbox/scans/u1/a.png").unlink()
    assert run(config, scans).nothing_new
    listed = folder / "withdrawn.csv"
    listed.write_text(
        "path,reason\ninbox/scans/u1/a.png,of another round\n"
        "inbox/responses/a.csv,sent twice\ninbox/scans/u9/x.png,none\ninbox/scans/u1/b.png,\n",
        "utf-8",
    )
    outcome = run(config, scans)
    assert table(settings, "records")["record_id"].tolist() == ["S-2"]
    assert sorted(line.split(" — ")[0] for line in outcome.not_judged) == [
        "withdrawn.csv: inbox/scans/u1/b.png has no reason",
        "withdrawn.csv: inbox/scans/u9/x.png is no file of this round",
    ]
    assert run(config, scans).nothing_new
    with reading(settings.store_url) as cursor:
        told = [str(row[0]) for row in cursor("SELECT body FROM trail ORDER BY seq")]
    assert sum('"action":"file.state"' in body for body in told) == 2
    assert any("of another round" in body for body in told)
    listed.write_text("path,reason\n", "utf-8")
    assert run(config, scans).exit_code is ExitCode.DONE
    after = rows(settings)
    for name in ("records", "pages", "scores", "marks", "findings"):
        assert after[name] == before[name], name
    assert verify_round(settings).faults == []


def test_a_scan_that_is_put_into_the_folder_of_its_unit_has_moved(tmp_path: Path) -> None:
    """The program itself says where to put it: doing so must not look like a second copy."""
    config, scans = small_round(tmp_path / "r"), FakeScans()
    folder = tmp_path / "r"
    for name in ("a.png", "b.png", "u2/c.png"):
        scans.put(folder, name, Sheet(GOOD))
    outcome = run(config, scans)
    assert sum("put it in inbox/scans/<unit_id>/" in line for line in outcome.not_judged) == 2
    inbox, settings = folder / "inbox/scans", settings_of(config)
    (inbox / "u1").mkdir()
    (inbox / "a.png").rename(inbox / "u1/a.png")
    (inbox / "b.png").rename(inbox / "u1/b2.png")
    assert run(config, scans).exit_code is ExitCode.DONE
    assert run(config, scans).nothing_new
    records = table(settings, "records")
    assert sorted(records["unit_id"]) == ["u1", "u1", "u2"]
    assert set(records["state"]) == {"scored"}
    assert table(settings, "findings").empty
    # From one unit to another is no move: both stand, to be compared.
    (inbox / "u2/c.png").rename(inbox / "u1/c.png")
    run(config, scans)
    assert sorted(table(settings, "records")["unit_id"]) == ["u1", "u1", "u1", "u2"]
    # A copy that stays beside the first is none, either.
    scans.put(folder, "d.png", Sheet(GOOD))
    run(config, scans)
    (inbox / "u1/d.png").write_bytes((inbox / "d.png").read_bytes())
    run(config, scans)
    assert len(table(settings, "records")) == 6
    assert verify_round(settings).faults == []
