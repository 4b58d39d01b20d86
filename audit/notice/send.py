"""Sending a summary; what cannot be sent is told and recorded, and never fails the run."""

from __future__ import annotations

import datetime as dt
import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from audit.notice.settings import Mail, Notify
from audit.notice.summary import Summary
from audit.settings import Settings
from audit.store import open_store
from audit.trail.acts import Act, Action
from detectors.errors import AuditError

__all__ = ["notify"]

_SECONDS = 15.0


def notify(
    settings: Settings, summary: Summary, *, now: Callable[[], dt.datetime], actor: str
) -> list[str]:
    """Send a summary to everybody that the settings name, and record it in the trail.

    Returns:
        One line for each that did not get it.
    """
    chosen = settings.notify
    if not _wanted(chosen, summary):
        return []
    sent: dict[str, str] = {}
    if chosen.mail is not None:
        mail = chosen.mail
        ca = None if mail.ca is None else settings.path(mail.ca)
        sent["mail"] = _tried(lambda: _mail(mail, ca, summary))
    if chosen.webhook is not None:
        address, token = chosen.webhook, _secret(chosen.token_env)
        sent["webhook"] = _tried(lambda: _post(address, token, summary))
    failed = [f"the {way} was not sent: {why}" for way, why in sent.items() if why != "sent"]
    if summary.run_id and (failed or not summary.nothing_new):
        act = Act(Action.NOTICE, now(), actor, summary.run_id, after=sent, always=True)
        try:
            with (
                open_store(settings.store_url, create=False, now=now) as store,
                store.writing(act),
            ):
                pass
        except AuditError as error:
            failed.append(f"that it was tried is not recorded: {error}")
    return failed


def _wanted(chosen: Notify, summary: Summary) -> bool:
    if chosen.when == "trouble":
        return summary.trouble
    return chosen.when == "always" or not summary.nothing_new


def _tried(send: Callable[[], None]) -> str:
    """``sent``, or why not; a server's words may be anything, so only their kind is kept."""
    try:
        send()
    except smtplib.SMTPResponseException as error:
        return f"{type(error).__name__} {error.smtp_code}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except (OSError, smtplib.SMTPException, ValueError) as error:
        reason = getattr(error, "reason", None)
        return type(reason if isinstance(reason, Exception) else error).__name__
    return "sent"


def _secret(name: str | None) -> str | None:
    return None if name is None else os.environ.get(name)


def _mail(mail: Mail, ca: Path | None, summary: Summary) -> None:
    message = EmailMessage()
    message["Subject"] = summary.subject
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(summary.text())
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(ca)
    connect: Any = smtplib.SMTP
    more: Mapping[str, Any] = {}
    if mail.tls == "tls":
        connect, more = smtplib.SMTP_SSL, {"context": context}
    with connect(mail.host, mail.port, timeout=_SECONDS, **more) as server:
        if mail.tls == "starttls":
            server.starttls(context=context)
        if mail.user is not None:
            server.login(mail.user, _secret(mail.password_env) or "")
        server.send_message(message)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A summary goes where the settings say, and nowhere else."""


def _post(address: str, token: str | None, summary: Summary) -> None:
    headers = {"Content-Type": "application/json", "User-Agent": "survey-audit"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(summary.json(), ensure_ascii=False).encode()
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(_NoRedirects)
    with opener.open(request, timeout=_SECONDS) as answer:
        answer.read(1)
