"""The tables of ``audit.toml``: what may stand in each, and what holds where nothing is said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from audit.intake.mapping import TableMapping
from audit.intake.presets import PRESETS

__all__ = [
    "DeskSettings",
    "Engine",
    "InstrumentSettings",
    "Metrics",
    "Oidc",
    "Results",
    "Retention",
    "RoundSettings",
]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RoundSettings(_Table):
    """``[round]``: what is measured, and when.

    Attributes:
        id: Short name of the round, e.g. ``2026-Q3``.
        title: In both languages; one text counts for both.
        date_from: First day of collection (key ``from``).
        date_to: Last day of collection (key ``to``); units are taken as of this day.
        interim: True for an interim result.
        method_break: What changed against the round before, if anything did.
    """

    id: str = Field(min_length=1, max_length=60, pattern=r"^[\w.\- ]+$")
    title: dict[Literal["vi", "en"], str] = Field(default_factory=dict)
    date_from: dt.date = Field(alias="from")
    date_to: dt.date = Field(alias="to")
    interim: bool = False
    method_break: dict[Literal["vi", "en"], str] | None = None

    @field_validator("title", "method_break", mode="before")
    @classmethod
    def _both(cls, value: Any) -> Any:
        return {"vi": value, "en": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ordered(self) -> RoundSettings:
        if self.date_from.year < 1900 or self.date_to.year > 2200:
            raise ValueError(f"no round lasts from {self.date_from} to {self.date_to}")
        if self.date_to < self.date_from:
            raise ValueError(f"to ({self.date_to}) lies before from ({self.date_from})")
        return self


class InstrumentSettings(_Table):
    """``[[instrument]]``: one questionnaire of the round.

    Attributes:
        file: The instrument's TOML file.
        reference: What honest pages of this form and scanner look like (``calibrate``).
        previous: Responses of the round before.
        columns: Contract name or item id -> name in the response files; or a preset.
        mapping: All that is to know about a platform's export; ``intake`` writes it.
        programme: ``satisfaction`` of citizens, or ``agency``: opinions of agencies, which
            have their own results, tiers and ranks.
        respondent: The category item that says who answers (individual, organisation, …).
        field: The category item that says for which service.
    """

    file: Path
    reference: Path | None = None
    previous: Path | None = None
    columns: dict[str, str] | str = Field(default_factory=dict)
    programme: Literal["satisfaction", "agency"] = "satisfaction"
    respondent: str | None = None
    field: str | None = None
    mapping: TableMapping | None = None

    @property
    def table(self) -> dict[str, str] | str | TableMapping:
        """How response files are read: the mapping with the names under ``columns``."""
        if self.mapping is None:
            return self.columns
        if isinstance(self.columns, str):
            return self.mapping.model_copy(update={"preset": self.columns})
        return self.mapping.model_copy(update={"columns": self.columns | self.mapping.columns})

    def dimensions(self) -> dict[str, str]:
        """What results are cut by, beside the channel: name -> item."""
        named = {"respondent": self.respondent, "field": self.field}
        return {name: item for name, item in named.items() if item is not None}

    @field_validator("columns")
    @classmethod
    def _known(cls, value: dict[str, str] | str) -> dict[str, str] | str:
        if isinstance(value, str) and value not in PRESETS:
            raise ValueError(f"there is no preset {value!r}, known are {', '.join(PRESETS)}")
        return value


class Engine(_Table):
    """``[engine]``: who does the work on pages."""

    kind: Literal["serial", "processes", "dask"] = "processes"
    address: str | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "dask" and not self.address:
            raise ValueError("kind dask needs the scheduler's address, e.g. tcp://10.0.0.5:8786")
        if self.kind != "dask" and self.address:
            raise ValueError(f"an address is for kind dask, not for {self.kind}")
        return self


class Results(_Table):
    """``[results]``: what results are held against. A file that is not there is not used.

    Attributes:
        index: Folder of index workbooks (XLSX).
        published: Published figures.
        previous: Results of the period before.
        lineage: Units that merged, split, were renamed or dissolved.
        targets: Targets.
        actions: Actions agreed on.
        awards: Proposed awards and criticisms.
    """

    index: Path = Path("index")
    published: Path = Path("published.csv")
    previous: Path = Path("previous/results.csv")
    lineage: Path = Path("lineage.csv")
    targets: Path = Path("targets.csv")
    actions: Path = Path("actions.csv")
    awards: Path = Path("awards.csv")

    def tables(self) -> tuple[Path, ...]:
        """The tables, without the folder of workbooks."""
        return (
            *(self.published, self.previous, self.lineage),
            *(self.targets, self.actions, self.awards),
        )


class Retention(_Table):
    """``[retention]``: how long originals are kept, in days after the round's last day.

    Attributes:
        scans: Scanned forms; for ever if not given.
        responses: Response tables, which hold devices, accounts and addresses.
    """

    scans: int | None = Field(default=None, ge=0, le=365_000)
    responses: int | None = Field(default=None, ge=0, le=365_000)


class Metrics(_Table):
    """``[metrics]``: the counts that the review desk gives to a Prometheus server.

    Attributes:
        token_env: Name of the environment variable with the bearer token that a scraper on
            another machine must show; without one only this machine gets an answer.
    """

    token_env: str | None = None


class Oidc(_Table):
    """``[desk.oidc]``: logging in by the organisation's own identity provider.

    Attributes:
        issuer: Its address; ``/.well-known/openid-configuration`` under it is read.
        client_id: Under which the desk is known there.
        secret_env: Name of the environment variable that holds the client's secret.
        claim: Which claim is the name of the account here; accounts are never made by it.
        label: What the button says.
    """

    issuer: str = Field(pattern=r"^https?://\S+$")
    client_id: str = Field(min_length=1)
    secret_env: str = "SURVEY_AUDIT_OIDC_SECRET"
    claim: str = "preferred_username"
    label: str = "OpenID Connect"


class DeskSettings(_Table):
    """``[desk]``: the review desk.

    Attributes:
        second_factor: Roles that log in with a one-time code; others may.
        password_again: Minutes for which a password that was given again counts.
        secret: File of the key that second factors are encrypted with; made if not there.
        oidc: An identity provider.
    """

    second_factor: tuple[Literal["inspector", "approver", "reader", "admin", "auditor"], ...] = ()
    password_again: int = Field(default=15, ge=0, le=120)
    secret: Path = Path(".survey-audit.desk.key")
    oidc: Oidc | None = None
