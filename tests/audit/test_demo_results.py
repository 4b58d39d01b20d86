"""What the demo brings to hold results against can be read, and says what it means to say."""

import datetime as dt
from pathlib import Path

import pytest

from audit.demo_results import write_results
from audit.intake.goal_tables import read_actions, read_targets
from audit.intake.published_tables import read_lineage, read_previous_results, read_published
from audit.reporting.before import _counts
from audit.reporting.firm import ROUND, slices_by_unit
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


def _row(scope: str, of: str, dimension: str, category: str, n: int) -> dict[str, object]:
    versions = ("as_received", "after_review", "bound_low", "bound_high")
    counts = {f"{part}_{v}": n for part in ("satisfied", "answers") for v in versions}
    return {
        **{"instrument_id": "X", "scope": scope, "scope_id": of, "dimension": dimension},
        **{"category": category, "measure": "overall", "factor": ""},
        **{"records_received": n, "records_counted": n, "interval_low": 0.9, "interval_high": 1.0},
        **counts,
    }


def test_no_slice_tells_a_small_cell_by_subtraction() -> None:
    units = {u: {"group": g, "level": None} for u, g in (("a", "G"), ("b", "G"), ("c", "H"))}
    sizes = {"a": 40, "b": 5, "c": 50}
    scores = {u: {("overall", ""): {"records_counted": n}} for u, n in sizes.items()}
    rows = [
        _row("group", "G", "", "", 45),
        _row("group", "H", "", "", 50),
        # c: 45 of 50 records have a channel, so the five others would follow from the whole
        _row("unit", "c", "channel", "paper", 30),
        _row("unit", "c", "channel", "web", 15),
        # all: the web records of a are few and withheld there
        _row("unit", "a", "channel", "paper", 34),
        _row("unit", "a", "channel", "web", 6),
        _row("all", "", "channel", "paper", 69),
        _row("all", "", "channel", "web", 26),
    ]
    found = slices_by_unit(rows, scores, units)
    assert [one.category for one in found["c"] if one.value is not None] == ["paper"]
    assert all(one.value is None for one in found["a"])
    groups = {one.where: one.value for one in found[ROUND] if one.scope == "group"}
    assert groups == {"G": None, "H": 1.0}  # H is c, which is shown itself
    shown = [one for one in found[ROUND] if one.scope == "all" and one.value is not None]
    assert len(shown) < 2
