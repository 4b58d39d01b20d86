"""Pages of every status as the public JSON object."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.extending.subjects import pages, reference
from scans.batch import page_outcomes
from scans.lines import page_object
from tests.scans.pages import form, honest, written
from tests.schemas import accept_page


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """One line a status, and one of a page that is full of signs."""
    folder = tmp_path_factory.mktemp("lines")
    white = folder / "white.png"
    cv2.imwrite(str(white), np.full((1754, 1240), 255, np.uint8))
    good = written(honest("HL-01", 2, 11), "lines-honest")
    rubbed = pages()["rubbed"].raw.origin.path
    asked = {
        "read": (good, "HL-01"),
        "signs": (rubbed, "HL-01"),
        "wrong_form": (good, "YK-01"),
        "unreadable": (white, "HL-01"),
        "not_checked": (folder / "none.jpg", "HL-01"),
    }
    found = {}
    for name, (path, form_id) in asked.items():
        (outcome,) = page_outcomes([Path(path)], form(form_id), reference=reference())
        found[name] = page_object(outcome.result)
    return found


@pytest.mark.parametrize("name", ["read", "signs", "wrong_form", "unreadable", "not_checked"])
def test_a_line_is_what_the_contract_promises(lines, name):
    accept_page(lines[name])
    assert lines[name]["status"] == ("read" if name == "signs" else name)


def test_a_line_of_a_read_page_holds_every_box(lines):
    page = form("HL-01").pages[1]
    boxes = [(box.item, str(box.value)) for box in page.boxes]
    marks = lines["read"]["marks"]
    found = [(item, value) for item, row in marks.items() for value in row]
    assert sorted(found) == sorted(boxes)
    for item, answer in lines["read"]["answers"].items():
        chosen = [value for value, state in marks[item].items() if state == "marked"]
        given = answer if isinstance(answer, list) else [] if answer is None else [answer]
        assert [str(value) for value in given] == chosen
    assert any(lines["read"]["answers"].values())


def test_signs_come_worst_first_with_their_place(lines):
    findings = lines["signs"]["findings"]
    order = ["red", "orange", "yellow"]
    ranks = [order.index(finding["severity"]) for finding in findings]
    assert ranks == sorted(ranks)
    assert {"erasure.residue"} <= {finding["detector"] for finding in findings}
    assert lines["signs"]["flagged"]
    assert lines["signs"]["suspicion"] >= lines["read"]["suspicion"]


def test_what_a_scan_does_not_allow_is_listed_with_its_reason(lines):
    for line in lines.values():
        assert list(line["not_assessable_reasons"]) == line["not_assessable"]
        assert all(line["not_assessable_reasons"].values())
