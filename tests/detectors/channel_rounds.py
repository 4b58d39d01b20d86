"""Rounds whose digital records were tampered with, and what the channel's checks say of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from detectors.circumstances import Circumstances
from detectors.instrument import Instrument
from detectors.simulate.event_frauds import EVENT_FRAUDS
from detectors.simulate.events import circumstances_of
from detectors.simulate.round import SimulatedRound, simulate_round
from detectors.table import RecordTable, UnitTable

EVENTS = ["started_at", "submitted_at", "device", "account", "ip", "case_id", "assisted"]


def tampered(
    sim: SimulatedRound, frauds: Mapping[str, tuple[str, float]], seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Responses in which units have a share of their digital records tampered with, and which."""
    frame = sim.responses.copy()
    touched = np.zeros(len(frame), dtype=bool)
    rng = np.random.default_rng(seed)
    ratings = [item.id for item in sim.instrument.ratings]
    for unit, (kind, share) in frauds.items():
        own = np.flatnonzero((frame["unit_id"] == unit) & (frame["channel"] != "paper"))
        rows = np.sort(rng.permutation(own.size)[: max(1, round(share * own.size))])
        fraud = EVENT_FRAUDS[kind]
        events = fraud.apply(frame.loc[own, EVENTS].reset_index(drop=True), rows, unit, rng)
        frame.loc[own, EVENTS] = events.to_numpy(dtype=object)
        if fraud.answers != "own":
            value = 5 if fraud.answers == "best" else 1
            frame.loc[own[rows], ratings] = value
        touched[own[rows]] = True
    return frame, touched


def honest_round(seed: int, units: int = 40, records: int = 150) -> SimulatedRound:
    return simulate_round(
        seed, units, records_per_unit=records, equal_sizes=True, frauds={}, digital_share=0.5
    )


def tables(
    frame: pd.DataFrame, instrument: Instrument, circumstances: Circumstances | None = None
) -> UnitTable:
    return UnitTable(RecordTable.build(frame, instrument, None, circumstances))


def known(frame: pd.DataFrame) -> Circumstances:
    return circumstances_of(frame)
