"""What survey platforms write into their exports, as mappings onto the contract's names.

A preset says where a platform keeps what the platform itself writes; the items keep the
names that the survey's author gave them. What an export lacks is simply absent.

Sources: KoboToolbox help, "Exporting and downloading your data" and its API v2; ODK Central
documentation, "Submissions" and OData; LimeSurvey manual, "Export responses" and
RemoteControl 2; SurveyCTO support, "Using the API"; Qualtrics support, "Data export formats"
(three header rows, import ids) and API v3; Google Forms as downloaded and as kept in a sheet.
The portal has no published export: its names are those of the list of case ratings that
Circular 01/2018/TT-VPCP asks for, and any other is mapped by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True)
class Preset:
    """One platform.

    Attributes:
        columns: Contract name -> names in the export, the usual one first.
        marks: Columns by which an export of this platform is told; one is enough.
        utc: Columns whose times are UTC although they do not say so.
        channel: What such records are called where the export names no channel.
        skip: Column -> cells by which a row is no answer (previews, tests).
        not_accepted: Column -> cells by which somebody rejected an answer on the platform, or
            put it on hold; compared as labels are.
        undated: How a moment begins that the platform writes where it kept none.
    """

    columns: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]
    channel: str
    utc: frozenset[str] = frozenset()
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    not_accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    undated: tuple[str, ...] = ()


_KOBO_STATES = frozenset(
    {"validation_status_not_approved", "validation_status_on_hold", "Not Approved", "On Hold"}
)
# As the form's language is: English, Vietnamese, French, German, Spanish, Portuguese.
_GOOGLE_TIMES = (
    *("Timestamp", "Dấu thời gian", "Horodateur", "Zeitstempel"),
    *("Marca temporal", "Carimbo de data/hora"),
)
_ODK_STATES = frozenset({"rejected", "hasIssues"})

PRESETS: Mapping[str, Preset] = {
    "kobotoolbox": Preset(
        {
            "record_id": ("_uuid", "_id"),
            "started_at": ("start",),
            "submitted_at": ("_submission_time",),
            "device": ("deviceid",),
            "account": ("_submitted_by",),
        },
        marks=("_submission_time", "_xform_id_string", "formhub/uuid"),
        channel="kobotoolbox",
        # The server's stamp has no offset and is UTC; those of the device carry theirs.
        utc=frozenset({"_submission_time"}),
        # Exports with labels and those with names; the API gives an object.
        not_accepted={
            "_validation_status": _KOBO_STATES,
            "_validation_status/uid": _KOBO_STATES,
        },
    ),
    "odk": Preset(
        {
            "record_id": ("KEY", "__id"),
            "started_at": ("start",),
            "submitted_at": ("SubmissionDate", "__system/submissionDate"),
            "device": ("DeviceID", "__system/deviceId"),
            "account": ("SubmitterName", "__system/submitterName"),
        },
        marks=("SubmitterName", "ReviewState", "__system/submissionDate"),
        channel="odk",
        not_accepted={"ReviewState": _ODK_STATES, "__system/reviewState": _ODK_STATES},
    ),
    "limesurvey": Preset(
        {
            # By question code, and as the full texts of the program's own columns.
            "record_id": ("id", "Response ID"),
            "started_at": ("startdate", "Date started"),
            "submitted_at": ("submitdate", "Date submitted"),
            "ip": ("ipaddr", "IP address"),
            "account": ("token", "Access code", "Token"),
        },
        marks=("startlanguage", "lastpage", "submitdate", "Start language", "Last page"),
        channel="limesurvey",
        # Surveys without date stamps: their finished answers all bear this moment.
        undated=("1980-01-01 00:00", "1980-01-01T00:00"),
    ),
    "surveycto": Preset(
        {
            "record_id": ("KEY",),
            "started_at": ("starttime",),
            "submitted_at": ("SubmissionDate",),
            "device": ("deviceid",),
            "collector": ("username",),
        },
        marks=("formdef_version", "subscriberid", "review_quality", "CompletionDate"),
        channel="surveycto",
        not_accepted={"review_status": frozenset({"rejected"})},
    ),
    "qualtrics": Preset(
        {
            "record_id": ("ResponseId",),
            "started_at": ("StartDate",),
            "submitted_at": ("RecordedDate",),
            "ip": ("IPAddress",),
        },
        marks=("ResponseId", "RecordedDate"),
        channel="qualtrics",
        # The author's own trials.
        skip={"Status": frozenset({"Survey Preview", "1", "Survey Test", "2"})},
        # Held to be spam by the platform.
        not_accepted={"Status": frozenset({"Spam", "8"})},
    ),
    "google_forms": Preset(
        {
            "submitted_at": _GOOGLE_TIMES,
            "account": ("Email Address", "Email address", "Địa chỉ email", "Username"),
        },
        marks=_GOOGLE_TIMES,
        channel="google_forms",
    ),
    "portal": Preset(
        {
            "record_id": ("Mã đánh giá", "rating_id"),
            "unit_id": ("Mã đơn vị", "agency_code"),
            "case_id": ("Mã hồ sơ", "case_code"),
            "submitted_at": ("Thời gian đánh giá", "Ngày đánh giá", "rated_at"),
            "account": ("Mã người đánh giá", "rater_id"),
            "comment": ("Ý kiến khác", "Nội dung góp ý"),
        },
        marks=("Mã hồ sơ", "case_code"),
        channel="portal",
    ),
}
