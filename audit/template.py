"""A new round: folders, a commented ``audit.toml`` and the rule set."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

from audit.scoring.rules import shipped_rules
from detectors.errors import AccessError, UsageError

__all__ = ["FOLDERS", "make_round"]

FOLDERS = ("inbox/scans", "inbox/responses", "instruments", "rules")

_TEXT = """\
# Một kỳ khảo sát · One round of a survey.
# Đường dẫn tính từ thư mục này · Paths are relative to this folder.
# Every key may be overridden by an environment variable, e.g. SURVEY_AUDIT__JOBS=4 or
# SURVEY_AUDIT__ROUND__ID=2026-Q3.

# Ngôn ngữ báo cáo · Language of reports: vi or en.
language = "vi"

# Tỷ lệ cờ nhầm chấp nhận được · Accepted share of honest pages that are flagged.
false_flag_rate = 0.01

# Số tiến trình, 0 = mỗi lõi một tiến trình · Worker processes, 0 = one a core.
jobs = 0

# Số gốc cho các phép thử ngẫu nhiên · Seed of everything that draws at random.
seed = 0

# Kết thúc với mã 11 khi có dấu hiệu từ mức này: none, yellow, orange, red.
# End with exit code 11 where there are signs of this severity or above.
fail_on = "none"

# Giờ địa phương của người trả lời · Where the forms were filled in.
timezone = "Asia/Ho_Chi_Minh"

# Bảng và thư mục · Tables and folders (these are the defaults).
units = "units.csv"                # unit_id, name, group, level, parent_id, handles_procedures,
                                   # served, valid_from, valid_to
custody = "custody.csv"            # unit_id, batch, serial_from, serial_to, issued, returned,
                                   # valid, invalid, lost, spoilt, issued_at, returned_at, handler
withdrawn = "withdrawn.csv"        # path, reason: files that count no more
scans = "inbox/scans"              # <unit_id>/… where custody has no serial ranges
responses = "inbox/responses"      # CSV, XLSX, Parquet, JSON, JSON Lines
rules = "rules"                    # the rule set valid on the last day of the round counts

# Kho dữ liệu · Store: SQLite beside this file, or "postgresql+psycopg://user@host/database".
# store = "sqlite:///audit.db"
# originals = "originals"
# reports = "reports"
# runs = "runs"
# Nơi giữ mốc kiểm đã ký và khóa ký · Signed checkpoints of the audit trail, and the key that signs:
# best where whoever has the store cannot write or read.
# checkpoints = "runs/checkpoints"
# signing_key = ".survey-audit.key"
# identity_keys = ".survey-audit.identity"   # of hashes in place of accounts and devices

[round]
id = {id}
title = {{ vi = "Kỳ khảo sát mức độ hài lòng", en = "Satisfaction survey" }}
from = {start}
to = {end}
# interim = true                   # sơ kết · an interim result
# method_break = {{ vi = "…", en = "…" }}   # what changed against the round before

# Mỗi mẫu phiếu một bảng · One table for each form or questionnaire.
[[instrument]]
file = "instruments/instrument.toml"
# reference = "instruments/honest-pages.json"   # from `survey-audit calibrate`
# previous = "previous.csv"                     # responses of the round before
# programme = "agency"             # lấy ý kiến cơ quan, tổ chức · opinions of agencies, own results
# respondent = "D1"                # the category item that says who answers, and …
# field = "D7"                     # … for which service: results are cut by them
# columns = "kobotoolbox"                       # or odk, limesurvey, surveycto, qualtrics,
                                                # google_forms, or a table:
# columns = {{ record_id = "_uuid", A1 = "q1" }}

# Phiếu được thu ở đâu, thế nào · How and where the answers were collected.
# [collection]
# office_hours = [7.0, 17.5]
# office_days = [1, 2, 3, 4, 5]    # 1 Monday to 7 Sunday
# shared = ["kiosk-01"]            # devices, accounts, IP prefixes that many people use by right
# assisted_days = [{{ day = {start}, unit = "u1" }}]   # announced service days
# transactions = "transactions.csv"   # case_id, unit_id, finished_at
# complaints = "complaints.csv"       # unit_id, complaints
# baseline = "baseline.csv"           # responses of audited rounds that are trusted
# successors = {{ old-unit = "new-unit" }}

# Kết quả được đối chiếu với gì · What results are held against; only files that are there are used.
# [results]
# index = "index"                     # workbooks of the PAR index: fields, criteria, scores, totals
# published = "published.csv"         # unit_id, value, change, rank, tier, source
# previous = "previous/results.csv"   # `survey-audit export scores` of the round before, or by hand
# lineage = "lineage.csv"             # predecessor, successor, kind, day, source
# targets = "targets.csv"             # unit_id, indicator, operator, value, actual, due, source
# actions = "actions.csv"             # action_id, unit_id, text, office, due, done, source
# awards = "awards.csv"               # unit_id, title, kind, programme, source

# Thời hạn lưu bản gốc · How long originals are kept, in days after the last day of the round.
# [retention]
# scans = 1825
# responses = 1825

# Ngày nghỉ, làm bù của cơ quan, ngoài lịch chung · The office's own days off and days worked.
# [workdays]
# off = [2027-01-04]
# worked = [2027-01-09]

# Nhật ký cho máy, thư và webhook sau mỗi lần chạy · Log for machines; word after each run.
# log = "runs/log.jsonl"           # at the top of this file; counts and hashes, no names
# [notify]
# when = "work"                    # or always, trouble
# webhook = "https://…"
# mail = {{ host = "mail.office.vn", from = "audit@office.vn", to = ["desk@office.vn"] }}

[engine]
kind = "processes"                 # or serial, or dask with address = "tcp://host:8786"
"""


def make_round(folder: Path, today: dt.date) -> list[Path]:
    """Make a round's folders and files; nothing that is there is changed.

    Args:
        folder: Of the round; made if needed. Its name becomes the round's id.
        today: Gives the first and last day of the current quarter.

    Returns:
        What was made.

    Raises:
        UsageError: If there is an ``audit.toml`` already.
        AccessError: If the folder cannot be written.
    """
    config = folder / "audit.toml"
    if config.exists():
        raise UsageError(
            "there is a round here already", where=str(config), remedy="choose another folder"
        )
    start, end = _quarter(today)
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in folder.resolve().name)
    made: list[Path] = []
    try:
        for part in FOLDERS:
            path = folder / part
            if not path.is_dir():
                path.mkdir(parents=True)
                made.append(path)
        for rules in shipped_rules():
            name_ = "default.toml" if rules.stem.startswith("satisfaction") else rules.name
            target = folder / "rules" / name_
            if not target.exists():
                shutil.copyfile(rules, target)
                made.append(target)
        text = _TEXT.format(id=json.dumps(name or "round"), start=start, end=end)
        config.write_text(text, "utf-8")
        made.append(config)
    except OSError as error:
        raise AccessError(
            f"the round cannot be made ({error.strerror})",
            where=str(error.filename or folder),
            remedy="check permissions",
        ) from error
    return made


def _quarter(today: dt.date) -> tuple[dt.date, dt.date]:
    month = 3 * ((today.month - 1) // 3) + 1
    start = dt.date(today.year, month, 1)
    following = dt.date(today.year + month // 10, (month + 2) % 12 + 1, 1)
    return start, following - dt.timedelta(days=1)
