"""The key that signs checkpoints: Ed25519, in a file that only its owner may read.

It stands outside the store, best on another disk or account than the store's: whoever has
both can write a trail that fits. The public key is told in the trail itself and beside the
checkpoints, and officers keep a copy.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.portable import AS_BYTES, NO_LINKS, make_private, others_may_read
from detectors.errors import AccessError, ConfigError, InputError

__all__ = ["SigningKey", "load_key", "make_key", "public_pem", "read_public", "signed_by"]


class SigningKey:
    """A private key in use."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Wrap a key; use :func:`load_key` or :func:`make_key`."""
        self._key = key

    @property
    def public(self) -> str:
        """The public key, 32 bytes in hex."""
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return self._key.public_key().public_bytes(*raw).hex()

    def sign(self, statement: bytes) -> str:
        """Signature in hex."""
        return self._key.sign(statement).hex()


def load_key(path: Path) -> SigningKey | None:
    """The key of a file; ``None`` if there is no such file.

    Raises:
        ConfigError: If others may read the file, or it holds no such key.
        AccessError: If it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | AS_BYTES | NO_LINKS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccessError(
            f"the signing key cannot be read ({error.strerror})",
            where=str(path),
            remedy="check its owner, or name another file under signing_key",
        ) from error
    with os.fdopen(descriptor, "rb") as stream:
        if others_may_read(stream.fileno()):
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            raise ConfigError(
                f"the signing key may be read by others (mode {mode:03o})",
                where=str(path),
                remedy="chmod 600 it, or name a file under signing_key where permissions hold; "
                "if others had access, move it away: the next run makes a new key",
            )
        data = stream.read(10_000)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path)
    return SigningKey(key)


def _no_key(path: Path) -> ConfigError:
    return ConfigError(
        "this file holds no Ed25519 private key",
        where=str(path),
        remedy="put the key back, or move the file away: the next run makes a new key",
    )


def make_key(path: Path) -> SigningKey:
    """Make a key and keep it in a new file with mode 600.

    Raises:
        AccessError: If the file cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(path, new | AS_BYTES | NO_LINKS, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            make_private(descriptor, 0o600)
            stream.write(data)
            stream.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise AccessError(
            f"the signing key cannot be written ({error.strerror})",
            where=str(path),
            remedy="name a place under signing_key that you may write to",
        ) from error
    return SigningKey(key)


def public_pem(public: str) -> bytes:
    """A public key as a PEM file, for people to keep."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(*form)


def read_public(path: Path) -> str:
    """The public key of a PEM file, in hex.

    Raises:
        InputError: If the file holds none, or cannot be read.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError, OSError) as error:
        raise InputError(
            "this file holds no public key", where=str(path), remedy="name the key's PEM file"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError("no Ed25519 key", where=str(path), remedy="name the key's PEM file")
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return key.public_bytes(*raw).hex()


def signed_by(public: str, signature: str, statement: bytes) -> bool:
    """Whether a signature is that of a public key; wrong hex is no signature."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True
