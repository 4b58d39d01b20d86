"""The same signature on several forms: pasted in the file, or printed from a scan."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="reuse.signature",
    version="5",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="reuse",
    title=Message("Chữ ký được dùng lại", "Signature used again"),
    sees=(
        "Nobody signs twice alike. A signature that agrees with one on another page stroke for "
        "stroke over small shifts, turns and sizes is the same ink, scanned again or pasted: lines "
        "lost in printing are lacking, but what is left has not moved against the rest, by a third "
        "of a millimetre. A seal over it is left out: red ink where the scan has colour, else what "
        "round rims enclose, also of two seals over each other. What runs along a wide circle on "
        "both pages counts as impressions of one seal. A dense scribble, which agrees with itself "
        "moved along, is not looked at. In 1-bit scans thin lines are often gone: what is left is "
        "then too little."
    ),
    null_model=(
        "One hand signing twice: Fisher's z of the likeness of band-passed strokes is normal "
        "(.60, .25), the share of what is lacking that moving parts finds lognormal (.30, .55) and "
        "no rarer than likeness squared; both by Fisher's method, weakened for little ink and "
        "straight lines. Above 37 cm2 of field pictures are coarser: (.55, .26), (.30, .45)."
    ),
    source=(
        "Normalised cross-correlation over poses after template subtraction, then over parts of "
        "the picture (docs/accuracy.md: signature scanned again)."
    ),
    innocent=(
        Message(
            "Một trong hai là bản gốc trung thực; hình ảnh không cho biết bản nào.",
            "One of the two is the honest original; the pictures do not tell which.",
        ),
        Message(
            "Chữ ký in sẵn hoặc dấu chữ ký: xuất hiện trên nhiều phiếu thì không bị nêu.",
            "A printed or stamped facsimile; shared by many pages it is not told about.",
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
        f"Dấu hiệu chữ ký trên {other} được dùng lại: khớp nhau {100 * pair.alike:.0f} % từng nét.",
        f"Signs that the signature on {other} was used again: "
        f"it agrees {100 * pair.alike:.0f} % line for line.",
    )


_MISSING = "no signature on the page, or too little of one to tell it by"

CHECK = PairCheck(INFO, "signature", _MISSING, _tell, printed=True)
