"""Results, factors, peers and custody of one unit as view objects."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from audit.intake.custody_book import COUNTS, MORE_COUNTS
from audit.reporting.data import RoundData, Row
from audit.reporting.names import factor_name
from audit.scoring.dispersion import between_units
from reports.views import (
    MINIMUM_CELL,
    CustodyRow,
    FactorResult,
    PeerGroup,
    PeerPoint,
    Result,
    Standing,
    UnitIdentity,
    suppress,
)

__all__ = [
    "custody_rows",
    "factor_results",
    "identity",
    "interval_of",
    "peer_group",
    "result",
    "round_factors",
    "safe_total",
    "share",
    "spread_of",
    "total_score",
]

NOT_READ = frozenset({"page_unreadable", "page_not_checked", "page_not_judged", "page_missing"})


def share(row: Row | None, version: str) -> float | None:
    """A stored share; ``None`` without answers."""
    if row is None or not row[f"answers_{version}"]:
        return None
    return float(row[f"satisfied_{version}"] / row[f"answers_{version}"])


def interval_of(score: Row | None) -> tuple[float, float] | None:
    """The stored 95 % interval over effective answers.

    Forms are no independent answers, so that counting them would promise too much or too
    little; a sum of units has no such interval.
    """
    firm = None if score is None else score.get("firmness")
    if not firm or firm["interval"] is None:
        return None
    return float(firm["interval"][0]), float(firm["interval"][1])


def identity(data: RoundData, unit_id: str) -> UnitIdentity:
    """The unit in the version that is valid on the last day of the round."""
    row = data.units.get(unit_id)
    if row is None:
        return UnitIdentity(unit_id, unit_id)
    parent = _text(row["parent_id"])
    handles = row["handles_procedures"]
    return UnitIdentity(
        id=unit_id,
        name=_text(row["name"]) or unit_id,
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        group=_text(row["group"]),
        level=_text(row["level"]),
        parent=_text(data.units[parent]["name"]) if parent and parent in data.units else parent,
        handles_procedures=None if pd.isna(handles) else bool(handles),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _day(value: Any) -> Any:
    return None if pd.isna(value) else value.date()


def result(data: RoundData, records: Sequence[Row], score: Row | None) -> Result:
    """The published numbers of one unit, or of a sum of units without tier and rank."""
    states = [row["state"] for row in records]
    unread = sum(row["state"] == "held" and bool(NOT_READ & set(row["reasons"])) for row in records)
    return Result(
        received=len(records),
        scored=states.count("scored"),
        held=states.count("held") - unread,
        not_judged=unread,
        excluded=states.count("excluded"),
        rank_range=_rank_range(score),
        ranked_units=None if score is None else score.get("ranked_units"),
        tier_firm=None if score is None else score.get("tier_firm"),
        interval=interval_of(score),
        as_received=_standing(data, score, "as_received"),
        after_review=_standing(data, score, "after_review"),
        bound_low=_standing(data, score, "bound_low"),
        bound_high=_standing(data, score, "bound_high"),
    )


def _rank_range(score: Row | None) -> tuple[int, int] | None:
    if score is None or score.get("rank_best") is None or score.get("rank_worst") is None:
        return None
    return int(score["rank_best"]), int(score["rank_worst"])


def _standing(data: RoundData, score: Row | None, version: str) -> Standing:
    if score is None:
        return Standing()
    tier = data.rules.tier_named(score.get(f"tier_{version}"))
    rank = score.get(f"rank_{version}")
    return Standing(share(score, version), None if tier is None else tier.name, rank)


def total_score(scores: Sequence[Row]) -> dict[str, Any]:
    """Overall scores of several units as one, without tier and rank."""
    names = [
        f"{part}_{version}"
        for part in ("satisfied", "answers")
        for version in ("as_received", "after_review", "bound_low", "bound_high")
    ]
    return {name: sum(row[name] for row in scores) for name in (*names, "records_counted")}


def safe_total(scores: Sequence[Row]) -> tuple[list[Row], int]:
    """Scores that may be added up beside the single ones, and how many are left out.

    Units below the minimal cell are withheld. Where together they are few too, the total less
    what is shown would tell of them, so that they stay out of the total.
    """
    small = [row for row in scores if suppress(row["records_counted"])]
    few = sum(int(row["records_counted"]) for row in small)
    if not 0 < few < MINIMUM_CELL:
        return list(scores), 0
    left = [row for row in small if row["records_counted"]]
    return [row for row in scores if row not in left], len(left)


def _peers(data: RoundData, unit_id: str) -> list[str]:
    group = data.units[unit_id]["group"] if unit_id in data.units else None
    if not isinstance(group, str):
        return []
    return [unit for unit, row in data.units.items() if row["group"] == group]


def _shown(
    data: RoundData, units: Sequence[str], about: tuple[str, str]
) -> list[tuple[int, float]]:
    """Records and value of those units whose value may be shown."""
    found = []
    for unit in units:
        row = data.scores.get(unit, {}).get(about)
        value = share(row, "after_review")
        if row is not None and value is not None and not suppress(row["records_counted"]):
            found.append((int(row["records_counted"]), value))
    return found


def factor_results(data: RoundData, unit_id: str) -> tuple[FactorResult, ...] | None:
    """Factors against the peer group; ``None`` if the instrument has none."""
    if not data.instrument.factors:
        return None
    peers = _peers(data, unit_id)
    results = []
    for factor in data.instrument.factors:
        row = data.scores.get(unit_id, {}).get(("factor", factor))
        value = share(row, "after_review")
        n = 0 if row is None else int(row["records_counted"])
        low, high = interval_of(row) or (None, None)
        others = [v for _, v in _shown(data, peers, ("factor", factor))]
        results.append(
            FactorResult(
                id=factor,
                title=factor_name(data.instrument, factor),
                n=n,
                value=value,
                low=low,
                high=high,
                peer_median=statistics.median(others) if others else None,
                peer_units=len(others),
            )
        )
    return tuple(results)


def round_factors(data: RoundData) -> tuple[FactorResult, ...]:
    """Factors over all units, each with the median of the units that may be shown."""
    results = []
    for factor in data.instrument.factors:
        rows, _ = safe_total(
            [s["factor", factor] for s in data.scores.values() if ("factor", factor) in s]
        )
        n = sum(int(row["records_counted"]) for row in rows)
        value = share(total_score(rows), "after_review") if rows else None
        shown = [v for _, v in _shown(data, list(data.units), ("factor", factor))]
        results.append(
            FactorResult(
                id=factor,
                title=factor_name(data.instrument, factor),
                n=n,
                value=value,
                low=None,
                high=None,
                peer_median=statistics.median(shown) if shown else None,
                peer_units=len(shown),
            )
        )
    return tuple(results)


def peer_group(data: RoundData, unit_id: str) -> PeerGroup | None:
    """The peer group; ``None`` where the unit has none."""
    peers = _peers(data, unit_id)
    if not peers:
        return None
    shown = _shown(data, peers, ("overall", ""))
    rows, _ = safe_total(
        [data.scores[u]["overall", ""] for u in peers if ("overall", "") in data.scores.get(u, {})]
    )
    pooled = share(total_score(rows), "after_review") if rows and shown else None
    return PeerGroup(
        name=str(data.units[unit_id]["group"]),
        units=len(peers),
        median=statistics.median(v for _, v in shown) if shown else None,
        pooled=pooled,
        points=tuple(PeerPoint(n, value) for n, value in shown),
        rho=spread_of(shown, pooled),
    )


def spread_of(shown: Sequence[tuple[int, float]], pooled: float | None) -> float | None:
    """The spread between units beyond chance, of the records and values that are shown."""
    if pooled is None:
        return None
    return between_units([value for _, value in shown], [n for n, _ in shown], pooled)


def custody_rows(data: RoundData, unit_id: str) -> tuple[CustodyRow, ...] | None:
    """Batches of the unit; ``None`` without a custody table."""
    if data.batches is None:
        return None
    return tuple(_batch(data, unit_id, row) for row in data.batches.get(unit_id, ()))


def _batch(data: RoundData, unit_id: str, row: Mapping[str, Any]) -> CustodyRow:
    counts: dict[str, Any] = {
        name: None if pd.isna(row[name]) else int(row[name]) for name in (*COUNTS, *MORE_COUNTS)
    }
    low, high = _text(row["serial_from"]), _text(row["serial_to"])
    return CustodyRow(
        batch=_text(row["batch"]) or "–",
        serials=f"{low} – {high}" if low and high else None,
        scanned=data.batch_forms.get((unit_id, _text(row["batch"])), 0) if data.pages else None,
        scanned_at=None if pd.isna(row["scanned_at"]) else row["scanned_at"],
        invalid_reasons=_text(row["invalid_reasons"]) or None,
        **counts,
    )
