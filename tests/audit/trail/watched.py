"""A round of three nights to be changed past the program: what its tests share."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pandas as pd
from cryptography.fernet import Fernet

from audit.cli.main import run as command
from audit.cli.user import add_user
from audit.desk.factors import Factors
from audit.desk.keys import KeyChoices
from audit.desk.people import Users
from audit.judge.decision import Verdict
from audit.pipeline.run import run_round
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store, open_store
from audit.store.cases import Cases
from audit.store.explanations import Explanations
from audit.store.known import KnownForms
from audit.store.remarks import Corrections, Notes
from audit.trail.acts import Act, Action
from audit.trail.cursor import reading
from detectors.errors import ExitCode
from tests.audit.nights import GOOD, Silent, decide, fill
from tests.audit.rounds import (
    FakeScans,
    Sheet,
    clock,
    digest,
    put_scan,
    settings_of,
    small_round,
    tools,
)

CUSTODY = (
    "unit_id,batch,serial_from,serial_to,issued,returned,valid,invalid,lost,spoilt\n"
    "u1,b1,S-1,S-9,9,2,2,0,0,0\n"
)


def scans_of() -> FakeScans:
    """A reader that knows every sheet of the round, whoever put it in the inbox."""
    scans = FakeScans()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "inbox/responses").mkdir(parents=True)
        fill(Path(folder), scans)
    scans.sheets[digest("u1/late.png")] = [Sheet(GOOD, serial="S-3")]
    return scans


def tools_of(scans: FakeScans) -> Tools:
    """Table checks that have a result for one unit, so that this table has a row, too."""
    silent = Silent()
    row = {"unit_id": "u1", "p_value": 0.5, "q_value": 1.0, "severity": "green", "flagged": False}
    silent.units = pd.DataFrame([row | {"not_testable": "", "n": 30, "value": 0.8}])
    return tools(scans, screen=lambda *_args, **_kwargs: silent)


def _ask_again(folder: Path) -> None:
    """A back-check with one answer."""
    words, path = ["-c", str(folder / "audit.toml")], folder.parent / "list.csv"
    assert command(["backcheck", "draw", "--seed", "1", "-o", str(path), *words]) == ExitCode.DONE
    frame = pd.read_csv(path, dtype=str)
    frame.head(1).assign(outcome="reached").to_csv(path, index=False)
    assert command(["backcheck", "record", str(path), *words]) == ExitCode.DONE


def make_whole(folder: Path) -> Path:
    """A round of three nights with decisions, so that every table has rows."""
    config, scans = small_round(folder), scans_of()
    (folder / "custody.csv").write_text(CUSTODY, "utf-8")
    fill(folder, scans)
    table = folder / "inbox/responses/a.csv"
    table.write_text(table.read_text("utf-8").replace("u1-3,u1,QR", "u1-3,nowhere,QR"), "utf-8")
    settings = settings_of(config)
    run_round(settings, tools_of(scans))
    shutil.copytree(folder, folder.parent / "first night")
    with reading(settings.store_url) as cursor:
        record = cursor("SELECT record_id FROM findings WHERE record_id IS NOT NULL")[0][0]
    with open_store(settings.store_url) as store:
        decide(store, settings, record, Verdict.DISMISS)
        add_user(store, "lan", "inspector")
        _remark(store, settings, record)
    _ask_again(folder)
    run_round(settings, tools_of(scans))
    put_scan(folder, "u1/late.png", "u1/late.png")
    run_round(settings, tools_of(scans))
    return folder


def _remark(store: Store, settings: Settings, record: str) -> None:
    """A note on a place and a correction, as the review desk writes them."""
    with store.writing(Act(Action.NOTE, clock())) as connection:
        case = next(
            c for c in Cases(connection, settings.round.id).open() if c["subject_id"] == record
        )
        place = {"sha256": "0" * 64, "page": 1, "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
        said = {"text": "a note", "actor": "lan", "at": clock().isoformat()}
        Notes(connection).add({"case_id": case["id"], "about": None, **place, **said})
        Corrections(connection, settings.round.id).propose(
            *(case, "answer", "A1", ["answered", "5"], ["answered", "4"]),
            actor="lan",
            at=said["at"],
            note=None,
        )
        user = Users(connection).all()[0]["id"]
        Factors(connection, Fernet.generate_key()).begin(user)
        KeyChoices(connection).save(user, {"confirm": "x"})
        Explanations(connection, settings.round.id).ask(
            *("u1", "a question", dt.date(2026, 10, 9), case["id"]), actor="lan", at=said["at"]
        )
        known = {"case_id": case["id"], "truth": "clean", "items": [], "source": "folder"}
        KnownForms(connection, settings.round.id).add(
            [known | {"added_by": "lan", "added_at": said["at"]}]
        )


def arm(connection: sqlite3.Connection) -> None:
    """Put the triggers back: whoever can remove them can do that, too."""
    from audit.trail.guards import SQLITE_ALL

    for statement in SQLITE_ALL.values():
        connection.execute(statement)


def size_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(seq) FROM trail").fetchone()[0])
