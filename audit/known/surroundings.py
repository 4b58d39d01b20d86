"""What known forms are fitted into: the round as it stands, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa

from audit.known.disguise import Host, Sign, hosts_of, signs_of
from audit.pipeline.sources import RoundForm
from audit.settings import Settings
from audit.store import Store, schema
from audit.store.known import known_round
from audit.store.results import Runs
from audit.store.rounds import Rounds
from detectors.errors import UsageError

__all__ = ["Surroundings", "surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """What of the round known forms are fitted into.

    Attributes:
        run_id: The last run.
        units: All versions of the units.
        custody: The custody table, if there is one.
        hosts: Scanned records.
        signs: Signs that a clean form may carry.
        paths: Of every file, those of known forms too.
        serials: Of every record, those of known forms too.
        hashes: Of every file.
    """

    run_id: str
    units: pd.DataFrame
    custody: pd.DataFrame | None
    hosts: Sequence[Host]
    signs: Sequence[Sign]
    paths: frozenset[str]
    serials: frozenset[str]
    hashes: frozenset[str]


def surroundings(store: Store, settings: Settings, form: RoundForm) -> Surroundings:
    """Read what known forms are fitted into.

    Raises:
        UsageError: If there is nothing that they could be hidden among.
    """
    round_id, name = settings.round.id, form.instrument.id
    both = (round_id, known_round(round_id))
    with store.reading() as connection:
        last = Runs(connection, round_id).last_done()
        rounds = Rounds(connection, round_id)
        hosts = [] if last is None else hosts_of(connection, round_id, name)
        if last is None or not hosts:
            raise UsageError(
                f"no scan of {name} has a case yet to hide known forms among",
                remedy="run the round first",
            )
        files, records = schema.files, schema.records
        kept = connection.execute(
            sa.select(files.c.path, files.c.sha256).where(files.c.round_id.in_(both))
        ).all()
        serials = connection.execute(
            sa.select(records.c.serial).where(
                records.c.round_id.in_(both), records.c.serial.is_not(None)
            )
        ).scalars()
        custody = rounds.batches()
        return Surroundings(
            run_id=last["id"],
            units=rounds.units(),
            custody=None if custody.empty else custody,
            hosts=hosts,
            signs=signs_of(connection, round_id, form.instrument),
            paths=frozenset(row[0] for row in kept),
            serials=frozenset(serials),
            hashes=frozenset(row[1] for row in kept),
        )
