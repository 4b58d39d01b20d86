"""The trail of a run: what changed since the run before, and the checkpoint at its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from audit.pipeline.plan import Inputs
from audit.pipeline.tools import Tools
from audit.scoring.rules import RuleSet, told
from audit.settings import Settings
from audit.store import Store
from audit.trail.acts import Action
from audit.trail.canonical import canonical, utc
from audit.trail.chain import last_act, note
from audit.trail.checkpoint import KEY_FILE, Checkpoint, checkpoints, write_checkpoint, write_public
from audit.trail.keys import SigningKey, load_key, make_key

__all__ = ["note_changes", "note_key", "seal"]

_KEY = "checkpoints"


def note_changes(
    connection: sa.Connection, settings: Settings, inputs: Inputs, rules: Mapping[str, RuleSet]
) -> None:
    """Record settings, rules, instruments and signing key where they are not as they were.

    Raises:
        ConfigError: If the signing key cannot be used.
        AccessError: If it cannot be read or made.
    """
    note_key(connection, settings)
    # Where the store is may hold a password, and addresses of mail are people: no result of either.
    chosen = settings.model_dump(mode="json", by_alias=True, exclude={"store", "notify"})
    forms = {"instruments": dict(inputs.instruments), "references": dict(inputs.references)}
    _note(connection, Action.SETTINGS, settings.round.id, chosen)
    _note(connection, Action.RULES, settings.round.id, told(rules))
    _note(connection, Action.INSTRUMENTS, settings.round.id, forms)


def note_key(connection: sa.Connection, settings: Settings) -> SigningKey:
    """The signing key, made if there is none, and known to the trail."""
    path = settings.path(settings.signing_key)
    key = load_key(path) or make_key(path)
    _note(connection, Action.KEY, _KEY, {"public_key": key.public})
    return key


def _note(connection: sa.Connection, action: Action, about: str, now: Any) -> None:
    last = last_act(connection, action, about)
    before = None if last is None else last[2]["after"]
    after = json.loads(canonical(now))
    if before != after:
        note(connection, action, object=about, before=before, after=after)


def seal(store: Store, settings: Settings, run_id: str, tools: Tools) -> list[str]:
    """Write the signed checkpoint of a finished run, unless it is there already.

    Returns:
        One line for each earlier checkpoint that the trail does not continue.

    Raises:
        AccessError: If the folder of checkpoints cannot be written.
    """
    folder = settings.path(settings.checkpoints)
    there = [(path, found) for path, found in checkpoints(folder) if found is not None]
    with store.reading() as connection:
        end = last_act(connection, Action.RUN_END, run_id)
        if end is None or any(found.head == end[1] for _, found in there):
            return []
        warnings = _doubts(connection, there, end[0])
    key = load_key(settings.path(settings.signing_key))
    if key is None:
        return [*warnings, f"no checkpoint: {settings.signing_key} is not there"]
    plain = Checkpoint(
        round=settings.round.id,
        run=run_id,
        size=end[0],
        head=end[1],
        at=utc(tools.now()),
        key=key.public,
    )
    write_checkpoint(folder, plain.signed(key))
    write_public(folder / KEY_FILE, key.public)
    return warnings


def _doubts(
    connection: sa.Connection, there: list[tuple[Path, Checkpoint]], size: int
) -> list[str]:
    """The latest checkpoint is enough: it stands for all that went before."""
    if not there:
        return []
    path, last = max(there, key=lambda pair: pair[1].size)
    query = sa.text("SELECT hash FROM trail WHERE seq = :seq")
    found = connection.execute(query, {"seq": last.size}).scalar()
    if last.size < size and found == last.head:
        return []
    what = "the trail does not continue this checkpoint: the store was replaced or rewritten"
    return [f"{path}: {what} — see `survey-audit verify`"]
