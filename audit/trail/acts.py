"""What is recorded: kinds of acts, and one act. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.trail.canonical import utc

__all__ = ["LOOKS", "SYSTEM", "Act", "Action"]

SYSTEM = "survey-audit"


class Action(StrEnum):
    """Kinds of acts. Names are part of what is hashed: add, never rename."""

    TRAIL_BEGIN = "trail.begin"  # a new store, or a store from before there was a trail
    STORE_UPGRADE = "store.upgrade"  # its tables were brought up to date
    KEY = "key.change"  # checkpoints are signed by this key from here on
    RUN_START = "run.start"
    RUN_END = "run.end"
    FILE_IN = "file.in"  # a file was taken in
    FILE_STATE = "file.state"  # it was withdrawn, or counts again
    REGISTERS = "registers"  # units, custody
    TABLES = "tables"  # response tables were read
    PAGES = "pages"  # the pages of a file were judged
    COMPARISON = "comparison"  # pages were compared with each other
    PROBLEMS = "problems"  # what could not be taken as it stands
    EVIDENCE = "evidence"  # records, findings and cases of an instrument
    SCORES = "scores"  # gate and scores of an instrument
    SETTINGS = "settings.change"
    RULES = "rules.change"
    INSTRUMENTS = "instruments.change"
    DECISION = "decision"
    EXPORT = "export"
    BACKUP = "backup"
    RESTORE = "restore"
    NOTICE = "notice"  # word of a run was sent, or could not be
    RETENTION = "retention"  # originals were deleted, their hashes stay
    # What the review desk records.
    USER = "user.change"
    LOGIN = "login"
    LOGIN_REFUSED = "login.refused"
    LOGOUT = "logout"
    SESSION_END = "session.end"  # by an administrator
    TAKE_OVER = "lease.taken_over"
    DESK = "desk"  # sessions and leases move on: recorded only if anything else was changed
    UNMASKED_VIEW = "view.unmasked"
    UNMASK = "view.reason"  # why somebody looks without covers
    SUBJECT = "subject.request"  # a person asked about their record, or was answered
    IDENTITY_KEY = "identity.key"  # hashes of rounds to come are made with this key
    BACKCHECK = "backcheck"
    NOTE = "note"  # on a place of a scan
    FACTOR = "factor.change"  # a second factor was begun, used for the first time or reset
    KEYS = "keys.change"  # somebody's own keys
    EXPLANATION = "explanation"  # asked for, given, accepted
    RETRY = "retry"  # a file is to be judged anew by the next run
    KNOWN = "known.add"  # forms whose truth is known were put into the queue
    CORRECTION = "correction"  # of an answer or of the region of a sign


# Acts that change nothing of what a report says.
LOOKS = (
    *(
        Action.NOTICE,
        Action.EXPORT,
        Action.BACKUP,
        Action.LOGIN,
        Action.LOGIN_REFUSED,
        Action.LOGOUT,
    ),
    *(Action.SESSION_END, Action.TAKE_OVER, Action.UNMASKED_VIEW),
    *(Action.UNMASK, Action.IDENTITY_KEY, Action.SUBJECT),
)


@dataclass(frozen=True, slots=True)
class Act:
    """One act, as it will stand in the trail.

    Attributes:
        action: What was done.
        at: When, with its zone.
        actor: Who did it: a person's account, or :data:`SYSTEM`.
        object: On what, e.g. a path, the number of a case, the id of a run.
        session: The session of the review desk, if there is one.
        before: What was there, as plain data.
        after: What is there now, as plain data.
        reason: Why, where a reason is given.
        always: Recorded even where no row of the store changed.
    """

    action: Action
    at: dt.datetime
    actor: str = SYSTEM
    object: str = ""
    session: str | None = None
    before: Any = None
    after: Any = None
    reason: str | None = None
    always: bool = False

    def body(self, rows: dict[str, Any] | None = None) -> dict[str, Any]:
        """The entry, with the summary of the rows that it covers."""
        return {
            "action": self.action.value,
            "actor": self.actor,
            "after": self.after,
            "at": utc(self.at),
            "before": self.before,
            "object": self.object,
            "reason": self.reason,
            "rows": rows,
            "session": self.session,
        }
