"""Parts of an index sheet that are out of line with the peer group. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from audit.scoring.index import IndexBook, UnitIndex
from audit.scoring.rules import INDEX
from audit.store.outcomes import Outcome
from detectors.out_of_line import gaps_out_of_line, parts_out_of_line

__all__ = ["number", "out_of_line"]

Row = Mapping[str, Any]


def out_of_line(
    book: IndexBook, sheets: Mapping[str, UnitIndex], units: Mapping[str, Row]
) -> Iterator[Outcome]:
    """Fields, criteria and gaps out of line with the peer group; and what was not testable."""
    groups: dict[str, list[str]] = {}
    for unit in sheets:
        group = units.get(unit, {}).get("group")
        groups.setdefault(group if isinstance(group, str) else "", []).append(unit)
    for group, members in sorted(groups.items()):
        members = sorted(members)
        reasons: dict[str, str] = {}
        found: list[Outcome] = []
        if not group:
            reasons["*"] = "the units have no peer group"
        else:
            for level, names, points, maximum in _tables(book, sheets, members):
                tested = parts_out_of_line(points, maximum)
                reasons |= {
                    f"{level} {name}": reason
                    for name, reason in zip(names, tested.reasons, strict=True)
                    if reason
                }
                for row, column in np.argwhere(tested.flagged):
                    share = points[row, column] / maximum[column]
                    about = f"{book.year} {level} {names[column]}"
                    body = {
                        "year": book.year,
                        "level": level,
                        "part": names[column],
                        "share": number(share),
                        "expected": number(tested.expected[row, column]),
                        "z": round(float(tested.z[row, column]), 3),
                        "p_value": float(f"{tested.p_value[row, column]:.4g}"),
                        "q_value": float(f"{tested.q_value[row, column]:.4g}"),
                    }
                    word = "above" if tested.z[row, column] > 0 else "below"
                    found.append(Outcome("index_line", INDEX, members[row], about, word, body))
            gaps = [sheets[unit].total.gap for unit in members]
            tested = gaps_out_of_line(np.array([np.nan if g is None else float(g) for g in gaps]))
            if tested.reasons[0]:
                reasons["gap"] = tested.reasons[0]
            for row in np.flatnonzero(tested.flagged[:, 0]):
                body = {
                    "year": book.year,
                    "level": "gap",
                    "part": "",
                    "share": number(gaps[row]),
                    "expected": number(tested.expected[row, 0]),
                    "z": round(float(tested.z[row, 0]), 3),
                    "p_value": float(f"{tested.p_value[row, 0]:.4g}"),
                    "q_value": float(f"{tested.q_value[row, 0]:.4g}"),
                }
                word = "above" if tested.z[row, 0] > 0 else "below"
                about = f"{book.year} gap"
                found.append(Outcome("index_line", INDEX, members[row], about, word, body))
        yield from found
        body = {
            "year": book.year,
            "group": group,
            "units": len(members),
            "not_testable": reasons,
            "flagged": len(found),
        }
        nothing = len(reasons) >= len(book.criteria) + len(book.fields) + 1 or not group
        word = "not_testable" if nothing else "tested"
        yield Outcome("index_lines", INDEX, None, f"{book.year} {group}", word, body)


def _tables(
    book: IndexBook, sheets: Mapping[str, UnitIndex], members: Sequence[str]
) -> Iterator[tuple[str, list[str], Any, Any]]:
    """Fields and criteria as tables of points: level, names, ``(units, parts)``, maxima."""
    fields = [part.field for part in sheets[members[0]].fields]
    points = [[_float(part.appraised) for part in sheets[unit].fields] for unit in members]
    maximum = [float(part.maximum) for part in sheets[members[0]].fields]
    yield "field", fields, np.array(points, dtype=np.float64), np.array(maximum)
    names = [criterion.id for criterion in book.criteria]
    marks = [[book.marks.get((unit, name)) for name in names] for unit in members]
    points = [[np.nan if m is None else _float(m.appraised) for m in row] for row in marks]
    maximum = [float(criterion.maximum) for criterion in book.criteria]
    yield "criterion", names, np.array(points, dtype=np.float64), np.array(maximum)


def _float(value: Decimal | None) -> float:
    return float("nan") if value is None else float(value)


def number(value: Fraction | float | None) -> float | None:
    """An exact figure as it is stored."""
    return None if value is None else round(float(value), 6)
