"""Accounts of the review desk and what they hold."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Index, Table, Text

from audit.store.schema._base import Key, metadata

__all__ = ["factors", "key_choices", "leases", "login_attempts", "sessions", "users"]

users = Table(
    "users",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),  # what is typed to log in, lower case
    Column("full_name", Text, nullable=False),
    Column("role", Text, nullable=False),  # inspector approver reader admin auditor
    Column("scope_unit", Text),  # sees this unit and those below it; all units without one
    Column("home_unit", Text),  # works there, so never decides on it
    Column("password_hash", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("valid_to", Date),  # last day
    Column("disabled_at", Text),  # a user is never deleted
    # Until when a password that was made for them lets them in; none once they chose their own.
    Column("password_until", Text),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),  # the id itself is only in the cookie
    Column("user_id", Key, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("proven_at", Text),  # when the password was last given again
    Column("waits_for", Text),  # code | enrol: logged in by password, the second factor is open
    Column("agent", Text),  # the browser, as it names itself
)

factors = Table(
    "factors",
    metadata,
    Column("user_id", Key, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("secret", Text, nullable=False),  # encrypted by the desk's own key
    Column("confirmed_at", Text),
    Column("last_step", BigInteger, nullable=False),  # of the last code, which counts once
    Column("recovery", JSON, nullable=False),  # hashes of the codes that are left
)

key_choices = Table(
    "key_choices",
    metadata,
    Column("user_id", Key, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("chosen", JSON, nullable=False),  # what a key was -> what it is for this user
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=True),
    Column("about", Text, nullable=False),  # hash of the name or address: may hold a password
    Column("at", Text, nullable=False),
    Index("ix_login_attempts_about_at", "about", "at"),
)

leases = Table(
    "leases",
    metadata,
    Column(
        "case_id",
        Key,
        ForeignKey("cases.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("user_id", Key, ForeignKey("users.id"), nullable=False),
    Column("taken_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)
