"""What the demo brings to hold results against can be read, and says what it means to say."""

import datetime as dt
from pathlib import Path

import pytest

from audit.demo_results import write_results
from audit.intake.goal_tables import read_actions, read_targets
from audit.intake.published_tables import read_lineage, read_previous_results, read_published
from audit.reporting.before import _counts
from audit.scoring.rules import book_at, shipped_rules
from detectors.instrument import load_instrument
from detectors.simulate.round import SimulatedRound, simulate_round
from scans.simulate.form import write_instrument


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimulatedRound:
    form = load_instrument(write_instrument("HL-01", tmp_path_factory.mktemp("form")))
    return simulate_round(20_260_701, 12, records_per_unit=60, instrument=form)


def test_every_file_of_the_demo_is_read_whole(made: SimulatedRound, tmp_path: Path) -> None:
    write_results(tmp_path, made)
    units = list(made.units["unit_id"])
    rules = shipped_rules()[0].parent
    books = book_at(rules, dt.date(2026, 9, 30), {"satisfaction"})
    published, wrong = read_published(tmp_path / "published.csv", "published.csv", units, books)
    assert not wrong
    previous, wrong = read_previous_results(tmp_path / "previous/results.csv", "p", units)
    assert not wrong
    assert len(previous) == len(units) + 1
    for name, read in (
        *(("lineage", read_lineage), ("targets", read_targets), ("actions", read_actions)),
    ):
        rows, wrong = read(tmp_path / f"{name}.csv", name, units)
        assert rows, name
        assert not wrong, name
    best, given = _counts(made.responses, made.instrument)
    by_unit = made.responses["unit_id"]
    exact = 100 * best.groupby(by_unit).sum() / given.groupby(by_unit).sum()
    far = [abs(float(p.value.percent) - exact[p.about[1]]) for p in published if p.value]
    assert sum(gap > 1 for gap in far) == 1
    assert sum(0.005 < gap <= 0.01 for gap in far) == 1


def test_the_middle_of_the_scale_is_not_satisfied(made: SimulatedRound) -> None:
    item = made.instrument.ratings[0]
    frame = made.responses[[item.id]].iloc[:5].assign(**{item.id: [1, 2, 3, 4, 5]})
    best, given = _counts(frame, made.instrument)
    assert list(best) == [0, 0, 0, 1, 1]
    assert list(given) == [1] * 5
