"""The triggers that refuse everything but the next entry of the trail.

Said once for those who set them up and for those who look whether they are still there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["ONLY_ADDED", "POSTGRESQL", "POSTGRESQL_NAMES", "SQLITE", "SQLITE_ALL", "only_added"]

# Tables whose rows are never rewritten; the triggers of `decisions` are older than the trail.
ONLY_ADDED = (
    *("decisions", "notes", "corrections", "explanations"),
    *("backcheck_draws", "backcheck_members", "backcheck_results", "known_forms"),
)

_NEXT = "(SELECT COALESCE(MAX(seq), 0) + 1 FROM trail)"
_LINK = "COALESCE((SELECT hash FROM trail WHERE seq = NEW.seq - 1), '" + "0" * 64 + "')"
_ADDED = "the audit trail is only added to"
_FOLLOWS = "an entry of the audit trail must follow the last"
_BELONGS = "rows of the audit trail belong to its next entry"


def _sqlite() -> dict[str, str]:
    triggers = {}
    for table in ("trail", "trail_rows"):
        for act in ("UPDATE", "DELETE"):
            name = f"{table}_no_{act.lower()}"
            triggers[name] = (
                f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_ADDED}'); END"
            )
    # These also refuse INSERT OR REPLACE on connections without recursive_triggers, where no
    # DELETE trigger fires: what could be replaced has a number that is not the next.
    triggers["trail_next"] = (
        f"CREATE TRIGGER trail_next BEFORE INSERT ON trail WHEN NEW.seq IS NOT {_NEXT} "
        f"OR NEW.prev_hash IS NOT {_LINK} BEGIN SELECT RAISE(ABORT, '{_FOLLOWS}'); END"
    )
    triggers["trail_rows_next"] = (
        "CREATE TRIGGER trail_rows_next BEFORE INSERT ON trail_rows "
        f"WHEN NEW.seq IS NOT {_NEXT} BEGIN SELECT RAISE(ABORT, '{_BELONGS}'); END"
    )
    return triggers


def _postgresql() -> list[str]:
    statements = [
        (
            "CREATE FUNCTION trail_only_added() RETURNS trigger AS $$ BEGIN "
            f"RAISE EXCEPTION '{_ADDED}'; END $$ LANGUAGE plpgsql"
        ),
        (
            "CREATE FUNCTION trail_next() RETURNS trigger AS $$ BEGIN "
            f"IF NEW.seq IS DISTINCT FROM {_NEXT} OR NEW.prev_hash IS DISTINCT FROM {_LINK} THEN "
            f"RAISE EXCEPTION '{_FOLLOWS}'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        (
            "CREATE FUNCTION trail_rows_next() RETURNS trigger AS $$ BEGIN "
            f"IF NEW.seq IS DISTINCT FROM {_NEXT} THEN RAISE EXCEPTION '{_BELONGS}'; END IF; "
            "RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
    ]
    for table in ("trail", "trail_rows"):
        statements += [
            (
                f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION trail_only_added()"
            ),
            (
                f"CREATE TRIGGER {table}_next BEFORE INSERT ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {table}_next()"
            ),
        ]
    return statements


SQLITE: Mapping[str, str] = _sqlite()
SQLITE_ALL: Mapping[str, str] = dict(SQLITE) | {
    f"{table}_no_{act.lower()}": (
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} are only added to'); END"
    )
    for table in ONLY_ADDED
    for act in ("UPDATE", "DELETE")
}
POSTGRESQL: Sequence[str] = _postgresql()
POSTGRESQL_NAMES = frozenset(
    {f"{table}_{kind}" for table in ("trail", "trail_rows") for kind in ("only_added", "next")}
    | {f"{table}_only_added" for table in ONLY_ADDED}
)


def only_added(table: str, *, sqlite: bool) -> Sequence[str]:
    """Statements that let rows of a table be added only."""
    if sqlite:
        return [SQLITE_ALL[f"{table}_no_{act}"] for act in ("update", "delete")]
    refuse = f"BEGIN RAISE EXCEPTION '{table} are only added to'; END"
    function, acts = f"{table}_only_added", f"UPDATE OR DELETE OR TRUNCATE ON {table}"
    return [
        f"CREATE FUNCTION {function}() RETURNS trigger AS $$ {refuse} $$ LANGUAGE plpgsql",
        f"CREATE TRIGGER {function} BEFORE {acts} FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
    ]
