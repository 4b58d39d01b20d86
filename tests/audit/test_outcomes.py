"""A round with all that people bring beside answers: index, publication, lineage, awards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.export import frame_of
from audit.pipeline.run import run_round
from audit.rescore import rescore
from audit.settings import Settings
from audit.store import open_store
from audit.store.outcomes import Outcomes
from audit.verification import verify_round
from tests.audit.index_books import rows_of, write_book
from tests.audit.rounds import answers, clock, responses_csv, settings_of, small_round, tools

UNITS = ("bn", "dl", "qb", "hp")


def _write(folder: Path, name: str, *lines: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "r"
    small_round(folder, units=UNITS)
    rows = [row for seed, unit in enumerate(UNITS) for row in answers(seed, 40, unit)]
    _write(folder, "inbox/responses/a.csv", responses_csv(rows).rstrip())
    _write(
        folder,
        "previous/results.csv",
        "unit_id,value,n,rank,ranked_units,tier,period,period_to",
        'bn,"80,00%",400,2,4,tốt,2025,2025-12-31',
        "bg,0.70,400,4,4,khá,2025,2025-12-31",
        "dl,0.9614,400,1,63,xuất sắc,2025,2025-12-31",
        "qb-old,85.5,400,3,4,tốt,2025,2025-12-31",
    )
    _write(
        folder,
        "lineage.csv",
        "predecessor,successor,kind,day,source",
        "bn,bn,sáp nhập,2026-07-01,NQ",
        "bg,bn,sáp nhập,2026-07-01,NQ",
        "qb-old,qb,đổi tên,2026-07-01,NQ",
    )
    return folder


def _outcomes(settings: Settings) -> dict[tuple[str, str | None, str], Any]:
    with open_store(settings.store_url, create=False) as store, store.reading() as connection:
        rows = Outcomes(connection, settings.round.id).all()
    return {(row["kind"], row["unit_id"], row["about"]): row for row in rows}


def _run(folder: Path) -> tuple[Settings, Any]:
    settings = settings_of(folder / "audit.toml")
    run_round(settings, tools())
    return settings, _outcomes(settings)


def test_changes_know_who_a_unit_comes_from(folder: Path) -> None:
    _, found = _run(folder)
    changes = {unit: row for (kind, unit, _), row in found.items() if kind == "change"}
    assert changes["bn"]["verdict"] == "merged"
    assert changes["bn"]["body"]["points"] is None
    assert changes["bn"]["body"]["spread_before"] == [0.7, 0.8]
    assert changes["qb"]["body"]["state"] == "renamed"
    assert changes["qb"]["body"]["before"] == 0.855
    assert changes["hp"]["verdict"] == "new"
    # The denominators differ: places cannot be told.
    assert changes["dl"]["body"]["places"] is None
    assert changes["dl"]["body"]["ranked_before"] == 63


def test_published_figures_are_compared_one_by_one(folder: Path) -> None:
    settings, _ = _run(folder)
    with open_store(settings.store_url, create=False) as store:
        scores = frame_of(store, settings, "scores")
    row = scores[(scores["unit_id"] == "dl") & (scores["measure"] == "overall")].iloc[0]
    value, rank = row["value_after_review"], row["rank_after_review"]
    text = f"{value * 100:.2f}".replace(".", ",")
    _write(
        folder,
        "published.csv",
        "unit_id,value,change,rank,tier,source",
        f'dl,"{text}%","{(value - 0.9614) * 100:.2f}%",{rank}/63,xuất sắc,Báo',
        'bn,"12,34%",tăng 1%,,,Báo',
        "*,99.99%,,,,Báo",
    )
    _, found = _run(folder)
    told = {(u, a): row["verdict"] for (k, u, a), row in found.items() if k == "published"}
    assert told["dl", "overall value"] == "equal"
    assert told["dl", "overall rank"] == "other_denominator"
    assert told["dl", "overall change"] == "points_called_per_cent"
    assert told["dl", "overall tier"] in ("equal", "differs")
    assert told["bn", "overall value"] == "differs"
    assert told["bn", "overall change"] == "not_comparable"
    assert told[None, "overall value"] == "differs"
    assert verify_round(settings).faults == []


def test_the_index_is_recomputed_and_held_against_the_survey(folder: Path) -> None:
    scores = [row for unit in UNITS for row in rows_of(unit, 2026, 0.9, 0.8, 1, 0.75, 0.5)]
    scores += rows_of("dl", 2025, 0.9, 0.9, 0.9, 0.9, 0.9)
    right = 0.9 * 4 + 0.8 * 4.5 + 6 + 3 + 3.25
    totals: list[tuple[Any, ...]] = [
        ("bn", 2026, None, right, f"{right / 25 * 100:.2f}%".replace(".", ","), "Khá", "1/4"),
        ("dl", 2026, None, right + 1, None, "xuất sắc", None),
        ("dl", 2026, "1", 7.2, None, None, None),
        ("qb", 2026, None, right, 77.79, None, None),
    ]
    write_book(folder / "index/2026.xlsx", scores, totals)
    settings, found = _run(folder)
    sheets = {u: row for (k, u, a), row in found.items() if k == "index" and a == "2026"}
    assert sheets["bn"]["verdict"] == "holds"
    assert sheets["bn"]["body"]["total"]["appraised"] == "19.45"
    assert sheets["bn"]["body"]["tier"] == "kha"
    assert sheets["bn"]["body"]["tier_verdict"] == "equal"
    assert sheets["dl"]["body"]["tier_verdict"] == "differs"
    assert sheets["qb"]["body"]["percent_verdict"] == "tolerance"
    assert sheets["dl"]["verdict"] == "differs"
    assert sheets["dl"]["body"]["fields"][0]["appraised_verdict"] == "equal"
    assert sheets["hp"]["verdict"] == "nothing_declared"
    assert sheets["bn"]["body"]["survey"]["verdict"] == "below"
    (lines,) = [row for (k, _, a), row in found.items() if k == "index_lines" and "2026" in a]
    assert lines["verdict"] == "not_testable"
    assert "fewer than" in lines["body"]["not_testable"]["field 1"]
    before = dict(found)
    with open_store(settings.store_url, create=False, now=clock) as store:
        assert not rescore(store, settings, now=clock).any
    assert {k: dict(v) for k, v in _outcomes(settings).items()} == {
        k: dict(v) for k, v in before.items()
    }
