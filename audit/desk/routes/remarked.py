"""Notes and corrections of a case in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.desk.casefile import CaseFile, title_of
from audit.desk.web import Visit
from audit.pipeline.assembly import answer_text
from audit.store.remarks import BLANK
from detectors.instrument import Item

__all__ = ["letter", "readings", "shown_corrections", "shown_notes"]


def readings(item: Item) -> Mapping[str, list[str | None]]:
    """What an answer may be corrected to: name in the form -> state and value."""
    found: dict[str, list[str | None]] = {}
    for value in item.scale:
        found[f"answered:{answer_text(value)}"] = ["answered", answer_text(value)]
    if item.not_applicable is not None:
        found["not_applicable"] = ["not_applicable", answer_text(item.not_applicable)]
    return found | {"blank": list(BLANK), "undetermined": ["undetermined", None]}


def shown_notes(visit: Visit, file: CaseFile) -> list[dict[str, Any]]:
    """Notes in the visitor's language and clock."""
    names = {(p["sha256"], p["page"]): p for p in file.pages}
    found = []
    for number, row in enumerate(file.notes):
        page = names.get((row["sha256"], row["page"]))
        found.append(
            {
                "seq": row["seq"],
                "sign": letter(number),
                "text": row["text"],
                "who": row["actor"],
                "at": visit.moment(row["at"]),
                "mine": row["actor"] == visit.user.name,
                "page_id": None if page is None else page["id"],
                "placed": page is not None and row["x"] is not None,
            }
        )
    return found


def shown_corrections(visit: Visit, file: CaseFile) -> list[dict[str, Any]]:
    """Corrections in the visitor's language, with what the visitor may say to them."""
    t = visit.text
    signs = {str(s["id"]): (n, s) for n, s in enumerate(file.signs, start=1)}
    found = []
    for correction in file.corrections:
        event = correction.event
        if event.kind == "answer":
            subject = t("item", item=event.subject)
            change = f"{_said(visit, event.was)} → {_said(visit, event.value)}"
            stale = event.was != file.reading(event.subject)
        else:
            number, sign = signs.get(event.subject, (0, None))
            stale = sign is None
            subject = "" if sign is None else f"{number} {t.say(title_of(sign['detector']))}"
            change = t("corrections.region")
        found.append(
            {
                "seq": event.seq,
                "subject": subject,
                "change": change,
                "note": event.note,
                "who": event.actor,
                "at": visit.moment(event.at),
                "stage": correction.stage.value,
                "answered_by": correction.answered_by,
                "mine": event.actor == visit.user.name,
                "stale": stale,
            }
        )
    return found


def letter(number: int) -> str:
    """a, b, c … of a note on the scan."""
    return chr(ord("a") + number % 26)


def _said(visit: Visit, reading: Sequence[str | None]) -> str:
    state, value = reading
    if state == "answered":
        return value or ""
    return visit.text(f"answer.{state}") + (f" {value}" if state == "multiple" else "")
