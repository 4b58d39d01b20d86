"""What the desk has at hand: scans laid before they are asked for, and what a unit shares."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import sqlalchemy as sa

from audit.desk.app import warm_up
from audit.desk.beside import Neighbours, peers_of, standings
from audit.store import schema
from audit.trail.acts import Act, Action
from audit.trail.chain import touched
from tests.audit.desk.conftest import START, Office

RUN = Act(Action.EVIDENCE, START)
NAME = "records.longstring"


def _shown(office: Office, label: str) -> tuple[str, int, str]:
    """The page of a case that is a real scan."""
    with office.store.reading() as connection:
        query = (
            sa.select(schema.files.c.sha256, schema.pages.c.page, schema.pages.c.instrument_id)
            .join(schema.pages, schema.pages.c.file_id == schema.files.c.id)
            .where(schema.pages.c.serial == label, schema.files.c.path.endswith(".jpg"))
        )
        sha256, page, form = connection.execute(query).one()
    return sha256, page, form


def _soon(happens: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not happens() and time.monotonic() < until:
        time.sleep(0.02)
    return happens()


def test_what_stands_first_is_laid_before_anybody_comes(office: Office) -> None:
    page = _shown(office, "S-1")
    assert not office.desk.pictures.ready(*page)
    warm_up(office.desk)
    assert _soon(lambda: office.desk.pictures.ready(*page))


def test_a_scan_is_laid_while_the_page_of_its_case_is_made(office: Office) -> None:
    client, page = office.logged_in("an"), _shown(office, "S-1")
    answer = client.get(f"/cases/{office.case('S-1')}")
    assert answer.status_code == 200
    assert _soon(lambda: office.desk.pictures.ready(*page))


def _scores(office: Office, scores: dict[str, float | None]) -> None:
    """A run that gives records other scores."""
    with office.store.writing(RUN) as connection:
        for record, score in scores.items():
            connection.execute(
                sa.update(schema.records)
                .where(schema.records.c.record_id == record)
                .values(detectors={} if score is None else {NAME: score})
            )
        table = schema.records
        keys = sa.select(table.c.id).where(table.c.record_id.in_(scores))
        touched(connection, "records", connection.execute(keys).scalars())


def test_a_score_stands_among_those_of_the_unit_until_a_run_changes_them(office: Office) -> None:
    near, table = Neighbours(), schema.records
    with office.store.reading() as connection:
        every = connection.execute(sa.select(table).where(table.c.unit_id == "u1")).mappings()
        unit = {row["record_id"]: row for row in every}
        round_id = unit["S-1"]["round_id"]
    for last in (3.0, 9.0):
        given = dict(zip(sorted(unit), (5.0, 1.0, last, None), strict=False))
        _scores(office, given)
        values = [v for v in given.values() if v is not None]
        with office.store.reading() as connection:
            query = sa.select(table).where(table.c.record_id == sorted(unit)[0])
            record = connection.execute(query).mappings().one()
            (found,) = standings(near.scores(connection, round_id, record), record)
        assert found.score == 5.0
        assert found.n == len(values)
        assert found.middle == statistics.median(values)
        assert found.above == sum(v >= 5.0 for v in values) / len(values)


def test_peers_are_the_group_s_answers_together(office: Office) -> None:
    near = Neighbours()
    with office.store.reading() as connection:
        record = (
            connection.execute(sa.select(schema.records).where(schema.records.c.record_id == "S-1"))
            .mappings()
            .one()
        )
        results = near.results(connection, record["round_id"], record["instrument_id"])
        scores = (
            connection.execute(sa.select(schema.scores).where(schema.scores.c.measure == "overall"))
            .mappings()
            .all()
        )
    by_unit = {s["unit_id"]: (s["satisfied_as_received"], s["answers_as_received"]) for s in scores}
    assert results == by_unit
    assert by_unit["u1"][1]
    found = peers_of(results, "u1", [True, False, True, True], ["u1", "u2", "nobody"])
    assert found.record == 0.75
    assert found.unit == by_unit["u1"][0] / by_unit["u1"][1]
    good, answers = (by_unit["u1"][k] + by_unit["u2"][k] for k in (0, 1))
    assert found.group == good / answers
    assert peers_of(results, "nobody", [], []) == type(found)(None, None, None)


def test_the_page_shows_scores_of_the_latest_run(office: Office) -> None:
    client, number = office.logged_in("an"), office.case("S-1")
    client.cookies.set("language", "en")
    _scores(office, {"S-1": 0.125})
    before = client.get(f"/cases/{number}").text
    _scores(office, {"S-1": 0.625})
    after = client.get(f"/cases/{number}").text
    assert "0.125" in before.replace(",", ".")
    assert "0.625" not in before.replace(",", ".")
    assert "0.625" in after.replace(",", ".")
