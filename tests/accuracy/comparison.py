"""Section: the screen against the rules in use, at equal false-discovery proportion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from detectors.unit_result import FEWEST_RECORDS
from tests.accuracy.cells import Cell, Result
from tests.accuracy.measures import Measure, share, threshold_at_fdp
from tests.accuracy.section import Section, chosen, matrix

__all__ = ["compared"]

NOMINAL = 0.05
UNSCORED = -1e8
GROUPS = (
    ("own", "simulated, own"),
    ("second", "simulated, second"),
    ("third", "simulated, third (another survey every round)"),
    ("fourth", "simulated, fourth (units differ by habit)"),
    ("pool", "real pools"),
)


def compared(results: Mapping[Cell, Result]) -> Section:
    """Recall of screen and peers by fraud kind, for records and units."""
    rows: list[Measure] = []
    intro = (
        "Each peer gets the threshold that serves it best: on every ground the lowest at which "
        "its mean false-discovery proportion stays within the larger of 5 % and the screen's own "
        "(over the grounds of the table), chosen knowing the truth. *as it comes* is its usual "
        "setting: its false-discovery proportion and the share of honest subjects it flags. Bold: "
        "the screen finds more than every peer. Units of fewer than 20 records, which the screen "
        "does not test, stay out.\n"
    )
    body = [intro]
    for level in ("units", "records"):
        for origin, title in GROUPS:
            found = [
                (c, r)
                for c, r in chosen(results, "fraud")
                if "peers" in r
                and c.ground.startswith(origin)
                and (level == "records" or c.records >= FEWEST_RECORDS)
            ]
            if found:
                text, measured = _table(found, level, origin)
                body.append(f"{level.capitalize()}, {title}:\n\n{text}")
                rows += measured
    return Section("Response tables: against the rules in use", "\n".join(body), rows)


def _table(found: list[tuple[Cell, Result]], level: str, origin: str) -> tuple[str, list[Measure]]:
    kinds = sorted({row[0] for _, r in found for row in r["units"]["rows"]})
    peers = [p["name"] for p in found[0][1]["peers"][level]]
    counts = {name: {kind: [0, 0] for kind in kinds} for name in ("survey-audit", *peers)}
    comes: dict[str, list[str]] = {}
    own_fdp = float(np.mean([r[level]["fdp"]["flagged"] for _, r in found]))
    for ground in sorted({c.ground for c, _ in found}):
        mine = [r for c, r in found if c.ground == ground]
        for result in mine:
            _add_own(counts["survey-audit"], result, level)
        for name in peers:
            _add_peer(counts[name], _opinions(mine, level, name), max(NOMINAL, own_fdp))
    comes["survey-audit"] = [f"{own_fdp:.3f}", _own_honest(found, level)]
    for name in peers:
        comes[name] = _as_it_comes(_opinions([r for _, r in found], level, name))
    rows, table = [], {}
    for name, of_kind in counts.items():
        fields = []
        for kind in kinds:
            hits, n = of_kind[kind]
            row = share(f"{origin}.{level}.equal_fdp.{name}.{kind}", hits, n)
            rows.append(row)
            best = max(counts[p][kind][0] / max(1, counts[p][kind][1]) for p in peers)
            text = f"{row['value']:.2f}" if n else "–"
            fields.append(f"**{text}**" if name == "survey-audit" and row["value"] > best else text)
        table[name] = [*fields, *comes[name]]
    heads = [*kinds, "as it comes: FDP", "honest flagged"]
    return matrix("rule", heads, table), rows


def _opinions(results: list[Result], level: str, name: str) -> list[dict[str, Any]]:
    return [o for r in results for o in r["peers"][level] if o["name"] == name]


def _add_own(counts: dict[str, list[int]], result: Result, level: str) -> None:
    if level == "units":
        for kind, _, _, _, flagged in result["units"]["rows"]:
            counts[kind][0] += bool(flagged)
            counts[kind][1] += 1
        return
    for kind, _, flagged, n in result["records"]["by_kind"]:
        counts[kind][0] += flagged
        counts[kind][1] += n


def _add_peer(counts: dict[str, list[int]], opinions: list[dict[str, Any]], budget: float) -> None:
    rounds = [
        (_scores([s for _, s in opinion["fraud"]]), _scores(opinion["honest"]))
        for opinion in opinions
    ]
    threshold = threshold_at_fdp(rounds, budget) if rounds else float("inf")
    for opinion in opinions:
        for kind, score in opinion["fraud"]:
            counts[kind][0] += score >= threshold
            counts[kind][1] += 1


def _scores(values: list[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    scores = np.asarray(values, dtype=np.float64)
    return np.where(scores <= UNSCORED, -np.inf, scores)


def _as_it_comes(opinions: list[dict[str, Any]]) -> list[str]:
    rules = [o["default"] for o in opinions if o["default"] is not None]
    if not rules:
        return ["no rule", "–"]
    fdp = [
        r["honest"] / max(1, r["honest"] + sum(flagged for _, flagged in r["fraud"])) for r in rules
    ]
    flagged = sum(r["honest"] for r in rules) / max(1, sum(r["n"] for r in rules))
    return [f"{np.mean(fdp):.3f}", f"{flagged:.3f}"]


def _own_honest(found: list[tuple[Cell, Result]], level: str) -> str:
    flagged = sum(r[level]["flagged"] for _, r in found)
    return f"{flagged / max(1, sum(r[level]['n'] for _, r in found)):.4f}"
