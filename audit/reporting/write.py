"""Building the views of a round and writing its pages."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.pipeline.sources import load_forms
from audit.reporting.data import RoundData, Row, last_run, load
from audit.reporting.evidence import (
    REASONS,
    digital_section,
    flagged_forms,
    image_section,
    pages_not_judged,
    statistics_section,
)
from audit.reporting.numbers import (
    custody_rows,
    factor_results,
    identity,
    peer_group,
    result,
    share,
    total_score,
)
from audit.reporting.reasons import reason_message
from audit.scoring.rules import rules_at
from audit.settings import Settings
from audit.store import open_store
from audit.trail.checkpoint import KEY_FILE, write_public
from audit.trail.keys import read_public
from detectors.errors import UsageError
from detectors.finding import Message, Severity
from detectors.registry import Level
from reports.views import (
    Appendix,
    DetectorYield,
    GroupSummary,
    InstrumentIdentity,
    NotJudged,
    Provenance,
    RoundIdentity,
    RoundReport,
    Sample,
    UnitReport,
    UnitRow,
    suppress,
)

__all__ = ["round_report", "unit_report", "write_round_reports"]

# Shares of flagged forms from which a unit is looked at first: the bands of Georgia's
# erasure analyses of school tests.
_ORANGE_SHARE = 0.11
_RED_SHARE = 0.25


def write_round_reports(
    settings: Settings,
    *,
    units: Sequence[str] = (),
    languages: Sequence[str] = (),
    folder: Path | None = None,
    only_missing: bool = False,
) -> list[Path]:
    """Write the index of the round and a page a unit, in HTML.

    Args:
        settings: Of the round.
        units: These units only; all of them if empty.
        languages: ``vi``, ``en``; the round's language first, then the other, if empty.
        folder: Where to; the round's folder of reports by default. With several
            instruments each has a folder of its own inside.
        only_missing: Do nothing where the index is there already.

    Returns:
        What was written, indexes first.

    Raises:
        UsageError: If a unit is not known, or the round has not run yet.
        AccessError: If the folder cannot be written.
    """
    from reports.html import write_reports

    chosen = tuple(languages) or (settings.language, "en" if settings.language == "vi" else "vi")
    target = folder or settings.path(settings.reports)
    if only_missing and any(target.rglob("index.html")):
        return []
    forms = load_forms(settings)
    written: list[Path] = []
    with open_store(settings.store_url, create=False) as store:
        for form in forms:
            with store.reading() as connection:
                run = last_run(connection, settings.round.id)
                if run is None:
                    raise UsageError(
                        "this round has not been audited yet", remedy="use `survey-audit run`"
                    )
                rules = rules_at(
                    settings.path(settings.rules), settings.round.date_to, form.settings.programme
                )
                data = load(connection, settings, form.instrument, rules, run)
            _check_units(data, units)
            place = target / form.instrument.id if len(forms) > 1 else target
            pages = write_reports(place, round_report(data), _unit_reports(data, units), chosen)
            written += pages
    _publish_key(settings, target)
    return sorted(written, key=lambda path: not path.name.startswith("index"))


def _publish_key(settings: Settings, folder: Path) -> None:
    """Put the key that signs checkpoints beside the reports that their heads are printed on."""
    key = settings.path(settings.checkpoints) / KEY_FILE
    if key.is_file():
        write_public(folder / "trail-key.pem", read_public(key))


def _check_units(data: RoundData, units: Sequence[str]) -> None:
    for unit in units:
        if unit not in data.units:
            raise UsageError(
                f"there is no unit {unit} in the round", remedy="see `survey-audit export units`"
            )


def _unit_reports(data: RoundData, units: Sequence[str]) -> Iterator[UnitReport]:
    for unit in data.units:
        if (not units and data.records.get(unit)) or unit in units:
            yield unit_report(data, unit)


def unit_report(data: RoundData, unit_id: str) -> UnitReport:
    """Everything the page of one unit says."""
    records = data.records.get(unit_id, ())
    served = data.units[unit_id]["served"]
    severity, reason = _severity(data, unit_id)
    return UnitReport(
        unit=identity(data, unit_id),
        round=_round(data, records),
        instrument=_instrument(data),
        sample=Sample(len(records), int(served) if served == served else None),
        severity=severity,
        severity_reason=reason,
        result=result(data, records, data.scores.get(unit_id, {}).get(("overall", ""))),
        custody=custody_rows(data, unit_id),
        factors=factor_results(data, unit_id),
        peers=peer_group(data, unit_id),
        images=image_section(data, unit_id, records),
        statistics=statistics_section(data, unit_id, records),
        digital=digital_section(data, unit_id, records),
        appendix=Appendix(_provenance(data), flagged_forms(data, records)),
    )


def _severity(data: RoundData, unit_id: str) -> tuple[Severity | None, Message | None]:
    """The unit's severity and why: of its numbers, or of its flagged forms if they are worse.

    A unit that no check could judge has none, unless forms of it are flagged: those were
    judged, and a unit with flagged forms is never shown as green.
    """
    severity, reason = _severity_of_numbers(data, unit_id)
    forms, why = _severity_of_forms(data, unit_id)
    if forms is not None and (severity is None or forms.rank > severity.rank):
        return forms, why
    return severity, reason


def _severity_of_forms(data: RoundData, unit_id: str) -> tuple[Severity | None, Message | None]:
    """By the share of forms with signs, in the bands of the erasure analyses (6, 11, 25 %).

    Red needs signs of two independent families among them.
    """
    ids = {row["record_id"] for row in data.records.get(unit_id, ())}
    found = [f for f in data.findings if f["record_id"] in ids]
    flagged = {f["record_id"] for f in found}
    if not flagged:
        return None, None
    part = len(flagged) / len(ids)
    severity = Severity.YELLOW
    if part >= _ORANGE_SHARE:
        severity = Severity.ORANGE
    if part >= _RED_SHARE and len({f["family"] for f in found}) > 1:
        severity = Severity.RED
    return severity, Message(
        f"{len(flagged)}/{len(ids)} bản ghi của đơn vị có dấu hiệu cần xem.",
        f"{len(flagged)} of {len(ids)} records of the unit carry signs to look at.",
    )


def _severity_of_numbers(data: RoundData, unit_id: str) -> tuple[Severity | None, Message | None]:
    own = [f for f in data.findings if f["unit_id"] == unit_id and f["record_id"] is None]
    if own:
        worst = own[0]
        return Severity(worst["severity"]), Message(worst["message_vi"], worst["message_en"])
    tested = data.unit_results.get(unit_id)
    if tested is None:
        return None, Message(
            "không có bản ghi nào để so sánh", "there is no record that could be compared"
        )
    if tested["p_value"] is None:
        reason = tested["not_testable"] or ""
        return None, reason_message(reason) if reason else None
    return Severity(tested["severity"] or "green"), None


def _round(data: RoundData, records: Sequence[Row]) -> RoundIdentity:
    settings = data.settings.round
    channels = sorted({row["channel"] for row in records if row["channel"]})
    title, method = settings.title, settings.method_break
    return RoundIdentity(
        id=settings.id,
        title=_both(title, settings.id),
        period_from=settings.date_from,
        period_to=settings.date_to,
        channels=tuple(channels),
        interim=settings.interim,
        method_break=None if method is None else _both(method, ""),
    )


def _both(texts: object, otherwise: str) -> Message:
    table = dict(texts) if isinstance(texts, dict) else {}
    some = next(iter(table.values()), otherwise)
    return Message(table.get("vi", some), table.get("en", some))


def _instrument(data: RoundData) -> InstrumentIdentity:
    form = data.instrument
    return InstrumentIdentity(form.id, form.version, _both(form.title, form.id))


def _provenance(data: RoundData) -> Provenance:
    run, settings = data.run, data.settings
    return Provenance(
        run_id=run["id"],
        generated_from=settings.store.split("://", 1)[0],
        as_of=data.finished,
        rule_set=data.rules.id,
        trail_head=run["trail_head"],
        versions=(
            ("survey-audit", run["software"]),
            *((info.id, info.version) for info in data.checks.values()),
        ),
        parameters=(
            ("false_flag_rate", f"{settings.false_flag_rate:g}"),
            ("seed", str(settings.seed)),
        ),
        hashes=(
            ("configuration", run["config_sha256"]),
            ("inputs", run["input_key"] or ""),
            ("instrument", data.instrument.sha256),
            ("rules", data.rules.sha256),
            ("manifest", run["manifest_sha256"] or ""),
        ),
    )


def round_report(data: RoundData) -> RoundReport:
    """Everything the page of the round says."""
    every = [row for rows in data.records.values() for row in rows]
    scores = [data.scores[unit]["overall", ""] for unit in sorted(data.scores)]
    return RoundReport(
        round=_round(data, every),
        instruments=(_instrument(data),),
        units=tuple(_unit_row(data, unit) for unit in data.units),
        result=result(data, every, total_score(scores) if scores else None),
        provenance=_provenance(data),
        groups=tuple(_groups(data)),
        not_judged=tuple(_not_judged(data, every)),
        detectors=tuple(_yields(data, every)),
    )


def _unit_row(data: RoundData, unit_id: str) -> UnitRow:
    records = data.records.get(unit_id, ())
    cases = [data.cases.get(("record", row["record_id"])) for row in records]
    serious = [c for c in cases if c is not None and c["severity"] in ("orange", "red")]
    signs = {f["record_id"] for f in data.findings if f["severity"] in ("orange", "red")}
    unread = result(data, records, None).not_judged
    return UnitRow(
        unit=identity(data, unit_id),
        result=result(data, records, data.scores.get(unit_id, {}).get(("overall", ""))),
        severity=_severity(data, unit_id)[0],
        flagged=sum(case["subject_id"] in signs for case in serious),
        judged=len(records) - unread,
    )


def _groups(data: RoundData) -> Iterator[GroupSummary]:
    members: dict[str, list[Row]] = {}
    for unit, row in data.units.items():
        score = data.scores.get(unit, {}).get(("overall", ""))
        if isinstance(row["group"], str) and score is not None:
            members.setdefault(row["group"], []).append(score)
    for group, scores in sorted(members.items()):
        shown = [s for s in scores if not suppress(s["records_counted"])]
        values = [v for s in shown if (v := share(s, "after_review")) is not None]
        yield GroupSummary(
            group=group,
            lowest=min(values, default=None),
            median=statistics.median(values) if values else None,
            highest=max(values, default=None),
            pooled=share(total_score(scores), "after_review") if values else None,
        )


def _not_judged(data: RoundData, records: Sequence[Row]) -> Iterator[NotJudged]:
    yield from pages_not_judged(data, list(data.pages.values()))
    reasons = Counter(reason for row in records for reason in row["reasons"])
    for reason, count in sorted(reasons.items()):
        text = REASONS.get(reason, reason_message(reason))
        yield NotJudged(Message("Bản ghi", "Records"), text, count)


def _yields(data: RoundData, records: Sequence[Row]) -> Iterator[DetectorYield]:
    found = Counter(f["detector"] for f in data.findings)
    read = [page for page in data.pages.values() if page["status"] == "read"]
    for info in data.checks.values():
        if info.level in (Level.PAGE, Level.PAGES):
            judged = sum(info.id not in page["not_assessable"] for page in read)
            total = len(data.pages)
        else:
            rows = records if info.level is Level.RECORD else list(data.unit_results.values())
            judged = sum(row["detectors"].get(info.id) is not None for row in rows)
            total = len(rows)
        confirmed, cleared = _decided(data, info.id)
        yield DetectorYield(
            id=info.id,
            title=info.title,
            judged=judged,
            not_judged=total - judged,
            findings=found[info.id],
            confirmed=confirmed,
            cleared=cleared,
        )


def _decided(data: RoundData, detector: str) -> tuple[int | None, int | None]:
    """Findings in confirmed and in dismissed cases; ``None`` while nothing is decided."""
    states = Counter(
        str(data.cases[key]["state"])
        for f in data.findings
        if f["detector"] == detector
        and f["record_id"] is not None
        and (key := ("record", f["record_id"])) in data.cases
    )
    if not states["confirmed"] and not states["dismissed"]:
        return None, None
    return states["confirmed"], states["dismissed"]
