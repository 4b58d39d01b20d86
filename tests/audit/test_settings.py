"""Settings: what is read, what wins, and how a mistake is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from audit.settings import load_settings
from audit.template import make_round
from detectors.errors import ConfigError, UsageError
from tests.audit.rounds import small_round


def test_a_new_round_is_read_as_it_is_written(tmp_path: Path) -> None:
    make_round(tmp_path / "Quý 3", dt.date(2026, 11, 2))
    settings = load_settings(tmp_path / "Quý 3")
    assert (settings.round.date_from, settings.round.date_to) == (
        dt.date(2026, 10, 1),
        dt.date(2026, 12, 31),
    )
    assert settings.store_url.endswith("/Quý 3/audit.db")
    assert settings.path(settings.rules).joinpath("default.toml").is_file()
    with pytest.raises(UsageError, match="already"):
        make_round(tmp_path / "Quý 3", dt.date(2026, 11, 2))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('language = "vi"', 'language = "fr"', "key language"),
        ("seed = 0", "sead = 0", "key sead: there is no such key"),
        ("jobs = 1", "jobs = -1", "key jobs"),
        ("false_flag_rate = 0.01", "false_flag_rate = 1", "key false_flag_rate"),
        ("from = 2026-07-01", "from = 2027-07-01", "lies before from"),
        ("to = 2026-09-30", "", "key round.to"),
        ('id = "', 'ID = "', "key round"),
        ('kind = "processes"', 'kind = "ray"', "key engine.kind"),
        ('kind = "processes"', 'kind = "dask"', "address"),
        ('kind = "processes"', 'kind = "serial"\naddress = "tcp://x:1"', "address"),
        ('timezone = "Asia/Ho_Chi_Minh"', 'timezone = "Hanoi"', "key timezone"),
        ('file = "instruments', 'fill = "instruments', "key instrument"),
        ("seed = 0", 'seed = 0\nstore = "mysql://x"', "key store"),
        ("seed = 0", 'seed = 0\nbase = "x"', "key base"),
        ("seed = 0", "seed = ", "not a valid TOML"),
    ],
)
def test_a_wrong_key_is_named_with_the_way_out(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    config = small_round(tmp_path / "r")
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(config)
    assert says in str(caught.value)
    assert str(config) in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_round(tmp_path / "r")
    before = load_settings(config)
    monkeypatch.setenv("SURVEY_AUDIT__JOBS", "3")
    monkeypatch.setenv("SURVEY_AUDIT__ROUND__ID", "other")
    after = load_settings(config)
    assert (after.jobs, after.round.id, after.round.date_to) == (3, "other", before.round.date_to)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SURVEY_AUDIT__JBOS", "4", "there is no such key"),
        ("SURVEY_AUDIT__BASE", "x", "there is no such key"),
        ("SURVEY_AUDIT__JOBS", "many", "valid integer"),
        ("SURVEY_AUDIT__ROUND__IDD", "x", "there is no such key"),
        ("survey_audit__jobs", "-1", "greater than"),
    ],
)
def test_a_wrong_variable_is_named_as_a_wrong_key_is(
    variable: str, value: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=says) as caught:
        load_settings(small_round(tmp_path / "r"))
    assert f"environment variable {variable}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_follows_results_and_not_the_machine(tmp_path: Path) -> None:
    one, two = (load_settings(small_round(tmp_path / name / "r")) for name in ("a", "b"))
    assert one.sha256() == two.sha256()
    more = one.model_copy(update={"jobs": 7, "language": "en"})
    assert more.results_sha256 == one.results_sha256
    assert more.sha256() != one.sha256()
    assert one.model_copy(update={"seed": 1}).results_sha256 != one.results_sha256


def test_settings_cannot_be_changed_and_keep_no_password_in_the_hash(tmp_path: Path) -> None:
    settings = load_settings(small_round(tmp_path / "r"))
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 3
    secret = settings.model_copy(update={"store": "postgresql+psycopg://u:one@h/d"})
    other = settings.model_copy(update={"store": "postgresql+psycopg://u:two@h/d"})
    assert secret.sha256() == other.sha256()
