"""The same handwriting on several forms: a line or a comment pasted from another."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="reuse.handwriting",
    version="2",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="reuse",
    title=Message("Chữ viết tay được dùng lại", "Handwriting used again"),
    sees=(
        "The same words by the same hand still differ in every stroke. Writing in a field that "
        "agrees with that on another page stroke for stroke is the same ink, scanned again or "
        "pasted. What was crossed out is one dense bar, like any other, and is not looked at."
    ),
    null_model=(
        "One hand writing the same words twice: Fisher's z of the likeness of band-passed "
        "strokes is normal (.70, .17), continued beyond the repeats seen (.65; .83 between "
        "hands); twelve repeats a hand."
    ),
    source=(
        "Normalised cross-correlation over 15 poses after template subtraction (docs/accuracy.md)."
    ),
    innocent=(
        Message(
            "Đóng dấu chữ hoặc in sẵn nội dung: xuất hiện trên nhiều phiếu thì không bị nêu.",
            "A text stamp or filled-in print; shared by many pages it is not told about.",
        ),
        Message(
            "Cùng một tờ phiếu được quét hai lần.",
            "One sheet was scanned twice.",
        ),
    ),
    batch_dependent=True,
)


def _tell(pair: Likeness, other: str) -> Message:
    return Message(
        f"Dấu hiệu chữ viết tay trên {other} được dùng lại: "
        f"khớp nhau {100 * pair.alike:.0f} % từng nét.",
        f"Signs that the handwriting on {other} was used again: "
        f"it agrees {100 * pair.alike:.0f} % line for line.",
    )


_MISSING = "no handwriting in the fields of the page, or too little to tell it by"

CHECK = PairCheck(INFO, "handwriting", _MISSING, _tell, printed=True)
