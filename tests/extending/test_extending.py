"""Checks of other packages: found when installed, examined alike, told when broken."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from audit.extending import parts
from audit.extending.contract import examine
from audit.extending.subjects import world
from detectors.finding import Message
from detectors.records.straight_lining import CHECK as GOOD
from detectors.registry import Assessment
from tests.data import ROOT

EXAMPLE = Path(__file__).parent / "example"
GUIDE = ROOT / "docs" / "extending.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which pip has installed the example."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install -r requirements.lock")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(folder)]
    done = subprocess.run([*command, str(EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_an_installed_check_judges_with_the_others(installed, tmp_path):
    sim, form = world(), tmp_path / "form.toml"
    one = '[[item]]\nid = "{}"\nscale = [1, 2, 3, 4, 5]\n'
    head = 'id = "F"\nversion = "1"\ntitle = { vi = "P", en = "F" }\n'
    form.write_text(head + "".join(one.format(item.id) for item in sim.instrument.ratings))
    sim.responses.to_csv(tmp_path / "responses.csv", index=False)
    told = ["--instrument", str(form), "--output", str(tmp_path / "out")]
    done = run(installed, "audit", "screen", str(tmp_path / "responses.csv"), *told)
    assert done.returncode in (0, 10), done.stderr
    with (tmp_path / "out" / "records.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["example.zigzag"] for row in rows}) > 2


def test_the_example_keeps_the_contract(installed):
    done = run(installed, "audit.extending", "example_checks:ZIGZAG")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("kept") > 10
    assert "BROKEN" not in done.stderr


@pytest.mark.parametrize("name", ["nowhere:CHECK", "example_checks:NOTHING", "example_checks"])
def test_a_name_that_leads_nowhere_is_one_line(installed, name):
    done = run(installed, "audit.extending", name)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise OSError('no model file')", "cannot be loaded: OSError: no model file"),
        ("ZIGZAG = HEAVY = object()", "is not a check"),
    ],
)
def test_a_check_that_cannot_be_loaded_stops_with_one_line(installed, tmp_path, module, told):
    # The entry points of the installed package, and another module before it on the path.
    (tmp_path / "example_checks.py").write_text(module)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(installed), str(ROOT)])
    }
    sheet = tmp_path / "r.csv"
    sheet.write_text("record_id,unit_id,channel,A1\n1,U,paper,5\n")
    form = tmp_path / "f.toml"
    form.write_text('id = "F"\nversion = "1"\n[[item]]\nid = "A1"\nscale = [1, 2, 3, 4, 5]\n')
    words = ["screen", str(sheet), "--instrument", str(form), "--output", str(tmp_path / "o")]
    done = subprocess.run(
        [sys.executable, "-m", "audit", *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 3, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "example-checks" in line]
    assert told in line
    assert "uninstall" in line


class Spoilt:
    """A good check, spoilt in one way."""

    def __init__(self, spoil, **info):
        self.info = replace(GOOD.info, **info)
        self.spoil = spoil

    def assess(self, subject, *, seed=0):
        return self.spoil(subject, GOOD.assess(subject, seed=seed))


def as_it_is(subject, answer):
    return answer


def by_chance(subject, answer):
    return replace(
        answer, scores=answer.scores + np.random.default_rng().random(len(answer.scores))
    )


def careless_of_its_input(subject, answer):
    subject.answers[:1] = 1
    return answer


def silent_about_gaps(subject, answer):
    return replace(answer, not_assessable={})


def by_position(subject, answer):
    return replace(answer, scores=subject.source_row.astype(float))


def short(subject, answer):
    return Assessment(answer.scores[:-1], answer.p_values[:-1])


ACCUSING = (Message("Đây là gian lận rõ ràng.", "This is plainly fraud."),)


@pytest.mark.parametrize(
    ("check", "promise"),
    [
        (Spoilt(as_it_is, innocent=ACCUSING), "it_says_who_it_is"),
        (Spoilt(as_it_is, id="Shouting"), "it_says_who_it_is"),
        (Spoilt(as_it_is, kind="new"), "its_kind_has_a_name_in_both_languages"),
        (Spoilt(by_chance), "the_same_seed_answers_the_same_and_nothing_is_changed"),
        (Spoilt(careless_of_its_input), "the_same_seed_answers_the_same_and_nothing_is_changed"),
        (Spoilt(silent_about_gaps), "what_holds_nothing_is_not_accused"),
        (Spoilt(by_position), "the_order_of_rows_has_no_effect"),
        (Spoilt(short), "it_answers_for_every_subject"),
        (Spoilt(as_it_is, batch_dependent=False), "batch_mates_do_not_change_a_score"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.spoil.__name__,
)
def test_a_spoilt_check_is_told_by_the_promise_it_breaks(check, promise):
    assert promise in {line.split(":")[0] for line in examine(check)}


def test_the_good_one_breaks_none():
    assert examine(GOOD) == ()


def test_the_guide_shows_the_example_as_it_is():
    shown = re.findall(r"^```(?:python|toml)\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)
    names = ("pyproject.toml", "example_checks.py")
    whole = "\n".join((EXAMPLE / name).read_text("utf-8") for name in names)
    assert len(shown) >= 3
    for part in shown:
        for piece in part.split("\n...\n"):
            assert piece.strip("\n") in whole or "examine" in piece, piece


def test_the_guide_names_every_part():
    told = set(re.findall(r"`(\w+)`", GUIDE.read_text("utf-8")))
    assert set(parts.__all__) <= told
