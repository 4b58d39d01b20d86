"""The same sheet of paper again: re-encoded, scanned a second time, or photocopied."""

from __future__ import annotations

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.likeness.judge import PairCheck
from scans.likeness.pairs import Likeness

INFO = CheckInfo(
    id="duplicate.sheet",
    level=Level.PAGES,
    family=Family.IMAGE,
    kind="duplicate",
    title=Message("Cùng một tờ phiếu được quét lại", "The same sheet scanned again"),
    sees=(
        "Every mark agrees line for line with the mark in the same box of another page: a second "
        "scan, a re-encoded file or a photocopy of one filled sheet. The page's mean mark is taken "
        "off first, so two honest forms with the same answers by the same hand have nothing in "
        "common, whatever boxes are filled."
    ),
    null_model=(
        "One hand marking the same boxes of two sheets: Fisher's z of a mark's own lines falls off "
        "as exp(-4 z), a page counts as half its marks (gamma tail of the sum), Bonferroni over "
        "the pages of the form that a page is compared with."
    ),
    source=(
        "Template-subtracted marks confirmed stroke by stroke; candidates by signs of random "
        "projections (Charikar 2002); docs/accuracy.md."
    ),
    innocent=(
        Message(
            "Một trong hai là bản gốc trung thực; hình ảnh không cho biết bản nào.",
            "One of the two is the honest original; the pictures do not tell which.",
        ),
        Message(
            "Phiếu được quét lại vì lần quét đầu bị lỗi.",
            "The sheet was scanned again because the first scan had failed.",
        ),
        Message(
            "Bản sao được lưu vào hai lô do nhầm lẫn.",
            "A copy was filed in two batches by mistake.",
        ),
    ),
    batch_dependent=True,
    version="2",
)


def _tell(pair: Likeness, other: str) -> Message:
    vi, en = "quét lại hoặc sao chụp", "scanned again or photocopied"
    if pair.saved_again:
        vi, en = "cùng một lần quét, lưu lại", "the same scan, saved again"
    return Message(
        f"Dấu hiệu trùng tờ phiếu với {other}: {pair.count} nét đánh dấu khớp nhau "
        f"{100 * pair.alike:.0f} % từng nét ({vi}).",
        f"Signs that this is the same sheet as {other}: {pair.count} marks agree "
        f"{100 * pair.alike:.0f} % line for line ({en}).",
    )


CHECK = PairCheck(INFO, "sheet", "too few marks on the page to recognise it by", _tell, every=True)
