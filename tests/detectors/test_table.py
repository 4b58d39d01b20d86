"""Order and strata of a record table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detectors.table import RecordTable
from tests.detectors.data import instrument

FORM = instrument({"A": (1, 2, 3), "B": (1, 2, 3)})


def rows(n: int, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    frame = pd.DataFrame({"record_id": [f"r{i}" for i in range(n)], **columns})
    frame["A"], frame["B"] = rng.integers(1, 4, n), rng.integers(1, 4, n)
    return frame


def test_the_order_is_that_of_the_content():
    frame = rows(300, unit_id=[f"u{i % 7}" for i in range(300)])
    frame.loc[:40, "record_id"] = "same"
    frame["record_id"] = frame["record_id"].astype(object)
    frame.loc[41:60, "record_id"] = 5
    table = RecordTable.build(frame, FORM)
    mixed = RecordTable.build(frame.sample(frac=1, random_state=1), FORM)
    pd.testing.assert_frame_equal(table.frame, mixed.frame)
    np.testing.assert_array_equal(table.codes, mixed.codes)
    assert (np.diff(table.unit) >= 0).all()
    given = np.argsort(table.source_row)
    assert table.frame["record_id"].iloc[given].tolist() == frame["record_id"].tolist()


def test_numbers_texts_and_blanks_give_the_same_positions():
    frame = rows(6, unit_id="u")
    frame["A"] = [1, 2, 3, 9, -1, 2]
    frame["B"] = [1.0, np.nan, 3.0, 2.5, np.inf, 2.0]
    plain = RecordTable.build(frame, FORM)
    texts = frame.assign(A=frame["A"].astype(str), B=frame["B"].astype(object))
    np.testing.assert_array_equal(plain.codes, RecordTable.build(texts, FORM).codes)
    given = plain.codes[np.argsort(plain.source_row)]
    np.testing.assert_array_equal(given[:, 0], [1, 2, 3, 0, 0, 2])
    np.testing.assert_array_equal(given[:, 1], [1, 0, 3, 0, 0, 2])
    assert np.isnan(plain.answers).sum() == 5


def test_strata_are_mode_group_version_and_round():
    n = 2400
    unit = [f"u{i % 12:02d}" for i in range(n)]
    units = pd.DataFrame({"unit_id": sorted(set(unit)), "group": ["X"] * 6 + ["Y"] * 6})
    frame = rows(n, unit_id=unit, channel=np.where(np.arange(n) % 24 < 12, "paper", "vneid"))
    names = RecordTable.build(frame, FORM, units).stratum_names
    assert names == ("digital|X", "digital|Y", "paper|X", "paper|Y")
    frame["instrument_version"] = np.where(np.arange(n) // 24 % 2, "1", "2")
    table = RecordTable.build(frame, FORM, units)
    assert len(table.stratum_names) == 8
    assert "paper|X|1|" in table.stratum_names


def test_a_small_stratum_joins_its_parent():
    n = 1000
    unit = np.array([f"u{i % 10}" for i in range(n)])
    units = pd.DataFrame({"unit_id": sorted(set(unit)), "group": ["X"] * 8 + ["Y"] * 2})
    frame = rows(n, unit_id=unit, channel="paper")
    table = RecordTable.build(frame, FORM, units)
    assert table.stratum_names == ("paper|X", "paper|")  # two units are no peers of their own
    frame["instrument_version"] = np.where(np.arange(n) < 950, "1", "2")
    names = RecordTable.build(frame, FORM, units).stratum_names
    assert set(names) == {"paper|X|1|", "paper|"}


def test_an_empty_table_has_no_units():
    table = RecordTable.build(rows(0, unit_id=[]), FORM)
    assert len(table) == 0
    assert table.unit_ids == ()


def test_one_id_is_what_stands_among_all():
    frame = rows(30, unit_id=[f"u{i % 3}" for i in range(30)])
    frame["record_id"] = [*range(10), *(float(i) for i in range(10, 29)), None]
    table = RecordTable.build(frame, FORM)
    assert [table.record_id(row) for row in range(30)] == table.record_ids.tolist()
