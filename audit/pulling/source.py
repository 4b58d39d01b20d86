"""``[[source]]``: a form on a survey platform's server, and where its secret is kept."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from detectors.errors import AccessError, ConfigError

__all__ = ["KINDS", "Secret", "Source"]

KINDS = ("kobotoolbox", "odk", "limesurvey", "surveycto", "qualtrics")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_WITH_USER = frozenset({"odk", "limesurvey", "surveycto"})


class Secret:
    """A token or password; it shows itself nowhere but where it is asked for."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep it."""
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the request."""
        return self._text

    def __repr__(self) -> str:
        """Never the secret."""
        return "Secret(…)"

    __str__ = __repr__


class Source(BaseModel):
    """One form on one server.

    Attributes:
        name: Short name; files in the inbox begin with it.
        kind: The platform.
        url: Of the server, e.g. ``https://kf.kobotoolbox.org``.
        form: Id of the form there: asset, form or survey id.
        project: Number of the project (ODK Central).
        user: Who logs in (ODK Central, LimeSurvey, SurveyCTO).
        secret: ``env:NAME`` or ``file:PATH``: where the token or password is kept.
        instrument: Id of the instrument, where the round has several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w-]{1,40}$")
    kind: Literal["kobotoolbox", "odk", "limesurvey", "surveycto", "qualtrics"]
    url: str
    form: str = Field(min_length=1)
    secret: str
    project: int | None = None
    user: str | None = None
    instrument: str | None = None

    @field_validator("url")
    @classmethod
    def _safe(cls, value: str) -> str:
        parts = urlsplit(value)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
        if not secure or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ValueError("give https://server, without a name, a password or a query")
        return value.rstrip("/")

    @field_validator("secret")
    @classmethod
    def _kept_elsewhere(cls, value: str) -> str:
        # What was written is not repeated: it may be the secret itself.
        if not re.fullmatch(r"env:[A-Za-z_]\w*|file:.+", value):
            raise ValueError("name where it is kept: env:NAME or file:PATH, never the secret")
        return value

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.kind in _WITH_USER and not self.user:
            raise ValueError(f"{self.kind} needs the key user")
        if self.kind == "odk" and self.project is None:
            raise ValueError("odk needs the key project, the number of the project")
        return self

    def read_secret(self, base: Path) -> Secret:
        """The secret from where it is kept.

        Raises:
            ConfigError: If it is not there or empty.
            AccessError: If others may read the file, or it cannot be read.
        """
        where = f"audit.toml, key source.{self.name}.secret"
        place, _, name = self.secret.partition(":")
        if place == "env":
            text = os.environ.get(name, "")
            missing = f"the environment has no {name}"
        else:
            text, missing = _of_file(base / name), f"the file {name} is empty"
        if not text.strip():
            raise ConfigError(missing, where=where, remedy="put the token or password there")
        return Secret(text.strip())


def _of_file(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise AccessError(
                "others may read the secret", where=str(path), remedy=f"chmod 600 {path.name}"
            )
        return path.read_text("utf-8")
    except OSError as error:
        raise AccessError(
            f"the secret cannot be read ({error.strerror})",
            where=str(path),
            remedy="check the path and its permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise AccessError(
            "the secret is no text", where=str(path), remedy="write it as one line"
        ) from error
