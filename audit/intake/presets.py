"""Column names of survey platforms' exports, as mappings onto the contract's names.

A preset says where a platform keeps what the platform itself writes; the items keep the
names that the survey's author gave them. What an export lacks is simply absent.
Sources: the export documentation of each platform.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PRESETS"]

PRESETS: Mapping[str, Mapping[str, str]] = {
    "kobotoolbox": {
        "record_id": "_uuid",
        "started_at": "start",
        "submitted_at": "_submission_time",
        "device": "deviceid",
        "account": "_submitted_by",
    },
    "odk": {
        "record_id": "KEY",
        "started_at": "start",
        "submitted_at": "SubmissionDate",
        "device": "DeviceID",
        "account": "SubmitterName",
    },
    "limesurvey": {
        "record_id": "id",
        "started_at": "startdate",
        "submitted_at": "submitdate",
        "ip": "ipaddr",
        "account": "token",
    },
    "surveycto": {
        "record_id": "KEY",
        "started_at": "starttime",
        "submitted_at": "SubmissionDate",
        "device": "deviceid",
        "collector": "username",
    },
    "qualtrics": {
        "record_id": "ResponseId",
        "started_at": "StartDate",
        "submitted_at": "RecordedDate",
        "ip": "IPAddress",
    },
    "google_forms": {
        "submitted_at": "Timestamp",
        "account": "Email Address",
    },
}
