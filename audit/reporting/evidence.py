"""Signs about one unit as view objects: on images, in numbers, on the digital channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from audit.judge.decision import CaseState
from audit.reporting.data import RoundData, Row
from audit.reporting.plots import direction_of
from audit.reporting.reasons import reason_message
from detectors.finding import Family, Message, Severity
from detectors.registry import CheckInfo, Level
from reports.views import (
    ChannelCount,
    DigitalSection,
    FlaggedForm,
    ImageExample,
    ImageSection,
    NotJudged,
    Sign,
    SignCount,
    StatisticsSection,
)
from reports.wording import kind_title

__all__ = [
    "digital_section",
    "flagged_forms",
    "image_section",
    "shown_findings",
    "statistics_section",
]

_EXAMPLES = 12
# So many extracts of one form, so that it does not crowd out the others.
_OF_ONE_FORM = 3
STATES = {
    CaseState.OPEN: Message("chờ xem xét", "waiting for review"),
    CaseState.SECOND_NEEDED: Message("chờ người thứ hai", "waiting for a second person"),
    CaseState.ESCALATED: Message("chuyển cấp trên", "escalated"),
    CaseState.BACKCHECK: Message("chờ phúc tra", "waiting for a back-check"),
    CaseState.CONFIRMED: Message("loại khỏi tính điểm", "excluded"),
    CaseState.DISMISSED: Message("giữ lại", "kept"),
}
_PAGE_STATES = {
    "unreadable": Message("Trang không đọc được", "Page that cannot be read"),
    "wrong_form": Message("Trang không phải mẫu phiếu này", "Page of another form"),
    "not_checked": Message("Tệp không kiểm tra được", "File that could not be checked"),
}
REASONS = {
    "page_unreadable": Message("Trang không đọc được.", "A page cannot be read."),
    "page_not_checked": Message("Tệp không kiểm tra được.", "A file could not be checked."),
    "page_not_judged": Message("Trang chưa được đánh giá.", "A page was not judged."),
    "page_missing": Message("Thiếu trang của phiếu.", "A page of the form is missing."),
    "off_scale": Message("Có giá trị ngoài thang đo.", "A value is off the scale."),
    "superseded": Message(
        "Người trả lời đã gửi lại; bản gửi sau được tính.",
        "The respondent answered again; the later answer counts.",
    ),
    "not_accepted": Message(
        "Đã bị từ chối hoặc đang chờ duyệt trên nền tảng khảo sát; chờ người quyết định.",
        "It was rejected or put on hold on the survey platform; it waits for a person here.",
    ),
    "duplicate_record_id": Message("Mã bản ghi bị trùng.", "The record id is used more than once."),
    "no_record_id": Message("Bản ghi không có mã.", "The record has no id."),
    "odd_row": Message("Dòng dữ liệu lệch cột.", "The row has too many or too few fields."),
    "unknown_unit": Message("Đơn vị không có trong danh mục.", "The unit is not in the list."),
}


def unit_pages(data: RoundData, records: Iterable[Row]) -> list[Row]:
    """Pages of some records."""
    keys = [key for row in records for key in data.record_pages.get(row["id"], ())]
    return [data.pages[key] for key in dict.fromkeys(keys) if key in data.pages]


def image_section(data: RoundData, unit_id: str, records: Sequence[Row]) -> ImageSection | None:
    """Signs on scanned forms; ``None`` where the unit has no page."""
    pages = unit_pages(data, records)
    if not pages:
        return None
    checks = data.checks_of(Level.PAGE, Level.PAGES)
    labels = {row["record_id"]: row["serial"] or row["record_id"] for row in records}
    examples = [_example(data, f, labels) for f in shown_findings(data, records)]
    read = [page for page in pages if page["status"] == "read"]
    return ImageSection(
        pages=len(pages),
        judged=len(read),
        counts=tuple(_image_count(data, kind, checks, records) for kind in _kinds(checks)),
        direction=direction_of(data, records),
        examples=tuple(examples),
        not_judged=tuple(pages_not_judged(data, pages)),
    )


def shown_findings(data: RoundData, records: Sequence[Row]) -> list[Row]:
    """Image signs of which extracts are shown, the most serious first."""
    ids = {row["record_id"] for row in records}
    shown: list[Row] = []
    of_record: Counter[str] = Counter()
    for finding in data.findings:
        record = finding["record_id"]
        if finding["family"] == "image" and record in ids and of_record[record] < _OF_ONE_FORM:
            of_record[record] += 1
            shown.append(finding)
    return shown[:_EXAMPLES]


def _kinds(checks: Iterable[CheckInfo]) -> list[str]:
    return list(dict.fromkeys(info.kind for info in checks))


def _example(data: RoundData, finding: Row, labels: dict[str, str]) -> ImageExample:
    page = data.pages.get(finding["page_id"] or -1)
    return ImageExample(
        label=labels[finding["record_id"]],
        message=Message(finding["message_vi"], finding["message_en"]),
        severity=Severity(finding["severity"]),
        page=None if page is None else page["form_page"],
        item=finding["item"],
        p_value=finding["p_value"],
    )


def _image_count(
    data: RoundData, kind: str, checks: Sequence[CheckInfo], records: Sequence[Row]
) -> SignCount:
    own = {info.id for info in checks if info.kind == kind}
    forms, judged, worst = _with_sign(data, own, kind, records)
    if ("force", kind) not in data.memo:
        force = [row for rows in data.records.values() for row in rows]
        data.memo["force", kind] = _with_sign(data, own, kind, force)[:2]
    all_forms, all_judged = data.memo["force", kind]
    return SignCount(
        kind=kind,
        title=kind_title(kind),
        forms=forms,
        judged=judged,
        force_rate=all_forms / all_judged if all_judged else None,
        severity=worst,
    )


def _with_sign(
    data: RoundData, own: set[str], kind: str, records: Sequence[Row]
) -> tuple[int, int, Severity]:
    """Forms with a sign, forms on which a check for it could judge, and the worst severity."""
    judged = {
        row["record_id"]
        for row in records
        for page in unit_pages(data, [row])
        if page["status"] == "read" and own - set(page["not_assessable"])
    }
    found = [
        f
        for f in data.findings
        if f["kind"] == kind and f["family"] == "image" and f["record_id"] in judged
    ]
    worst = Severity.worst([Severity(f["severity"]) for f in found])
    return len({f["record_id"] for f in found}), len(judged), worst


def pages_not_judged(data: RoundData, pages: Sequence[Row]) -> list[NotJudged]:
    refused = Counter((p["status"], p["reason"] or "") for p in pages if p["status"] != "read")
    found = [
        NotJudged(_PAGE_STATES[status], reason_message(reason), count)
        for (status, reason), count in sorted(refused.items())
    ]
    limits = Counter(item for p in pages for item in p["not_assessable"].items())
    found += [
        NotJudged(data.title(check), reason_message(reason), count)
        for (check, reason), count in sorted(limits.items())
    ]
    return found


def statistics_section(
    data: RoundData, unit_id: str, records: Sequence[Row]
) -> StatisticsSection | None:
    """Signs in the numbers; ``None`` where no check was made on the unit."""
    tested = data.unit_results.get(unit_id)
    if tested is None:
        return None
    checks = [c for c in data.checks_of(Level.RECORD, Level.UNIT) if c.family is not Family.CHANNEL]
    own = [f for f in data.findings if f["unit_id"] == unit_id and f["record_id"] is None]
    ids = {row["record_id"] for row in records}
    of_records = [f for f in data.findings if f["record_id"] in ids and f["family"] == "answers"]
    made = [
        c for c in checks if c.level is Level.RECORD or tested["detectors"].get(c.id) is not None
    ]
    skipped = [c for c in checks if c not in made]
    reason = tested["not_testable"] or "not enough data"
    return StatisticsSection(
        checks=tuple(info.title for info in made),
        signs=tuple(_sign(data, f, tested) for f in own if f["family"] != "channel"),
        counts=tuple(_record_counts(data, of_records, records)),
        not_judged=tuple(NotJudged(info.title, reason_message(reason)) for info in skipped),
    )


def _sign(data: RoundData, finding: Row, tested: Row | None) -> Sign:
    check = data.checks.get(finding["detector"])
    return Sign(
        title=data.title(finding["detector"]),
        message=Message(finding["message_vi"], finding["message_en"]),
        severity=Severity(finding["severity"]),
        p_value=finding["p_value"],
        q_value=None if tested is None else tested["q_value"],
        innocent=() if check is None else check.innocent,
    )


def _record_counts(
    data: RoundData, findings: Sequence[Row], records: Sequence[Row]
) -> list[SignCount]:
    every = [row for rows in data.records.values() for row in rows]
    counts = []
    for kind in sorted({f["kind"] for f in findings}):
        mine = {f["record_id"]: f for f in findings if f["kind"] == kind}
        force = {f["record_id"] for f in data.findings if f["kind"] == kind and f["record_id"]}
        title = data.title(next(iter(mine.values()))["detector"])
        judged = sum(row["p_value"] is not None for row in records)
        all_judged = sum(row["p_value"] is not None for row in every)
        worst = Severity.worst([Severity(f["severity"]) for f in mine.values()])
        rate = len(force) / all_judged if all_judged else None
        counts.append(SignCount(kind, title, len(mine), judged, rate, severity=worst))
    return counts


def digital_section(data: RoundData, unit_id: str, records: Sequence[Row]) -> DigitalSection | None:
    """The digital channels; ``None`` where every record came on paper."""
    channels = Counter(row["channel"] or "?" for row in records if row["channel"] != "paper")
    if not channels:
        return None
    ids = {row["record_id"] for row in records}
    signs = [
        f
        for f in data.findings
        if f["family"] == "channel" and (f["unit_id"] == unit_id or f["record_id"] in ids)
    ]
    checks = [c for c in data.checks_of(Level.RECORD, Level.UNIT) if c.family is Family.CHANNEL]
    made = [c for c in checks if any(r["detectors"].get(c.id) is not None for r in records)]
    reason = Message("không có dữ liệu thời gian hoặc thiết bị", "no data on times or devices")
    return DigitalSection(
        channels=tuple(ChannelCount(name, n) for name, n in sorted(channels.items())),
        signs=tuple(_sign(data, finding, None) for finding in signs),
        checks=tuple(info.title for info in made),
        not_judged=tuple(NotJudged(c.title, reason) for c in checks if c not in made),
    )


def flagged_forms(data: RoundData, records: Sequence[Row]) -> tuple[FlaggedForm, ...]:
    """Records with a case, the most serious first."""
    by_record: dict[str, list[Row]] = {}
    for finding in data.findings:
        if finding["record_id"] is not None:
            by_record.setdefault(finding["record_id"], []).append(finding)
    forms = []
    for row in records:
        case = data.cases.get(("record", row["record_id"]))
        if case is None:
            continue
        signs = by_record.get(row["record_id"], [])
        texts = [Message(f["message_vi"], f["message_en"]) for f in signs]
        texts += [REASONS[reason] for reason in row["reasons"] if reason in REASONS]
        first = next((f for f in signs if f["item"]), None)
        forms.append(
            FlaggedForm(
                label=row["serial"] or row["record_id"],
                severity=Severity(case["severity"]),
                signs=tuple(dict.fromkeys(texts)),
                item=None if first is None else first["item"],
                status=STATES[case["state"]],
            )
        )
    return tuple(sorted(forms, key=lambda form: (-form.severity.rank, form.label)))
