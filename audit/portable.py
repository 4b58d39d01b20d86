"""What differs between systems, in one place: flags of files, locks, folders, people.

Written for Linux, where all of it is there; Windows has no ``fcntl``, ``pwd`` or modes of
files, opens descriptors as text unless told otherwise, and cannot sync a folder. Where a
system lacks a protection the function says so in its own words and does what can be done.
"""

from __future__ import annotations

import getpass
import importlib
import os
from pathlib import Path
from typing import Any

__all__ = [
    "AS_BYTES",
    "NO_LINKS",
    "account",
    "lock",
    "make_private",
    "others_may_read",
    "sync_folder",
]

# Windows makes "\n" of "\r\n" in descriptors that are not opened as bytes.
AS_BYTES: int = getattr(os, "O_BINARY", 0)
# Links are not followed, and opening a pipe does not wait; 0 where a system knows neither.
NO_LINKS: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

# Far behind any content: a lock of Windows keeps others from reading what it covers.
_LOCKED_BYTE = 1 << 30


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def lock(descriptor: int) -> bool:
    """Lock an open file for this process, without waiting.

    The system lets go of the lock when the descriptor is closed or its holder dies.

    Returns:
        False where another holds it.

    Raises:
        OSError: If the file system keeps no locks.
    """
    fcntl = _module("fcntl")
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
    msvcrt = _module("msvcrt")
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last through a power cut, where folders can be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private(descriptor: int, mode: int) -> None:
    """Give an open file the mode; on Windows the folder's own rights decide, and stay."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


def others_may_read(descriptor: int) -> bool:
    """Whether the mode of an open file lets group or others in; False where modes say nothing."""
    return hasattr(os, "fchmod") and bool(os.fstat(descriptor).st_mode & 0o077)


def account() -> str:
    """The account of the machine that runs this process, whatever its environment says.

    Windows has no such table; there it is what the session is told.
    """
    pwd = _module("pwd")
    if pwd is None:
        return getpass.getuser()
    try:
        return str(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return f"user {os.getuid()}"
