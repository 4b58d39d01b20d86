"""The same impression of a seal on several forms: not the same die, the same ink."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="reuse.seal",
    version="3",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="reuse",
    title=Message("Dấu đóng được dùng lại", "Impression of a seal used again"),
    sees=(
        "A die leaves the same lines each time and never the same ink: pressure, tilt and "
        "fibres differ. An impression whose ink is as uneven in the same places as on another "
        "page was not stamped but copied: pasted, glued or scanned again. One that was printed "
        "again, or by a scanner that loses pale ink, is no more like its original than two even "
        "impressions of a well inked die are; it is not told about."
    ),
    null_model=(
        "Impressions of one die that is inked evenly: deviation of the logarithm of the ratio of "
        "their ink at 1 mm, after the scanners' tone and without the farthest tenth, is lognormal "
        "(.224, .35); one in ten lies at the same angle."
    ),
    source=(
        "Pose search by normalised cross-correlation, refined, then unevenness of the ink "
        "(docs/accuracy.md: seal scanned again)."
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
