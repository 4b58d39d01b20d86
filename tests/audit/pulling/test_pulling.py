"""Pulling from each platform's interface, spoken by a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run as command
from audit.intake.mapping import TableMapping
from audit.intake.tables import read_responses
from audit.pipeline.assembly import TableFile
from audit.pipeline.table_rows import from_tables
from audit.pulling.http import Client
from audit.pulling.platforms import fetch_new
from audit.pulling.pull import STATE, pull_sources
from audit.pulling.source import KINDS, Secret, Source
from audit.settings import Settings, load_settings
from detectors.errors import AccessError, ConfigError, ExitCode, InputError, UsageError
from detectors.instrument import load_instrument
from tests.audit.platforms import ANSWERS, instrument
from tests.audit.pulling.server import TOKEN, USER, Platform, serving
from tests.audit.rounds import clock, small_round

FORMS = {"kobotoolbox": "aX", "odk": "f1", "limesurvey": "123", "surveycto": "f1",
         "qualtrics": "SV_1"}  # fmt: skip
LABELS = {"Rất không hài lòng": 1, "Không hài lòng": 2, "Bình thường": 3, "Hài lòng": 4,
          "Rất hài lòng": 5}  # fmt: skip
COLUMNS = {
    "qualtrics": {"A1": "Q2_1", "B2": "Q2_2", "E3": "Q2_3"},
    "limesurvey": {"unit_id": "unit"},
}


@pytest.fixture
def platform() -> Iterator[Platform]:
    with serving() as found:
        yield found


def _source(kind: str, url: str, **changes: Any) -> Source:
    about = {"name": kind, "kind": kind, "url": url, "form": FORMS[kind], "secret": "env:S"}
    if kind in ("odk", "limesurvey", "surveycto"):
        about["user"] = USER
    if kind == "odk":
        about["project"] = 7
    return Source(**(about | changes))


def _client(platform: Platform, waits: list[float] | None = None) -> Client:
    noted: list[float] = [] if waits is None else waits
    return Client(platform.url, sleep=noted.append)


def _round(folder: Path, *sources: Source) -> Settings:
    config = small_round(folder)
    lines = [config.read_text("utf-8")]
    for source in sources:
        lines.append("\n[[source]]")
        data = source.model_dump(exclude_none=True)
        lines += [f"{key} = {json.dumps(value)}" for key, value in data.items()]
    config.write_text("\n".join(lines), "utf-8")
    return load_settings(config)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pull_brings_all_pages_then_only_what_is_new(
    kind: str, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", TOKEN)
    settings = _round(tmp_path / "r", _source(kind, platform.url))
    form = load_instrument(instrument(tmp_path))

    def pull() -> list[str]:
        (brought,) = pull_sources(settings, now=clock, client=lambda _: _client(platform))
        assert brought.error is None
        if brought.file is None:
            assert brought.rows == 0
            return []
        assert brought.file.parent == tmp_path / "r/inbox/responses"
        labels = LABELS if kind == "qualtrics" else {}
        mapping = TableMapping(
            preset=kind, labels=labels, columns=COLUMNS.get(kind, {}),
            not_applicable=("N/A", "Không có phản ánh"),
        )  # fmt: skip
        read = read_responses(brought.file, form, mapping=mapping, required=("unit_id",))
        assert read.frame["A1"].notna().all()
        return [name if name[0] == "r" else f"r{name}" for name in read.frame["record_id"]]

    platform.count = 2
    assert pull() == ["r1", "r2"]
    assert pull() == []
    platform.count = 3
    assert pull() == ["r3"]
    assert pull() == []
    everything = [row[0] for row in ANSWERS]
    # Without its state a pull brings everything again; nothing is lost.
    (tmp_path / "r" / STATE).unlink()
    platform.token = 0
    assert pull() == everything
    assert not list((tmp_path / "r").rglob(".part-*"))


@pytest.mark.parametrize(
    ("kind", "by_itself"), [("odk", True), ("surveycto", True), ("kobotoolbox", False)]
)
def test_what_was_rejected_after_the_pull_is_fetched_and_held(
    kind: str, by_itself: bool, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", TOKEN)
    settings = _round(tmp_path / "r", _source(kind, platform.url))
    form = load_instrument(instrument(tmp_path))
    tables = []

    def pull(*, again: bool = False) -> int:
        (brought,) = pull_sources(
            settings, again=again, now=clock, client=lambda _: _client(platform)
        )
        assert brought.error is None
        if brought.file is not None:
            mapping = TableMapping(preset=kind, not_applicable=("N/A",))
            read = read_responses(brought.file, form, mapping=mapping, required=("unit_id",))
            tables.append(TableFile(len(tables) + 1, brought.file.name, read))
        return brought.rows

    def held() -> list[tuple[str, list[str]]]:
        found = from_tables(form, tables)
        return list(zip(found.frame["record_id"], found.reasons, strict=True))

    assert pull() == 3
    before = held()
    assert not any("not_accepted" in reasons for _, reasons in before)
    names = [row[0] for row in ANSWERS]
    record = "r101" if kind == "kobotoolbox" else names[0]
    platform.reviewed = {record: "2026-12-24T01:02:03.004Z"}
    # KoboToolbox gives no moment of a change that could be asked for.
    assert pull() == (1 if by_itself else 0)
    assert pull() == 0
    assert pull(again=True) == 3
    after = held()
    assert [name for name, _ in after] == [name for name, _ in before]
    assert [("not_accepted" in reasons) for _, reasons in after] == [True, False, False]
    # Taken back there: the latest export says.
    platform.reviewed = {}
    assert pull(again=True) == 3
    assert not any("not_accepted" in reasons for _, reasons in held())


def test_surveycto_is_asked_for_what_is_not_approved_too(platform: Platform) -> None:
    platform.reviewed = {ANSWERS[0][0]: ""}
    found = fetch_new(
        _source("surveycto", platform.url), Secret(TOKEN), {}, now=0.0, client=_client(platform)
    )
    assert [row["review_status"] for row in json.loads(found.data or b"")] == [
        "REJECTED", "APPROVED", "APPROVED",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_secret_is_told_and_never_shown(
    kind: str, platform: Platform, tmp_path: Path
) -> None:
    source = _source(kind, platform.url)
    with pytest.raises(AccessError) as caught:
        fetch_new(source, Secret("wrong-geheim"), {}, now=0.0, client=_client(platform))
    assert "secret" in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(Secret("wrong-geheim")) + str(Secret("wrong-geheim"))
    assert TOKEN not in repr(Client(platform.url, {"Authorization": TOKEN}))


def test_what_passes_is_tried_again_after_the_time_that_was_asked_for(platform: Platform) -> None:
    waits: list[float] = []
    platform.failures = [503, 429]
    source = _source("kobotoolbox", platform.url)
    found = fetch_new(source, Secret(TOKEN), {}, now=0.0, client=_client(platform, waits))
    assert found.rows == 3
    assert waits == [3.0, 3.0]
    platform.failures = [500] * 9
    with pytest.raises(AccessError, match="does not answer"):
        fetch_new(source, Secret(TOKEN), {}, now=0.0, client=_client(platform, waits))
    platform.failures = [403]
    waits.clear()
    with pytest.raises(AccessError, match="not allowed"):
        fetch_new(source, Secret(TOKEN), {}, now=0.0, client=_client(platform, waits))
    assert waits == []


def test_a_server_that_is_not_there_is_told(platform: Platform) -> None:
    waits: list[float] = []
    client = Client("http://127.0.0.1:9", sleep=waits.append)
    with pytest.raises(AccessError, match="does not answer"):
        client.get("/")
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_the_secret_goes_to_no_other_server(platform: Platform) -> None:
    source = _source("kobotoolbox", platform.url)
    with serving() as other:
        platform.next_host = other.url
        with pytest.raises(InputError, match="another server"):
            fetch_new(source, Secret(TOKEN), {}, now=0.0, client=_client(platform))
        platform.next_host, platform.elsewhere = None, other.url + "/api/v2/assets/aX/data/"
        with pytest.raises(AccessError, match="another server"):
            fetch_new(source, Secret(TOKEN), {}, now=0.0, client=_client(platform))
        assert other.seen == []


def test_what_is_no_answer_of_the_platform_is_told(platform: Platform) -> None:
    client = _client(platform)
    with pytest.raises(InputError, match="no JSON"):
        client.json(b"<html>log in</html>", "/x")
    source = _source("surveycto", platform.url, form="gone")
    with pytest.raises(AccessError, match="not there"):
        fetch_new(source, Secret(TOKEN), {}, now=0.0, client=client)


def test_one_source_that_fails_does_not_stop_the_others(
    platform: Platform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("S", TOKEN)
    secret = tmp_path / "r" / "token"
    bad = _source("odk", platform.url, name="bad", form="gone")
    good = _source("kobotoolbox", platform.url, name="good", secret="file:token")
    inside = _source("surveycto", platform.url, name="in", instrument="T-01")
    settings = _round(tmp_path / "r", bad, good, inside)
    secret.write_text(TOKEN + "\n", "utf-8")
    secret.chmod(0o600)
    config = ["-c", str(tmp_path / "r/audit.toml")]
    assert command(["pull", *config]) == ExitCode.ACCESS
    told = capsys.readouterr()
    assert "bad:" in told.err
    assert "good: 3 new answers" in told.err
    assert "responses/T-01/in-" in told.out
    assert command(["pull", "good", *config]) == ExitCode.DONE
    told2 = capsys.readouterr()
    assert "good: nothing new" in told2.err
    assert command(["pull", "nobody", *config]) == ExitCode.USAGE
    everything = told.err + told.out + told2.err + caplog.text
    everything += (tmp_path / "r" / STATE).read_text("utf-8") + settings.model_dump_json()
    assert TOKEN not in everything
    secret.chmod(0o644)
    assert command(["pull", "good", *config]) == ExitCode.ACCESS
    assert "others may read" in capsys.readouterr().err


def test_sources_cannot_change_a_finding_and_are_checked(tmp_path: Path) -> None:
    plain = _round(tmp_path / "a")
    with_one = _round(tmp_path / "b", _source("kobotoolbox", "https://kf.kobotoolbox.org"))
    without = with_one.model_copy(update={"source": ()})
    assert with_one.results_sha256 == without.results_sha256
    with pytest.raises(ConfigError, match="no \\[\\[source\\]\\]"):
        pull_sources(plain, now=clock)
    with pytest.raises(UsageError, match="no source x"):
        pull_sources(with_one, ["x"], now=clock)
    (tmp_path / "b" / STATE).write_text("{", "utf-8")
    with pytest.raises(AccessError, match="earlier pulls"):
        pull_sources(with_one, now=clock)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://kf.kobotoolbox.org"}, "https"),
        ({"url": "https://a:b@kf.kobotoolbox.org"}, "https"),
        ({"secret": "abcdef123456"}, "where it is kept"),
        ({"kind": "odk", "user": None}, "needs the key user"),
        ({"kind": "odk", "user": "x", "project": None}, "needs the key project"),
        ({"name": "a b"}, "name"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_source_is_told_without_its_secret(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    about = {"name": "x", "kind": "kobotoolbox", "url": "https://a.vn", "form": "f"}
    data = {k: v for k, v in (about | {"secret": "env:S"} | changes).items() if v is not None}
    config = small_round(tmp_path / "r")
    lines = [f"{key} = {json.dumps(value)}" for key, value in data.items()]
    text = "\n".join([config.read_text("utf-8"), "[[source]]", *lines])
    config.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(config)
    assert words in str(caught.value)
    assert "abcdef123456" not in str(caught.value)
