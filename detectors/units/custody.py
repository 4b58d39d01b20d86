"""Counts of forms that do not add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from detectors.table import UnitTable

__all__ = ["CHECK"]

INFO = CheckInfo(
    id="custody.balance",
    level=Level.UNIT,
    family=Family.CUSTODY,
    kind="custody",
    title=Message("Đối chiếu số phiếu", "Form balance"),
    sees=(
        "More forms returned, lost and spoilt than issued; returned unlike valid plus invalid; "
        "valid forms unlike the paper records received; more records than people served."
    ),
    null_model="Rules of arithmetic: no p-value.",
    source="HHCAHPS submission checks; custody identities of the survey plan",
    innocent=(
        Message("Nhầm lẫn khi ghi sổ.", "A slip in the book."),
        Message("Phiếu đến sau ngày chốt số liệu.", "Forms that arrived after the closing day."),
    ),
    valid_for=frozenset({"custody table or served"}),
)

Row = Mapping[str, float]


class CustodyCheck:
    """Sums over the batches of a unit."""

    info = INFO

    def assess(self, subject: UnitTable, *, seed: int = 0) -> Assessment:
        """Judge every unit; uses no chance. The score is the number of forms in doubt."""
        count = len(subject)
        scores = np.full(count, np.nan)
        findings: list[Finding] = []
        books = _books(subject.custody)
        served = _served(subject.units)
        records = subject.records
        total = np.bincount(records.unit, minlength=count)
        paper = np.bincount(records.unit, records.column("channel") == "paper", minlength=count)
        for unit, name in enumerate(subject.unit_ids):
            if name not in books and name not in served:
                continue
            broken = _identities(books.get(name, {}), int(paper[unit]))
            people = served.get(name)
            if people is not None and total[unit] > people:
                broken.append(
                    (
                        float(total[unit] - people),
                        f"{total[unit]} phiếu nhưng chỉ {people:.0f} lượt phục vụ",
                        f"{total[unit]} records but only {people:.0f} people served",
                    )
                )
            scores[unit] = sum(off for off, _, _ in broken)
            if broken:
                findings.append(_finding(name, float(scores[unit]), broken))
        missing = dict.fromkeys(np.flatnonzero(np.isnan(scores)).tolist(), "no custody counts")
        return Assessment(scores, np.full(count, np.nan), tuple(findings), missing)


Broken = list[tuple[float, str, str]]


def _identities(book: Row, paper: int) -> Broken:
    """Identities that do not hold: forms in doubt, Vietnamese, English. Unknown is no fault."""
    broken: Broken = []
    issued, returned = book.get("issued"), book.get("returned")
    valid, invalid = book.get("valid"), book.get("invalid")
    if issued is not None and returned is not None:
        out = returned + book.get("lost", 0.0) + book.get("spoilt", 0.0)
        if out > issued:
            broken.append(
                (
                    out - issued,
                    f"thu về, thất lạc và hỏng {out:.0f} nhiều hơn phát ra {issued:.0f}",
                    f"{out:.0f} returned, lost or spoilt but only {issued:.0f} issued",
                )
            )
    if returned is not None and valid is not None and invalid is not None:
        counted = valid + invalid
        if counted != returned:
            broken.append(
                (
                    abs(counted - returned),
                    f"hợp lệ và không hợp lệ {counted:.0f} khác thu về {returned:.0f}",
                    f"{counted:.0f} valid or invalid but {returned:.0f} returned",
                )
            )
    if valid is not None and paper > valid:
        broken.append(
            (
                paper - valid,
                f"nhận được {paper} phiếu giấy nhưng sổ chỉ ghi {valid:.0f} phiếu hợp lệ",
                f"{paper} paper records received but only {valid:.0f} valid forms in the book",
            )
        )
    return broken


def _books(custody: pd.DataFrame | None) -> dict[str, Row]:
    """Sums by unit; a count that is unknown for any batch of the unit is left out."""
    if custody is None or "unit_id" not in custody.columns:
        return {}
    names = ("issued", "returned", "valid", "invalid", "lost", "spoilt")
    columns = [name for name in names if name in custody.columns]
    numbers = custody[columns].apply(pd.to_numeric, errors="coerce")
    sums = numbers.groupby(custody["unit_id"].astype(str)).agg(lambda c: c.sum(skipna=False))
    return {
        str(unit): {name: float(v) for name, v in row.items() if np.isfinite(v)}
        for unit, row in sums.to_dict("index").items()
    }


def _served(units: pd.DataFrame | None) -> dict[str, float]:
    if units is None or not {"unit_id", "served"} <= set(units.columns):
        return {}
    numbers = pd.to_numeric(units["served"], errors="coerce")
    pairs: Any = zip(units["unit_id"].astype(str), numbers, strict=True)
    return {unit: float(people) for unit, people in pairs if np.isfinite(people)}


def _finding(unit: str, score: float, broken: Broken) -> Finding:
    return Finding(
        detector=INFO.id,
        family=INFO.family,
        kind=INFO.kind,
        score=score,
        p_value=None,
        severity=Severity.YELLOW,
        message=Message(
            "Có dấu hiệu số phiếu không khớp: " + "; ".join(vi for _, vi, _ in broken) + ".",
            "Signs of forms that do not add up: " + "; ".join(en for _, _, en in broken) + ".",
        ),
        unit_id=unit,
        evidence={"identities": [en for _, _, en in broken]},
    )


CHECK = CustodyCheck()
