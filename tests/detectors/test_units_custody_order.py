"""Serials missing side by side, forms that lay, and identities batch by batch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.intake.custody_book import read_custody
from detectors.units import custody, custody_delay, serial_gaps
from tests.detectors.unit_worlds import flagged, world


def _with_serials(seed, units=24, n=120, *, clustered=0.0):
    """A world whose paper forms have serials; honest losses, some of them in families."""
    sim = world(seed, units=units, n=n, digital=0.0)
    sim.now["serial"] = None
    for name in dict.fromkeys(sim.now["unit_id"]):
        rows = sim.rows(name)
        size = rows.size + 15
        lost = np.zeros(size, dtype=bool)
        while lost.sum() < 15:
            start = sim.rng.integers(size)
            long = 1 + int(sim.rng.random() < clustered) * sim.rng.integers(1, 4)
            lost[start : start + long] = True
        back = np.flatnonzero(~lost)[: rows.size]
        serials = [f"{name}-{number + 1:06d}-7" for number in back]
        sim.now.loc[rows[: len(serials)], "serial"] = serials
        sim.custody.loc[sim.custody["unit_id"] == name, "serial_to"] = f"{name}-{size:06d}"
    return sim


@pytest.mark.parametrize("clustered", [0.0, 0.4])
def test_honest_losses_lie_anywhere_or_in_families(clustered):
    p = []
    for seed in range(6):
        answer = serial_gaps.CHECK.assess(_with_serials(seed, clustered=clustered).table())
        assert not answer.findings
        p.extend(answer.p_values.tolist())
    p = np.array(p)
    assert np.isfinite(p).all()
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / p.size)


def test_sheets_taken_out_together_are_seen():
    sim = _with_serials(7, clustered=0.4)
    mine = sim.now["unit_id"] == "U03"
    number = sim.now["serial"].str.split("-").str[1].astype(float)
    gone = mine & number.between(40, 69)
    sim.now = sim.now[~gone].reset_index(drop=True)
    answer = serial_gaps.CHECK.assess(sim.table())
    assert flagged(answer) == {"U03"}
    (finding,) = answer.findings
    assert finding.evidence["from"] <= 40
    assert finding.evidence["to"] >= 69
    # The end of a pad that was never handed out is no gap.
    sim = _with_serials(7)
    number = sim.now["serial"].str.split("-").str[1].astype(float)
    late = (sim.now["unit_id"] == "U03") & (number > 60)
    sim.now = sim.now[~late].reset_index(drop=True)
    assert not serial_gaps.CHECK.assess(sim.table()).findings


def _dated(seed, units=30):
    sim = world(seed, units=units)
    returned = pd.Timestamp("2026-08-01")
    days = np.round(np.exp(sim.rng.normal(1.5, 0.5, units)))
    sim.custody["returned_at"] = returned.date().isoformat()
    later = [(returned + pd.Timedelta(days=int(d))).date().isoformat() for d in days]
    sim.custody["scanned_at"] = later
    sim.custody["handler"] = "An"
    return sim


def test_forms_that_lay_are_told_and_honest_delays_are_not():
    p = []
    for seed in range(12):
        answer = custody_delay.CHECK.assess(_dated(seed).table())
        p.extend(answer.p_values.tolist())
        assert len(answer.findings) <= 1
    assert np.mean(np.array(p) <= 0.05) <= 0.09
    sim = _dated(1)
    sim.custody.loc[2, "scanned_at"] = "2026-12-20"
    answer = custody_delay.CHECK.assess(sim.table())
    assert flagged(answer) == {"U03"}
    assert answer.findings[0].evidence["held_by"] == ["An"]
    few = custody_delay.CHECK.assess(_dated(1, units=8).table())
    assert not few.findings
    assert len(few.not_assessable) == 8


def test_a_slip_of_one_batch_does_not_make_up_for_that_of_another():
    sim = world(3)
    row = sim.custody[sim.custody["unit_id"] == "U03"].iloc[0]
    one, two = row.copy(), row.copy()
    half = int(row["issued"]) // 2
    for part, name, issued, returned, valid in (
        (one, "B1", half, half + 3, half + 1),
        (two, "B2", int(row["issued"]) - half, int(row["returned"]) - half - 3,
         int(row["valid"]) - half - 1),
    ):  # fmt: skip
        part["batch"], part["issued"], part["returned"] = name, issued, returned
        part["valid"], part["invalid"] = valid, returned - valid
        part["serial_from"] = part["serial_to"] = None
        part["lost"] = 0
    two["lost"] = two["issued"] - two["returned"]
    sim.custody = pd.concat(
        [sim.custody[sim.custody["unit_id"] != "U03"], pd.DataFrame([one, two])],
        ignore_index=True,
    )
    sim.custody["handler"] = "Bình"
    answer = custody.CHECK.assess(sim.table())
    (finding,) = answer.findings
    assert "batch B1:" in finding.message.en
    assert finding.evidence["batches"] == ["B1"]
    assert finding.evidence["held_by"] == ["Bình"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"handed_out": 5, "returned": 5, "valid": 3}, ""),
        ({"handed_out": 10_000}, "10000 handed out but only"),
        ({"handed_out": 3}, "returned but only 3 handed out"),
        ({"handed_out": 40, "taken_home": 41}, "41 taken home but only 40 handed out"),
        ({"invalid_reasons": "BO_TRONG=1; RACH_NAT=1"}, ""),
        ({"invalid_reasons": "BO_TRONG=1"}, "2 invalid but reasons are given for 1"),
        ({"returned_at": "2026-08-05", "scanned_at": "2026-08-01"}, "was scanned on 2026-08-01"),
    ],
)
def test_each_further_identity(changes, words):
    sim = world(4)
    place = sim.custody.index[sim.custody["unit_id"] == "U03"][0]
    for column, value in changes.items():
        if column not in sim.custody:
            sim.custody[column] = np.nan if isinstance(value, int) else None
        if isinstance(value, str):
            sim.custody[column] = sim.custody[column].astype(object)
        sim.custody.loc[place, column] = value
    answer = custody.CHECK.assess(sim.table())
    assert flagged(answer) <= {"U03"}
    told = " ".join(finding.message.en for finding in answer.findings)
    if words:
        assert words in told
    else:
        assert "handed out" not in told
        assert "reasons" not in told


def test_optional_columns_of_the_book_are_read(tmp_path):
    path = tmp_path / "custody.csv"
    path.write_text(
        "unit_id,batch,issued,returned,valid,invalid,handed_out,taken_home,printed,unissued,"
        "outstanding,scanned_at,invalid_reasons\n"
        'u1,b1,100,90,85,5,95,10,120,20,5,2026-08-03,"bo_trong=3; RACH_NAT=2"\n'
        "u1,b2,1,1,1,0,1,0,1,0,0,,HET_MUC=1\n",
        "utf-8",
    )
    read = read_custody(path)
    row = read.frame.iloc[0]
    assert (row["handed_out"], row["printed"], row["outstanding"]) == (95, 120, 5)
    assert row["scanned_at"] == pd.Timestamp("2026-08-03")
    assert row["invalid_reasons"] == "BO_TRONG=3; RACH_NAT=2"
    (problem,) = read.problems
    assert "'HET_MUC' is no known reason" in problem.what
    assert "line 3" in problem.where
