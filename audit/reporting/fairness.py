"""Flag rates by facts about the respondent, channel and kind of scan, over a whole round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from audit.reporting.data import RoundData, Row
from audit.reporting.names import answer_name, message_of
from audit.reporting.numbers import NOT_READ
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
        lambda row: answer_name(item, answers[row["id"]]),
        [answer_name(item, str(value)) for value in item.scale],
    )


def _channel(row: Row) -> Message:
    code = row["channel"] or "?"
    vi, en = (load_text(language).or_raw("channel", code) for language in ("vi", "en"))
    return Message(vi or code, en or code)


def _scan(pages: Mapping[int, Row], keys: Sequence[int]) -> Message:
    found = pages[keys[0]]["scan_class"] or "unknown"
    return scan_title(found)


def _table(
    by: Message,
    rows: Sequence[Row],
    flagged: frozenset[str],
    group: Callable[[Row], Message],
    order: Sequence[Message] = (),
) -> FairnessTable:
    by_unit: dict[str, dict[Message, list[int]]] = {}
    for row in rows:
        cell = by_unit.setdefault(row["unit_id"] or "", {}).setdefault(group(row), [0, 0])
        cell[0] += 1
        cell[1] += row["record_id"] in flagged
    counts: dict[Message, list[int]] = {}
    for cells in by_unit.values():
        for name, (judged, found) in cells.items():
            total = counts.setdefault(name, [0, 0])
            total[0] += judged
            total[1] += found

    def place(name: Message) -> tuple[int, str]:
        return (order.index(name) if name in order else len(order), name.vi)

    lines = tuple(FairnessRow(name, *counts[name]) for name in sorted(counts, key=place))
    shown = [line.group for line in lines if not suppress(line.judged)]
    return FairnessTable(by, lines, _equal(by_unit, shown))


def _equal(
    by_unit: Mapping[str, Mapping[Message, Sequence[int]]], groups: Sequence[Message]
) -> float | None:
    """How often groups that play no part differ as much: a permutation test within units.

    Flags gather in units, for whatever reason, and so do groups; only who within a unit is
    flagged can tell of a check that is stricter with a group. In each unit its flags are dealt
    out anew among its records; chi-square over all units is compared. Exact in the margins, so
    it holds for rare flags; ``None`` with nothing to compare.
    """
    chance = np.random.default_rng(0)
    found, expected = np.zeros(len(groups)), np.zeros(len(groups))
    draws = np.zeros((_DRAWS, len(groups)))
    for _, cells in sorted(by_unit.items()):
        sizes = np.array([cells.get(name, (0, 0))[0] for name in groups])
        flags = np.array([cells.get(name, (0, 0))[1] for name in groups])
        total = int(flags.sum())
        if total and (sizes > 0).sum() > 1:
            found += flags
            expected += sizes * total / sizes.sum()
            draws += chance.multivariate_hypergeometric(sizes, total, size=_DRAWS)
    there = expected > 0
    if not there.any():
        return None
    seen = float(((found - expected)[there] ** 2 / expected[there]).sum())
    drawn = ((draws - expected)[:, there] ** 2 / expected[there]).sum(axis=1)
    return float((1 + (drawn >= seen - 1e-9).sum()) / (1 + _DRAWS))
