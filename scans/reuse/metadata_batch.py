"""A page that did not come the way of its batch: other encoder, size, resolution, device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.fingerprint import Fingerprint
from scans.reuse._batches import batches_of, rank_in_batch
from scans.source.software import named_software

# A batch smaller than this shows no habit.
FEWEST = 20
# A trait is the batch's own where so many of its pages share one value.
_UNIFORM = 0.9
# Pages in another size than the batch's are cut by another device or program.
_SIZE_STEP = 0.02

_TRAITS: dict[str, Message] = {
    "encoder": Message("bảng nén hoặc kiểu mã hóa", "encoder and its tables"),
    "resolution": Message("độ phân giải", "resolution"),
    "size": Message("kích thước ảnh", "size of the picture"),
    "device": Message("tên máy và phần mềm", "device and program named"),
}


class _MetadataBatch:
    info = CheckInfo(
        id="metadata.batch",
        level=Level.PAGES,
        family=Family.CHANNEL,
        kind="metadata",
        title=Message("Trang không cùng nguồn với lô", "Page unlike its batch"),
        sees=(
            "Pages of one folder that went through one scanner share its quantisation tables, "
            "resolution, size and name. A page that was opened elsewhere and saved comes back "
            "with those of the program that saved it."
        ),
        null_model=(
            "Conformal: the share of the batch's pages that differ in as many traits of those in "
            "which at least 90 % of the batch agree; never below 2 %. Batches under 20 pages are "
            "not judged."
        ),
        source="Quantisation tables as a sign of the encoder: Farid (2006); conformal rank.",
        innocent=(
            Message(
                "Phiếu lỗi được quét lại bằng máy khác, hoặc hai máy cùng bỏ vào một thư mục.",
                "A bad page was scanned again on another machine, or two machines share a folder.",
            ),
            Message(
                "Trang được xoay hoặc cắt lề bằng phần mềm khác rồi lưu lại.",
                "The page was turned or cropped with another program and saved.",
            ),
        ),
        batch_dependent=True,
    )

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: in how many traits of a uniform batch it differs."""
        del seed
        count = len(subject)
        scores, p_values = np.full(count, np.nan), np.full(count, np.nan)
        reasons: dict[int, str] = {}
        findings: list[Finding] = []
        for members in batches_of(subject):
            if len(members) < FEWEST:
                reasons.update(dict.fromkeys(members, f"fewer than {FEWEST} pages in the batch"))
                continue
            unlike, usual = _unlike([subject[i] for i in members])
            if usual is None:
                reasons.update(
                    dict.fromkeys(members, "the pages of the batch have nothing in common")
                )
                continue
            number = np.array([len(names) for names in unlike])
            shares, ranks = rank_in_batch(number)
            for row, i in enumerate(members):
                scores[i], p_values[i] = float(number[row]), ranks[row]
                if number[row] and shares[row] <= 1.0 - _UNIFORM:
                    typical = subject[members[usual]].name
                    findings.append(self._finding(i, unlike[row], p_values[i], typical))
        return Assessment(scores, p_values, tuple(findings), not_assessable=reasons)

    def _finding(self, i: int, traits: Sequence[str], p_value: float, typical: str) -> Finding:
        vi = ", ".join(_TRAITS[trait].vi for trait in traits)
        en = ", ".join(_TRAITS[trait].en for trait in traits)
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(len(traits)),
            p_value=float(p_value),
            severity=Severity.YELLOW,
            message=Message(
                f"Dấu hiệu nguồn gốc tệp: trang khác cả lô về {vi}; so với {typical}.",
                f"Signs about the file's origin: unlike its batch in {en}; compare {typical}.",
            ),
            matches=(typical,),
            evidence={"subject": i, "traits": ", ".join(traits)},
        )


def _traits(page: Fingerprint) -> dict[str, Hashable]:
    origin = page.origin
    dpi = None if origin.dpi is None else tuple(round(v) for v in origin.dpi)
    named = [origin.metadata.get(name) for name in ("make", "model", "stream_make", "stream_model")]
    longer, shorter = max(page.shape), min(page.shape)
    step = np.log1p(_SIZE_STEP)
    return {
        "encoder": (origin.media_type, origin.encoding, origin.quantisation),
        "resolution": dpi,
        # Feeders cut a page a little longer or shorter: neighbouring steps are the same size.
        "size": (round(float(np.log(longer) / step)), round(float(np.log(shorter) / step))),
        "device": (*(str(n or "") for n in named), named_software(origin.metadata)),
    }


def _unlike(pages: Sequence[Fingerprint]) -> tuple[list[list[str]], int | None]:
    """Traits in which each page differs from a batch that agrees in them, and a typical page."""
    all_ = [_traits(page) for page in pages]
    unlike: list[list[str]] = [[] for _ in pages]
    common = False
    for trait in _TRAITS:
        values = [traits[trait] for traits in all_]
        value = Counter(values).most_common(1)[0][0]
        near = [_near(trait, other, value) for other in values]
        if sum(near) < _UNIFORM * len(pages):
            continue
        common = True
        for row, same in enumerate(near):
            if not same:
                unlike[row].append(trait)
    if not common:
        return unlike, None
    typical = min(
        (row for row, names in enumerate(unlike) if not names),
        key=lambda row: pages[row].name,
        default=None,
    )
    return unlike, typical


def _near(trait: str, one: Hashable, other: Hashable) -> bool:
    if trait != "size" or not isinstance(one, tuple) or not isinstance(other, tuple):
        return one == other
    return all(abs(a - b) <= 1 for a, b in zip(one, other, strict=True))


CHECK = _MetadataBatch()
