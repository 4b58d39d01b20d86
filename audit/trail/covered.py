"""Which tables the trail covers, column by column: all of the store's but sessions and leases.

How their rows are hashed: :mod:`audit.trail.hashed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHILDREN", "GROUPS", "PASSING", "TABLES", "Covered"]


@dataclass(frozen=True)
class Covered:
    """One table.

    Attributes:
        key: Its key column.
        columns: Its columns in order: name and kind (``text``, ``int``, ``real``, ``bool``,
            ``json``, ``day``, ``time``).
        late: How many of the last columns came to the store later. Where all of them are
            empty the row is hashed without them, as it was before they were there: a store
            that is brought up to date keeps the hashes it has.
    """

    key: str
    columns: tuple[tuple[str, str], ...]
    late: int = 0

    @property
    def named(self) -> bool:
        """Whether the key is a name, and no number."""
        return dict(self.columns)[self.key] == "text"


def _table(columns: str, key: str = "id", late: int = 0) -> Covered:
    pairs = (part.partition(":") for part in columns.split())
    return Covered(key, tuple((name, kind or "text") for name, _, kind in pairs), late)


# A test holds these against audit.store.schema.
TABLES: Mapping[str, Covered] = {
    "backcheck_draws": _table(
        "id:int round_id instrument_id number:int seed at parameters:json arms:json units:json "
        "population_sha256"
    ),
    "backcheck_members": _table(
        "id:int draw_id:int reference position:int record_id unit_id batch arms:json "
        "satisfied:int answers:int counted:bool level:real"
    ),
    "backcheck_results": _table(
        "seq:int member_id:int outcome attempts:int method used_service answered filled_by "
        "facts_fit overall verdict checked_on:day checker file_sha256 at actor",
        key="seq",
    ),
    "batches": _table(
        "id:int round_id unit_id batch serial_from serial_to issued:int returned:int valid:int "
        "invalid:int lost:int spoilt:int issued_at:day returned_at:day handler printed:int "
        "unissued:int handed_out:int taken_home:int outstanding:int scanned_at:day invalid_reasons",
        late=7,
    ),
    "breakdowns": _table(
        "id:int round_id instrument_id scope scope_id dimension category measure factor "
        "records_received:int records_counted:int "
        + "".join(
            f"satisfied_{v}:int answers_{v}:int "
            for v in ("as_received", "after_review", "bound_low", "bound_high")
        )
        + "interval_low:real interval_high:real"
    ),
    "cases": _table(
        "id:int round_id instrument_id subject subject_id unit_id severity holds:bool evidence "
        "reasons:json opened_run withdrawn_run"
    ),
    "corrections": _table(
        "seq:int round_id instrument_id record_id case_id:int step about:int kind subject was "
        "value actor note at",
        key="seq",
    ),
    "decisions": _table("seq:int case_id:int evidence actor verdict reason note at", key="seq"),
    "explanations": _table(
        "seq:int round_id unit_id step about:int case_id:int due:day text actor at", key="seq"
    ),
    "factors": _table("user_id:int secret confirmed_at last_step:int recovery:json", key="user_id"),
    "files": _table("id:int round_id path kind sha256 size:int state reason added_run deleted_at"),
    "findings": _table(
        "id:int round_id instrument_id run_id withdrawn_run detector detector_version family kind "
        "score:real p_value:real severity item field box_mm:json record_id unit_id page_id:int "
        "matches:json message_vi message_en evidence:json"
    ),
    "forms": _table("id:int round_id instrument_id serial sheet:int unit_id batch state record_id"),
    "key_choices": _table("user_id:int chosen:json", key="user_id"),
    "known_forms": _table(
        "case_id:int round_id truth items:json source added_by added_at", key="case_id"
    ),
    "outcomes": _table("id:int round_id kind programme unit_id about verdict body:json"),
    "notes": _table(
        "seq:int case_id:int about:int sha256 page:int x:real y:real width:real height:real "
        "text actor at",
        key="seq",
    ),
    "pages": _table(
        "id:int file_id:int instrument_id page:int form_page:int status reason serial "
        "suspicion_alone:real suspicion:real flagged:bool severity scan_class residual_mm:real "
        "not_assessable:json quality:json findings:json matches:json work_key"
    ),
    "problems": _table("id:int round_id place what remedy code instrument_id record_id"),
    "records": _table(
        "id:int round_id instrument_id record_id source file_id:int unit_id channel serial batch "
        "collector started_at:time submitted_at:time assisted:bool reasons:json p_value:real "
        "q_value:real severity flagged:bool not_testable detectors:json content state"
    ),
    "rounds": _table("id title_vi title_en period_from:day period_to:day"),
    "runs": _table(
        "id round_id started_at finished_at status exit_code:int input_key software "
        "config_sha256 counts:json manifest manifest_sha256"
    ),
    "scores": _table(
        "id:int round_id instrument_id unit_id measure factor rule_set counts:json "
        + "".join(
            f"satisfied_{v}:int answers_{v}:int tier_{v} rank_{v}:int "
            for v in ("as_received", "after_review", "bound_low", "bound_high")
        )
        + "records_counted:int ranked_units:int rank_best:int rank_worst:int tier_firm:bool "
        "firmness:json"
    ),
    "unit_results": _table(
        "id:int round_id instrument_id unit_id n:int value:real p_value:real q_value:real "
        "severity flagged:bool not_testable detectors:json"
    ),
    "units": _table(
        "id:int round_id unit_id name peer_group level parent_id handles_procedures:bool "
        "served:real valid_from:day valid_to:day"
    ),
    "users": _table(
        "id:int name full_name role scope_unit home_unit password_hash created_at valid_to:day "
        "disabled_at password_until",
        late=1,
    ),
}
# What comes and goes by the minute and decides nothing.
PASSING = ("leases", "login_attempts", "sessions")
# Rows that are covered together under one key: the table, that key's column, the columns hashed.
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "codes": ("page_id", ("room", "code")),
    "likenesses": ("one", ("other", "what", "p_pair", "alike", "count", "box_mm", "saved_again")),
    "record_pages": ("record", ("page_id",)),
}
# Tables whose rows are hashed with those of another: name, its column, that other table.
CHILDREN = (
    ("answers", "record", "records"),
    ("marks", "page_id", "pages"),
    ("fingerprints", "page_id", "pages"),
    ("record_pages", "record", "records"),
    ("codes", "page_id", "pages"),
    ("likenesses", "one", "pages"),
)
