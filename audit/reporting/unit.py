"""The report of one unit as a view object."""

from __future__ import annotations

from audit.reporting.data import RoundData
from audit.reporting.evidence import (
    digital_section,
    flagged_forms,
    image_section,
    statistics_section,
)
from audit.reporting.firm import firmness_of
from audit.reporting.frame import instrument_of, provenance_of, round_of
from audit.reporting.numbers import custody_rows, factor_results, identity, peer_group, result
from audit.reporting.plots import plots_of
from audit.reporting.reasons import reason_message
from detectors.finding import Message, Severity
from reports.views import Appendix, Sample, UnitReport

__all__ = ["severity_of", "unit_report"]

# Shares of flagged forms from which a unit is looked at first: the bands of Georgia's
# erasure analyses of school tests.
_ORANGE_SHARE = 0.11
_RED_SHARE = 0.25


def unit_report(data: RoundData, unit_id: str) -> UnitReport:
    """Everything the report of one unit says; its extracts are cut later."""
    records = data.records.get(unit_id, ())
    served = data.units[unit_id]["served"]
    severity, reason = severity_of(data, unit_id)
    return UnitReport(
        unit=identity(data, unit_id),
        round=round_of(data, records),
        instrument=instrument_of(data),
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
        plots=plots_of(data, unit_id, records),
        firmness=firmness_of(data.scores.get(unit_id, {}).get(("overall", "")), data.rules),
        slices=data.slices.get(unit_id, ()),
        outcomes=data.outcomes.get(unit_id),
        false_flag_rate=data.settings.false_flag_rate,
        appendix=Appendix(provenance_of(data), flagged_forms(data, records)),
    )


def severity_of(data: RoundData, unit_id: str) -> tuple[Severity | None, Message | None]:
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
