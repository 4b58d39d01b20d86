"""What is handed out: the list with its mini-form, the key of the contacts, printable sheets.

The list goes to those who ask. It has references only: no answer, no sign, no arm, no name.
The key goes to those who keep the register of contacts, and to nobody who asks; it says
which record a reference means, and nothing of what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from audit.export import write_frame
from audit.intake.originals import hash_file
from audit.whole_file import write_whole
from detectors.errors import AccessError, UsageError
from detectors.finding import Message
from detectors.instrument import Instrument

__all__ = ["CHOICES", "COLUMNS", "QUESTIONS", "write_key", "write_list", "write_sheets"]

_YES_NO = ("yes", "no", "unsure")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "outcome": ("reached", "refused", "not_reached", "wrong_contact"),
    "method": ("phone", "post", "visit", "online"),
    "used_service": _YES_NO,
    "answered": _YES_NO,
    "filled_by": ("self", "helped", "family", "staff", "unsure"),
    "facts_fit": _YES_NO,
}
FILLED = (
    *("outcome", "attempts", "method", "used_service", "answered"),
    *("filled_by", "facts_fit", "overall", "checked_on", "checker"),
)
COLUMNS = ("reference", "unit_id", "unit_name", *FILLED)

QUESTIONS: Mapping[str, Message] = {
    "outcome": Message(
        "Kết quả liên hệ: gặp được / từ chối / chưa gặp / sai liên hệ",
        "How the contact ended: reached / refused / not reached / wrong contact",
    ),
    "attempts": Message("Số lần liên hệ (tối đa 6)", "Number of attempts (up to 6)"),
    "method": Message("Cách liên hệ", "How the person was contacted"),
    "used_service": Message(
        "Trong kỳ, Ông/Bà có làm thủ tục tại đơn vị này không?",
        "Did you use the service of this office in the period?",
    ),
    "answered": Message(
        "Ông/Bà có trả lời phiếu khảo sát về lần đó không?",
        "Did you answer a survey about it?",
    ),
    "filled_by": Message(
        "Ai điền phiếu: tự điền / có người ghi giúp theo lời Ông/Bà / người nhà / cán bộ đơn vị",
        "Who filled it in: yourself / somebody wrote what you said / family / staff of the office",
    ),
    "facts_fit": Message(
        "Tháng và thủ tục khớp với sổ đăng ký (người giữ sổ đối chiếu)",
        "Month and procedure fit the register (compared by its keeper)",
    ),
    "overall": Message(
        "Nhìn chung Ông/Bà hài lòng ở mức nào (theo thang của phiếu)?",
        "All in all, how satisfied were you (on the scale of the form)?",
    ),
    "checked_on": Message("Ngày hỏi", "Day"),
    "checker": Message("Mã người hỏi", "Code of the person asking"),
}
_TITLE = Message("PHIẾU PHÚC TRA", "Back-check")
_PRIVACY = Message(
    "Không hỏi và không ghi họ tên, số điện thoại. Không cho đơn vị được đánh giá xem phiếu này.",
    "Do not ask for or write names or numbers. Do not show this to the office that was rated.",
)


def write_list(
    members: Sequence[Mapping[str, Any]],
    units: Mapping[str, str],
    instrument: Instrument,
    path: Path,
) -> None:
    """The list with the empty mini-form, as CSV or as XLSX with choices to pick from.

    Raises:
        UsageError: If the ending is neither.
        AccessError: If it cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    rows = [
        {"reference": m["reference"], "unit_id": m["unit_id"], "unit_name": units.get(m["unit_id"])}
        for m in members
    ]
    if kind == "csv":
        write_frame(pd.DataFrame(rows).reindex(columns=list(COLUMNS)), path, "csv")
    elif kind == "xlsx":
        _write_workbook(rows, instrument, path)
    else:
        raise UsageError(f"{path.name} is neither .csv nor .xlsx", remedy="name it so")


def write_key(members: Sequence[Mapping[str, Any]], serials: Mapping[str, Any], path: Path) -> str:
    """The key of the contacts; its hash.

    Raises:
        AccessError: If it cannot be written.
    """
    rows = [
        {
            "reference": m["reference"],
            "record_id": m["record_id"],
            "serial": serials.get(m["record_id"]),
            "unit_id": m["unit_id"],
        }
        for m in members
    ]
    columns = ["reference", "record_id", "serial", "unit_id"]
    write_frame(pd.DataFrame(rows, columns=columns), path, "csv")
    path.chmod(0o600)
    return hash_file(path)


def _choices(column: str, instrument: Instrument) -> tuple[str, ...]:
    """What may be written into a column; nothing for free cells."""
    if column != "overall":
        return CHOICES.get(column, ())
    from audit.pipeline.assembly import answer_text

    scales = [item.scale for item in instrument.ratings]
    common = max(scales, key=scales.count)
    return tuple(answer_text(value) for value in common)


def _write_workbook(rows: Sequence[Mapping[str, Any]], instrument: Instrument, path: Path) -> None:
    import xlsxwriter

    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(part), options) as book:
            head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4"})
            wrap = book.add_format({"text_wrap": True, "valign": "top"})
            sheet = book.add_worksheet("backcheck")
            sheet.freeze_panes(1, 1)
            for column, name in enumerate(COLUMNS):
                sheet.write_string(0, column, name, head)
                sheet.set_column(column, column, 34 if name == "unit_name" else 14)
                if name in QUESTIONS:
                    sheet.write_comment(0, column, f"{QUESTIONS[name].vi}\n{QUESTIONS[name].en}")
                choices = _choices(name, instrument)
                if choices and rows:
                    rule = {"validate": "list", "source": list(choices)}
                    sheet.data_validation(1, column, len(rows), column, rule)
            for number, row in enumerate(rows, start=1):
                for column, name in enumerate(("reference", "unit_id", "unit_name")):
                    sheet.write_string(number, column, str(row[name] or ""))
            told = book.add_worksheet("huong dan - guide")
            told.set_column(0, 0, 16)
            told.set_column(1, 3, 60)
            told.write_row(0, 0, ("column", "Tiếng Việt", "English", "values"), head)
            for number, name in enumerate(FILLED, start=1):
                values = _choices(name, instrument)
                cells = (name, QUESTIONS[name].vi, QUESTIONS[name].en, ", ".join(values))
                told.write_row(number, 0, cells, wrap)
            told.write_row(len(FILLED) + 2, 1, (_PRIVACY.vi, _PRIVACY.en), wrap)
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise AccessError(
            f"the file cannot be written ({error.strerror})",
            where=str(path),
            remedy="choose a place that you may write to",
        ) from error
    finally:
        part.unlink(missing_ok=True)


_WORDS: Mapping[str, Message] = {
    "reached": Message("gặp được", "reached"),
    "refused": Message("từ chối", "refused"),
    "not_reached": Message("chưa gặp", "not reached"),
    "wrong_contact": Message("sai liên hệ", "wrong contact"),
    "phone": Message("điện thoại", "phone"),
    "post": Message("thư", "post"),
    "visit": Message("gặp trực tiếp", "visit"),
    "online": Message("trực tuyến", "online"),
    "yes": Message("có", "yes"),
    "no": Message("không", "no"),
    "unsure": Message("không rõ", "unsure"),
    "self": Message("tự điền", "self"),
    "helped": Message("có người ghi giúp", "helped"),
    "family": Message("người nhà", "family"),
    "staff": Message("cán bộ đơn vị", "staff"),
}
_STYLE = """
@page { size: A4; margin: 12mm }
body { font: 11pt/1.35 "Noto Serif", "Times New Roman", serif; margin: 0 }
section { break-inside: avoid; border: .3mm solid #000; padding: 4mm; margin: 0 0 6mm }
h1 { font-size: 13pt; margin: 0 0 2mm; display: flex; justify-content: space-between }
code { font: bold 14pt "Noto Sans Mono", monospace }
dl { margin: 0 } dt { margin-top: 1.6mm } dd { margin: .4mm 0 0 4mm }
small { color: #444; display: block } .box { white-space: nowrap; margin-right: 4mm }
"""


def write_sheets(
    members: Sequence[Mapping[str, Any]],
    units: Mapping[str, str],
    instrument: Instrument,
    path: Path,
) -> None:
    """A page to print, two forms on each: what is asked, with boxes to tick (HTML).

    Raises:
        AccessError: If it cannot be written.
    """
    parts = [
        '<!doctype html><html lang="vi"><meta charset="utf-8">',
        f"<title>{_TITLE.vi}</title><style>{_STYLE}</style>",
    ]
    for member in members:
        name = units.get(member["unit_id"]) or member["unit_id"]
        parts.append(
            f"<section><h1><span>{_TITLE.vi}<small>{_TITLE.en}</small></span>"
            f"<code>{escape(member['reference'])}</code></h1>"
            f"<p>{escape(name)} ({escape(member['unit_id'])})</p><dl>"
        )
        for column in FILLED:
            question = QUESTIONS[column]
            values = _choices(column, instrument)
            words = (_WORDS[v].vi if v in _WORDS else v for v in values)
            boxes = "".join(f'<span class="box">☐ {escape(w)}</span> ' for w in words)
            parts.append(
                f"<dt>{escape(question.vi)}<small>{escape(question.en)}</small></dt>"
                f"<dd>{boxes or '…………………………'}</dd>"
            )
        parts.append(f"</dl><small>{_PRIVACY.vi}<br>{_PRIVACY.en}</small></section>")
    write_whole(path, "\n".join([*parts, "</html>\n"]).encode(), "the sheets")
