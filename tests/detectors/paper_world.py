"""Rounds on paper with comments, collectors, corrections and cross-check items."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd

from detectors.circumstances import Circumstances
from detectors.instrument import Contradiction, Instrument, Item
from detectors.simulate.population import Population, survey_instrument
from detectors.simulate.round import SimulatedRound, simulate_round
from detectors.table import RecordTable, UnitTable

_SHORT = ("Không", "không có ý kiến", "Tốt", "Rất hài lòng", "hài lòng.")
_PARTS = (
    ("cán bộ", "công an xã", "bộ phận một cửa", "chiến sĩ", "đồng chí trực"),
    ("hướng dẫn", "tiếp đón", "giải quyết", "trả lời", "phục vụ"),
    ("nhiệt tình", "chu đáo", "nhanh chóng", "lịch sự", "chậm", "đúng hẹn"),
    ("về thủ tục cư trú", "về căn cước", "về đăng ký xe", "về hồ sơ trực tuyến", ""),
    (", cần thêm ghế ngồi", ", mong phát huy", ", mạng hay lỗi", ", cảm ơn", ""),
)


def form() -> Instrument:
    """The survey with the trips made (K1) and a declared contradiction."""
    survey = survey_instrument()
    trips = Item("K1", (1, 2, 3, ">3"), kind="category")
    rule = Contradiction({"K1": (">3",), "B2": (5,), "D3": (5,)}, {"vi": "đi lại nhiều lần"})
    return dataclasses.replace(survey, items=(*survey.items, trips), contradictions=(rule,))


def world(seed: int, units: int = 24, *, fives: float = 0.6, **options) -> SimulatedRound:
    """An honest round on paper, with comments and four collectors a unit."""
    people = Population(fives=fives, top_two=0.9 + 0.1 * fives, lowest_two=0.003)
    made = simulate_round(
        seed,
        units,
        **{"records_per_unit": 80, "frauds": {}, "digital_share": 0.0, "instrument": form()}
        | options,
        population=people,
    )
    chance = np.random.default_rng(seed)
    frame = made.responses.copy()
    frame["comment"] = comments(len(frame), chance)
    collectors = chance.integers(0, 4, len(frame))
    frame["collector"] = [f"{u}-C{c}" for u, c in zip(frame["unit_id"], collectors, strict=True)]
    return dataclasses.replace(made, responses=frame)


def comments(count: int, chance: np.random.Generator) -> np.ndarray:
    """A fifth of the forms has one, most of them a few usual words."""
    made = np.full(count, None, dtype=object)
    for i in np.flatnonzero(chance.random(count) < 0.2):
        parts = [part[chance.integers(len(part))] for part in _PARTS]
        short = _SHORT[chance.integers(len(_SHORT))]
        made[i] = short if chance.random() < 0.5 else " ".join(p for p in parts if p)
    return made


def corrections(frame: pd.DataFrame, seed: int, share: float = 0.1) -> pd.DataFrame:
    """Honest changes: some up, some down, most taken back as the form allows."""
    chance = np.random.default_rng(seed)
    rows = np.flatnonzero(chance.random(len(frame)) < share)
    found = []
    for row in rows:
        after = int(chance.integers(2, 5))
        before = after + int(chance.choice([-1, 1], p=[0.55, 0.45]))
        how = "cancelled" if chance.random() < 0.7 else "erased"
        found.append((frame["record_id"].iat[row], "B1", before, after, how))
    return pd.DataFrame(found, columns=["record_id", "item", "before", "after", "how"])


def run_of_copies(
    frame: pd.DataFrame, unit: str, count: int, chance: np.random.Generator
) -> np.ndarray:
    """One hand fills ``count`` forms in order of serial, each much like the one before."""
    items = [item.id for item in survey_instrument().ratings]
    rows = np.flatnonzero(frame["unit_id"] == unit)
    start = int(chance.integers(0, len(rows) - count + 1))
    block = rows[start : start + count]
    values = frame[items].to_numpy(dtype=object).copy()
    for before, row in itertools.pairwise(block):
        values[row] = values[before]
        for j in np.flatnonzero(chance.random(len(items)) < 0.1):
            values[row, j] = int(chance.choice([3, 4, 5], p=[0.1, 0.45, 0.45]))
    frame[items] = values
    return block


def records_of(made: SimulatedRound, frame: pd.DataFrame, **known) -> RecordTable:
    """The table as checks get it."""
    return RecordTable.build(frame, made.instrument, made.units, Circumstances(**known))


def units_of(made: SimulatedRound, frame: pd.DataFrame, **known) -> UnitTable:
    """The same, unit by unit."""
    return UnitTable(records_of(made, frame, **known), made.units)
