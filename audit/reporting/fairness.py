"""Flag rates by facts about the respondent, channel and kind of scan, over a whole round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from audit.reporting.data import RoundData, Row
from audit.reporting.numbers import NOT_READ, message_of
from audit.reporting.plots import flagged_records
from detectors.finding import Message
from detectors.instrument import Item
from reports.locale import load_text
from reports.views import FairnessRow, FairnessTable, suppress
from reports.wording import scan_title

__all__ = ["fairness_tables"]

_MOST_GROUPS = 8
_DRAWS = 2_000
_CHANNEL = Message("Kênh thu thập", "Channel")
_SCAN = Message("Loại ảnh quét", "Kind of scan")


def fairness_tables(data: RoundData) -> tuple[FairnessTable, ...]:
    """One table a property that splits the round into two groups or more."""
    every = [row for rows in data.records.values() for row in rows]
    judged = [row for row in every if not NOT_READ & set(row["reasons"])]
    flagged = flagged_records(data)
    tables = [_table(_CHANNEL, judged, flagged, _channel)]
    pages = data.pages
    tables.append(
        _table(
            _SCAN,
            [row for row in judged if data.record_pages.get(row["id"])],
            flagged,
            lambda row: _scan(pages, data.record_pages[row["id"]]),
        )
    )
    tables += [_of_item(data, item, judged, flagged) for item in _facts(data)]
    return tuple(table for table in tables if len(table.rows) > 1)


def _facts(data: RoundData) -> Iterator[Item]:
    """Items that are facts about the respondent or the service, with few values."""
    for item in data.instrument.items:
        if not item.is_rating and len(item.scale) <= _MOST_GROUPS:
            yield item


def _of_item(
    data: RoundData, item: Item, judged: Sequence[Row], flagged: frozenset[str]
) -> FairnessTable:
    answers = data.facts.get(item.id, {})
    rows = [row for row in judged if row["id"] in answers]
    return _table(
        message_of(item.text, item.id),
        rows,
        flagged,
        lambda row: Message(f"Mã {answers[row['id']]}", f"Code {answers[row['id']]}"),
    )


def _channel(row: Row) -> Message:
    code = row["channel"] or "?"
    vi, en = (load_text(language).or_raw("channel", code) for language in ("vi", "en"))
    return Message(vi or code, en or code)


def _scan(pages: object, keys: Sequence[int]) -> Message:
    found = pages[keys[0]]["scan_class"] or "unknown"  # type: ignore[index]
    return scan_title(found)


def _table(
    by: Message, rows: Sequence[Row], flagged: frozenset[str], group: Callable[[Row], Message]
) -> FairnessTable:
    counts: dict[Message, list[int]] = {}
    for row in rows:
        cell = counts.setdefault(group(row), [0, 0])
        cell[0] += 1
        cell[1] += row["record_id"] in flagged
    lines = tuple(FairnessRow(name, *counts[name]) for name in sorted(counts, key=lambda m: m.vi))
    shown = [line for line in lines if not suppress(line.judged)]
    return FairnessTable(by, lines, _equal(shown))


def _equal(rows: Sequence[FairnessRow]) -> float | None:
    """How often groups drawn at random differ as much: chi-square over random allocations.

    Exact in the margins, so it holds for rare flags; ``None`` with nothing to compare.
    """
    sizes = np.array([row.judged for row in rows])
    found = np.array([row.flagged or 0 for row in rows])
    total = int(found.sum())
    if len(rows) < 2 or not total or total == sizes.sum():
        return None
    expected = sizes * total / sizes.sum()
    draws = np.random.default_rng(0).multivariate_hypergeometric(sizes, total, size=_DRAWS)
    seen = float(((found - expected) ** 2 / expected).sum())
    drawn = ((draws - expected) ** 2 / expected).sum(axis=1)
    return float((1 + (drawn >= seen - 1e-9).sum()) / (1 + _DRAWS))
