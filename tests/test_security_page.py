"""The table of ASVS items in ``docs/security.md`` says what is tested, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
ITEM = re.compile(r"\d+\.\d+\.\d+")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

# Numbers of OWASP ASVS 5.0.0, levels 1 and 2, chapter 17 (WebRTC) left out.
NUMBERS = """
1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6
3.5.1-5 3.7.1-2 4.1.1-3 4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-11
6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4 7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2
8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-4 10.4.1-11 10.5.1-5 10.6.1-2
10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1 12.1.1-3 12.2.1-2 12.3.1-4 13.1.1
13.2.1-5 13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-7 16.1.1 16.2.1-5
16.3.1-4 16.4.1-3 16.5.1-3"""


def _numbers() -> Iterator[str]:
    for word in NUMBERS.split():
        first, _, last = word.partition("-")
        section, _, start = first.rpartition(".")
        yield from (f"{section}.{n}" for n in range(int(start), int(last or start) + 1))


STANDARD = frozenset(_numbers())


def rows() -> list[tuple[list[str], str]]:
    """Items and tests of each row of the table."""
    part = _parts()[0]
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


def _spread(text: str) -> set[str]:
    """Items that a cell names, ranges filled in."""
    found = set()
    for one, other in re.findall(r"(\d+\.\d+\.\d+)(?: to (\d+\.\d+\.\d+))?", text):
        ends = [tuple(map(int, item.split("."))) for item in (one, other or one)]
        found |= {i for i in STANDARD if ends[0] <= tuple(map(int, i.split("."))) <= ends[1]}
        found |= {one}
    return found


def _parts() -> list[str]:
    """The four tables: tested, written down, not applying, not met."""
    part = PAGE.split("## ASVS 5.0, level 2", 1)[1].split("\n## ", 1)[0]
    cut = r"What the standard wants written down:|These do not apply|Not met, and"
    found = re.split(cut, part)
    assert len(found) == 4
    return found


def test_every_item_of_levels_one_and_two_stands_in_one_table() -> None:
    assert len(STANDARD) == 245
    tables = [
        set().union(*(_spread(line.split("|")[1]) for line in part.splitlines() if "|" in line))
        for part in _parts()
    ]
    for number, one in enumerate(tables):
        for other in tables[number + 1 :]:
            assert one & other == set()
    assert STANDARD - set().union(*tables) == set()


def test_no_item_stands_there_twice() -> None:
    items = [item for found, _ in rows() for item in found]
    assert len(items) == len(set(items))
