"""``audit.toml``: what a round is, read once into frozen settings.

Every key may be overridden by an environment variable ``SURVEY_AUDIT__KEY`` (tables with
two underscores: ``SURVEY_AUDIT__ROUND__ID``). The hash of the effective settings goes into
every run, so that a number can be traced to what produced it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from audit.intake.collection import Collection
from audit.intake.columns import LOCAL_TIME
from audit.keeping.workdays import Workdays
from audit.notice.settings import Notify
from audit.pulling.source import Source
from audit.settings_tables import (
    DeskSettings,
    Engine,
    InstrumentSettings,
    Metrics,
    Oidc,
    Results,
    Retention,
    RoundSettings,
)
from detectors.errors import ConfigError
from detectors.toml_file import read_toml

__all__ = [
    "DeskSettings",
    "Engine",
    "InstrumentSettings",
    "Metrics",
    "Oidc",
    "Results",
    "Retention",
    "RoundSettings",
    "Settings",
    "load_settings",
]

_PREFIX = "SURVEY_AUDIT__"


class Settings(BaseSettings):
    """Everything a round is told. Paths are as written: relative to ``audit.toml``.

    Attributes:
        round: What is measured.
        instrument: The questionnaires.
        units: The units table.
        custody: The custody table; used where the file is there.
        withdrawn: Files that count no more, with reasons; used where the file is there.
        scans: Folder of scanned forms, ``<scans>/<unit_id>/…`` or with custody ranges.
        responses: Folder of response tables.
        rules: Rule sets for scoring: a TOML file, or a folder of them.
        originals: Folder of the originals, content-addressed, or ``s3://bucket/prefix``.
        reports: Folder of reports.
        runs: Folder of run manifests.
        checkpoints: Folder of the trail's signed checkpoints.
        signing_key: The private key that signs them; made if it is not there.
        identity_keys: The keys of hashes in place of accounts and devices; made likewise.
        store: Database; default ``audit.db`` beside ``audit.toml``.
        false_flag_rate: Accepted share of honest pages and records that are flagged.
        seed: Of everything that draws at random.
        jobs: Worker processes, 0 for one a core.
        settle_seconds: How long a file must stay as it is before it is taken in.
        language: Of reports.
        timezone: Where the forms were filled in.
        fail_on: Severity from which findings end a run in exit code 11.
        engine: Who does the work on pages.
        collection: How and where the answers were collected.
        results: What results are held against.
        retention: How long originals are kept.
        workdays: Where the office's calendar is another than the law's.
        log: File of the log for machines, or ``stderr``; none if not given.
        notify: Whom to tell after a run.
        metrics: Who may read ``/metrics`` of the review desk.
        desk: How people log in to the review desk.
        source: Forms on survey platforms that ``pull`` fetches.
        base: Folder of ``audit.toml``; not a key.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
    )

    round: RoundSettings
    instrument: tuple[InstrumentSettings, ...] = Field(min_length=1)
    units: Path = Path("units.csv")
    custody: Path = Path("custody.csv")
    withdrawn: Path = Path("withdrawn.csv")
    scans: Path = Path("inbox/scans")
    responses: Path = Path("inbox/responses")
    rules: Path = Path("rules")
    originals: str = "originals"
    reports: Path = Path("reports")
    runs: Path = Path("runs")
    checkpoints: Path = Path("runs/checkpoints")
    signing_key: Path = Path(".survey-audit.key")
    identity_keys: Path = Path(".survey-audit.identity")
    store: str = "sqlite:///audit.db"
    false_flag_rate: float = Field(default=0.01, gt=0.0, lt=0.5)
    seed: int = Field(default=0, ge=0, lt=2**32)
    jobs: int = Field(default=1, ge=0, le=256)
    settle_seconds: float = Field(default=2.0, ge=0, le=600)
    language: Literal["vi", "en"] = "vi"
    timezone: str = LOCAL_TIME
    fail_on: Literal["none", "yellow", "orange", "red"] = "none"
    engine: Engine = Engine()
    collection: Collection = Collection()
    results: Results = Results()
    retention: Retention = Retention()
    workdays: Workdays = Workdays()
    log: str | None = None
    notify: Notify = Notify()
    metrics: Metrics = Metrics()
    desk: DeskSettings = DeskSettings()
    source: tuple[Source, ...] = ()
    base: Path = Field(default=Path(), exclude=True)

    @field_validator("source")
    @classmethod
    def _named_once(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in value]
        if len(set(names)) < len(names):
            raise ValueError("two sources have one name")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone such as {LOCAL_TIME}")
        return value

    @field_validator("originals")
    @classmethod
    def _kept(cls, value: str) -> str:
        bucket = re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^?#@:]*)?", value)
        if not value or (":" in value and not bucket):
            raise ValueError('originals is a folder, or "s3://bucket/prefix" without keys in it')
        return value

    @field_validator("store")
    @classmethod
    def _dialect(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError('store starts with "sqlite:///" or "postgresql+psycopg://"')
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is asked."""
        return env_settings, init_settings

    def path(self, relative: Path) -> Path:
        """A path of the settings as it stands on this machine."""
        return self.base / relative

    @property
    def originals_place(self) -> str:
        """The folder of the originals made absolute, or the URL of their bucket."""
        if self.originals.startswith("s3://"):
            return self.originals
        return str(self.base / self.originals)

    @property
    def store_url(self) -> str:
        """The database's URL with a SQLite file's path made absolute."""
        prefix = "sqlite:///"
        if self.store.startswith(prefix):
            return prefix + str((self.base / self.store.removeprefix(prefix)).resolve())
        return self.store

    def sha256(self, *, leave_out: frozenset[str] = frozenset()) -> str:
        """Hash of the effective settings, the same on every machine; secrets left out."""
        data = self.model_dump(mode="json", by_alias=True, exclude=set(leave_out))
        if "store" in data:
            data["store"] = self.store.split("://", 1)[0]
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def results_sha256(self) -> str:
        """Hash of those settings that can change a finding or a score."""
        neutral = {"store", "originals", "reports", "runs", "jobs", "language", "fail_on", "engine"}
        neutral |= {
            "checkpoints",
            "identity_keys",
            "signing_key",
            "retention",
            "workdays",
            "settle_seconds",
            "source",
        }
        neutral |= {"log", "notify", "metrics"}
        neutral |= {"desk"}
        return self.sha256(leave_out=frozenset(neutral))


def load_settings(path: str | Path) -> Settings:
    """Read ``audit.toml``.

    Raises:
        ConfigError: If it is not there, is no TOML, or a key is wrong; names the key and
            the way out.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "audit.toml"
    remedy = "make a round with `survey-audit init DIR`, or name its file with --config"
    _, data = read_toml(path, ConfigError, "the configuration", remedy)
    if "base" in data:
        raise _wrong(path, "base", "there is no such key", "remove it")
    _refuse_unknown_variables()
    try:
        return Settings(**data, base=path.parent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        if first["type"] == "extra_forbidden":
            known = ", ".join(_known_keys(first["loc"]))
            raise _wrong(path, key, "there is no such key", f"known are {known}") from error
        if first["type"] == "missing":
            raise _wrong(path, key, "the key is missing", "add it") from error
        what = str(first["msg"]).removeprefix("Value error, ")
        raise _wrong(path, key, what, "correct its value") from error


def _refuse_unknown_variables() -> None:
    """A misspelt variable is no less a mistake than a misspelt key."""
    known = _known_keys(())
    for variable in _variables():
        if variable[len(_PREFIX) :].partition("__")[0].lower() not in known:
            names = ", ".join(f"{_PREFIX}{name.upper()}" for name in known)
            raise ConfigError(
                "there is no such key",
                where=f"environment variable {variable}",
                remedy=f"known are {names}",
            )


def _variables() -> list[str]:
    return sorted(name for name in os.environ if name.upper().startswith(_PREFIX))


def _wrong(path: Path, key: str, what: str, remedy: str) -> ConfigError:
    wanted = _PREFIX + key.replace(".", "__").upper()
    variable = next((name for name in _variables() if name.upper() == wanted), None)
    where = f"{path}, key {key}" if variable is None else f"environment variable {variable}"
    return ConfigError(what, where=where, remedy=remedy)


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    tables: dict[str, type[BaseModel]] = {
        "round": RoundSettings,
        "instrument": InstrumentSettings,
        "engine": Engine,
        "collection": Collection,
        "results": Results,
        "retention": Retention,
        "workdays": Workdays,
        "metrics": Metrics,
        "notify": Notify,
        "desk": DeskSettings,
        "source": Source,
    }
    model = tables.get(str(place[0]), Settings) if len(place) > 1 else Settings
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if name != "base"]
