"""The tables, said once; ``migrations/`` makes them and a test holds the two together.

Keys of what is found again from its source (files, pages, records) are numbers made from
that source (:func:`key_of`), so that doing the same work twice meets the same rows and
adds nothing. Times of the audit are UTC in ISO 8601; times of the respondents are local.
What identifies a person beyond the survey's own ids (device, account, address, comment) is
not copied here: it stays in the originals and is read where a check needs it.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    *("answers", "backcheck_draws", "backcheck_members", "backcheck_results", "batches"),
    *("cases", "codes", "corrections", "decisions", "files", "findings", "fingerprints", "notes"),
    *(
        "forms",
        "key_of",
        "likenesses",
        "marks",
        "metadata",
        "pages",
        "problems",
        "record_pages",
        "records",
        "rounds",
        "runs",
    ),
    *("explanations", "factors", "key_choices"),
    *("leases", "login_attempts", "scores", "sessions", "trail", "trail_rows"),
    *("unit_results", "units", "users"),
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Key = BigInteger().with_variant(Integer(), "sqlite")


def key_of(*parts: object) -> int:
    """A key of 63 bits from what a row is about; the same everywhere and for ever."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _key() -> Column[int]:
    return Column("id", _Key, primary_key=True, autoincrement=False)


def _round() -> Column[str]:
    return Column("round_id", Text, ForeignKey("rounds.id"), nullable=False)


rounds = Table(
    "rounds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title_vi", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("period_from", Date, nullable=False),
    Column("period_to", Date, nullable=False),
)

units = Table(
    "units",
    metadata,
    _key(),
    _round(),
    Column("unit_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("peer_group", Text),
    Column("level", Text),
    Column("parent_id", Text),
    Column("handles_procedures", Boolean),
    Column("served", Float),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Index("ix_units_round_unit", "round_id", "unit_id"),
)

batches = Table(
    "batches",
    metadata,
    _key(),
    _round(),
    Column("unit_id", Text),
    Column("batch", Text),
    Column("serial_from", Text),
    Column("serial_to", Text),
    Column("issued", Integer),
    Column("returned", Integer),
    Column("valid", Integer),
    Column("invalid", Integer),
    Column("lost", Integer),
    Column("spoilt", Integer),
    Column("issued_at", Date),
    Column("returned_at", Date),
    Column("handler", Text),
    # what a book may hold beside
    Column("printed", Integer),
    Column("unissued", Integer),
    Column("handed_out", Integer),
    Column("taken_home", Integer),
    Column("outstanding", Integer),
    Column("scanned_at", Date),
    Column("invalid_reasons", Text),
    Index("ix_batches_round_unit", "round_id", "unit_id"),
)

files = Table(
    "files",
    metadata,
    _key(),
    _round(),
    Column("path", Text, nullable=False),  # relative to the round, as people named it
    Column("kind", Text, nullable=False),  # scan responses units custody previous collection
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # kept | replaced (by another content) | withdrawn
    Column("reason", Text),  # why nothing could be read from it
    Column("added_run", Text, nullable=False),
    Column("deleted_at", Text),  # when the rule of retention took the original away
    UniqueConstraint("round_id", "path", "sha256"),
)

pages = Table(
    "pages",
    metadata,
    _key(),
    Column("file_id", _Key, ForeignKey("files.id"), nullable=False, index=True),
    Column("instrument_id", Text, nullable=False),
    Column("page", Integer, nullable=False),
    Column("form_page", Integer),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("serial", Text),
    Column("suspicion_alone", Float),  # before the page was compared with others
    Column("suspicion", Float),
    Column("flagged", Boolean),
    Column("severity", Text),
    Column("scan_class", Text),
    Column("residual_mm", Float),
    Column("not_assessable", JSON, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("findings", JSON, nullable=False),  # of the page alone
    Column("matches", JSON, nullable=False),  # of the page among the others
    Column("work_key", Text, nullable=False, index=True),
    UniqueConstraint("file_id", "page"),
)

marks = Table(
    "marks",
    metadata,
    Column("page_id", _Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("item", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("ink", Float, nullable=False),
    Column("confidence", Float, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("page_id", _Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("page_id", _Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("room", Text, primary_key=True),  # empty: the page was compared
    Column("code", LargeBinary, nullable=False),
)

likenesses = Table(
    "likenesses",
    metadata,
    Column("one", _Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True),
    Column("other", _Key, ForeignKey("pages.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("what", Text, primary_key=True),
    Column("p_pair", Float, nullable=False),
    Column("alike", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("box_mm", JSON),
    Column("saved_again", Boolean, nullable=False),
)

records = Table(
    "records",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("source", Text, nullable=False),  # scan | table | both
    Column("file_id", _Key, ForeignKey("files.id")),
    Column("unit_id", Text),
    Column("channel", Text),
    Column("serial", Text),
    Column("batch", Text),
    Column("collector", Text),
    Column("started_at", DateTime),
    Column("submitted_at", DateTime),
    Column("assisted", Boolean),
    Column("reasons", JSON, nullable=False),  # why it cannot be scored as it stands
    Column("p_value", Float),
    Column("q_value", Float),
    Column("severity", Text),
    Column("flagged", Boolean),
    Column("not_testable", Text),
    Column("detectors", JSON, nullable=False),
    Column("content", Text, nullable=False),  # hash of its answers
    Column("state", Text, nullable=False),  # scored | held | excluded | not_scored
    UniqueConstraint("round_id", "instrument_id", "record_id"),
    Index("ix_records_round_unit", "round_id", "unit_id"),
)

record_pages = Table(
    "record_pages",
    metadata,
    Column("record", _Key, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("page_id", _Key, ForeignKey("pages.id"), primary_key=True, index=True),
)

answers = Table(
    "answers",
    metadata,
    Column("record", _Key, ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    Column("item", Text, primary_key=True),
    Column("state", Text, nullable=False),  # answered | not_applicable | multiple | undetermined
    Column("value", Text),
)

forms = Table(
    "forms",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("sheet", Integer, nullable=False),  # 2 and up: the serial was seen on another sheet
    Column("unit_id", Text),
    Column("batch", Text),
    Column("state", Text, nullable=False),  # read | partly_read | not_read | conflict
    Column("record_id", Text, nullable=False),
    UniqueConstraint("round_id", "instrument_id", "serial", "sheet"),
)

findings = Table(
    "findings",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    Column("withdrawn_run", Text),  # the run that no longer found it
    Column("detector", Text, nullable=False),
    Column("detector_version", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("p_value", Float),
    Column("severity", Text, nullable=False),
    Column("item", Text),
    Column("field", Text),
    Column("box_mm", JSON),
    Column("record_id", Text),
    Column("unit_id", Text),
    Column("page_id", _Key, ForeignKey("pages.id")),
    Column("matches", JSON),
    Column("message_vi", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index("ix_findings_round_record", "round_id", "record_id"),
    Index("ix_findings_round_unit", "round_id", "unit_id"),
)

unit_results = Table(
    "unit_results",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("n", Integer),
    Column("value", Float),
    Column("p_value", Float),
    Column("q_value", Float),
    Column("severity", Text),
    Column("flagged", Boolean),
    Column("not_testable", Text),
    Column("detectors", JSON, nullable=False),
)

problems = Table(
    "problems",
    metadata,
    _key(),
    _round(),
    Column("place", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("instrument_id", Text),
    Column("record_id", Text),
)

cases = Table(
    "cases",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("subject", Text, nullable=False),  # record | page | unit
    Column("subject_id", Text, nullable=False),
    Column("unit_id", Text),
    Column("severity", Text, nullable=False),
    Column("holds", Boolean, nullable=False),  # whether the record stays out while it is open
    Column("evidence", Text, nullable=False),  # hash of what the case rests on
    Column("reasons", JSON, nullable=False),
    Column("opened_run", Text, ForeignKey("runs.id"), nullable=False),
    Column("withdrawn_run", Text),
    UniqueConstraint("round_id", "instrument_id", "subject", "subject_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    Column("case_id", _Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("evidence", Text, nullable=False),  # the evidence it was made on
    Column("actor", Text, nullable=False),
    Column("verdict", Text, nullable=False),  # confirm dismiss escalate backcheck reopen withdraw
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("at", Text, nullable=False),
)

# A sample of records to ask again, with what its test needs to know of that moment.
backcheck_draws = Table(
    "backcheck_draws",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("seed", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("arms", JSON, nullable=False),  # arm -> records in it, records drawn
    Column("units", JSON, nullable=False),  # unit -> what its tier rested on
    Column("population_sha256", Text, nullable=False),
    UniqueConstraint("round_id", "number"),
)

backcheck_members = Table(
    "backcheck_members",
    metadata,
    _key(),
    Column("draw_id", _Key, ForeignKey("backcheck_draws.id"), nullable=False, index=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("position", Integer, nullable=False),  # in the random order of the list
    Column("record_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("batch", Text),
    Column("arms", JSON, nullable=False),
    Column("satisfied", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("counted", Boolean, nullable=False),  # stood in the unit's value when it was drawn
    Column("level", Float),  # middle of its answers, 0 worst to 1 best
)

# Only ever added to: of one member the last row counts.
backcheck_results = Table(
    "backcheck_results",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    Column("member_id", _Key, ForeignKey("backcheck_members.id"), nullable=False, index=True),
    Column("outcome", Text, nullable=False),  # reached refused not_reached wrong_contact
    Column("attempts", Integer),
    Column("method", Text),
    Column("used_service", Text),
    Column("answered", Text),
    Column("filled_by", Text),
    Column("facts_fit", Text),
    Column("overall", Text),
    Column("verdict", Text, nullable=False),  # stands altered unclear missing open
    Column("checked_on", Date),
    Column("checker", Text),
    Column("file_sha256", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

# A note tied to a place on a scan; only added, taking one back is another row.
notes = Table(
    "notes",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    Column("case_id", _Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("about", _Key),  # the note that is taken back
    Column("sha256", Text),  # of the file whose page is meant
    Column("page", Integer),
    Column("x", Float),  # left, top, width, height as shares of the page as received
    Column("y", Float),
    Column("width", Float),
    Column("height", Float),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# Steps about corrections of a reading: proposed by one person, agreed to by another.
corrections = Table(
    "corrections",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("case_id", _Key, ForeignKey("cases.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),  # propose agree refuse withdraw
    Column("about", _Key),  # number of the proposal
    Column("kind", Text, nullable=False),  # answer | region
    Column("subject", Text, nullable=False),  # item, or id of the sign
    Column("was", Text, nullable=False),  # JSON: the reading that is superseded
    Column("value", Text, nullable=False),  # JSON: what is right
    Column("actor", Text, nullable=False),
    Column("note", Text),
    Column("at", Text, nullable=False),
    Index("ix_corrections_round_record", "round_id", "instrument_id", "record_id"),
)

scores = Table(
    "scores",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("measure", Text, nullable=False),  # overall | factor | whole_form
    Column("factor", Text, nullable=False),  # empty unless measure is factor
    Column("rule_set", Text, nullable=False),
    Column("counts", JSON, nullable=False),  # records by state
    *(
        column
        for version in ("as_received", "after_review", "bound_low", "bound_high")
        for column in (
            Column(f"satisfied_{version}", BigInteger, nullable=False),
            Column(f"answers_{version}", BigInteger, nullable=False),
            Column(f"tier_{version}", Text),
            Column(f"rank_{version}", Integer),
        )
    ),
    Column("records_counted", Integer, nullable=False),
    Column("ranked_units", Integer),
    Column("rank_best", Integer),
    Column("rank_worst", Integer),
    Column("tier_firm", Boolean),
    Column("firmness", JSON),  # intervals, chances of tiers and ranks
    Index("ix_scores_round_unit", "round_id", "unit_id"),
)

breakdowns = Table(
    "breakdowns",
    metadata,
    _key(),
    _round(),
    Column("instrument_id", Text, nullable=False),
    Column("scope", Text, nullable=False),  # all | group | level | parent | unit
    Column("scope_id", Text, nullable=False),
    Column("dimension", Text, nullable=False),  # empty | channel | respondent | field
    Column("category", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("factor", Text, nullable=False),
    Column("records_received", Integer, nullable=False),
    Column("records_counted", Integer, nullable=False),
    *(
        Column(f"{part}_{version}", BigInteger, nullable=False)
        for version in ("as_received", "after_review", "bound_low", "bound_high")
        for part in ("satisfied", "answers")
    ),
    Column("interval_low", Float),
    Column("interval_high", Float),
    Index("ix_breakdowns_round_scope", "round_id", "scope_id"),
)

# What follows from scores and from what people brought with them: changes, index sheets,
# published figures, awards, targets, actions, complaints. One row a statement.
outcomes = Table(
    "outcomes",
    metadata,
    _key(),
    _round(),
    Column("kind", Text, nullable=False),
    Column("programme", Text, nullable=False),  # satisfaction | agency | index
    Column("unit_id", Text),
    Column("about", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_outcomes_round_kind", "round_id", "kind"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    _round(),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("status", Text, nullable=False),  # running | done | failed | interrupted
    Column("exit_code", Integer),
    Column("input_key", Text),  # what went in; the same key needs no second run
    Column("software", Text, nullable=False),
    Column("config_sha256", Text, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("manifest", Text),
    Column("manifest_sha256", Text),
)

# Only ever added to, by audit.trail.chain; triggers refuse everything else.
trail = Table(
    "trail",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("action", Text, nullable=False),  # as it stands in the body, to be found by
    Column("body", Text, nullable=False),  # canonical JSON: what is hashed
    Index("ix_trail_action_seq", "action", "seq"),
)

trail_rows = Table(
    "trail_rows",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=False),  # the entry that covers the row
    Column("tbl", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("key", _Key, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary),  # hash of the row; nothing where it was removed
    Index("ix_trail_rows_tbl_key", "tbl", "key", "seq"),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),  # what is typed to log in, lower case
    Column("full_name", Text, nullable=False),
    Column("role", Text, nullable=False),  # inspector approver reader admin auditor
    Column("scope_unit", Text),  # sees this unit and those below it; all units without one
    Column("home_unit", Text),  # works there, so never decides on it
    Column("password_hash", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("valid_to", Date),  # last day
    Column("disabled_at", Text),  # a user is never deleted
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),  # the id itself is only in the cookie
    Column("user_id", _Key, ForeignKey("users.id"), nullable=False, index=True),
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
    Column("user_id", _Key, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("secret", Text, nullable=False),  # encrypted by the desk's own key
    Column("confirmed_at", Text),
    Column("last_step", BigInteger, nullable=False),  # of the last code, which counts once
    Column("recovery", JSON, nullable=False),  # hashes of the codes that are left
)

key_choices = Table(
    "key_choices",
    metadata,
    Column("user_id", _Key, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("chosen", JSON, nullable=False),  # what a key was -> what it is for this user
)

# Requests to explain (giải trình) and what came of them; only added.
explanations = Table(
    "explanations",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    _round(),
    Column("unit_id", Text, nullable=False),
    Column("step", Text, nullable=False),  # ask answer accept reject
    Column("about", _Key),  # number of the request
    Column("case_id", _Key, ForeignKey("cases.id")),
    Column("due", Date),
    Column("text", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_explanations_round_unit", "round_id", "unit_id"),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("seq", _Key, primary_key=True, autoincrement=True),
    Column("about", Text, nullable=False),  # hash of the name or address: may hold a password
    Column("at", Text, nullable=False),
    Index("ix_login_attempts_about_at", "about", "at"),
)

leases = Table(
    "leases",
    metadata,
    Column(
        "case_id",
        _Key,
        ForeignKey("cases.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("user_id", _Key, ForeignKey("users.id"), nullable=False),
    Column("taken_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)
