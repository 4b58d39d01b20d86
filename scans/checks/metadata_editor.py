"""What a file says about how it was made: an editing program, changes after its birth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.source.software import editor_named
from scans.view import PageView

__all__ = ["CHECK", "Trace", "traces_of"]

# How often honest files carry a trace is the office's habit and no law of nature. These are
# cautious guesses; a reference learnt from the office's own pages may only raise them, and
# no trace is ever rarer than the floor: metadata alone flag no page.
_RATES = {3: 0.05, 2: 0.08, 1: 0.15}
_FLOOR = 0.02
# Writing a file takes seconds; clocks and slow machines minutes.
_LATER = timedelta(minutes=10)
_DATE = re.compile(r"(\d{4})\D?(\d{2})\D?(\d{2})(?:\D?(\d{2})\D?(\d{2})(?:\D?(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing that a file says.

    Attributes:
        weight: 3 names an editor, 2 was changed after it was written, 1 only dates say so.
        name: Short, for the evidence.
        message: What it is and what it means.
    """

    weight: int
    name: str
    message: Message


def traces_of(metadata: Mapping[str, Any]) -> tuple[Trace, ...]:
    """Traces of later changes in what a file says about itself, the heaviest first."""
    found = []
    editor = editor_named(metadata)
    if editor is not None:
        found.append(
            Trace(
                3,
                f"editor: {editor}",
                Message(
                    f"Dấu hiệu nguồn gốc tệp: tệp ghi tên phần mềm chỉnh sửa “{editor}”. Trang đã "
                    "được mở và lưu lại; điều đó chưa nói gì về nội dung.",
                    f"Signs about the file's origin: it names the editing program “{editor}”. The "
                    "page was opened and saved again; that says nothing about its content yet.",
                ),
            )
        )
    if metadata.get("annotations"):
        found.append(
            Trace(
                2,
                "annotations",
                Message(
                    "Dấu hiệu nguồn gốc tệp: có chú thích hoặc hình được đặt chồng lên trang PDF "
                    "sau khi quét; chúng có thể che nét ở dưới.",
                    "Signs about the file's origin: annotations or pictures were laid over the PDF "
                    "page after scanning; they may cover what is below.",
                ),
            )
        )
    updates = int(metadata.get("incremental_updates") or 0)
    if updates > 0:
        found.append(
            Trace(
                2,
                f"updates: {updates}",
                Message(
                    f"Dấu hiệu nguồn gốc tệp: tệp PDF được ghi thêm {updates} lần sau khi tạo.",
                    f"Signs about the file's origin: the PDF was added to {updates} times after it "
                    "was first written.",
                ),
            )
        )
    later = _changed_later(metadata)
    if later is not None:
        born, changed = later
        found.append(
            Trace(
                1,
                f"changed: {changed}",
                Message(
                    f"Dấu hiệu nguồn gốc tệp: tệp ghi là tạo lúc {born} và sửa lúc {changed}.",
                    f"Signs about the file's origin: it says that it was made at {born} and "
                    f"changed at {changed}.",
                ),
            )
        )
    return tuple(found)


def _changed_later(metadata: Mapping[str, Any]) -> tuple[str, str] | None:
    for born, changed in (
        ("created", "modified"),
        ("taken", "modified"),
        ("digitised", "modified"),
        ("xmp_created", "xmp_modified"),
    ):
        first, last = _time(metadata.get(born)), _time(metadata.get(changed))
        if first is not None and last is not None and last - first > _LATER:
            return f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"
    return None


def _time(text: object) -> datetime | None:
    """A date of EXIF, PDF or XMP to the second; zones are left out, as both carry one."""
    found = _DATE.search(str(text or ""))
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


class _MetadataCheck:
    info = CheckInfo(
        id="metadata.editor",
        level=Level.PAGE,
        family=Family.CHANNEL,
        kind="metadata",
        title=Message("Tệp qua phần mềm chỉnh sửa", "File went through an editor"),
        sees=(
            "Files say how they were made: the program in EXIF, TIFF tags, XMP or the PDF's "
            "producer, dates of birth and change, what was appended to a PDF later, what was laid "
            "over its page. Anybody can write or remove that, so it is a lead at most."
        ),
        null_model=(
            "Cautious rates: 5 % of honest files name an editor, 8 % were added to, 15 % have a "
            "later date of change; a learnt reference may raise them. Never below 2 %, so that "
            "metadata alone flag no page."
        ),
        source="EXIF 2.32, TIFF 6.0, XMP (ISO 16684-1), PDF updates (ISO 32000-1, 7.5.6).",
        innocent=(
            Message(
                "Trang được xoay, cắt lề hoặc chuyển định dạng bằng phần mềm ảnh rồi lưu lại.",
                "The page was turned, cropped or converted with a picture program and saved.",
            ),
            Message(
                "Phần mềm ký số, nhận dạng chữ hoặc đóng dấu điện tử ghi thêm vào tệp PDF.",
                "Software that signs, recognises text or stamps adds to a PDF.",
            ),
        ),
    )

    def assess(self, subject: PageView | None, *, seed: int = 0) -> Assessment:
        """Score 0 to 3 by the heaviest trace; not assessable where the file says nothing."""
        del seed
        if subject is None:
            return Assessment(np.empty(0), np.empty(0))
        metadata = subject.raw.origin.metadata
        if not metadata:
            nan = np.array([np.nan])
            return Assessment(nan, nan, not_assessable={0: "the file says nothing about itself"})
        traces = traces_of(metadata)
        score = float(max((trace.weight for trace in traces), default=0))
        p_value = 1.0 if not traces else self._rate(subject, score)
        findings = tuple(self._finding(subject, trace) for trace in traces)
        return Assessment(np.array([score]), np.array([p_value]), findings)

    def _rate(self, subject: PageView, weight: float) -> float:
        """How often honest pages carry a trace as heavy."""
        learnt = None
        if subject.reference is not None:
            scan_class = subject.raw.scan_class
            learnt = subject.reference.p_value(self.info.id, scan_class, weight)
        return max(_FLOOR, _RATES[int(weight)], 0.0 if learnt is None else learnt)

    def _finding(self, subject: PageView, trace: Trace) -> Finding:
        width, height = subject.template.page.size_mm
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(trace.weight),
            p_value=self._rate(subject, trace.weight),
            severity=Severity.YELLOW,
            message=trace.message,
            box_mm=(0.0, 0.0, width, height),
            evidence={"trace": trace.name},
        )


CHECK = _MetadataCheck()
