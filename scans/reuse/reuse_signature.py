"""The same signature on several forms: pasted in the file, or printed from a scan."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="reuse.signature",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="reuse",
    title=Message("Chữ ký được dùng lại", "Signature used again"),
    sees=(
        "Nobody signs twice alike. A signature that agrees with one on another page stroke for "
        "stroke over small shifts, turns and sizes is the same ink, scanned again or pasted. "
        "Where the scan has colour, a red seal over it is left out."
    ),
    null_model=(
        "One hand signing twice: Fisher's z of the likeness of band-passed strokes is normal "
        "(.50, .20), continued beyond the repeats seen (.67; .77 among 110 real pairs); twelve "
        "repeats a hand."
    ),
    source=(
        "Normalised cross-correlation over 15 poses after template subtraction: 221 of 222 "
        "second scans, copies and pasted signatures found, no honest pair of 167,000 "
        "(docs/accuracy.md)."
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
