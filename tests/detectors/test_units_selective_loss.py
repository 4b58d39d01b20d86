"""Lost forms and a missing low tail, only together."""

from __future__ import annotations

import numpy as np

from detectors.units.selective_loss import CHECK
from tests.detectors.unit_worlds import ITEMS, flagged, world


def lose(sim, unit, share, *, lowest):
    """Withhold a share of the unit's paper records, the least content or any."""
    rows = sim.rows(unit, "paper")
    level = sim.now.loc[rows, ITEMS].astype(float).mean(axis=1).to_numpy()
    order = np.argsort(level, kind="stable") if lowest else sim.rng.permutation(rows.size)
    gone = rows[order[: round(share * rows.size)]]
    sim.now = sim.now.drop(index=gone).reset_index(drop=True)
    mine = sim.custody["unit_id"] == unit
    sim.custody.loc[mine, ["returned", "valid"]] -= gone.size
    sim.custody.loc[mine, "lost"] += gone.size


def test_low_forms_that_were_withheld_are_found_and_losses_by_chance_are_not():
    hits = mistaken = 0
    for seed in range(120, 126):
        sim = world(seed, units=30, n=120, digital=0.0)
        lose(sim, "U04", 0.25, lowest=True)
        lose(sim, "U09", 0.25, lowest=False)
        answer = CHECK.assess(sim.table())
        mistaken += "U09" in flagged(answer)
        hits += "U04" in flagged(answer)
        (finding,) = [f for f in answer.findings if f.unit_id == "U04"] or [None]
        if finding:
            assert finding.evidence["p_loss"] <= 0.1
            assert finding.evidence["lost_share"] > 0.2
    assert hits >= 4
    assert mistaken <= 1  # one unit with a loss may be named in twenty


def test_a_missing_low_tail_without_a_loss_is_not_asked():
    sim = world(131, units=30, n=120, digital=0.0)
    sim.now.loc[sim.rows("U04"), ITEMS] = sim.now.loc[sim.rows("U04"), ITEMS].clip(lower=4)
    answer = CHECK.assess(sim.table())
    assert answer.not_assessable[3] == "no more forms are missing than at its peers"
    assert not answer.findings


def test_counts_that_are_missing_or_impossible_are_told():
    sim = world(132, units=20)
    sim.custody["issued"] = sim.custody["issued"].astype(float)
    sim.custody.loc[1, "issued"] = np.nan
    sim.custody.loc[2, "issued"] = 3
    answer = CHECK.assess(sim.table())
    for unit in (1, 2):
        assert answer.not_assessable[unit] == "issued and returned forms are not known"
    sim.custody = sim.custody.drop(columns="issued")
    assert np.isnan(CHECK.assess(sim.table()).p_values).all()
