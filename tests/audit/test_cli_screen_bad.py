"""Tables that nobody would wish for: told with file and place, nobody accused, nothing lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.cli.main import run
from detectors.errors import ExitCode
from detectors.simulate.round import simulate_round

UNITS, EACH = 8, 30


@pytest.fixture(scope="module")
def world():
    return simulate_round(
        53, UNITS, records_per_unit=EACH, equal_sizes=True, frauds={}, digital_share=0.0
    )


@pytest.fixture
def folder(tmp_path, world):
    lines = ['id = "SIM"', 'version = "1"', 'title = "Form"']
    for item in world.instrument.items:
        lines += ["[[item]]", f'id = "{item.id}"', "scale = [1, 2, 3, 4, 5]"]
        if item.not_applicable is not None:
            lines.append(f"not_applicable = {item.not_applicable}")
    (tmp_path / "t.toml").write_text("\n".join(lines), encoding="utf-8")
    world.units.to_csv(tmp_path / "u.csv", index=False)
    return tmp_path


def screened(folder, rows, *more):
    """Exit code and the two tables that were written."""
    rows.to_csv(folder / "r.csv", index=False)
    given = [str(folder / "r.csv"), "-i", str(folder / "t.toml"), "-o", str(folder / "out")]
    code = run(["screen", *given, *more])
    tables = [
        pd.read_csv(folder / "out" / name, dtype=str, keep_default_na=False)
        for name in ("records.csv", "units.csv")
    ]
    return code, *tables


def rows_of(world):
    return world.responses.astype(object).copy()


def nobody(*tables):
    return all((table["flagged"] == "false").all() for table in tables)


def test_an_item_off_the_scale_is_blank_and_told(folder, world, capsys):
    rows = rows_of(world)
    rows.loc[4, "B2"] = 7
    code, records, units = screened(folder, rows)
    assert code == ExitCode.PARTLY_JUDGED
    assert "r.csv, line 6, column B2" in capsys.readouterr().err
    assert len(records) == len(rows)
    assert nobody(records, units)


def test_a_constant_column_says_nothing(folder, world):
    rows = rows_of(world)
    rows["A1"] = 5
    code, records, units = screened(folder, rows)
    assert code == ExitCode.DONE
    assert nobody(records, units)


@pytest.mark.parametrize("count", [1, 2])
def test_hardly_anybody_answered(folder, world, count):
    code, records, units = screened(folder, rows_of(world).head(count))
    assert len(records) == count
    assert nobody(records, units)
    assert (units["not_testable"] != "").all()
    assert (units["p_value"] == "").all()
    assert code in (ExitCode.DONE, ExitCode.PARTLY_JUDGED)


def test_a_table_of_a_heading_alone_is_not_shown_as_clean(folder, world, capsys):
    code, records, units = screened(folder, rows_of(world).head(0))
    assert code == ExitCode.PARTLY_JUDGED
    assert "no records" in capsys.readouterr().err
    assert records.empty
    assert units.empty


def test_without_units_no_unit_is_shown_as_clean(folder, world, capsys):
    _, records, units = screened(folder, rows_of(world).drop(columns="unit_id"))
    assert "no unit_id" in capsys.readouterr().err
    assert len(records)
    assert units.empty


def test_one_unit_cannot_be_compared(folder, world, capsys):
    rows = rows_of(world)
    rows["unit_id"] = "U0001"
    _, records, units = screened(folder, rows)
    assert "one unit only" in capsys.readouterr().err
    assert units["not_testable"].str.len().gt(0).all()
    assert nobody(records, units)


def test_not_applicable_throughout_is_no_answer(folder, world):
    rows = rows_of(world)
    rows[[item.id for item in world.instrument.items]] = None
    rows[["E3", "E4"]] = 9
    code, records, units = screened(folder, rows)
    assert code == ExitCode.PARTLY_JUDGED
    assert (records["not_testable"] != "").all()
    assert (records["p_value"] == "").all()
    assert (units["severity"] == "").all()


def test_a_tenth_missing_accuses_nobody(folder, world):
    rows = rows_of(world)
    items = [item.id for item in world.instrument.items]
    holes = np.random.default_rng(1).random((len(rows), len(items))) < 0.1
    rows[items] = rows[items].mask(holes)
    code, records, units = screened(folder, rows)
    assert code == ExitCode.DONE
    assert nobody(records, units)


def test_an_id_used_twice_is_told_and_both_records_are_kept(folder, world, capsys):
    rows = rows_of(world)
    rows.loc[7, "record_id"] = rows.loc[6, "record_id"]
    code, records, _ = screened(folder, rows)
    assert code == ExitCode.PARTLY_JUDGED
    assert "is used 2 times" in capsys.readouterr().err
    assert records["record_id"].is_unique
    assert len(records) == len(rows)


def test_a_unit_that_nobody_lists_is_told(folder, world, capsys):
    rows = rows_of(world)
    rows.loc[rows["unit_id"] == "U0003", "unit_id"] = "X"
    code, _, units = screened(folder, rows, "--units", str(folder / "u.csv"))
    assert code == ExitCode.PARTLY_JUDGED
    assert "unit X is not in the list of units" in capsys.readouterr().err
    assert "X" in units["unit_id"].tolist()


def test_a_previous_period_with_other_items_is_told(folder, world, capsys):
    before = world.previous.drop(columns=["A1", "A2", "B1"])
    before.to_csv(folder / "p.csv", index=False)
    code, _, units = screened(folder, rows_of(world), "--previous", str(folder / "p.csv"))
    assert "A1, A2, B1" in capsys.readouterr().err
    assert code == ExitCode.DONE
    assert nobody(units)
    world.previous.rename(columns=lambda name: f"then_{name}").to_csv(folder / "q.csv", index=False)
    rows_of(world).to_csv(folder / "r.csv", index=False)
    given = [str(folder / "r.csv"), "-i", str(folder / "t.toml"), "-o", str(folder / "out")]
    assert run(["screen", *given, "--previous", str(folder / "q.csv")]) == ExitCode.INPUT
    assert "q.csv" in capsys.readouterr().err
