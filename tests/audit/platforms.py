"""Exports as survey platforms write them, made from one set of answers.

Column names, order, extra header rows, quoting, time formats and codes follow each
platform's documented format; the answers are the same everywhere, so that every export must
give the same records.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ITEMS = {
    "A1": ("Biển chỉ dẫn, nơi tiếp nhận hồ sơ dễ tìm", "Signs and reception easy to find"),
    "B2": ("Thành phần hồ sơ đúng quy định", "No extra papers asked"),
    "E3": ("Phản ánh được tiếp nhận, xử lý tích cực", "Complaints are handled actively"),
}
LABELS = {
    1: "Rất không hài lòng",
    2: "Không hài lòng",
    3: "Bình thường",
    4: "Hài lòng",
    5: "Rất hài lòng",
}
ENGLISH = {
    1: "Very dissatisfied",
    2: "Dissatisfied",
    3: "Neutral",
    4: "Satisfied",
    5: "Very satisfied",
}
# record, unit, submitted (local), A1, B2, E3 (9: does not apply), procedures used (D7)
ANSWERS: Sequence[tuple[str, str, str, int, int, int, tuple[int, ...]]] = (
    ("r1", "u1", "2026-07-03 08:10:01", 5, 4, 9, (1,)),
    ("r2", "u1", "2026-07-15 14:05:11", 2, 5, 5, (1, 3)),
    ("r3", "u2", "2026-07-31 23:59:00", 4, 4, 3, (2,)),
)


def instrument(folder: Path) -> Path:
    """The form that all of them asked."""
    text = ['id = "P-01"', 'version = "1"', 'title = { vi = "Phiếu", en = "Form" }']
    for name, (vi, en) in ITEMS.items():
        text += ["[[item]]", f'id = "{name}"', f'factor = "{name[0]}"', "scale = [1, 2, 3, 4, 5]"]
        text += [f'text = {{ vi = "{vi}", en = "{en}" }}']
        if name == "E3":
            text += ["not_applicable = 9"]
    text += ["[[item]]", 'id = "D7"', 'kind = "category"', "scale = [1, 2, 3]"]
    path = folder / "form.toml"
    path.write_text("\n".join(text), "utf-8")
    return path


def _csv(rows: Sequence[Sequence[Any]], separator: str = ",", *, all_quoted: bool = False) -> bytes:
    stream = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(stream, delimiter=separator, quoting=quoting, lineterminator="\r\n").writerows(rows)
    return stream.getvalue().encode()


def _utc(local: str) -> str:
    import datetime as dt

    moment = dt.datetime.fromisoformat(local) - dt.timedelta(hours=7)
    return moment.isoformat()


def kobo_csv() -> bytes:
    """Values and headers as XML names, groups kept, choices both joined and split."""
    head = ["start", "end", "unit_id", "sec/A1", "sec/B2", "sec/E3", "D7"]
    head += ["D7/1", "D7/2", "D7/3", "_id", "_uuid", "_submission_time", "_validation_status"]
    head += ["_notes", "_status", "_submitted_by", "__version__", "_tags", "_index"]
    rows: list[list[Any]] = [head]
    for index, (record, unit, at, a, b, e, used) in enumerate(ANSWERS, start=1):
        stamp = at.replace(" ", "T") + ".123+07:00"
        split = [int(value in used) for value in (1, 2, 3)]
        row = [stamp, stamp, unit, a, b, e, " ".join(map(str, used)), *split, 100 + index, record]
        rows.append([*row, _utc(at), "", "", "submitted_via_web", "", "vX", "", index])
    return _csv(rows, ";", all_quoted=True)


def kobo_xlsx() -> bytes:
    """Labels for headers and answers, groups in front, times as a workbook keeps them."""
    import datetime as dt

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Phiếu khảo sát"
    group = "Mức độ hài lòng/"
    head = ["start", "end", "Mã đơn vị", *(group + vi for vi, _ in ITEMS.values()), "D7"]
    head += ["_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status"]
    sheet.append([*head, "_submitted_by", "__version__", "_tags", "_index"])
    for index, (record, unit, at, a, b, e, used) in enumerate(ANSWERS, start=1):
        stamp = at.replace(" ", "T") + ".123+07:00"
        answers = [LABELS[a], LABELS[b], "Không áp dụng" if e == 9 else LABELS[e]]
        sent = dt.datetime.fromisoformat(_utc(at))
        row: list[Any] = [stamp, stamp, unit, *answers, " ".join(map(str, used)), 100 + index]
        row += [record, sent, None, None, "submitted_via_web", None, "vX", None, index]
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def kobo_json() -> dict[str, Any]:
    """One page of ``/api/v2/assets/…/data/``."""
    results = []
    for index, (record, unit, at, a, b, e, used) in enumerate(ANSWERS, start=1):
        stamp = at.replace(" ", "T") + ".123+07:00"
        results.append(
            {
                **{"_id": 100 + index, "formhub/uuid": "f0", "start": stamp, "end": stamp},
                **{"unit_id": unit, "sec/A1": str(a), "sec/B2": str(b), "sec/E3": str(e)},
                **{"D7": " ".join(map(str, used)), "__version__": "vX", "_xform_id_string": "aX"},
                **{"_uuid": record, "_attachments": [], "_status": "submitted_via_web"},
                **{"_geolocation": [None, None], "_submission_time": _utc(at), "_tags": []},
                **{"_notes": [], "_validation_status": {}, "_submitted_by": None},
            }
        )
    return {"count": len(results), "next": None, "previous": None, "results": results}


def odk_csv() -> bytes:
    """The main table of a submissions archive of ODK Central."""
    head = ["SubmissionDate", "start", "unit_id", "sec-A1", "sec-B2", "sec-E3", "D7"]
    head += ["meta-instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent"]
    head += ["AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion"]
    rows: list[list[Any]] = [head]
    for record, unit, at, a, b, e, used in ANSWERS:
        row = [_utc(at) + ".345Z", at.replace(" ", "T") + ".000+07:00", unit, a, b, e]
        row += [" ".join(map(str, used)), record, record, 5, "desk 1", 0, 0, "", "", "dev1", 0, 1]
        rows.append(row)
    return _csv(rows)


def odk_plain_csv() -> bytes:
    """The same with the switches of the download: no group names, choices split, nothing joined."""
    head = ["SubmissionDate", "start", "unit_id", "A1", "B2", "E3", "D7", "D7/1", "D7/2", "D7/3"]
    head += ["instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent"]
    head += ["AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion"]
    rows: list[list[Any]] = [head]
    for record, unit, at, a, b, e, used in ANSWERS:
        row: list[Any] = [_utc(at) + ".345Z", at.replace(" ", "T") + ".000+07:00", unit, a, b, e]
        row += [" ".join(map(str, used)), *(int(v in used) for v in (1, 2, 3)), record, record]
        rows.append([*row, 5, "desk 1", 0, 0, "", "approved", "dev1", 0, 1])
    return _csv(rows)


def odk_zip() -> bytes:
    """The archive that Central gives: the form's table, one of a repeat group, an attachment."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("satisfaction.csv", odk_csv())
        archive.writestr("satisfaction-visits.csv", _csv([["day", "PARENT_KEY", "KEY"]]))
        archive.writestr("media/1780000000.jpg", b"\xff\xd8\xff\xd9")
    return stream.getvalue()


def odk_odata(answers: Sequence[Any] = ANSWERS) -> list[dict[str, Any]]:
    """Rows of the OData feed ``Submissions``."""
    return [
        {
            "__id": record,
            "__system": {
                **{"submissionDate": _utc(at) + ".345Z", "updatedAt": None, "submitterId": "5"},
                **{"submitterName": "desk 1", "attachmentsPresent": 0, "attachmentsExpected": 0},
                **{"status": None, "reviewState": None, "deviceId": "dev1", "edits": 0},
                "formVersion": "1",
            },
            "start": at.replace(" ", "T") + ".000+07:00",
            "unit_id": unit,
            "sec": {"A1": str(a), "B2": str(b), "E3": str(e)},
            "D7": " ".join(map(str, used)),
            "meta": {"instanceID": record},
        }
        for record, unit, at, a, b, e, used in answers
    ]


def limesurvey_csv() -> bytes:
    """Heading: question code; answers: codes. An array question, and one of several choices."""
    head = ["id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp"]
    head += ["ipaddr", "unit", "A[A1]", "A[B2]", "A[E3]", "D7[1]", "D7[2]", "D7[3]"]
    rows: list[list[Any]] = [head]
    for record, unit, at, a, b, e, used in ANSWERS:
        chosen = ["Y" if value in used else "" for value in (1, 2, 3)]
        answers = [a, b, "N/A" if e == 9 else e]
        rows.append([record, at, 3, "vi", 1, at, at, "10.0.0.1", unit, *answers, *chosen])
    return _csv(rows, all_quoted=True)


def limesurvey_text_csv() -> bytes:
    """Heading: full question text; answers in full, in the words of the survey's language."""
    head = ["Response ID", "Date submitted", "Last page", "Start language", "Seed"]
    head += ["Date started", "Date last action", "IP address", "unit"]
    head += [f"Mức độ hài lòng [{vi}]" for vi, _ in ITEMS.values()]
    rows: list[list[Any]] = [[*head, *(f"D7 [{v}]" for v in (1, 2, 3))]]
    for record, unit, at, a, b, e, used in ANSWERS:
        chosen = ["Có" if value in used else "Không" for value in (1, 2, 3)]
        answers = [LABELS[a], LABELS[b], "N/A" if e == 9 else LABELS[e]]
        rows.append([record, at, 3, "vi", 1, at, at, "10.0.0.1", unit, *answers, *chosen])
    return _csv(rows, ";", all_quoted=True)


def surveycto_csv() -> bytes:
    """Wide format."""
    head = ["CompletionDate", "SubmissionDate", "starttime", "endtime", "deviceid", "subscriberid"]
    head += ["username", "unit_id", "A1", "B2", "E3", "D7", "D7_1", "D7_2", "D7_3", "instanceID"]
    head += ["formdef_version", "review_quality", "review_status", "KEY"]
    return _csv([head, *([row[name] for name in head] for row in surveycto_json())])


def surveycto_json() -> list[dict[str, Any]]:
    """Wide JSON of API v2."""
    import datetime as dt

    rows = []
    for record, unit, at, a, b, e, used in ANSWERS:
        moment = dt.datetime.fromisoformat(at)
        clock = f"{moment:%I}".lstrip("0")
        stamp = f"{moment:%b} {moment.day}, {moment.year} {clock}:{moment:%M:%S %p}"
        rows.append(
            {
                **{"CompletionDate": stamp, "SubmissionDate": stamp, "starttime": stamp},
                **{"endtime": stamp, "deviceid": "dev1", "subscriberid": "", "username": "lan"},
                **{"unit_id": unit, "A1": str(a), "B2": str(b), "E3": str(e)},
                "D7": " ".join(map(str, used)),
                **{f"D7_{v}": str(int(v in used)) for v in (1, 2, 3)},
                **{"instanceID": record, "formdef_version": "2607010000", "review_quality": ""},
                **{"review_status": "APPROVED", "KEY": record},
            }
        )
    return rows


def qualtrics_csv() -> bytes:
    """Three header rows, choice text, a matrix question, and a trial of the author's."""
    head = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)"]
    head += ["Finished", "RecordedDate", "ResponseId", "DistributionChannel", "UserLanguage"]
    head += ["unit_id", "Q2_1", "Q2_2", "Q2_3", "D7"]
    texts = ["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Duration"]
    texts += ["Finished", "Recorded Date", "Response ID", "Distribution Channel", "User Language"]
    texts += ["unit_id", *(f"Mức độ hài lòng - {vi}" for vi, _ in ITEMS.values()), "D7"]
    zone = {"timeZone": "Asia/Ho_Chi_Minh"}
    ids: list[dict[str, str]] = [{"ImportId": "startDate"} | zone, {"ImportId": "endDate"} | zone]
    ids += [{"ImportId": name} for name in ("status", "ipAddress", "progress", "duration")]
    ids += [{"ImportId": "finished"}, {"ImportId": "recordedDate"} | zone]
    ids += [{"ImportId": name} for name in ("_recordId", "distributionChannel", "userLanguage")]
    ids += [{"ImportId": n} for n in ("unit_id", "QID2_1", "QID2_2", "QID2_3", "QID3")]
    rows: list[list[Any]] = [head, texts, [json.dumps(i, separators=(",", ":")) for i in ids]]
    trial = ["2026-06-30 09:00:00"] * 2 + ["Survey Preview", "", 100, 9, "True"]
    trial += ["2026-06-30 09:00:00", "R_trial", "preview", "VI", "u1", LABELS[5]]
    rows.append([*trial, LABELS[5], LABELS[5], 1])
    for record, unit, at, a, b, e, used in ANSWERS:
        row: list[Any] = [at, at, "IP Address", "10.0.0.1", 100, 60, "True", at, record]
        row += ["anonymous", "VI", unit, LABELS[a], LABELS[b]]
        row += ["Không có phản ánh" if e == 9 else LABELS[e], ",".join(map(str, used))]
        rows.append(row)
    return _csv(rows)


def google_csv() -> bytes:
    """As downloaded from the form, in Vietnamese: titles of questions for names."""
    head = ["Dấu thời gian", "Đơn vị", *(f"Mức độ hài lòng [{vi}]" for vi, _ in ITEMS.values())]
    rows: list[list[Any]] = [[*head, "D7"]]
    for _, unit, at, a, b, e, used in ANSWERS:
        day, clock = at.split(" ")
        year, month, date = day.split("-")
        hour = int(clock[:2])
        half = "SA" if hour < 12 else "CH"
        stamp = f"{date}/{month}/{year} {(hour - 1) % 12 + 1}:{clock[3:]} {half}"
        answers = [LABELS[a], LABELS[b], "Không có phản ánh" if e == 9 else LABELS[e]]
        rows.append([stamp, unit, *answers, ";".join(map(str, used))])
    return _csv(rows, all_quoted=True)


def google_english_csv() -> bytes:
    """The same form as a sheet in American English: the month stands first."""
    head = ["Timestamp", "Unit", *(en for _, en in ITEMS.values()), "D7"]
    rows: list[list[Any]] = [head]
    for _, unit, at, a, b, e, used in ANSWERS:
        day, clock = at.split(" ")
        year, month, date = (int(part) for part in day.split("-"))
        answers = [ENGLISH[a], ENGLISH[b], "Not applicable" if e == 9 else ENGLISH[e]]
        stamp = f"{month}/{date}/{year} {clock}"
        rows.append([stamp, unit, *answers, ", ".join(map(str, used))])
    return _csv(rows)


def portal_csv() -> bytes:
    """Ratings of cases; every column by its Vietnamese name."""
    head = ["Mã đánh giá", "Mã hồ sơ", "Mã đơn vị", "Thời gian đánh giá", "A1", "B2", "E3", "D7"]
    rows: list[list[Any]] = [head]
    for record, unit, at, a, b, e, used in ANSWERS:
        day, clock = at.split(" ")
        stamp = f"{'/'.join(reversed(day.split('-')))} {clock}"
        rows.append([record, f"H-{record}", unit, stamp, a, b, e, ";".join(map(str, used))])
    return _csv(rows, ";")


EXPORTS: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "kobo.csv": ("kobotoolbox", kobo_csv),
    "kobo.json": ("kobotoolbox", lambda: json.dumps(kobo_json()).encode()),
    "kobo.xlsx": ("kobotoolbox", kobo_xlsx),
    "odk.csv": ("odk", odk_csv),
    "odk_plain.csv": ("odk", odk_plain_csv),
    "odk.zip": ("odk", odk_zip),
    "odk.json": ("odk", lambda: json.dumps({"value": odk_odata()}).encode()),
    "limesurvey.csv": ("limesurvey", limesurvey_csv),
    "limesurvey_text.csv": ("limesurvey", limesurvey_text_csv),
    "surveycto.csv": ("surveycto", surveycto_csv),
    "surveycto.json": ("surveycto", lambda: json.dumps(surveycto_json()).encode()),
    "qualtrics.csv": ("qualtrics", qualtrics_csv),
    "google.csv": ("google_forms", google_csv),
    "google_en.csv": ("google_forms", google_english_csv),
    "portal.csv": ("portal", portal_csv),
}
