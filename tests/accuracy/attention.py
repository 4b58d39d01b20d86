"""Section: careless answering with real labels, failed attention checks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.instrument import Instrument
from detectors.screening import screen
from tests.accuracy.measures import Measure, area, area_interval, value_of
from tests.accuracy.section import Section, cell_of, matrix
from tests.detectors.data import DATA, pool, table

__all__ = ["attention"]

FILE = "attention/responses.csv"
FAILED = 2
SEEDS = 3
PAGES = {
    "rt_gad7": ("gad7",),
    "rt_7u7d": ("7u", "7d"),
    "rt_bisbas": ("bis", "bas"),
    "rt_shaps": ("shaps",),
    "rt_pswq": ("pswq",),
}
_START = pd.Timestamp("2026-09-01T08:00:00+07:00")


def attention() -> Section:
    """Area under the curve of the record's p-value for two failed checks."""
    title = "Response tables: attention data"
    if not (DATA / "tables" / FILE).is_file():
        return Section(title, "Not measured: the table is not here (SURVEY_AUDIT_DATA).\n")
    answers, plain = pool(FILE)
    raw = table(FILE)
    positive = (raw["failed_checks"] >= FAILED).to_numpy()
    rows: list[Measure] = []
    fields: dict[str, list[str]] = {}
    for name, instrument, times in (
        ("answers alone", plain, False),
        ("scales named as factors", with_factors(plain), False),
        ("factors and times", with_factors(plain), True),
    ):
        suspicion = _suspicion(answers, instrument, raw if times else None)
        low, high = area_interval(suspicion, positive, np.random.default_rng(6))
        target = "" if times else ">= 0.95"
        row = value_of(
            f"attention.area.{name}",
            area(suspicion, positive),
            low,
            high,
            len(positive),
            target,
        )
        rows.append(row)
        fields[name] = [cell_of(row)]
    body = (
        f"{len(positive)} people, {int(positive.sum())} of whom failed two or more of four "
        "attention checks. Area under the curve of the order by `p_value` (ties half, mean rank "
        f"over {SEEDS} seeds; 95 % bootstrap limits); target .95, best peer .93 (HBOS), then .91 "
        "(IForest), .90 (ECOD), .88 (Mahalanobis, person-total, psychometric synonyms).\n\n"
        + matrix("what the screen is given", ["area under the curve"], fields)
    )
    return Section(title, body, rows)


def with_factors(instrument: Instrument) -> Instrument:
    """The questionnaire with the scale of each item, told by its name, as its factor."""
    items = tuple(
        replace(item, factor=item.id.split("_")[0]) if item.is_rating else item
        for item in instrument.items
    )
    return replace(instrument, items=items)


def _suspicion(
    answers: pd.DataFrame, instrument: Instrument, times: pd.DataFrame | None
) -> NDArray[np.float64]:
    """Minus the mean rank of the p-value over seeds of the screen."""
    frame = answers.copy()
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(len(frame))])
    frame.insert(1, "channel", "online" if times is not None else "paper")
    if times is not None:
        spent = _seconds(times)
        starts = _START + pd.to_timedelta(np.arange(len(frame)) * 600, unit="s")
        frame["started_at"] = [s.isoformat() for s in starts]
        ends = starts + pd.to_timedelta(spent, unit="s")
        frame["submitted_at"] = [e.isoformat(timespec="milliseconds") for e in ends]
    ranks = []
    for seed in range(SEEDS):
        found = screen(frame, instrument, seed=seed).records
        p = pd.Series(found["p_value"].to_numpy(dtype=np.float64)).fillna(1.0)
        ranks.append(p.rank().to_numpy())
    mean: NDArray[np.float64] = -np.mean(ranks, axis=0)
    return mean


def _seconds(raw: pd.DataFrame) -> NDArray[np.float64]:
    """Seconds spent on the form, from the seconds an item of each page (``rt_gad7`` …)."""
    total = np.zeros(len(raw))
    for page, scales in PAGES.items():
        items = sum(c.startswith(tuple(f"{s}_q" for s in scales)) for c in raw.columns)
        total += raw[page].fillna(raw[page].median()).to_numpy() * items
    return total
