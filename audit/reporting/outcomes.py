"""Outcomes of a round as view objects, small cells withheld."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from audit.intake.registers import units_at
from audit.pipeline.sources import load_forms
from audit.reporting.outcome_index import index_sheet
from audit.reporting.outcome_words import FIGURES, PROGRAMMES, REASONS, word
from audit.scoring.rules import INDEX, RuleSet, book_at, rules_at
from audit.settings import Settings
from audit.store.outcomes import Outcomes
from audit.store.results import Scores
from audit.store.rounds import Rounds
from detectors.finding import Message
from reports.views import suppress
from reports.views.outcomes import (
    ActionNote,
    AwardNote,
    BunchingNote,
    ChangeNote,
    ComplaintNote,
    GroupStanding,
    IndexSheet,
    PublishedFigure,
    RoundOutcomes,
    TargetNote,
)

__all__ = ["load_outcomes", "outcomes_by_unit"]

Row = Mapping[str, Any]
_AGREE = {"equal", "truncated", "tolerance", "points_called_per_cent", "relative"}
_UNKNOWN = {"cannot_recompute", "not_comparable", "within_bounds"}


def load_outcomes(
    connection: sa.Connection, settings: Settings, *, day: dt.date, unit_id: str | None = None
) -> RoundOutcomes:
    """Everything that follows from the scores, of a round or of one unit.

    Args:
        connection: To the store.
        settings: Of the round.
        day: On which it is read: what is due before it and not done is overdue.
        unit_id: Leave out what is about other units.
    """
    found = outcomes_by_unit(connection, settings, day=day)
    return found[unit_id] if unit_id in found else found[_NOBODY]


def outcomes_by_unit(
    connection: sa.Connection,
    settings: Settings,
    *,
    day: dt.date,
    programmes: Collection[str] | None = None,
) -> dict[str | None, RoundOutcomes]:
    """The same for the round (``None``) and each unit, asked of the store once.

    Args:
        connection: To the store.
        settings: Of the round.
        day: On which it is read.
        programmes: Only what is about these.
    """
    maker = _Maker(connection, settings, day)
    every: dict[str, list[Row]] = {}
    common: dict[str, list[Row]] = {}
    units: dict[str, dict[str, list[Row]]] = {_NOBODY: {}}
    for stored in Outcomes(connection, settings.round.id).all():
        row, kind = dict(stored), stored["kind"]
        if kind in _COMMON:
            common.setdefault(kind, []).append(row)
        elif programmes is not None and row["programme"] not in programmes:
            continue
        every.setdefault(kind, []).append(row)
        if row["unit_id"] is not None:
            units.setdefault(row["unit_id"], {}).setdefault(kind, []).append(row)
    found: dict[str | None, RoundOutcomes] = {None: maker.whole(every)}
    for unit, rows in units.items():
        found[unit] = maker.whole(common | rows)
    return found


_NOBODY = ""
_WHOLE = ("overall", "agency", "index", "response_rate")
_COMMON = ("snapshot", "index_lines")


def _pair(value: Any) -> Any:
    return None if value is None else (value[0], value[1])


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


class _Maker:
    """Makes view objects of stored outcomes."""

    def __init__(self, connection: sa.Connection, settings: Settings, day: dt.date) -> None:
        self.day = day
        self.settings = settings
        units = Rounds(connection, settings.round.id).units()
        self.names = dict(zip(units["unit_id"], units["name"], strict=True))
        now = units_at(units, settings.round.date_to)
        self.names |= dict(zip(now["unit_id"], now["name"], strict=True))
        self.groups = dict(zip(now["unit_id"], now["group"], strict=True))
        self.few: set[tuple[str, str]] = set()
        self.few_parts: set[tuple[str, str]] = set()
        seen: set[str] = set()
        for form in load_forms(settings):
            programme = form.settings.programme
            if programme in seen:
                continue
            seen.add(programme)
            for row in Scores(connection, settings.round.id).all(form.instrument.id):
                if not suppress(row["records_counted"]):
                    continue
                if row["measure"] == "overall":
                    self.few.add((programme, row["unit_id"]))
                else:
                    self.few_parts.add((programme, row["unit_id"]))
        needed = {form.programme for form in settings.instrument}
        self.rules = book_at(settings.path(settings.rules), settings.round.date_to, needed)

    def whole(self, rows: Mapping[str, Sequence[Row]]) -> RoundOutcomes:
        """All of it, from rows by kind."""
        snapshot = rows.get("snapshot", [{"verdict": "final", "body": {"sha256": ""}}])[0]
        weights = [(row["about"], row["body"]) for row in rows.get("index_weights", ())]
        return RoundOutcomes(
            interim=snapshot["verdict"] == "interim",
            snapshot=snapshot["body"]["sha256"],
            changes=tuple(map(self.change, rows.get("change", ()))),
            groups=tuple(map(self.group, rows.get("group", ()))),
            bunching=tuple(map(self.bunching, rows.get("bunching", ()))),
            published=tuple(map(self.published, rows.get("published", ()))),
            index=tuple(self.index(row, rows) for row in rows.get("index", ())),
            index_weights=tuple((about, body["declared"], body["sum"]) for about, body in weights),
            awards=tuple(map(self.award, rows.get("award", ()))),
            targets=tuple(map(self.target, rows.get("target", ()))),
            actions=tuple(map(self.action, rows.get("action", ()))),
            complaints=tuple(map(self.complaint, rows.get("complaints", ()))),
        )

    def name(self, unit: str | None) -> str | None:
        return None if unit is None else str(self.names.get(unit, unit))

    def named(self, row: Row) -> str:
        return self.name(row["unit_id"]) or "*"

    def hidden(self, row: Row, *, part: bool = False) -> bool:
        """Whether values of this row are over few forms.

        Of a unit with a factor of few answers every factor is withheld, since the whole less
        the others would be that one.
        """
        about = (row["programme"], row["unit_id"])
        return about in self.few or (part and about in self.few_parts)

    def change(self, row: Row) -> ChangeNote:
        body, hide = row["body"], self.hidden(row)
        own = [p for p in body["predecessors"] if p != row["unit_id"]]
        return ChangeNote(
            unit=self.named(row),
            programme=PROGRAMMES[row["programme"]],
            period=body["period"],
            before=body["before"],
            value=None if hide else body["value"],
            points=None if hide else body["points"],
            interval=None if hide else _pair(body["interval"]),
            rank=(None, None) if hide else (body["rank"], body["ranked_units"]),
            rank_before=(body["rank_before"], body["ranked_before"]),
            places=None if hide else body["places"],
            predecessors=tuple(self.name(p) or p for p in own),
            spread_before=_pair(body["spread_before"]),
            method_break=body["method_break"],
            verdict=_FEW if hide else word("change", row["verdict"]),
        )

    def group(self, row: Row) -> GroupStanding:
        body = row["body"]
        rules = self._rules(row["programme"])
        before = body["tiers_before"] or {}
        # With a small unit in the group its mean, ends and tiers less what is shown would tell.
        hide = any(
            (row["programme"], unit) in self.few
            for unit, group in self.groups.items()
            if group == row["about"]
        )
        return GroupStanding(
            group=row["about"],
            programme=PROGRAMMES[row["programme"]],
            units=body["units"],
            ranked=body["ranked"],
            mean=None if hide else body["mean"],
            lowest=None if hide else body["lowest"],
            highest=None if hide else body["highest"],
            iqr=None if hide else body["iqr"],
            leaders=tuple(
                self.name(unit) or unit
                for unit in body["leaders"]
                if (row["programme"], unit) not in self.few
            ),
            tiers=tuple(
                (tier.name, body["tiers"][tier.id], before.get(tier.id))
                for tier in rules.tiers
                if tier.id in body["tiers"] and not hide
            ),
        )

    def _rules(self, programme: str, year: int | None = None) -> RuleSet:
        if programme != INDEX or year is None:
            return self.rules[programme]
        folder = self.settings.path(self.settings.rules)
        return rules_at(folder, dt.date(year, 12, 31), INDEX)

    def bunching(self, row: Row) -> BunchingNote:
        body = row["body"]
        return BunchingNote(
            programme=PROGRAMMES[row["programme"]],
            cut_off=body["cut_off"],
            above=body.get("above"),
            below=body.get("below"),
            p_value=body.get("p_value"),
            verdict=word("bunching", row["verdict"]),
        )

    def published(self, row: Row) -> PublishedFigure:
        body, whole = row["body"], row["about"].startswith("overall ")
        hide, figure = self.hidden(row, part=not whole), body["figure"]
        found: Any = body["recomputed"].get("after_review")
        published = body["published"]
        if figure == "rank":
            rank, total = body["rank"], body["ranked_units"]
            found = None if rank is None else f"{rank}/{total}" if total else str(rank)
        elif figure == "tier":
            rules = self._rules(row["programme"])
            tiers = [rules.tier_named(body["tier"]), rules.tier_named(published)]
            found = None if tiers[0] is None else tiers[0].name.vi
            published = published if tiers[1] is None else tiers[1].name.vi
        elif figure == "change":
            found = body.get("points")
        what = FIGURES[figure]
        part = row["about"].removesuffix(f" {figure}")
        if part != "overall":
            what = Message(f"{what.vi} ({part})", f"{what.en} ({part})")
        verdict = row["verdict"]
        agrees = None if hide or verdict in _UNKNOWN else verdict in _AGREE
        return PublishedFigure(
            unit=self.name(row["unit_id"]),
            programme=PROGRAMMES[row["programme"]],
            what=what,
            published=f"{published}%" if figure == "value" else published,
            recomputed=None if hide else found,
            agrees=agrees,
            verdict=_FEW if hide else word("published", verdict),
            source=body["source"],
            is_change=figure == "change",
        )

    def index(self, row: Row, rows: Mapping[str, Sequence[Row]]) -> IndexSheet:
        year, group = row["body"]["year"], self.groups.get(row["unit_id"])
        tier = self._rules(INDEX, year).tier_named(row["body"]["tier"])
        return index_sheet(
            row,
            rows,
            unit=self.named(row),
            group=group if isinstance(group, str) else "",
            tier=None if tier is None else tier.name,
        )

    def award(self, row: Row) -> AwardNote:
        body = row["body"]
        hold = None if row["verdict"] == "not_judged" else row["verdict"] == "hold"
        return AwardNote(
            unit=self.named(row),
            programme=PROGRAMMES[row["programme"]],
            title=body["title"],
            criticism=body["criticism"],
            hold=hold,
            reasons=tuple(REASONS[reason] for reason in body["reasons"]),
            notes=tuple(REASONS[note] for note in body["notes"]),
        )

    def target(self, row: Row) -> TargetNote:
        body = row["body"]
        hide = self.hidden(row, part=body["indicator"] not in _WHOLE)
        return TargetNote(
            unit=self.named(row),
            indicator=body["indicator"],
            operator=body["operator"],
            target=body["target"],
            value=None if hide else body["value"],
            due=_day(body["due"]),
            verdict=_FEW if hide else word("target", row["verdict"]),
            source=body["source"],
            met=not hide and row["verdict"] == "met",
        )

    def action(self, row: Row) -> ActionNote:
        body = row["body"]
        due, done = _day(body["due"]), _day(body["done"])
        return ActionNote(
            id=row["about"],
            unit=self.name(row["unit_id"]),
            text=body["text"],
            office=body["office"],
            due=due,
            done=done,
            overdue=done is None and due is not None and due < self.day,
            open_cases=body["open_cases"],
            verdict=word("action", row["verdict"]),
        )

    def complaint(self, row: Row) -> ComplaintNote:
        body, hide = row["body"], self.hidden(row)
        return ComplaintNote(
            unit=self.named(row),
            value=None if hide else body["value"],
            complaints=body["complaints"],
            served=body["served"],
            verdict=_FEW if hide else word("complaints", row["verdict"]),
            quiet=not hide and row["verdict"] in ("not_asked", "no_sign"),
        )


_FEW = Message("không nêu vì ít phiếu", "withheld: few forms")
