"""``[notify]``: whom to tell after a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["Mail", "Notify"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Mail(_Table):
    """``[notify.mail]``: by SMTP.

    Attributes:
        host: The mail server.
        port: Its port.
        tls: ``starttls``, ``tls`` from the first byte, or ``none`` for a server on this machine.
        ca: Certificates (PEM) that the server's must come from, beside those of the machine;
            relative to the round.
        sender: Who it comes from (key ``from``).
        to: Who gets it.
        user: To log in with, if need be.
        password_env: Name of the environment variable that holds the password.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca: Path | None = None
    sender: str = Field(alias="from", pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")
    to: tuple[str, ...] = Field(min_length=1)
    user: str | None = None
    password_env: str | None = None

    @field_validator("to")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if "@" not in address or set(address) & set(" \t\r\n<>,"):
                raise ValueError(f"{address!r} is no mail address")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("user and password_env go together")
        if self.user is not None and self.tls == "none":
            raise ValueError("a password is sent over tls or starttls only")
        return self


class Notify(_Table):
    """``[notify]``.

    Attributes:
        when: ``work`` (something was new, or went wrong), ``always``, or ``trouble`` (any
            exit code but 0).
        mail: By mail.
        webhook: An address that gets the summary as JSON.
        token_env: Name of the environment variable with a bearer token for the webhook.
    """

    when: Literal["work", "always", "trouble"] = "work"
    mail: Mail | None = None
    webhook: str | None = None
    token_env: str | None = None

    @field_validator("webhook")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
                raise ValueError("webhook is an http or https address without a password in it")
        return value
