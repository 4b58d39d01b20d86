"""The summary of a run that leaves the house: counts, codes and hashes, in both languages. Pure.

No unit, file, person or answer stands in it: mail and webhooks end in places that the
program does not guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detectors.errors import ExitCode

__all__ = ["Summary"]

_ENDS = {
    ExitCode.DONE: ("Đã xong", "Done"),
    ExitCode.PARTLY_JUDGED: (
        "Đã xong, một số đầu vào chưa đánh giá được",
        "Done, some inputs could not be judged",
    ),
    ExitCode.FINDINGS: (
        "Đã xong, có dấu hiệu từ ngưỡng cảnh báo trở lên",
        "Done, there are signs above the threshold",
    ),
    ExitCode.ACCESS: (
        "Không chạy được: kho hoặc tệp không truy cập được",
        "Did not run: a store or file cannot be reached",
    ),
    ExitCode.INTERRUPTED: ("Bị ngắt", "Interrupted"),
}
_FAILED = ("Không hoàn thành", "Did not come to its end")
_NAMES = {
    "records": ("phiếu", "records"),
    "findings": ("dấu hiệu", "signs"),
    "cases": ("hồ sơ cần xem", "cases"),
    "pages_judged": ("trang đã kiểm tra", "pages judged"),
    "new_scan": ("bản quét mới", "new scans"),
    "new_responses": ("bảng mới", "new tables"),
}


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    Attributes:
        round_id: Of the round.
        run_id: Of the run; empty where none began.
        exit_code: By the contract.
        nothing_new: Whether everything had been done before.
        not_judged: How many inputs could not be judged.
        counts: By name.
        seconds: How long it took, if known.
        manifest: SHA-256 of its manifest, if there is one.
        error: The kind of the error that ended it.
        software: Version of the program.
    """

    round_id: str
    run_id: str
    exit_code: ExitCode
    nothing_new: bool = False
    not_judged: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None
    manifest: str | None = None
    error: str | None = None
    software: str = ""

    @property
    def trouble(self) -> bool:
        """Whether somebody has to look."""
        return self.exit_code is not ExitCode.DONE

    @property
    def subject(self) -> str:
        """One line."""
        vi, en = _ENDS.get(self.exit_code, _FAILED)
        return f"[survey-audit] {self.round_id}: {vi} · {en} ({int(self.exit_code)})"

    def text(self) -> str:
        """A few lines in both languages, Vietnamese first."""
        return "\n\n".join(self._told(which) for which in (0, 1)) + "\n"

    def json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "round": self.round_id,
            "run": self.run_id,
            "exit_code": int(self.exit_code),
            "status": self.exit_code.name.lower(),
            "nothing_new": self.nothing_new,
            "not_judged": self.not_judged,
            "counts": dict(self.counts),
            "seconds": self.seconds,
            "manifest_sha256": self.manifest,
            "error": self.error,
            "software": self.software,
        }

    def _told(self, which: int) -> str:
        words = (
            ("Kỳ khảo sát", "Round"),
            ("Lần chạy", "Run"),
            ("Không có gì mới.", "Nothing was new."),
            ("Chưa đánh giá được", "Not judged"),
            ("giây", "seconds"),
            ("Tệp kê khai (SHA-256)", "Manifest (SHA-256)"),
            ("Xem chi tiết bằng lệnh survey-audit status.", "See survey-audit status for details."),
        )
        of_round, of_run, nothing, not_judged, seconds, manifest, more = (w[which] for w in words)
        lines = [f"{_ENDS.get(self.exit_code, _FAILED)[which]} ({int(self.exit_code)})."]
        lines.append(f"{of_round}: {self.round_id}")
        if self.run_id:
            took = "" if self.seconds is None else f" ({self.seconds:.0f} {seconds})"
            lines.append(f"{of_run}: {self.run_id}{took}")
        if self.error:
            lines.append(self.error)
        if self.nothing_new:
            lines.append(nothing)
        lines += [
            f"{names[which]}: {self.counts[name]}"
            for name, names in _NAMES.items()
            if name in self.counts
        ]
        lines.append(f"{not_judged}: {self.not_judged}")
        if self.manifest:
            lines.append(f"{manifest}: {self.manifest}")
        return "\n".join([*lines, more])
