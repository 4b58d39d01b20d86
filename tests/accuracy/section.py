"""A section of the accuracy page: what it says, its tables, and the measures behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.accuracy.cells import Cell, Result
from tests.accuracy.measures import Measure, missed

__all__ = ["Section", "cell_of", "chosen", "matrix", "overview"]


@dataclass(frozen=True)
class Section:
    """Title, words and tables; ``rows`` are all measures, for ``accuracy.json``."""

    title: str
    body: str
    rows: list[Measure] = field(default_factory=list)


def chosen(
    results: Mapping[Cell, Result], room: str, when: Callable[[Cell], bool] = lambda cell: True
) -> list[tuple[Cell, Result]]:
    """Results of one room, in order of ground and seed."""
    found = [(c, r) for c, r in results.items() if c.room == room and when(c)]
    return sorted(found, key=lambda pair: (pair[0].ground, pair[0].records, pair[0].seed))


def cell_of(row: Measure | None, digits: int = 3) -> str:
    """Value and limits in one field of a table; a missed target is bold and says how."""
    if row is None or row["n"] == 0:
        return "–"
    text = f"{row['value']:.{digits}f} ({row['low']:.{digits}f}–{row['high']:.{digits}f})"
    why = missed(row)
    return f"**{text} {why}**" if why else text


def matrix(first: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """A Markdown table."""
    head = f"| {first} | " + " | ".join(columns) + " |"
    rule = "|---" * (len(columns) + 1) + "|"
    lines = [f"| {name} | " + " | ".join(fields) + " |" for name, fields in rows.items()]
    return "\n".join([head, rule, *lines]) + "\n"


def overview(title: str, sections: Sequence[Section]) -> Section:
    """How many targets are met, section by section, and every one that is missed."""
    table: dict[str, list[str]] = {}
    lines = []
    for section in sections:
        judged = [(row, missed(row)) for row in section.rows if missed(row) is not None]
        short = section.title.split(": ")[-1]
        if judged:
            table[short] = [str(len(judged)), str(sum(bool(why) for _, why in judged))]
        for row, why in judged:
            if why:
                wanted = f"{why}, target {row['target']}"
                lines.append(
                    f"- {row['name']}: {cell_of(row).strip('*')} n = {row['n']} ({wanted})"
                )
    body = matrix("section", ["measures with a target", "missed"], table)
    told = "\n".join(lines) or "None."
    return Section(title, f"{body}\nMissed, one by one:\n\n{told}\n")
