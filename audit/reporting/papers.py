"""Documents that people act on, as view objects: minutes, held forms, requests, back-checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from audit.judge.decision import CaseState
from audit.reporting.data import RoundData, Row
from audit.reporting.evidence import (
    REASONS,
    STATES,
    image_section,
    shown_findings,
    statistics_section,
    unit_pages,
)
from audit.reporting.frame import instrument_of, provenance_of, round_of
from audit.reporting.numbers import NOT_READ, custody_rows, identity
from audit.reporting.outcome_words import FIGURES, PROGRAMMES
from audit.reporting.plots import flagged_records
from audit.reporting.reasons import reason_message
from audit.reporting.unit import unit_report
from audit.scoring.rules import INDEX, SATISFACTION
from detectors.finding import Message, Severity
from reports.advice import innocent_messages
from reports.views import SignCount
from reports.views.backcheck import BackcheckReport
from reports.views.papers import (
    AskedForm,
    BackcheckPaper,
    Compared,
    Comparison,
    Explanation,
    HeldForm,
    HeldList,
    Minutes,
    Outcome,
    ReviewedForm,
)
from reports.wording import kind_title

__all__ = ["backcheck_of", "comparison_of", "explanation_of", "held_of", "minutes_of"]

ReasonText = Callable[[str], Message]

_NO_CASE = Message("chưa rà soát", "not reviewed yet")


def _by_record(data: RoundData) -> Mapping[str, Sequence[Row]]:
    if "by_record" not in data.memo:
        found: dict[str, list[Row]] = {}
        for finding in data.findings:
            if finding["record_id"] is not None:
                found.setdefault(finding["record_id"], []).append(finding)
        data.memo["by_record"] = found
    result: Mapping[str, Sequence[Row]] = data.memo["by_record"]
    return result


def _place(data: RoundData, findings: Iterable[Row]) -> str:
    """Page and item of the first sign that has them."""
    for finding in findings:
        page = data.pages.get(finding["page_id"] or -1)
        parts = [] if page is None or not page["form_page"] else [str(page["form_page"])]
        parts += [finding["item"]] if finding["item"] else []
        if parts:
            return " / ".join(parts)
    return ""


def _label(row: Row) -> str:
    return str(row["serial"] or row["record_id"])


def minutes_of(data: RoundData, unit_id: str, reason: ReasonText) -> Minutes:
    """The minutes of one unit: forms with a case and a sign, and what became of them."""
    records = data.records.get(unit_id, ())
    places = {
        f["record_id"]: n for n, f in reversed(list(enumerate(shown_findings(data, records))))
    }
    forms, cases = [], []
    for row in records:
        case = data.cases.get(("record", row["record_id"]))
        signs = _by_record(data).get(row["record_id"], ())
        if case is None or not signs:
            continue
        cases.append((row, case))
        forms.append(
            ReviewedForm(
                label=_label(row),
                place=_place(data, signs),
                signs=tuple(
                    dict.fromkeys(Message(f["message_vi"], f["message_en"]) for f in signs)
                ),
                severity=Severity(case["severity"]),
                opinion=_opinion(data, case, reason),
                crop_key=places.get(row["record_id"]),
            )
        )
    forms.sort(key=lambda form: (-form.severity.rank, form.label))
    return Minutes(
        unit=identity(data, unit_id),
        round=round_of(data, records),
        instrument=instrument_of(data),
        provenance=provenance_of(data),
        custody=custody_rows(data, unit_id),
        forms=tuple(forms),
        outcome=_outcome(cases),
        files=tuple(_files(data, [row for row, _ in cases])),
    )


def _opinion(data: RoundData, case: Row, reason: ReasonText) -> Message:
    """Where the review stands, and the reasons given once it is closed.

    While it is open nobody's word is told: the second person must not know the first's.
    """
    state = STATES[case["state"]]
    codes = data.reasons.get(case["id"], ()) if CaseState(case["state"]).closed else ()
    texts = [reason(code) for code in dict.fromkeys(codes)]
    return Message(
        ": ".join([state.vi, "; ".join(text.vi for text in texts)]) if texts else state.vi,
        ": ".join([state.en, "; ".join(text.en for text in texts)]) if texts else state.en,
    )


def _outcome(cases: Sequence[tuple[Row, Row]]) -> Outcome:
    verify = (CaseState.BACKCHECK, CaseState.ESCALATED)
    return Outcome(
        kept=sum(row["state"] == "scored" for row, _ in cases),
        held=sum(row["state"] == "held" and case["state"] not in verify for row, case in cases),
        excluded=sum(row["state"] == "excluded" for row, _ in cases),
        to_verify=sum(row["state"] == "held" and case["state"] in verify for row, case in cases),
    )


def _files(data: RoundData, records: Sequence[Row]) -> list[tuple[str, str]]:
    pages = unit_pages(data, records)
    return list(dict.fromkeys((page["path"].rsplit("/", 1)[-1], page["sha256"]) for page in pages))


def held_of(data: RoundData) -> HeldList:
    """Every record that does not count, by unit, the most serious first."""
    every = [row for rows in data.records.values() for row in rows]
    forms = []
    for row in every:
        if row["state"] not in ("held", "excluded"):
            continue
        case = data.cases.get(("record", row["record_id"]))
        kinds = [kind_title(f["kind"]) for f in _by_record(data).get(row["record_id"], ())]
        kinds += [REASONS.get(reason, reason_message(reason)) for reason in row["reasons"]]
        unread = bool(NOT_READ & set(row["reasons"])) and case is None
        forms.append(
            HeldForm(
                unit=identity(data, row["unit_id"]).name if row["unit_id"] else "–",
                label=_label(row),
                batch=row["batch"] or "",
                kinds=tuple(dict.fromkeys(kinds)),
                severity=None if unread or case is None else Severity(case["severity"]),
                status=_NO_CASE if case is None else STATES[case["state"]],
            )
        )
    forms.sort(key=lambda f: (f.unit, -1 if f.severity is None else -f.severity.rank, f.label))
    return HeldList(round_of(data, every), provenance_of(data), tuple(forms))


def explanation_of(data: RoundData, unit_id: str) -> Explanation:
    """What one unit is asked about: kinds of signs and places, never a value."""
    records = data.records.get(unit_id, ())
    flagged = flagged_records(data)
    forms = [
        AskedForm(
            label=_label(row),
            batch=row["batch"] or "",
            place=_place(data, signs),
            kinds=tuple(dict.fromkeys(kind_title(f["kind"]) for f in signs)),
        )
        for row in records
        if row["record_id"] in flagged and (signs := _by_record(data).get(row["record_id"], ()))
    ]
    images = image_section(data, unit_id, records)
    statistics = statistics_section(data, unit_id, records)
    custody = custody_rows(data, unit_id) or ()
    counts: tuple[SignCount, ...] = (
        *(images.counts if images else ()),
        *(statistics.counts if statistics else ()),
    )
    return Explanation(
        unit=identity(data, unit_id),
        round=round_of(data, records),
        instrument=instrument_of(data),
        provenance=provenance_of(data),
        counts=tuple(count for count in counts if count.forms),
        unit_signs=tuple(sign.title for sign in statistics.signs) if statistics else (),
        forms=tuple(sorted(forms, key=lambda form: form.label)),
        custody=tuple(r for r in custody if r.unaccounted or r.unsorted or r.notes),
        innocent=innocent_messages(unit_report(data, unit_id)),
    )


def backcheck_of(data: RoundData, report: BackcheckReport) -> BackcheckPaper:
    """A draw of back-checks with names of units and tiers."""
    every = [row for rows in data.records.values() for row in rows]
    return BackcheckPaper(
        round=round_of(data, every),
        provenance=provenance_of(data),
        report=report,
        unit_names=tuple((unit, identity(data, unit).name) for unit in data.units),
        tier_names=tuple((tier.id, tier.name) for tier in data.rules.tiers),
    )


def comparison_of(data: RoundData) -> Comparison:
    """Published figures against recomputed ones; empty while none was brought in.

    Of a round with several questionnaires each shows the figures of its own programme; the
    index stands with satisfaction.
    """
    every = [row for rows in data.records.values() for row in rows]
    own = {data.programme, *((INDEX,) if data.programme == SATISFACTION else ())}
    rows = tuple(_compared(data, row) for row in data.published if row["programme"] in own)
    return Comparison(round_of(data, every), provenance_of(data), rows)


def _compared(data: RoundData, row: Row) -> Compared:
    body, figure = row["body"], row["body"]["figure"]
    published, text = body["published"], None
    recomputed: float | None = body["recomputed"].get("after_review")
    if figure == "rank":
        rank, total = body["rank"], body["ranked_units"]
        shown = "" if rank is None else f"{rank}/{total}" if total else str(rank)
        text, recomputed = Message(shown, shown) if shown else None, None
    elif figure == "tier":
        said, right = body["names"]
        published, recomputed = said[0], None
        text = None if right is None else Message(*right)
    elif figure == "change":
        recomputed = body.get("points")
        sign = "" if published.startswith("-") else "+"
        published = f"{sign}{published.replace('.', ',')}".replace("-", "−")
    else:
        published = f"{published.replace('.', ',')}%"
    difference = None
    if recomputed is not None:
        difference = round(float(body["published"]) / 100 - recomputed, 6)
        difference = difference or None
    what, part = FIGURES[figure], row["about"].removesuffix(f" {figure}")
    if row["programme"] != data.programme:
        of = PROGRAMMES[row["programme"]]
        what = Message(f"{of.vi}: {what.vi}", f"{of.en}: {what.en}")
    if part != "overall":
        what = Message(f"{what.vi} ({part})", f"{what.en} ({part})")
    unit = row["unit_id"]
    score = data.scores.get(unit or "", {}).get(("overall", ""))
    about_survey = row["programme"] == data.programme and unit is not None
    return Compared(
        unit=_ALL_UNITS if unit is None else identity(data, unit).name,
        indicator=what,
        published=published,
        recomputed=recomputed,
        match=row["verdict"],
        shown_as="points" if figure == "change" else "share",
        text=text,
        difference=difference,
        n=int(score["records_counted"]) if about_survey and score is not None else None,
        source=body["source"],
    )


_ALL_UNITS = "Toàn bộ · All units"
