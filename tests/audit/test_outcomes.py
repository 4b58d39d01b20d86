"""A round with all that people bring beside answers: index, publication, lineage, awards."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from audit.export import frame_of, write_frame
from audit.intake.published_tables import read_previous_results
from audit.pipeline.run import run_round
from audit.pipeline.verdict import not_judged
from audit.reporting.outcome_words import REASONS, WORDS
from audit.reporting.outcomes import load_outcomes
from audit.reporting.write import write_round_reports
from audit.rescore import rescore
from audit.settings import Settings
from audit.store import open_store
from audit.store.outcomes import Outcomes
from audit.verification import verify_round
from tests.audit.index_books import rows_of, write_book
from tests.audit.rounds import answers, clock, responses_csv, settings_of, small_round, tools

ROOT = Path(__file__).parents[2]
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


def _all_brought(folder: Path) -> None:
    """Everything that can be brought, at once."""
    scores = [row for unit in UNITS for row in rows_of(unit, 2026, 0.9, 0.8, 1, 0.75, 0.5)]
    write_book(folder / "index/2026.xlsx", scores, [("dl", 2026, None, 20, None, "tốt")])
    _write(folder, "published.csv", "unit_id,value,source", 'bn,"12,34%",Báo')
    _write(
        folder,
        "awards.csv",
        "unit_id,title,kind,programme",
        "dl,Giấy khen,khen thưởng,index",
        "bn,Phê bình,criticism,satisfaction",
        "hp,Giấy khen,award,satisfaction",
    )
    _write(
        folder,
        "targets.csv",
        "unit_id,indicator,operator,value,actual,due",
        "*,overall,>=,80%,,2026-12-31",
        "hp,response_rate,>=,5%,,",
        'dl,DVC trực tuyến,>,80%,"79,5%",2026-06-30',
        "qb,A,>=,1%,,",
        "qb,không đo,>=,1%,,",
    )
    _write(
        folder,
        "actions.csv",
        "action_id,unit_id,text,office,due,done",
        "HK-01,bn,Hậu kiểm 30 phiếu,Đội 2,2026-08-01,",
        "HK-02,,Tập huấn,V03,2026-08-01,2026-09-01",
    )
    _write(folder, "complaints.csv", "unit_id,complaints", "hp,12")
    config = folder / "audit.toml"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("# [collection]", '[collection]\ncomplaints = "complaints.csv"'), "utf-8"
    )


def test_awards_targets_actions_and_complaints(folder: Path) -> None:
    _all_brought(folder)
    settings, found = _run(folder)
    awards = {u: row for (k, u, _), row in found.items() if k == "award"}
    assert awards["dl"]["verdict"] == "hold"
    assert awards["dl"]["body"]["reasons"] == ["index_does_not_add_up"]
    assert awards["bn"]["body"]["reasons"] == ["published_differs"]
    assert awards["bn"]["body"]["criticism"]
    assert awards["hp"]["verdict"] == "no_reason_known"
    targets = {(u, a.split()[0]): row for (k, u, a), row in found.items() if k == "target"}
    assert {u for u, indicator in targets if indicator == "overall"} == set(UNITS)
    assert targets["hp", "response_rate"]["verdict"] == "met"
    assert targets["hp", "response_rate"]["body"]["value"] == 40 / 500
    assert targets["dl", "DVC"]["verdict"] == "not_met"
    assert targets["qb", "A"]["verdict"] == "met"
    assert targets["qb", "không"]["verdict"] == "not_measured"
    actions = {a: row["verdict"] for (k, _, a), row in found.items() if k == "action"}
    assert actions == {"HK-01": "open", "HK-02": "done_late"}
    complaints = {u: row for (k, u, _), row in found.items() if k == "complaints"}
    assert complaints["hp"]["body"]["per_thousand"] == 24.0
    assert {row["verdict"] for row in complaints.values()} <= {"not_asked", "not_testable"}
    for what in ("changes", "index", "published", "awards", "targets", "actions", "complaints"):
        with open_store(settings.store_url, create=False) as store:
            assert len(frame_of(store, settings, what)), what


def test_views_are_in_both_languages_and_small_units_are_withheld(folder: Path) -> None:
    few = answers(9, 5, "hp")
    rows = [row for seed, unit in enumerate(UNITS[:3]) for row in answers(seed, 40, unit)] + few
    _write(folder, "inbox/responses/a.csv", responses_csv(rows).rstrip())
    _all_brought(folder)
    settings, _ = _run(folder)
    with open_store(settings.store_url, create=False) as store, store.reading() as connection:
        view = load_outcomes(connection, settings, day=dt.date(2026, 10, 1))
        mine = load_outcomes(connection, settings, day=dt.date(2026, 10, 1), unit_id="bn")
    assert {one.id: one.overdue for one in view.actions} == {"HK-01": True, "HK-02": False}
    assert len(view.snapshot) == 64
    assert {sheet.year for sheet in view.index} == {2026}
    reasons = [sheet.not_testable.en if sheet.not_testable else "" for sheet in view.index]
    assert all("fewer than 15 units" in reason for reason in reasons)
    small = [t for t in view.targets if t.unit == "Đơn vị hp" and t.indicator == "overall"]
    assert [(t.value, t.verdict.en) for t in small] == [(None, "withheld: few forms")]
    (change,) = [c for c in view.changes if c.unit == "Đơn vị hp"]
    assert change.value is None
    (merged,) = mine.changes
    assert merged.predecessors == ("bg",)
    assert merged.verdict.vi.startswith("đơn vị sáp nhập")
    assert [note.agrees for note in mine.published] == [False]
    assert all(sheet.unit == "Đơn vị bn" for sheet in mine.index)


def test_every_verdict_has_its_words() -> None:
    """What the pipeline can say is what the reports can print."""
    source = "".join(
        (ROOT / name).read_text("utf-8")
        for name in (
            *("audit/pipeline/standing.py", "audit/pipeline/standpoint.py"),
            *("audit/pipeline/standing_changes.py", "audit/pipeline/standing_goals.py"),
            *("audit/pipeline/standing_publication.py", "audit/pipeline/index_standing.py"),
            *("audit/scoring/publication.py", "audit/scoring/index.py", "audit/scoring/lineage.py"),
            "audit/scoring/index_groups.py",
        )
    )
    assert all(f'"{verdict}"' in source for words in WORDS.values() for verdict in words)
    publication = (ROOT / "audit/scoring/publication.py").read_text("utf-8")
    figures = set(re.findall(r'return "(\w+)"', publication))
    assert figures <= set(WORDS["published"])
    assert set(re.findall(r'(?:reasons|notes)\.append\("(\w+)"\)', source)) == set(REASONS)


def test_a_table_with_a_fault_is_told_by_row_and_column_and_not_used(folder: Path) -> None:
    _write(
        folder,
        "published.csv",
        "unit_id,value,tier,rank",
        'dl,"97,71%",giỏi,70/63',
        'u9,"97,71%",,',
        'bn,"chín mươi",,',
    )
    _write(folder, "lineage.csv", "predecessor,successor,kind", "a,u9,merged", "b,,renamed")
    settings, found = _run(folder)
    assert not [k for k in found if k[0] == "published"]
    with open_store(settings.store_url, create=False) as store, store.reading() as connection:
        lines = not_judged(connection, settings.round.id)
    told = "\n".join(lines)
    for place, what in (
        ("published.csv, line 2, column tier", "giỏi"),
        ("published.csv, line 2, column rank", "70/63"),
        ("published.csv, line 3, column unit_id", "u9"),
        ("published.csv, line 4, column value", "chín mươi"),
        ("lineage.csv, line 2, column successor", "u9"),
        ("lineage.csv, line 3, column successor", "blank"),
    ):
        assert any(place in line and what in line for line in lines), (place, told)


def test_scores_of_one_round_are_the_previous_results_of_the_next(
    folder: Path, tmp_path: Path
) -> None:
    settings, _ = _run(folder)
    with open_store(settings.store_url, create=False) as store:
        frame = frame_of(store, settings, "scores")
    write_frame(frame, tmp_path / "results.csv", "csv")
    found, problems = read_previous_results(tmp_path / "results.csv", "results.csv", UNITS)
    assert problems == []
    overall = frame[frame["measure"] == "overall"].set_index("unit_id")
    for unit in UNITS:
        one = found["satisfaction", unit, "overall", ""]
        assert one.value == pytest.approx(overall.loc[unit, "value_after_review"])
        assert one.n == pytest.approx(overall.loc[unit, "effective_n"])
        assert (one.rank, one.ranked_units) == (overall.loc[unit, "rank_after_review"], 4)
        assert one.ended == settings.round.date_to


def test_the_comparison_is_a_document_in_both_languages(folder: Path) -> None:
    _all_brought(folder)
    _write(
        folder,
        "published.csv",
        "unit_id,programme,value,tier,change,source",
        'bn,,"12,34%",tốt,"tăng 1,00%",Báo',
        "dl,index,77.8,Tốt,,Cổng",
        '*,,"99,99%",,,Báo',
    )
    settings, _ = _run(folder)
    written = write_round_reports(
        settings, folder=folder / "out", documents=("comparison",), languages=("vi", "en")
    )
    text = "".join(path.read_text("utf-8") for path in written if path.suffix == ".html")
    for told in ("12,34%", "sai khác", "differs", "không so sánh được", "khá", "fair"):
        assert told in text, told
