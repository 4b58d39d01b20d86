"""What a session's cookie holds: its id, and a seal by the desk's key.

The store knows the hash of the id, and whose it is. Whoever can write into the store could put
a row there for an id of their own, hand their own row to somebody else, or take the open code
out of it; the seal, made with a key that is outside the store, fits none of these.
"""

from __future__ import annotations

import hashlib
import hmac

from audit.desk.people import Session, User

__all__ = ["fits", "seal", "secret_of"]

_PURPOSE = b"survey-audit session 1"


def seal(key: bytes, secret: str, user: User, waits_for: str | None) -> str:
    """What the cookie says for a session.

    Args:
        key: Of the desk.
        secret: The session's id.
        user: Whose it is.
        waits_for: What it waits for when it begins; a session that waits for a code never
            does without one, another one begins instead.
    """
    text = "\x1f".join((secret, str(user.id), "code" if waits_for == "code" else ""))
    digest = hmac.new(key, _PURPOSE + b"\n" + text.encode(), hashlib.sha256).hexdigest()
    return f"{secret}.{digest}"


def secret_of(cookie: str) -> str:
    """The id in a cookie, whether or not its seal fits."""
    return cookie.partition(".")[0]


def fits(key: bytes, cookie: str, session: Session) -> bool:
    """Whether a cookie was made by this desk for the session as the store has it."""
    right = seal(key, secret_of(cookie), session.user, session.waits_for)
    return hmac.compare_digest(right.encode(), cookie.encode())
