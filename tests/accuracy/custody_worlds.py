"""Honest and tampered books of forms and lists of cases, kept by two hands that share no code.

Answers are those of the two generators of the lab; what is added is what a desk does with
its forms and what people do with the number of their case. The first hand loses forms one
by one and in families and has units that are far away; the second keeps pads of a different
size at every desk, sends forms with a weekly courier and books some scans on the day of
return. Shares are guesses on the generous side, drawn unit by unit: nothing is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.circumstances import Circumstances
from detectors.simulate.events import circumstances_of
from detectors.simulate.round import simulate_round
from tests.accuracy.second import GRADED, draw_units, honest_round, instrument
from tests.accuracy.worlds import WORLDS, Ground

__all__ = ["KINDS", "book_of"]

BATCHES = 3
FIRST_DAY = pd.Timestamp("2026-07-06")
CLOSED = ("2026-07-01", "2026-09-30")
LAY = 200  # days a batch lies longer for a strength of 1
PAD = 10  # forms of a pad that an honest desk never handed out
LOW_NOISE = 0.05

Rng = np.random.Generator
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Hand:
    """Who keeps the book: which forms are lost, and how many days batches lie."""

    lost: Callable[[int, Rng], Flags]
    days: Callable[[Rng], list[int]]


def _lost_in_families(forms: int, rng: Rng) -> Flags:
    """Lost one by one, or by a family of two to four."""
    lost = np.zeros(forms, dtype=bool)
    share, together = rng.beta(2.0, 40.0), rng.beta(1.0, 4.0)
    while lost.mean() < share:
        start = int(rng.integers(forms))
        lost[start : start + 1 + int(rng.random() < together) * int(rng.integers(1, 4))] = True
    return lost


def _lost_by_distance(forms: int, rng: Rng) -> Flags:
    """Gaps whose lengths are geometric, with a mean of the unit's own."""
    lost = np.zeros(forms, dtype=bool)
    share, alone = rng.uniform(0.01, 0.12), rng.uniform(0.5, 1.0)
    at = int(rng.geometric(max(share * alone, 0.005)))
    while at < forms:
        gap = int(rng.geometric(alone))
        lost[at : at + gap] = True
        at += gap + int(rng.geometric(max(share * alone, 0.005)))
    return lost


def _days_by_road(rng: Rng) -> list[int]:
    """Lognormal days, one unit in twenty far away."""
    usual = rng.normal(np.log(4.0), 0.5) + np.log(2.5) * (rng.random() < 0.05)
    return [int(np.round(np.exp(usual + rng.normal(0.0, 0.4)))) for _ in range(BATCHES)]


def _days_by_courier(rng: Rng) -> list[int]:
    """Until the weekly courier, at times until a later one; some books show no day between."""
    if rng.random() < 0.1:
        return [0] * BATCHES
    often = rng.uniform(0.6, 1.0)
    return [int(rng.integers(1, 8)) + 7 * (int(rng.geometric(often)) - 1) for _ in range(BATCHES)]


HANDS = {
    "own": _Hand(_lost_in_families, _days_by_road),
    "second": _Hand(_lost_by_distance, _days_by_courier),
}


def book_of(
    generator: str,
    world: str,
    seed: int,
    records: int,
    plans: Mapping[str, tuple[str, float]],
    units: int = 40,
) -> Ground:
    """A round with its book of forms and its list of cases.

    Args:
        generator: ``own`` or ``second``.
        world: Ceiling, a key of ``WORLDS``.
        seed: Of everything.
        records: Records that came in of each unit before anything was taken away.
        plans: Unit -> kind of ``KINDS`` that is done there, and how much: the share of the
            paper forms or of the digital ratings, or of :data:`LAY` days.
        units: How many.
    """
    rng = np.random.default_rng([seed, 6])
    make = _own_round if generator == "own" else _second_round
    ground, known = make(world, seed, records, units, rng)
    frame = ground.responses.assign(serial=None, batch=None)
    books = []
    hand = HANDS[generator]
    ratings = [item.id for item in ground.instrument.ratings]
    level = frame[ratings].apply(pd.to_numeric, errors="coerce").mean(axis=1)
    level = level.fillna(level.mean()) + rng.normal(0.0, LOW_NOISE, len(frame))
    taken = np.zeros(len(frame), dtype=bool)
    for unit, places in frame.groupby("unit_id", sort=True).indices.items():
        rows = np.asarray(places, dtype=np.intp)
        kind, strength = plans.get(str(unit), ("", 0.0))
        paper = rng.permutation(rows[(frame["channel"] == "paper").to_numpy()[rows]])
        if kind == "ratings without a case":
            online = rows[(frame["channel"] != "paper").to_numpy()[rows]]
            some = rng.permutation(online)[: max(1, round(strength * online.size))]
            names = np.array([f"none-{place}" for place in range(some.size)], dtype=object)
            names[rng.random(some.size) < 0.5] = None
            frame.loc[some, "case_id"] = names
        book, away = _batches(
            str(unit), paper, frame, hand, (kind, strength), level.to_numpy(), rng
        )
        taken[away] = True
        books.extend(book)
    kept = ~taken
    truth = ground.truth[kept].reset_index(drop=True)
    given = {**ground.given, "custody": pd.DataFrame(books), "period": CLOSED}
    given["circumstances"] = known
    return replace(ground, responses=frame[kept].reset_index(drop=True), truth=truth, given=given)


def _batches(
    unit: str,
    paper: NDArray[np.intp],
    frame: pd.DataFrame,
    hand: _Hand,
    plan: tuple[str, float],
    level: NDArray[np.float64],
    rng: Rng,
) -> tuple[list[dict[str, Any]], NDArray[np.intp]]:
    """Give the unit's paper records serials; its rows of the book, and what was taken away."""
    kind, strength = plan
    lost = hand.lost(2 * paper.size + 50, rng)
    back = np.flatnonzero(~lost)[: paper.size]
    forms = int(back[-1]) + 1 + int(rng.integers(0, 4))
    edges = np.linspace(0, forms, BATCHES + 1).astype(int)
    days = hand.days(rng)
    away = np.zeros(0, dtype=np.intp)
    count = round(strength * paper.size)
    if kind in {"low forms lost", "forms withheld after the count"}:
        away = paper[np.argsort(level[paper], kind="stable")[:count]]
    elif kind in {"pad taken out", "pad never handed out"}:
        # out of the middle of one batch: what lies at an end was perhaps never handed out
        k = int(rng.integers(BATCHES))
        mine = paper[(back >= edges[k]) & (back < edges[k + 1])]
        many = min(count if kind == "pad taken out" else PAD, 2 * mine.size // 3)
        start = int(rng.integers(3, mine.size - many - 3))
        away = mine[start : start + many]
    elif kind == "one batch lay":
        days[int(rng.integers(BATCHES))] += round(strength * LAY)
    # what was withheld after the count stands in the book as valid
    gone = set() if kind == "forms withheld after the count" else set(away.tolist())
    wrong = int(rng.integers(BATCHES)) if kind == "book does not add up" else -1
    rows = []
    for k, (low, high) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        name = f"{unit}-B{k + 1}"
        mine = (back >= low) & (back < high)
        frame.loc[paper[mine], "batch"] = name
        frame.loc[paper[mine], "serial"] = [f"{unit}-{n + 1:06d}" for n in back[mine].tolist()]
        came = sum(row not in gone for row in paper[mine].tolist())
        issued_at = FIRST_DAY + pd.Timedelta(days=20 * k + int(rng.integers(0, 5)))
        returned_at = issued_at + pd.Timedelta(days=int(rng.integers(14, 22)))
        rows.append(
            {
                "unit_id": unit,
                "batch": name,
                "serial_from": f"{unit}-{low + 1:06d}",
                "serial_to": f"{unit}-{high:06d}",
                "issued": high - low,
                "returned": came,
                "valid": came,
                "invalid": 0,
                "lost": high - low - came - (k == wrong) * max(1, count // 10),
                "outstanding": 0,
                "spoilt": 0,
                "issued_at": issued_at.date().isoformat(),
                "returned_at": returned_at.date().isoformat(),
                "scanned_at": (returned_at + pd.Timedelta(days=days[k])).date().isoformat(),
                "handler": f"officer {unit}",
            }
        )
    return rows, away


def _own_round(
    world: str, seed: int, records: int, units: int, rng: Rng
) -> tuple[Ground, Circumstances]:
    """Events of ``detectors.simulate``: cases mistyped, named twice, rated early."""
    made = simulate_round(
        seed,
        units,
        records_per_unit=records,
        equal_sizes=True,
        population=WORLDS[world],
        frauds={},
        digital_share=0.3,
        before=False,
    )
    known = circumstances_of(made.responses)
    cases = known.transactions
    assert cases is not None
    taken = cases["finished_at"] - pd.to_timedelta(rng.geometric(0.15, len(cases)), unit="D")
    known = replace(known, transactions=cases.assign(received_at=taken))
    given = {"units": made.units}
    return Ground(made.responses, made.instrument, made.truth.records, given), known


def _second_round(
    world: str, seed: int, records: int, units: int, rng: Rng
) -> tuple[Ground, Circumstances]:
    """Cases of a portal: typed by hand, sent twice on a bad line, passed on to another unit."""
    frame = honest_round(GRADED[world], records, draw_units(GRADED[world], units, rng), rng,
                         digital=0.3)  # fmt: skip
    online = np.flatnonzero((frame["channel"] != "paper").to_numpy())
    unit = frame["unit_id"].to_numpy(dtype=object)
    names = np.unique(unit.astype(str))
    n = len(frame)
    received = FIRST_DAY + pd.to_timedelta(rng.uniform(0.0, 60.0, n), unit="D")
    rated = received + pd.to_timedelta(np.minimum(rng.exponential(6.0, n), 20.0) + 0.02, unit="D")
    # a day of receipt that was booked when the clerk came to it
    late = rng.random(n) < 0.01
    received = received + pd.to_timedelta(np.where(late, rng.integers(1, 15, n), 0), unit="D")
    case = np.array([f"C-{number:07d}" for number in rng.permutation(10 * n)[:n]], dtype=object)
    owner = np.where(rng.random(n) < 0.01, rng.choice(names, n), unit)
    cases = pd.DataFrame({"case_id": case, "unit_id": owner, "received_at": received})
    slips = dict(zip(names, rng.beta(1.0, 40.0, names.size), strict=True))
    typed = rng.random(n) < np.array([slips[str(name)] for name in unit])
    named = case.copy()
    named[typed] = [f"{name}x" for name in case[typed]]
    account = np.array([f"p{number:07d}" for number in rng.permutation(n)], dtype=object)
    frame = frame.assign(case_id=None, account=None, submitted_at=None)
    for column, values in (
        ("case_id", named), ("account", account),
        ("submitted_at", rated.strftime("%Y-%m-%dT%H:%M:%S").to_numpy(dtype=object)),
    ):  # fmt: skip
        frame.loc[online, column] = values[online]
    again = frame.iloc[online[rng.random(online.size) < 0.01]]
    again = again.assign(record_id=[f"{name}-2" for name in again["record_id"]])
    frame = pd.concat([frame, again], ignore_index=True)
    truth = frame[["record_id", "unit_id"]].assign(fraud="", copied_from="")
    return Ground(frame, instrument(), truth), Circumstances(transactions=cases)


# Kind -> the check that is made for it.
KINDS: Mapping[str, str] = {
    "low forms lost": "custody.selective_loss",
    "pad taken out": "custody.serial_gaps",
    "one batch lay": "custody.delay",
    "ratings without a case": "channel.case_share",
    "pad never handed out": "custody.serial_gaps",
    "forms withheld after the count": "custody.balance",
    "book does not add up": "custody.balance",
}
