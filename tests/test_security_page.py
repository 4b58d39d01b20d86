"""The table of ASVS items in ``docs/security.md`` says what is tested, and nothing else."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
ITEM = re.compile(r"\d+\.\d+\.\d+")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[list[str], str]]:
    """Items and tests of each row of the table."""
    part = PAGE.split("## ASVS 5.0, level 2", 1)[1].split("\n## ", 1)[0]
    cells = [[c.strip() for c in line.strip("| ").split(" | ")] for line in part.splitlines()]
    return [(ITEM.findall(c[0]), c[-1]) for c in cells if len(c) == 3 and ITEM.match(c[0])]


@cache
def functions_of(path: str) -> frozenset[str]:
    """Functions that pytest collects from a file: of its top level, by their name."""
    assert Path(path).name.startswith("test_"), path
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef))


def test_every_row_names_a_test_that_is_collected() -> None:
    found = rows()
    assert len(found) > 30
    for items, cell in found:
        named = NAMED.findall(cell)
        assert named, f"no test for {items}"
        for path, name in named:
            assert name in functions_of(path), f"{items}: {path}::{name}"


def test_every_test_that_the_page_names_is_there() -> None:
    for path, name in NAMED.findall(PAGE):
        assert name in functions_of(path), f"{path}::{name}"


def test_no_item_stands_there_twice() -> None:
    items = [item for found, _ in rows() for item in found]
    assert len(items) == len(set(items))
