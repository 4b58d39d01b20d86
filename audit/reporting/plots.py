"""What the small plots of a unit show, and which way its changed marks went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from audit.pipeline.changes import changed_marks
from audit.reporting.data import RoundData, Row
from audit.reporting.names import message_of
from audit.reporting.numbers import NOT_READ, peer_group, share
from audit.store.evidence import Findings
from detectors.finding import Message
from reports.views import (
    BatchPoint,
    Cutoffs,
    Direction,
    HourProfile,
    PeriodPoint,
    Plots,
    wilson,
)

__all__ = ["direction_of", "flagged_records", "plots_of", "way_of_pages"]

_BEFORE = Message("Kỳ trước", "Round before")


def flagged_records(data: RoundData) -> frozenset[str]:
    """Records with an orange or red sign that have a case."""
    signs = {f["record_id"] for f in data.findings if f["severity"] in ("orange", "red")}
    return frozenset(
        record
        for (subject, record), case in data.cases.items()
        if subject == "record" and record in signs and case["severity"] in ("orange", "red")
    )


def plots_of(data: RoundData, unit_id: str, records: Sequence[Row]) -> Plots:
    """The plots of one unit; those without data stay empty."""
    return Plots(
        batches=_batches(data, unit_id, records),
        hours=_hours(data, records),
        periods=_periods(data, unit_id),
        cutoffs=_cutoffs(data, unit_id),
    )


def _batches(data: RoundData, unit_id: str, records: Sequence[Row]) -> tuple[BatchPoint, ...]:
    """Batches of the unit's records, by the day they came back where custody tells it."""
    rows = (data.batches or {}).get(unit_id, ())
    days = {row["batch"]: str(row["returned_at"] or row["issued_at"] or "") for row in rows}
    flagged = flagged_records(data)
    members: dict[str, list[Row]] = {}
    for row in records:
        if isinstance(row["batch"], str):
            members.setdefault(row["batch"], []).append(row)
    points = []
    for batch in sorted(members, key=lambda name: (days.get(name, ""), name)):
        own = members[batch]
        judged = [row for row in own if not NOT_READ & set(row["reasons"])]
        marked = sum(row["record_id"] in flagged for row in judged)
        points.append(BatchPoint(batch, len(own), len(judged), marked))
    return tuple(points)


def _hours(data: RoundData, records: Sequence[Row]) -> HourProfile | None:
    """Hours in which digital records were sent, against those of all units."""
    if "hours" not in data.memo:
        every = [row for rows in data.records.values() for row in rows]
        data.memo["hours"] = _clock(every)
    force, own = data.memo["hours"], _clock(records)
    total = sum(force.values())
    if not own or not total:
        return None
    return HourProfile(
        tuple(own[hour] for hour in range(24)), tuple(force[hour] / total for hour in range(24))
    )


def _clock(records: Sequence[Row]) -> Counter[int]:
    return Counter(
        row["submitted_at"].hour
        for row in records
        if row["submitted_at"] is not None and row["channel"] != "paper"
    )


def _periods(data: RoundData, unit_id: str) -> tuple[PeriodPoint, ...]:
    before = data.before.get(unit_id)
    row = data.scores.get(unit_id, {}).get(("overall", ""))
    value = share(row, "after_review")
    if before is None or not before.answers or row is None or value is None:
        return ()
    old, settings = before.satisfied / before.answers, data.settings.round
    n = int(row["records_counted"])
    method = settings.method_break
    return (
        PeriodPoint(
            _BEFORE,
            before.records,
            old,
            *wilson(old, max(before.records, 1)),
        ),
        PeriodPoint(
            Message(settings.id, settings.id),
            n,
            value,
            *wilson(value, max(n, 1)),
            broken=None if method is None else message_of(method, ""),
        ),
    )


def _cutoffs(data: RoundData, unit_id: str) -> Cutoffs | None:
    peers = peer_group(data, unit_id)
    cuts = tuple((float(t.cut_off), t.name) for t in data.rules.tiers if t.cut_off)
    if peers is None or not cuts:
        return None
    value = share(data.scores.get(unit_id, {}).get(("overall", "")), "after_review")
    return Cutoffs(tuple(point.value for point in peers.points), cuts, value)


def way_of_pages(data: RoundData) -> Mapping[int, Counter[str]]:
    """Page key -> changed marks by direction, over the whole round.

    Only marks that were erased or overwritten count; a correction as the form allows it does
    not. Both sides of the line between satisfied and not count as a direction.
    """
    signs: dict[int, list[Row]] = {}
    for finding in data.findings:
        if finding["page_id"] is not None and finding["kind"] in ("erasure", "overwrite"):
            signs.setdefault(finding["page_id"], []).append(finding)
    ways: dict[int, Counter[str]] = {}
    for page in data.changed.keys() | signs.keys():
        marks = data.changed.get(page, ())
        told = [Findings.finding(row) for row in signs.get(page, ())]
        changes = [c for c in changed_marks(marks, data.instrument, told) if c[3] != "cancelled"]
        ways[page] = Counter(_way(data, *change[:3]) for change in changes)
        named = {change[0] for change in changes}
        unread = {finding.item for finding in told if finding.item} - named
        ways[page]["unknown"] += len(unread)
    return ways


def _way(data: RoundData, item_id: str, before: object, after: object) -> str:
    item = data.instrument.by_id[item_id]
    sides = [value in item.top_two for value in (before, after)]
    if sides[0] == sides[1]:
        return "same"
    return "up" if sides[1] else "down"


def direction_of(data: RoundData, records: Sequence[Row]) -> Direction | None:
    """Changed marks of some records by direction; ``None`` where none was changed."""
    if "ways" not in data.memo:
        ways = way_of_pages(data)
        data.memo["ways"] = ways, sum(ways.values(), Counter())
    pages, force = data.memo["ways"]
    own: Counter[str] = Counter()
    for row in records:
        for page in data.record_pages.get(row["id"], ()):
            own.update(pages.get(page, ()))
    if not sum(own.values()):
        return None
    readable = force["up"] + force["down"] + force["same"]
    return Direction(
        up=own["up"],
        down=own["down"],
        same=own["same"],
        unknown=own["unknown"],
        force_up_share=force["up"] / readable if readable else None,
    )
