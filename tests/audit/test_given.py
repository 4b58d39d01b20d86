"""Thousands of records put into words at once say what each of them says alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from audit.pipeline.assembly import Assembly, aligned
from audit.pipeline.given import Given
from audit.pipeline.tested import TestedRecords
from audit.trail.canonical import answers_hash
from detectors.instrument import Instrument, Item, Marks
from tests.audit.nights import Silent

ITEMS = (
    Item("B1", (1, 2, 3, 4, 5), not_applicable=9),
    Item("A1", ("yes", "no%", 'a"b')),
    Item("A2", (0.5, 1.0, 2.0)),
    Item("K", ("xã", "phường"), kind="category"),
)
INSTRUMENT = Instrument("T", "1", {"vi": "T", "en": "T"}, ITEMS, Marks(), (), "t", Path("t"))


def _assembly(size: int = 200) -> Assembly:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"record_id": [f"r{n}" for n in range(size)]})
    for item in ITEMS:
        scale = [*item.scale, *([] if item.not_applicable is None else [item.not_applicable])]
        rows[item.id] = [
            None if rng.random() < 0.3 else scale[k] for k in rng.integers(0, len(scale), size)
        ]
    frame = aligned([rows.assign(_file=0)], INSTRUMENT).drop(columns="_file")
    unread = np.zeros((size, len(ITEMS)), dtype=np.bool_)
    unread[::17, 0] = unread[5, 2] = True
    nothing: list[list[str]] = [[] for _ in range(size)]
    pages: list[list[int]] = [[] for _ in range(size)]
    return Assembly(
        frame, ["table"] * size, [1] * size, nothing, pages, [False] * size, unread,
        multiple={(4, "B1"): [1, 2], (40, "A1"): ["yes", "no%"]},
    )  # fmt: skip


def test_answers_at_once_are_those_of_each_record() -> None:
    assembly = _assembly()
    rows = np.random.default_rng(1).permutation(len(assembly.frame))
    answers, hashes = Given(INSTRUMENT, assembly)(rows)
    for row, given, digest in zip(rows.tolist(), answers, hashes, strict=True):
        alone = list(assembly.answers(row, INSTRUMENT))
        assert sorted(given) == sorted(alone)
        assert digest == answers_hash(alone)
    kinds = {state for given in answers for _, state, _ in given}
    assert kinds == {"answered", "not_applicable", "undetermined", "multiple"}


def test_scores_at_once_are_the_json_of_each_record() -> None:
    frame = pd.DataFrame({"record_id": [f"r{n}" for n in range(6)]})
    nan, inf = float("nan"), float("inf")
    scores: dict[str, list[float]] = {
        "a.none": [nan] * 4,
        'a.%s "odd"': [0.1, nan, 1e-300, 1 / 3],
        "b.whole": [1, 2, 3, 4],
        "c.endless": [inf, nan, 1.0, 2.0],
    }
    screened = Silent()
    screened.records = pd.DataFrame(
        {"record_id": ["r5", "r0", "nobody", "r3"], "unit_id": "u", **scores}
    ).assign(
        p_value=[0.5, nan, 0.1, 0.2], q_value=nan, severity=["green", "", "", "red"],
        flagged=[False, False, False, True], not_testable=["", "no answers", "", ""],
    )  # fmt: skip
    found = TestedRecords(screened, frame)(np.array([3, 1, 0, 5]))
    place = {"r5": 0, "r0": 1, "r3": 3}
    for row, text in zip(("r3", "r1", "r0", "r5"), found["detectors"], strict=True):
        plain = {} if row not in place else {n: v[place[row]] for n, v in scores.items()}
        wanted = {n: None if v != v else v for n, v in plain.items()}
        assert text == json.dumps(wanted)
    assert found["p_value"] == [0.2, None, None, 0.5]
    assert found["severity"] == ["red", None, None, "green"]
    assert found["flagged"] == [True, None, False, False]
    assert found["not_testable"] == [None, None, "no answers", None]
