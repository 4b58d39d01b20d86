"""Stamps, sources and excuses: what digital records say, and what they cannot say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from detectors.circumstances import Circumstances
from detectors.records._events import events_of
from detectors.records._stamps import grain_of, read_stamps
from detectors.table import RecordTable
from tests.detectors.data import instrument

ZERO = np.zeros(1, dtype=np.intp)


def stamps(*texts, zone="Asia/Ho_Chi_Minh"):
    alone = np.arange(len(texts), dtype=np.intp)
    return read_stamps(pd.Series(list(texts), dtype=object), zone, alone, alone)


def build(rows: list[dict], circumstances: Circumstances | None = None) -> RecordTable:
    frame = pd.DataFrame(rows)
    frame.insert(0, "record_id", [f"r{i:03d}" for i in range(len(frame))])
    defaults = {"unit_id": "u", "channel": "vneid", "A": 5}
    frame = frame.assign(**{k: v for k, v in defaults.items() if k not in frame})
    return RecordTable.build(frame, instrument({"A": (1, 2, 3, 4, 5)}), None, circumstances)


def test_one_moment_written_in_four_ways():
    read = stamps(
        "2026-07-03T08:00:00",
        "2026-07-03T08:00:00+07:00",
        "2026-07-03T01:00:00Z",
        "2026-07-02T18:00:00-0700",
    )
    assert np.unique(read.moment).tolist() == [1_783_040_400.0]
    assert np.unique(read.clock).tolist() == [8 * 3600.0]
    assert np.unique(read.day).size == 1


def test_datetimes_with_and_without_zone_are_read_like_texts():
    naive = pd.Series(pd.to_datetime(["2026-07-03T08:00:00"]))
    for column in (naive, naive.dt.tz_localize("Asia/Ho_Chi_Minh")):
        read = read_stamps(column, "Asia/Ho_Chi_Minh", ZERO, ZERO)
        assert read.moment[0] == 1_783_040_400.0


def test_a_date_has_a_day_and_no_clock():
    read = stamps("2026-07-03", "2026-07-03T09:30", None, "soon")
    assert np.isnan(read.clock).tolist() == [True, False, True, True]
    assert np.isnan(read.day).tolist() == [False, False, True, True]
    assert read.day[0] == read.day[1]


def test_a_zone_with_summer_time_is_read_in_both_halves_of_the_year():
    read = stamps("2026-01-15T12:00:00", "2026-07-15T12:00:00", zone="Europe/Berlin")
    assert ((read.moment / 3600) % 24).tolist() == [11.0, 10.0]
    assert read.clock.tolist() == [12 * 3600.0] * 2


def test_one_stamp_for_half_of_a_unit_is_of_its_import():
    column = pd.Series(
        ["2026-10-01T17:00:00"] * 6 + [f"2026-07-0{d}T08:0{d}:00" for d in range(1, 6)]
    )
    read = read_stamps(column, "UTC", np.zeros(11, np.intp), np.zeros(11, np.intp))
    assert np.isnan(read.moment).tolist() == [True] * 6 + [False] * 5


def test_midnight_for_a_whole_channel_is_no_clock():
    column = pd.Series([f"2026-07-{d:02d}T00:00:00" for d in range(1, 21)])
    alone = np.arange(20, dtype=np.intp)
    read = read_stamps(column, "UTC", np.zeros(20, np.intp), alone)
    assert np.isnan(read.clock).all()
    assert np.isfinite(read.day).all()


def test_how_finely_moments_are_written_is_seen():
    whole = np.arange(100.0) * 61
    assert grain_of(np.floor(whole / 60) * 60) == 60.0
    assert grain_of(whole) == 1.0
    assert grain_of(whole + 0.123) == 0.001


def test_prefixes_join_neighbours_and_leave_hashes_alone():
    rows = [
        {"ip": text}
        for text in (
            "10.1.2.3",
            "10.1.2.77",
            "10.1.3.3",
            "2001:db8:1::5",
            "2001:db8:1:9::1",
            "9fa2e4",
            "9fa2e4",
        )
    ]
    table = build(rows)
    source = events_of(table).sources["ip"]
    own = {table.frame["ip"][i]: int(source.code[i]) for i in range(len(table))}
    assert own["10.1.2.3"] == own["10.1.2.77"] != own["10.1.3.3"]
    assert own["2001:db8:1::5"] == own["2001:db8:1:9::1"]
    assert len(set(own.values())) == 4
    # Evidence shows no part of an address: only a number, as long as no key has hashed it.
    assert [source.shown(code) for code in range(4)] == ["#1", "#2", "#3", "#4"]
    assert len(source.shown(0)) <= 8


def test_a_value_of_everybody_is_nobody():
    rows = [{"unit_id": f"u{i % 8}", "account": "guest" if i % 3 else f"a{i}"} for i in range(40)]
    table = build(rows)
    code = events_of(table).sources["account"].code
    guests = table.column("account") == "guest"
    assert (code[guests] == -1).all()
    assert (code[~guests] >= 0).all()


@pytest.mark.parametrize("yes", [True, "true", 1, 1.0, "có", "Yes"])
def test_assisted_is_read_as_people_write_it(yes):
    events = events_of(build([{"assisted": yes}, {"assisted": None}, {"assisted": "không"}]))
    assert sorted(events.excused.tolist()) == [False, False, True]


def test_service_days_and_kiosks_are_excused_where_they_were_announced():
    rows = [
        {"submitted_at": "2026-07-03T23:30:00Z", "unit_id": "u", "device": "d1"},  # the 4th there
        {"submitted_at": "2026-07-03T12:00:00", "unit_id": "u", "device": "d2"},
        {"submitted_at": "2026-07-04T12:00:00", "unit_id": "w", "device": "d3"},
        {"submitted_at": "2026-07-05T12:00:00", "unit_id": "w", "device": "kiosk"},
        {"submitted_at": "2026-07-06T12:00:00", "unit_id": "w", "device": "d5"},
    ]
    circumstances = Circumstances(
        shared=frozenset({"kiosk"}),
        assisted_days=frozenset({("u", dt.date(2026, 7, 4)), ("*", dt.date(2026, 7, 6))}),
    )
    table = build(rows, circumstances)
    excused = set(table.column("device")[events_of(table).excused])
    assert excused == {"d1", "kiosk", "d5"}


def test_saved_records_count_when_they_were_made_not_when_they_were_sent():
    rows = [
        {"started_at": f"2026-07-03T{8 + i:02d}:00:00", "submitted_at": f"2026-07-03T17:30:0{i}"}
        for i in range(5)
    ]
    events = events_of(build(rows))
    assert np.diff(np.sort(events.when)).tolist() == [3600.0] * 4


def test_a_start_after_the_end_and_a_start_on_sending_give_no_time_spent():
    late = [{"started_at": "2026-07-03T09:00:00", "submitted_at": "2026-07-03T08:00:00"}]
    assert np.isnan(events_of(build(late)).spent).all()
    rows = [
        {"started_at": f"2026-07-03T08:{i:02d}:00.0", "submitted_at": f"2026-07-03T08:{i:02d}:00.2"}
        for i in range(9)
    ]
    assert np.isnan(events_of(build(rows)).spent).all()
