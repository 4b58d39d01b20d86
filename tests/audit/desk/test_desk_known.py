"""Known forms: like all others for who judges, counted nowhere, measured for who may see."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from audit.desk.reviewers import blind_words, measure
from audit.export import frame_of
from audit.intake.originals_at import originals_at
from audit.judge.decision import Decision, Verdict
from audit.keeping.backup import back_up
from audit.keeping.purge import purge
from audit.known.adding import Added, add_known
from audit.known.disguise import look_alike, near_serial
from audit.known.drawing import draw
from audit.known.forms import CLEAN, TAMPERED, read_folder
from audit.known.surroundings import surroundings
from audit.pipeline.serials import SerialRanges
from audit.pipeline.sources import one_form
from audit.pipeline.tools import Tools, real_tools
from audit.rescore import rescore
from audit.store import schema
from audit.store.known import known_round
from audit.verification import verify_round
from detectors.errors import InputError
from scans.page import check_page
from scans.reference import builtin_reference
from scans.source import read_pages
from scans.template import load_templates
from tests.audit.desk.conftest import START, Made, Office, opened


def _tools() -> Tools:
    return real_tools(now=lambda: START, progress=lambda items, _label, _total: iter(items))


@dataclasses.dataclass
class Mixed:
    """A round with drawn forms among its cases, and what everybody saw before."""

    folder: Path
    told: Added
    before: dict[str, Any]


@pytest.fixture(scope="module")
def mixed(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    """Forms drawn, judged and mixed in once: that takes its seconds."""
    folder = tmp_path_factory.mktemp("mixed") / "r"
    shutil.copytree(made.folder, folder)
    with opened(folder, made.passwords) as office:
        before = _seen(office)
        settings = office.desk.settings
        form = one_form(settings, None)
        around = surroundings(office.store, settings, form)
        truths, rng = (CLEAN, TAMPERED, TAMPERED), np.random.default_rng(5)
        found = draw(form.instrument, truths, around, folder.parent, rng)
        told = add_known(
            *(office.store, settings, form, found, around, _tools(), rng), source="drawn"
        )
    return Mixed(folder, told, before)


@pytest.fixture
def busy(mixed: Mixed, made: Made, tmp_path: Path) -> Iterator[Office]:
    """The desk of that round."""
    folder = tmp_path / "mixed"
    shutil.copytree(mixed.folder, folder)
    with opened(folder, made.passwords) as office:
        yield office


def _seen(office: Office) -> dict[str, Any]:
    """What the round exports, and what those who only look see."""
    names = ("records", "findings", "units", "scores", "decisions", "held", "custody")
    seen = {
        name: frame_of(office.store, office.desk.settings, name).to_csv(index=False)
        for name in names
    }
    for name, path in (("mai", "/queue?state=all"), ("khanh", "/round"), ("khanh", "/units/u1")):
        seen[path] = office.logged_in(name).get(path).text
    return seen


def _known(office: Office) -> dict[tuple[str, int], str]:
    """Record and case -> truth."""
    cases, known = schema.cases, schema.known_forms
    query = sa.select(cases.c.subject_id, cases.c.id, known.c.truth)
    with office.store.reading() as connection:
        rows = connection.execute(query.join(known, known.c.case_id == cases.c.id))
        return {(row[0], row[1]): row[2] for row in rows}


def test_drawn_forms_stand_among_the_cases_and_are_counted_nowhere(
    busy: Office, mixed: Mixed
) -> None:
    known = _known(busy)
    assert mixed.told.clean + mixed.told.tampered == len(known) >= 2, mixed.told.refused
    assert set(known.values()) == {CLEAN, TAMPERED}
    an, auditor = busy.logged_in("an"), busy.logged_in("mai")
    # For who judges each is a case like any other, with a sign, a scan and neighbours.
    page = an.get("/queue?state=all").text
    for (record, number), truth in known.items():
        assert record in page
        one = an.get(f"/cases/{number}")
        assert one.status_code == 200
        assert not [word for word in ("known", "~", truth) if word in one.text]
        assert 'class="sign ' in one.text and "Phiếu " in one.text
        # Nobody who only looks meets it, by whatever door.
        assert auditor.get(f"/cases/{number}").status_code == 404
        assert busy.decide_on(an, number, "confirm").status_code == 303
    assert not rescore(busy.store, busy.desk.settings, now=busy.clock).any
    assert _seen(busy) == mixed.before


def test_misses_and_false_confirmations_are_for_approvers_and_administrators(
    busy: Office,
) -> None:
    an = busy.logged_in("an")
    truths = {number: truth for (_, number), truth in _known(busy).items()}
    clean = next(case for case, truth in truths.items() if truth == CLEAN)
    tampered = next(case for case, truth in truths.items() if truth == TAMPERED)
    assert busy.decide_on(an, clean, "confirm").status_code == 303
    assert busy.decide_on(an, tampered, "dismiss").status_code == 303
    for name in ("dung", "lam"):
        client = busy.logged_in(name)
        page = client.get("/reviewers").text
        assert ">an<" in page and "100% (21% – 100%)" in page
        table = client.get("/reviewers.csv").text
        assert "an,1,1,100% (21% – 100%),1,1,100% (21% – 100%),0" in table
    assert 'id="reviewers"' in busy.logged_in("dung").get("/round").text
    for client in (an, *(busy.logged_in(name) for name in ("khanh", "mai"))):
        assert client.get("/reviewers").status_code == 403
        assert client.get("/reviewers.csv").status_code == 403
        assert 'id="reviewers"' not in client.get("/round").text
    # The trail covers the truth and does not tell which case it is about.
    told = [body for body in busy.bodies() if body["action"] == "known.add"]
    assert told and all(str(case) not in json.dumps(body) for body in told for case in truths)
    found = verify_round(busy.desk.settings)
    assert found.faults == [] and found.checked["originals"] > 0
    assert found.notes == []  # a note names files, and so the known forms


def test_their_scans_are_backed_up_and_deleted_like_all_others(busy: Office) -> None:
    settings = busy.desk.settings

    def scans() -> dict[str, bool]:
        with busy.store.reading() as connection:
            files = schema.files
            own = files.c.round_id == known_round(settings.round.id)
            found = connection.scalars(sa.select(files.c.sha256).where(own)).all()
        return {one: originals_at(settings.originals_place).verify(one) is None for one in found}

    assert scans() and all(scans().values())
    made = back_up(
        settings,
        settings.base / "b.tar",
        now=lambda: START,
        actor="an",
        progress=lambda items, *_, **__: iter(items),
    )
    with tarfile.open(made.path) as archive:
        kept = {Path(name).name for name in archive.getnames()}
    assert set(scans()) <= kept
    rule = settings.retention.model_copy(update={"scans": 0})
    late = dt.datetime.combine(settings.round.date_to + dt.timedelta(2), dt.time(), dt.UTC)
    purge(
        busy.store,
        settings.model_copy(update={"retention": rule}),
        apply=True,
        now=lambda: late,
        actor="an",
    )
    assert not any(scans().values())
    found = verify_round(settings)
    assert found.faults == []
    assert not [note for note in found.notes if "retention" not in note]


def test_words_that_count_are_blind_and_stand() -> None:
    def said(actor: str, verdict: Verdict) -> Decision:
        return Decision(actor, verdict, "e", "", None, "")

    history = [
        said("an", Verdict.CONFIRM),
        said("an", Verdict.WITHDRAW),
        said("an", Verdict.DISMISS),
        said("binh", Verdict.CONFIRM),
        said("dung", Verdict.CONFIRM),
    ]
    assert blind_words(history) == [("an", Verdict.DISMISS), ("binh", Verdict.CONFIRM)]
    assert blind_words([*history[:3], said("dung", Verdict.REOPEN), *history[3:]]) == [
        ("an", Verdict.DISMISS)
    ]
    assert measure([]) == []


def test_a_name_and_a_serial_are_near_those_of_the_host() -> None:
    rng = np.random.default_rng(1)
    paths = ["inbox/scans/u1/u1-sheet4-p1.jpg", "inbox/scans/u1/u1-sheet4-p2.jpg"]
    one, two = look_alike(paths, [".jpg", ".jpg"], set(paths), rng)
    assert one.startswith("inbox/scans/u1/u1-sheet") and one.endswith("-p1.jpg")
    assert two == one.replace("-p1", "-p2") and one not in paths
    ranges = SerialRanges(
        [{"serial_from": "A-01", "serial_to": "A-05", "unit_id": "u1", "batch": "b1"}]
    )
    found = near_serial("A-02", {"A-01", "A-03", "A-04"}, ranges, rng)
    assert found == "A-05"
    assert near_serial("A-02", {"A-01", "A-03", "A-04", "A-05"}, ranges, rng) is None
    anywhere = SerialRanges([])
    found = [near_serial("A-50", {"A-50"}, anywhere, rng) or "" for _ in range(40)]
    assert max(abs(int(one[2:]) - 50) for one in found) <= 4
    assert len(set(found)) > 5


@pytest.mark.parametrize(("files", "kept"), [(2, ["A.jpg", "A.jpg"]), (1, ["A.pdf"])])
def test_drawn_forms_are_kept_as_their_hosts_are(
    office: Office, tmp_path: Path, files: int, kept: list[str]
) -> None:
    settings = office.desk.settings
    form = one_form(settings, None)
    around = surroundings(office.store, settings, form)
    names = tuple(f"s{n}{Path(kept[0]).suffix}" for n in range(files))
    hosts = [dataclasses.replace(host, paths=names) for host in around.hosts]
    (found,) = draw(
        form.instrument,
        [CLEAN],
        dataclasses.replace(around, hosts=hosts),
        tmp_path,
        np.random.default_rng(3),
    )
    assert [path.suffix for path in found.files] == [Path(name).suffix for name in kept]
    pages = [page for path in found.files for page in read_pages(path)]
    # The number stands on every page in words, as on the sheets beside it.
    for page, template in zip(pages, load_templates(form.instrument), strict=True):
        seen = check_page(page, form.instrument, reference=builtin_reference()).result
        assert seen.serial is not None
        assert template.page.serial_at_mm is not None
        image = page.image if page.image.ndim == 2 else page.image[:, :, 1]
        x, y = (round(mm * image.shape[0] / 297) for mm in template.page.serial_at_mm)
        assert (image[y - 25 : y + 25, x : x + 300] < 120).mean() > 0.02


def test_a_folder_tells_its_truth_or_says_what_is_wrong(office: Office, tmp_path: Path) -> None:
    form = one_form(office.desk.settings, None).instrument
    item = form.ratings[0].id
    (tmp_path / "a.jpg").write_bytes(b"a")
    table = tmp_path / "known.csv"
    table.write_text(f"form,file,truth,items,unit_id\nk1,a.jpg,tampered,{item},u1\n", "utf-8")
    (found,) = read_folder(tmp_path, form)
    assert (found.truth, found.items, found.unit_id) == (TAMPERED, (item,), "u1")
    for line, told in (
        ("k1,b.jpg,clean,,", "line 2: there is no file 'b.jpg'"),
        ("k1,../a.jpg,clean,,", "there is no file"),
        ("k1,a.jpg,maybe,,", "truth is 'maybe'"),
        ("k1,a.jpg,clean,ZZ,", "has no item ZZ"),
    ):
        table.write_text(f"form,file,truth,items,unit_id\n{line}\n", "utf-8")
        with pytest.raises(InputError, match=told):
            read_folder(tmp_path, form)
    table.write_text("file,truth\n", "utf-8")
    with pytest.raises(InputError, match="no column form"):
        read_folder(tmp_path, form)


def test_a_form_that_no_check_sees_is_not_used(office: Office, tmp_path: Path) -> None:
    # No picture at all: it is no sheet of the form, and nothing of it is among the cases.
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    (tmp_path / "known.csv").write_text("form,file,truth\nk1,a.jpg,tampered\n", "utf-8")
    settings = office.desk.settings
    form = one_form(settings, None)
    around = surroundings(office.store, settings, form)
    found = read_folder(tmp_path, form.instrument)
    told = add_known(
        *(office.store, settings, form, found, around, _tools(), np.random.default_rng(1)),
        source="folder",
    )
    assert (told.clean, told.tampered) == (0, 0)
    assert told.refused[0].startswith("k1: ")
    with office.store.reading() as connection:
        table = schema.cases
        beside = sa.select(table.c.id).where(
            table.c.round_id == known_round(settings.round.id), table.c.withdrawn_run.is_(None)
        )
        assert connection.execute(beside).first() is None
