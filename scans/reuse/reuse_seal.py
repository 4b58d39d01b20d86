"""The same impression of a seal on several forms: not the same die, the same ink."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="reuse.seal",
    version="2",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="reuse",
    title=Message("Dấu đóng được dùng lại", "Impression of a seal used again"),
    sees=(
        "A die leaves the same lines each time and never the same ink: pressure, tilt and "
        "fibres differ. An impression whose ink is as uneven in the same places as on another "
        "page was not stamped but copied."
    ),
    null_model=(
        "Impressions of one die: deviation of the logarithm of the ratio of their ink at 1 mm, "
        "after the scanners' tone, is lognormal about .5; one in ten lies at the same angle."
    ),
    source=(
        "Pose search by normalised cross-correlation, then unevenness of the ink: of 110,000 "
        "honest pairs the lowest is .158, 9 in 10 second scans and pasted copies lie below .150 "
        "(docs/accuracy.md)."
    ),
    innocent=(
        Message(
            "Một trong hai là bản gốc trung thực; hình ảnh không cho biết bản nào.",
            "One of the two is the honest original; the pictures do not tell which.",
        ),
        Message(
            "Dấu in sẵn trên phiếu: xuất hiện trên nhiều phiếu thì không bị nêu.",
            "A seal printed on the form; shared by many pages it is not told about.",
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
        f"Dấu hiệu dấu đóng trên {other} được dùng lại: "
        f"khớp nhau {100 * pair.alike:.0f} % từng nét.",
        f"Signs that the impression of the seal on {other} was used again: "
        f"it agrees {100 * pair.alike:.0f} % line for line.",
    )


_MISSING = "no seal on the page, or too little of one to tell it by"

CHECK = PairCheck(INFO, "seal", _MISSING, _tell, printed=True)
