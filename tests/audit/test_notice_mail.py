"""Mail over TLS with a login, to a real SMTP server with a certificate of its own authority."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from audit.notice.send import notify
from audit.notice.summary import Summary
from audit.pipeline.run import run_round
from audit.settings import Settings
from audit.trail.cursor import reading
from detectors.errors import ConfigError, ExitCode
from tests.audit.nights import quiet
from tests.audit.rounds import FakeScans, clock, settings_of, small_round

smtp = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is not installed")
controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")

# A server that speaks TLS from the first byte does not know itself that it does.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

PASSWORD = "right-horse"
WRONG = "wrong-battery"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody but its file vouches for, and a server's context."""
    folder = tmp_path_factory.mktemp("ca")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return pem, context


class _Kept:
    """Keeps what comes, and how it came."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, bool, Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        secure = server.transport.get_extra_info("ssl_object") is not None
        self.got.append((envelope.content, secure, session.auth_data))
        return "250 kept"


def _who(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
    right = (data.login, data.password) == (b"audit", PASSWORD.encode())
    # What a careless server may answer must go nowhere.
    message = None if right else f"535 5.7.8 {data.password.decode()} is wrong"
    return smtp.AuthResult(success=right, handled=right, message=message, auth_data=data.login)


@contextmanager
def _server(tls: str, context: ssl.SSLContext) -> Iterator[tuple[_Kept, int]]:
    kept = _Kept()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ways: dict[str, Any] = {"authenticator": _who, "auth_required": True}
    if tls == "starttls":
        ways |= {"tls_context": context, "require_starttls": True}
    else:
        ways |= {"ssl_context": context, "auth_require_tls": False}
    running = controller.Controller(kept, hostname="127.0.0.1", port=port, **ways)
    running.start()
    try:
        yield kept, port
    finally:
        running.stop()


@pytest.fixture
def place(
    tmp_path: Path, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Settings]:
    """A round that has run, with mail by TLS."""
    config = small_round(tmp_path / "r")
    run_round(settings_of(config), quiet(FakeScans()))
    (tmp_path / "r/ca.pem").write_bytes(certificate[0].read_bytes())
    text = config.read_text("utf-8")
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)

    def make(tls: str, port: int, ca: str = 'ca = "ca.pem"') -> Settings:
        lines = [
            *("[notify]", 'when = "always"', "[notify.mail]", 'host = "127.0.0.1"'),
            *(f"port = {port}", f'tls = "{tls}"', 'from = "audit@x.vn"', 'to = ["a@x.vn"]'),
            *('user = "audit"', 'password_env = "MAIL_PASSWORD"', ca),
        ]
        config.write_text(text.replace("[round]", "\n".join([*lines, "[round]"]), 1), "utf-8")
        return settings_of(config)

    return make


def _sent(settings: Settings) -> list[str]:
    summary = Summary(settings.round.id, "run", ExitCode.DONE)
    return notify(settings, summary, now=clock, actor="anna")


def _trail(settings: Settings) -> str:
    with reading(settings.store_url) as cursor:
        return "\n".join(str(row[0]) for row in cursor("SELECT body FROM trail"))


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mail_goes_over_tls_with_a_login(
    tls: str, place: Callable[..., Settings], certificate: tuple[Path, ssl.SSLContext]
) -> None:
    with _server(tls, certificate[1]) as (kept, port):
        assert _sent(place(tls, port)) == []
    ((content, secure, who),) = kept.got
    assert (secure, who) == (True, b"audit")
    assert b"[survey-audit] r:" in content


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_wrong_password_is_told_and_stands_nowhere(
    tls: str,
    place: Callable[..., Settings],
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", WRONG)
    with _server(tls, certificate[1]) as (kept, port):
        settings = place(tls, port)
        assert _sent(settings) == ["the mail was not sent: SMTPAuthenticationError 535"]
    assert kept.got == []
    assert "SMTPAuthenticationError 535" in _trail(settings)
    for secret in (WRONG, PASSWORD):
        assert secret not in _trail(settings)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_neither_password_nor_mail(
    tls: str, place: Callable[..., Settings], certificate: tuple[Path, ssl.SSLContext]
) -> None:
    with _server(tls, certificate[1]) as (kept, port):
        assert _sent(place(tls, port, ca="")) == ["the mail was not sent: SSLCertVerificationError"]
        missing = _sent(place(tls, port, ca='ca = "no.pem"'))
    assert missing == ["the mail was not sent: FileNotFoundError"]
    assert kept.got == []


def test_a_password_goes_nowhere_without_tls(place: Callable[..., Settings]) -> None:
    with pytest.raises(ConfigError, match="over tls or starttls only"):
        place("none", 25)
