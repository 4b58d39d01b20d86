"""Progress as lines, for logs and for programs."""

from __future__ import annotations

import itertools
import json

import pytest

from audit.cli._listed import some_of_each
from audit.cli._progress import progress_as
from audit.pipeline.tools import real_tools
from tests.audit.rounds import clock


def test_plain_lines_come_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = itertools.count(0, 2)
    show = progress_as("plain", clock=lambda: float(next(ticks)))
    assert list(show(range(6), "pages", 6)) == list(range(6))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pages: 0 of 6, 0 s"
    assert lines[-1].startswith("pages: 6 of 6, ")
    assert 2 < len(lines) < 8


def test_json_lines_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    show = progress_as("json", clock=lambda: 0.0)
    assert list(show(iter("ab"), "trang", None)) == ["a", "b"]
    first, last = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert first == {"event": "progress", "what": "trang", "done": 0, "total": None, "seconds": 0.0}
    assert (last["done"], last["total"]) == (2, 2)


def test_nothing_is_said_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    for shape in ("none", "auto"):
        assert list(progress_as(shape)(range(3), "x", 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_a_bar_can_be_forced(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress_as("bar")(range(3), "pages", 3)) == [0, 1, 2]
    assert "pages" in capsys.readouterr().err


def test_work_that_is_no_list_is_counted_in_steps(capsys: pytest.CaptureFixture[str]) -> None:
    tools = real_tools(
        now=clock, progress=progress_as("json", clock=itertools.count(0, 9).__next__)
    )
    with tools.steps("statistics, step", 4) as step:
        for _ in range(4):
            step()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["done"] for line in told] == [0, 1, 2, 3, 4]
    assert {line["total"] for line in told} == {4}


def test_one_file_does_not_hide_the_others_in_a_list() -> None:
    rows = [f"in/a.csv, row {n}, column A1: 6 is no answer" for n in (1, 10, 11, 2, 9)]
    others = ["in/b: c.pdf, page 1: locked — open it", "in/d.tif: empty"]
    shown = list(some_of_each([*rows, *others], 3))
    assert [line.partition(", column")[0] for line in shown[:3]] == [
        *("in/a.csv, row 1", "in/a.csv, row 2", "in/a.csv, row 9")
    ]
    assert shown[3] == "in/a.csv: 2 more places; all are in `survey-audit status`"
    assert shown[4:] == others
