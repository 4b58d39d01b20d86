"""Notes on a place, corrections by two people, the sheets of a batch, peers."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from audit.judge.correction import Correction, Event, Stage, Step, check_step, fold
from audit.pipeline.evaluate import evaluate
from audit.pipeline.scoring import gate_and_score
from audit.pipeline.sources import load_forms
from audit.pipeline.tools import real_tools
from audit.scoring.rules import book_at
from audit.store import schema
from audit.store.records import Records
from audit.store.remarks import Corrections, Notes
from audit.store.results import Runs
from audit.store.rounds import Rounds
from audit.trail.acts import Act, Action
from detectors.circumstances import Circumstances
from detectors.errors import UsageError
from tests.audit.desk.conftest import START, Office


def page_with_scan(office: Office, label: str) -> int:
    """The page that the sign of a case is on."""
    found = re.search(r'data-places="/cases/\d+/pages/(\d+)/places"', _case(office, label))
    assert found
    return int(found[1])


def _case(office: Office, label: str, name: str = "mai") -> str:
    return office.logged_in(name).get(f"/cases/{office.case(label)}").text


def add_note(office: Office, client: Any, label: str, text: str, **more: str) -> Any:
    data = {"text": text, "about": "note", "page_id": str(page_with_scan(office, label)), **more}
    return client.post(f"/cases/{office.case(label)}/notes", data=data)


PLACE = {"x": "0.25", "y": "0.5", "width": "0.1", "height": "0.05"}


def test_a_note_stands_on_its_place_for_the_next_person(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    before = office.state("S-1")
    assert add_note(office, an, "S-1", "xem nét bút <b>", **PLACE).status_code == 303
    assert office.state("S-1") == before
    page = _case(office, "S-1", "binh")
    assert "xem nét bút &lt;b&gt;" in page
    places = binh.get(f"/cases/{office.case('S-1')}/pages/{page_with_scan(office, 'S-1')}/places")
    found = places.json()
    note = next(p for p in found["places"] if p["layer"] == "notes")
    width, height = found["size"]
    assert note["points"][0] == pytest.approx([0.25 * width, 0.5 * height])
    assert note["points"][2] == pytest.approx([0.35 * width, 0.55 * height])
    assert ("note", f"case {office.case('S-1')}") in [
        (a, o) for a, o in told(office) if a == "note"
    ]


def told(office: Office) -> list[tuple[str, str]]:
    import json

    with office.store.reading() as connection:
        bodies = connection.execute(sa.select(schema.trail.c.body)).scalars()
        return [(e["action"], e["object"]) for e in map(json.loads, bodies)]


def test_only_the_writer_takes_a_note_back_and_the_row_stays(office: Office) -> None:
    an, binh = office.logged_in("an"), office.logged_in("binh")
    add_note(office, an, "S-1", "một ghi chú", **PLACE)
    number = office.case("S-1")
    with office.store.reading() as connection:
        seq = Notes(connection).of(number)[0]["seq"]
    assert binh.post(f"/cases/{number}/notes/{seq}/withdraw").status_code == 404
    assert an.post(f"/cases/{number}/notes/{seq}/withdraw").status_code == 303
    assert "một ghi chú" not in _case(office, "S-1")
    with office.store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count(schema.notes.c.seq))).scalar() == 2
    with (
        pytest.raises(Exception, match="only added to"),
        office.store.writing(Act(Action.NOTE, START)) as connection,
    ):
        connection.execute(sa.delete(schema.notes))


@pytest.mark.parametrize("place", [{"x": "2"}, {"y": "nan"}, {"width": "-1"}, {"height": "x"}])
def test_a_place_outside_the_page_is_no_place(office: Office, place: dict[str, str]) -> None:
    add_note(office, office.logged_in("an"), "S-1", "đâu đó", **(PLACE | place))
    with office.store.reading() as connection:
        assert Notes(connection).of(office.case("S-1"))[0]["x"] is None


def test_an_empty_note_is_none_and_a_stranger_adds_none(office: Office) -> None:
    assert add_note(office, office.logged_in("an"), "S-1", "  ").status_code == 400
    assert add_note(office, office.logged_in("hoa"), "S-1", "của đơn vị tôi").status_code == 403
    assert add_note(office, office.logged_in("giang"), "S-1", "tỉnh khác").status_code == 404
    for name in ("khanh", "lam", "mai"):
        assert add_note(office, office.logged_in(name), "S-1", "x").status_code == 403


def value_of(office: Office, unit: str) -> tuple[int, int]:
    """Satisfied answers of a unit: as received, and best case."""
    table = schema.scores
    with office.store.reading() as connection:
        query = sa.select(table.c.satisfied_as_received, table.c.satisfied_after_review).where(
            table.c.unit_id == unit, table.c.measure == "overall"
        )
        row = connection.execute(query).one()
    return row[0], row[1]


def rescored(office: Office) -> None:
    settings = office.desk.settings
    needed = {form.programme for form in settings.instrument}
    book = book_at(settings.path(settings.rules), settings.round.date_to, needed)
    with office.store.writing(Act(Action.SCORES, START)) as connection:
        for form in load_forms(settings):
            rules = book[form.settings.programme]
            gate_and_score(connection, settings, form.instrument, rules, form.settings)


def correct(office: Office, client: Any, label: str, item: str, value: str) -> Any:
    data = {"item": item, "value": value, "why": "đọc sai"}
    return client.post(f"/cases/{office.case(label)}/corrections", data=data)


def test_an_answer_is_corrected_by_two_and_counts_after_review(office: Office) -> None:
    an, binh, number = office.logged_in("an"), office.logged_in("binh"), office.case("S-5")
    item = next(i.id for f in office.desk.instruments.values() for i in f.ratings if i.id[0] == "A")
    rescored(office)
    received, after = value_of(office, "u3")
    assert correct(office, an, "S-5", item, "answered:1").status_code == 303
    rescored(office)
    assert value_of(office, "u3") == (received, after)
    path = f"/cases/{number}/corrections/1"
    assert an.post(f"{path}/agree").status_code == 409
    assert binh.post(f"{path}/agree").status_code == 303
    assert binh.post(f"{path}/refuse").status_code == 409
    rescored(office)
    assert value_of(office, "u3") == (received, after - 1)
    page = _case(office, "S-5")
    assert "đã đồng ý" in page
    with office.store.reading() as connection:
        answers = schema.answers
        read = connection.execute(
            sa.select(answers.c.value)
            .join(schema.records, schema.records.c.id == answers.c.record)
            .where(schema.records.c.record_id == "S-5", answers.c.item == item)
        ).scalar()
    assert read == "5"


def test_a_correction_of_a_reading_that_is_gone_counts_no_more(office: Office) -> None:
    item = next(i.id for f in office.desk.instruments.values() for i in f.ratings if i.id[0] == "A")
    correct(office, office.logged_in("an"), "S-5", item, "answered:1")
    office.logged_in("binh").post(f"/cases/{office.case('S-5')}/corrections/1/agree")
    rescored(office)
    low = value_of(office, "u3")[1]
    answers, records = schema.answers, schema.records
    with office.store.writing(Act(Action.EVIDENCE, START)) as connection:
        key = connection.execute(
            sa.select(records.c.id).where(records.c.record_id == "S-5")
        ).scalar()
        which = sa.and_(answers.c.record == key, answers.c.item == item)
        connection.execute(sa.update(answers).where(which).values(value="4"))
    rescored(office)
    assert value_of(office, "u3")[1] == low + 1
    assert "không còn hiệu lực" in _case(office, "S-5")


def test_a_decision_on_a_reading_corrected_since_is_a_conflict(office: Office) -> None:
    an, binh, number = office.logged_in("an"), office.logged_in("binh"), office.case("S-5")
    seen = re.search(r'name="version" value="([^"]+)"', an.get(f"/cases/{number}").text)
    assert seen
    item = next(iter(office.desk.instruments.values())).ratings[0].id
    correct(office, binh, "S-5", item, "answered:1")
    answer = office.decide(an, "S-5", "dismiss", version=seen[1])
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("item", "value"), [("A1", "answered:9"), ("zz", "blank"), ("A1", "answered:5"), ("A1", "")]
)
def test_what_cannot_be_right_is_not_proposed(office: Office, item: str, value: str) -> None:
    assert correct(office, office.logged_in("an"), "S-5", item, value).status_code == 400


def test_the_region_of_a_sign_is_corrected_on_the_form(office: Office) -> None:
    an, binh, number = office.logged_in("an"), office.logged_in("binh"), office.case("S-1")
    with office.store.reading() as connection:
        table = schema.findings
        sign = (
            connection.execute(
                sa.select(table).where(table.c.record_id == "S-1", table.c.withdrawn_run.is_(None))
            )
            .mappings()
            .first()
        )
    assert sign
    no_place = add_note(office, an, "S-1", "lệch", about=str(sign["id"]))
    assert no_place.status_code == 400
    moved = add_note(office, an, "S-1", "lệch", about=str(sign["id"]), **PLACE)
    assert moved.status_code == 303
    binh.post(f"/cases/{number}/corrections/1/agree")
    places = binh.get(f"/cases/{number}/pages/{page_with_scan(office, 'S-1')}/places").json()
    shown = next(p for p in places["places"] if p["layer"] == sign["detector"])
    width, height = places["size"]
    centre = [sum(p[k] for p in shown["points"]) / 4 for k in (0, 1)]
    assert centre == pytest.approx([0.30 * width, 0.525 * height], abs=0.01 * width)
    with office.store.reading() as connection:
        now = connection.execute(
            sa.select(schema.findings.c.box_mm).where(schema.findings.c.id == sign["id"])
        ).scalar()
    assert now == sign["box_mm"]


def test_sheets_of_the_batch_lie_beside_and_no_others(office: Office) -> None:
    an, number = office.logged_in("an"), office.case("S-1")
    page = an.get(f"/cases/{number}").text
    there = re.findall(rf'href="(/cases/{number}/batch/-?1[^"]*)"', page)
    assert there
    beside = an.get(there[0].replace("&amp;", "&"))
    assert beside.status_code == 200
    assert an.get(f"/cases/{number}/batch/99").status_code == 404
    with office.store.reading() as connection:
        pages = schema.pages
        foreign = (
            connection.execute(
                sa.select(pages.c.id)
                .join(schema.record_pages, schema.record_pages.c.page_id == pages.c.id)
                .join(schema.records, schema.records.c.id == schema.record_pages.c.record)
                .where(schema.records.c.unit_id == "u3")
            )
            .scalars()
            .first()
        )
    assert an.get(f"/cases/{number}/batch/1/{foreign}.jpg").status_code == 404


def test_the_file_says_where_it_comes_from(office: Office) -> None:
    an, number = office.logged_in("an"), office.case("S-1")
    page = an.get(f"/cases/{number}/pages/{page_with_scan(office, 'S-1')}/source")
    assert page.status_code == 200
    assert "image/jpeg" in page.text


def event(seq: int, step: Step, about: int | None = None, actor: str = "an") -> Event:
    return Event(seq, step, about, "answer", "A1", ["answered", "5"], seq, actor, None, "")


def test_a_later_agreement_takes_the_place_of_the_earlier() -> None:
    events = [event(1, Step.PROPOSE), event(2, Step.AGREE, 1, "binh")]
    events += [event(3, Step.PROPOSE, None, "binh"), event(4, Step.AGREE, 3)]
    assert [c.stage for c in fold(events)] == [Stage.SUPERSEDED, Stage.AGREED]
    assert fold(events[:3])[0].stage is Stage.AGREED


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("actor", ["an", " AN ", "binh"])
def test_who_may_take_which_step(step: Step, stage: Stage, actor: str) -> None:
    found = {1: Correction(event(1, Step.PROPOSE), stage)}
    own = actor != "binh"
    right = step in (Step.AGREE, Step.REFUSE, Step.WITHDRAW) and stage is Stage.PROPOSED
    if right and own is (step is Step.WITHDRAW):
        check_step(found, step, 1, actor)
    else:
        with pytest.raises(UsageError):
            check_step(found, step, 1, actor)


def test_only_an_agreement_makes_the_next_run_count_anew(office: Office) -> None:
    def head() -> int:
        with office.store.reading() as connection:
            return Corrections(connection, office.desk.settings.round.id).head()

    item = next(iter(office.desk.instruments.values())).ratings[0].id
    correct(office, office.logged_in("an"), "S-5", item, "answered:1")
    assert head() == 0
    office.logged_in("binh").post(f"/cases/{office.case('S-5')}/corrections/1/agree")
    assert head() == 2


def test_what_two_people_agree_on_is_what_the_statistical_checks_see(office: Office) -> None:
    item = next(i.id for i in office.desk.instruments["HL-01"].ratings)
    before = _screened(office)
    correct(office, office.logged_in("an"), "S-5", item, "answered:1")
    assert _screened(office).equals(before)  # one person alone changes nothing
    path = f"/cases/{office.case('S-5')}/corrections/1/agree"
    office.logged_in("binh").post(path)
    seen = _screened(office)
    row = seen["record_id"] == "S-5"
    assert seen.loc[row, item].tolist() == [1.0] != before.loc[row, item].tolist()
    assert seen[~row].equals(before[~row])
    assert seen.drop(columns=item).equals(before.drop(columns=item))
    # The record still holds what was read.
    with office.store.reading() as connection:
        records = Records(connection, office.desk.settings.round.id, "HL-01")
        held = {(key, name): value for key, name, _, value in records.answers([item])}
        was = before.loc[row, item].item()
        assert held[records.key("S-5"), item] == f"{was:.0f}"


def _screened(office: Office) -> pd.DataFrame:
    """The table that the next run hands to the statistical checks."""
    seen: list[pd.DataFrame] = []

    def screen(frame: pd.DataFrame, *_: Any, **__: Any) -> Any:
        seen.append(frame)

    settings = office.desk.settings
    made = real_tools(now=office.clock, progress=lambda items, *_: iter(items))
    with office.store.reading() as connection:
        units = Rounds(connection, settings.round.id).units()
        run = Runs(connection, settings.round.id).last_done()
    assert run is not None
    evaluate(
        *(office.store, settings, office.desk.instruments["HL-01"], (), units, None, None),
        *(Circumstances(), run["id"], dataclasses.replace(made, screen=screen)),
    )
    return seen[0]
