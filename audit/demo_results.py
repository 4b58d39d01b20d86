"""What results are held against in the demo round, from its simulator: made up like all of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from detectors.instrument import Instrument
    from detectors.simulate.round import SimulatedRound

__all__ = ["write_results"]

_YEAR = 2026
_SOURCE = "Báo cáo giả lập"
_MERGED = "U0013"
"""A unit of the year before; the last unit of this round took it over."""

_FIELDS = (
    # name, points of its criteria; the last criterion of the last field is the survey's
    ("Chỉ đạo điều hành", (4.0, 4.5)),
    ("Cải cách thể chế", (6.0, 4.0)),
    ("Cải cách thủ tục hành chính", (7.0, 7.0)),
    ("Cải cách tổ chức bộ máy", (5.0, 5.0)),
    ("Cải cách chế độ công vụ", (6.0, 6.0)),
    ("Cải cách tài chính công", (5.0, 5.0)),
    ("Xây dựng chính quyền số", (8.0, 7.5)),
    ("Tác động của cải cách hành chính", (10.0, 10.0)),
)
_ADDED_WRONGLY = "U0008"


def write_results(folder: Path, made: SimulatedRound) -> None:
    """Write published figures, the year before, lineage, index, targets, actions, complaints."""
    now = _shares(made.responses, made.instrument)
    before = _shares(made.previous, made.instrument)
    units = list(now)
    touched = made.truth.units.set_index("unit_id")["share"] > 0
    _published(folder, [unit for unit in units[3:] if not touched[unit]], now)
    _previous(folder, units, before)
    _table(
        folder / "lineage.csv",
        ("predecessor", "successor", "kind", "day", "source"),
        ((old, units[-1], "merged", "2026-01-01", _SOURCE) for old in (units[-1], _MERGED)),
    )
    _targets(folder, units)
    _complaints(folder, made, now)
    _index(folder / "index" / f"{_YEAR}.xlsx", units, now)


def _shares(frame: pd.DataFrame, instrument: Instrument) -> dict[str, tuple[int, int, int]]:
    """Unit -> satisfied answers, answers, records."""
    from detectors.table_coding import positions

    found: dict[str, tuple[int, int, int]] = {}
    for unit, rows in frame.groupby("unit_id"):
        good = given = 0
        for item in instrument.ratings:
            place = positions(rows[item.id], item)
            good += int((place > len(item.scale) - 2).sum())
            given += int((place >= 0).sum())
        found[str(unit)] = (good, given, len(rows))
    return found


def _percent(share: tuple[int, int, int], rounding: str = ROUND_HALF_UP) -> Decimal:
    exact = Decimal(100 * share[0]) / share[1]
    return exact.quantize(Decimal("0.01"), rounding)


def _published(folder: Path, units: Sequence[str], now: dict[str, tuple[int, int, int]]) -> None:
    """Figures of honest units without scans: one cut off, one wrong, the others right."""
    rows: list[tuple[Any, ...]] = []
    cut = next(u for u in units if _percent(now[u]) != _percent(now[u], ROUND_DOWN))
    wrong = min((u for u in units if u != cut), key=lambda u: _percent(now[u]))
    for unit in units:
        value = _percent(now[unit], ROUND_DOWN if unit == cut else ROUND_HALF_UP)
        if unit == wrong:
            value += Decimal("1.37")
        rows.append((unit, f"{value}%".replace(".", ","), _SOURCE))
    _table(folder / "published.csv", ("unit_id", "value", "source"), rows)


def _previous(folder: Path, units: Sequence[str], before: dict[str, tuple[int, int, int]]) -> None:
    path = folder / "previous" / "results.csv"
    path.parent.mkdir(exist_ok=True)
    last = before[units[-1]]
    every = before | {_MERGED: (last[0] - last[1] // 20, last[1], last[2])}
    order = sorted(every, key=lambda unit: -every[unit][0] / every[unit][1])
    rows = [
        (unit, f"{_percent(every[unit])}%", every[unit][2], f"{place}/{len(order)}")
        for place, unit in enumerate(order, start=1)
    ]
    header = ("unit_id", "value", "n", "rank", "period", "period_to")
    ended = (str(_YEAR - 1), f"{_YEAR - 1}-09-30")
    _table(path, header, ((*row, *ended) for row in rows))


def _targets(folder: Path, units: Sequence[str]) -> None:
    plan = "Kế hoạch giả lập"
    goals = (
        ("*", "overall", ">=", "85%", "", f"{_YEAR}-12-31", plan),
        ("*", "response_rate", ">=", "20%", "", f"{_YEAR}-12-31", plan),
        (units[3], "Hồ sơ trực tuyến", ">=", "80%", "76,4%", f"{_YEAR}-12-31", plan),
    )
    header = ("unit_id", "indicator", "operator", "value", "actual", "due", "source")
    _table(folder / "targets.csv", header, goals)
    actions = (
        ("HK-01", units[0], "Bố trí thêm ghế chờ", "Đội 1", f"{_YEAR}-06-30", f"{_YEAR}-06-12"),
        ("HK-02", units[1], "Niêm yết lại thủ tục", "Đội 2", f"{_YEAR}-06-30", f"{_YEAR}-08-01"),
        ("HK-03", units[3], "Hậu kiểm 30 phiếu", "Đội 2", f"{_YEAR}-09-15", ""),
    )
    columns = ("action_id", "unit_id", "text", "office", "due", "done")
    _table(folder / "actions.csv", columns, actions)


def _complaints(folder: Path, made: SimulatedRound, now: dict[str, tuple[int, int, int]]) -> None:
    """Complaints follow what people were not satisfied with, but for the best unit."""
    best = max(now, key=lambda unit: now[unit][0] / now[unit][1])
    rows = []
    for unit, served in zip(made.units["unit_id"], made.units["served"], strict=True):
        good, given, _ = now[unit]
        number = round(served * (1 - good / given) / 2)
        rows.append((unit, number + 9 if unit == best else number))
    _table(folder / "complaints.csv", ("unit_id", "complaints"), rows)


def _index(path: Path, units: Sequence[str], now: dict[str, tuple[int, int, int]]) -> None:
    import numpy as np
    from openpyxl import Workbook

    chance = np.random.default_rng(_YEAR)
    fields, criteria, scores, totals = [], [], [], []
    for number, (name, points) in enumerate(_FIELDS, start=1):
        fields.append((str(number), name, sum(points)))
        criteria += [
            (f"{number}.{k}", str(number), f"{name}, tiêu chí {k}", most,
             "có" if (number, k) == (len(_FIELDS), len(points)) else None)
            for k, most in enumerate(points, start=1)
        ]  # fmt: skip
    for unit in units:
        total = 0.0
        good, given, _ = now[unit]
        for name, _, _, most, survey in criteria:
            share = good / given if survey else float(chance.beta(18, 3))
            appraised = round(most * share * 4) / 4
            own = appraised if survey else min(most, appraised + 0.25 * chance.integers(0, 3))
            scores.append((unit, _YEAR, name, own, appraised))
            total += appraised
        totals.append((unit, _YEAR, None, total + (1.5 if unit == _ADDED_WRONGLY else 0.0)))
    sheets: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "Lĩnh vực": (("Lĩnh vực", "Tên lĩnh vực", "Điểm tối đa"), fields),
        "Tiêu chí": (
            ("Tiêu chí", "Lĩnh vực", "Nội dung", "Điểm tối đa", "Điều tra xã hội học"),
            criteria,
        ),
        "Điểm": (("Mã đơn vị", "Năm", "Tiêu chí", "Tự đánh giá", "Điểm thẩm định"), scores),
        "Tổng hợp": (("Mã đơn vị", "Năm", "Lĩnh vực", "Điểm thẩm định"), totals),
    }
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, (header, rows) in sheets.items():
        sheet = book.create_sheet(title)
        for row in (header, *rows):
            sheet.append(list(row))
    path.parent.mkdir(exist_ok=True)
    book.save(path)


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
