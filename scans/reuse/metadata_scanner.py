"""A page whose scanner is not its batch's, by what the scanner itself leaves on every scan.

Dirt decides: dust and lines stand at one place of all scans of a device and of no other's.
Sheets bring sharpness and grain of their own (another ream, another printer, a
photocopied blank), so these may only bear out what dirt says. Without dirt that nearly the whole
batch shares, nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detectors.finding import Family, Finding, Message, Severity
from detectors.registry import Assessment, CheckInfo, Level
from scans.fingerprint import Fingerprint
from scans.measure.scanner import CLASSES, GRAIN, LINE, OPTICS, TRAITS, ScannerTraits
from scans.reuse._batches import batches_of, rank_in_batch

Floats = NDArray[np.float64]

# A batch smaller than this shows no habit.
FEWEST = 20
# Dirt is the batch's own where so many of its scans show it; the rest have ink over it.
_SHARED = 0.5
_NEAR_MM = 0.4
_MOST_PLACES, _SEEDS = 12, 80
# Scanners cut all pages to one width; feeders let go a little sooner or later.
_WIDTH_STEP, _HEIGHT_STEP = 0.005, 0.03
# A scan shows less dirt than so rarely, by chance of ink and print over it.
_UNLIKELY = 0.03
# How many spreads a trait lies off before it bears out what dirt says.
_FAR = 5.0
# More pages than this that are unlike the rest are another scanner in honest use.
_FEW = 0.02

# Smallest spread that is believed, in the unit of each trait.
_LEAST = {"edge_x": 0.05, "edge_y": 0.05, "black": 0.01, "grain": 0.08, "blue": 0.5, "red": 0.5}
_GROUPS: dict[str, tuple[Message, tuple[str, ...]]] = {
    "optics": (Message("độ nét và độ đen", "sharpness and black"), OPTICS),
    "grain": (Message("độ nhiễu và sắc giấy", "grain and tint of paper"), GRAIN),
}

_NO_SCAN = "a photo, a scan of two levels, a drawn page, or one that an earlier version read"
_FEW_PAGES = f"fewer than {FEWEST} pages in the batch"
_NO_DIRT = "the scans of the batch share too little dirt to know their scanner by"
_SECOND = "one of several pages of another scanner: a second one in honest use looks the same"
_OTHER_SIZE = "a picture of another size than the batch's"


class _MetadataScanner:
    info = CheckInfo(
        id="metadata.scanner",
        level=Level.PAGES,
        family=Family.CHANNEL,
        kind="metadata",
        title=Message("Máy quét khác với lô", "Scanner unlike the batch's"),
        sees=(
            "Dust on the glass and lines from a soiled slit stand at the same place of every scan "
            "of a device. A page with hardly any of the dirt that its batch shares, whose "
            "sharpness or grain is far off as well, has signs of another scanner, whatever its "
            "file says."
        ),
        null_model=(
            "Dirt: probability that a page of the batch shows no more of it, from how often each "
            "place is seen on the other pages (Poisson binomial), at most 3 %. With it "
            "optics or grain five robust spreads off and among the rarest 2 %. "
            "Conformal rank in the batch, never below 2 %; where more than 2 % of a batch (one "
            "page, if it is small) are unlike the rest, it has two scanners and these are not "
            "judged. "
            f"Batches under {FEWEST} pages, and batches whose scans share no dirt, are not judged."
        ),
        source=(
            "Fixed pattern of a sensor: Lukáš, Fridrich and Goljan (2006); of flatbed scanners: "
            "Khanna, Mikkilineni and Delp (2009); dust as a mark of a device: Dirik, Sencar and "
            "Memon (2008)."
        ),
        innocent=(
            Message(
                "Phiếu lỗi được quét lại bằng máy khác.",
                "A bad page was scanned again on another machine.",
            ),
            Message(
                "Mặt kính được lau sạch giữa chừng và trang đó được in hoặc sao chụp khác các "
                "trang còn lại.",
                "The glass was cleaned, and the sheet was printed or copied unlike the others.",
            ),
        ),
        valid_for=frozenset(kind.value for kind in CLASSES),
        batch_dependent=True,
    )

    def assess(self, subject: Sequence[Fingerprint], *, seed: int = 0) -> Assessment:
        """One score a page: in how many traits it is unlike a batch that shares its dirt."""
        del seed
        count = len(subject)
        scores, p_values = np.full(count, np.nan), np.full(count, np.nan)
        reasons: dict[int, str] = {}
        findings: list[Finding] = []
        for members in batches_of(subject):
            scans, missing = _comparable([(i, subject[i]) for i in members])
            reasons.update(missing)
            if not scans:
                continue
            unlike = _unlike([scan for _, scan in scans])
            if unlike is None:
                reasons.update({i: _NO_DIRT for i, _ in scans})
                continue
            number = np.array([len(names) for names in unlike.traits])
            typical = subject[scans[int(np.argmax(unlike.seen))][0]].name
            _, ranks = rank_in_batch(number)
            for row, (i, _) in enumerate(scans):
                if unlike.second[row]:
                    reasons[i] = _SECOND
                    continue
                scores[i], p_values[i] = float(number[row]), ranks[row]
                if number[row]:
                    findings.append(self._finding(i, unlike, row, float(p_values[i]), typical))
        return Assessment(scores, p_values, tuple(findings), dict(sorted(reasons.items())))

    def _finding(self, i: int, unlike: _Unlike, row: int, p_value: float, typical: str) -> Finding:
        names = [name for name in unlike.traits[row] if name in _GROUPS]
        vi = ", ".join(_GROUPS[name][0].vi for name in names)
        en = ", ".join(_GROUPS[name][0].en for name in names)
        seen, places = int(unlike.seen[row]), unlike.places
        return Finding(
            detector=self.info.id,
            family=self.info.family,
            kind=self.info.kind,
            score=float(len(unlike.traits[row])),
            p_value=p_value,
            severity=Severity.YELLOW,
            message=Message(
                f"Dấu hiệu máy quét khác với lô: các trang của lô có chung {places} vết bẩn của "
                f"máy, trang này chỉ có {seen}; khác cả về {vi}; so với {typical}.",
                f"Signs of another scanner than the batch's: its scans share {places} marks of "
                f"dirt, this one shows {seen}; unlike them in {en}, too; compare {typical}.",
            ),
            matches=(typical,),
            evidence={
                "subject": i,
                "traits": ", ".join(unlike.traits[row]),
                "dirt_shared": places,
                "dirt_seen": seen,
            },
        )


@dataclass(frozen=True, eq=False)
class _Scan:
    """A page as this check needs it: its shape in pixels and what its scanner left."""

    shape: tuple[int, int]
    traits: ScannerTraits


@dataclass(frozen=True, eq=False)
class _Unlike:
    """What each scan of a batch has unlike the rest, and how much of the shared dirt it shows.

    Attributes:
        traits: In which traits each scan is unlike the rest.
        second: Whether it is one of too many that lack the dirt: of these nothing can be said.
        seen: How many of the places each shows.
        places: How many there are.
    """

    traits: list[tuple[str, ...]]
    second: NDArray[np.bool_]
    seen: NDArray[np.int64]
    places: int


def _comparable(
    members: Sequence[tuple[int, Fingerprint]],
) -> tuple[list[tuple[int, _Scan]], dict[int, str]]:
    """Scans of one size, and why the other pages cannot be judged."""
    missing = {i: _NO_SCAN for i, page in members if page.scanner is None}
    scans = [(i, _Scan(p.shape, p.scanner)) for i, p in members if p.scanner is not None]
    if len(scans) < FEWEST:
        return [], missing | dict.fromkeys((i for i, _ in scans), _FEW_PAGES)
    shapes = np.array([scan.shape for _, scan in scans], np.float64)
    off = np.abs(np.log(shapes / np.median(shapes, axis=0)))
    same = ((off[:, 1] <= _WIDTH_STEP) & (off[:, 0] <= _HEIGHT_STEP)).tolist()
    alike = [entry for entry, fits in zip(scans, same, strict=True) if fits]
    if len(alike) < FEWEST:
        return [], missing | dict.fromkeys((i for i, _ in scans), _FEW_PAGES)
    other = {i: _OTHER_SIZE for (i, _), fits in zip(scans, same, strict=True) if not fits}
    return alike, missing | other


def _unlike(scans: Sequence[_Scan]) -> _Unlike | None:
    """Judge the scans of a batch; ``None`` where they share no dirt that would be missed."""
    places, near = _shared_dirt(scans)
    if not len(places):
        return None
    shown = np.array([_shown(scan, places, near) for scan in scans])
    seen = shown.sum(axis=1)
    # Each page is held against the others only.
    rates = (shown.sum(axis=0) - shown + 0.5) / len(scans)
    chance = np.array([_at_most(row, int(n)) for row, n in zip(rates, seen, strict=True)])
    bare = float(np.prod(1.0 - rates.max(axis=0)))
    if bare > _UNLIKELY:
        return None
    values = np.array([scan.traits.values for scan in scans], np.float64)
    few = max(1, int(_FEW * len(scans)))
    odd = (chance <= _UNLIKELY) & (4 * seen <= len(places))
    groups = {name: _odd(values, members, few) for name, (_, members) in _GROUPS.items()}
    traits = [
        ("dirt", *(name for name, far in groups.items() if far[row])) if odd[row] else ()
        for row in range(len(scans))
    ]
    both = [names if len(names) > 1 else () for names in traits]
    second = odd if int(odd.sum()) > few else np.zeros(len(scans), np.bool_)
    if second.any():
        both = [()] * len(scans)
    return _Unlike(both, second, seen, len(places))


def _odd(values: Floats, members: Sequence[str], few: int) -> NDArray[np.bool_]:
    """Which scans lie far off the batch in any trait of a group, as few others do."""
    strength = np.zeros(len(values))
    for name in members:
        column = values[:, TRAITS.index(name)]
        known = np.isfinite(column)
        if known.sum() < FEWEST:
            continue
        middle = float(np.median(column[known]))
        spread = 1.4826 * float(np.median(np.abs(column[known] - middle)))
        off = np.abs(column - middle) / max(spread, _LEAST[name])
        strength = np.maximum(strength, np.where(known, off, 0.0))
    limit = max(_FAR, float(np.sort(strength)[-few]))
    return np.asarray(strength >= limit, np.bool_)


def _shared_dirt(scans: Sequence[_Scan]) -> tuple[Floats, float]:
    """Places ``(m, 2)`` in px of the scan where most show dirt, and what counts as near."""
    scale = float(np.median([scan.traits.px_per_mm for scan in scans]))
    near = _NEAR_MM * scale
    # A part of a large batch shows as well where its dirt is.
    some = scans[:: max(1, len(scans) // _SEEDS)]
    owner = np.repeat(np.arange(len(some)), [len(scan.traits.dirt) for scan in some])
    points = np.concatenate([scan.traits.dirt for scan in some]).astype(np.float64)
    places: list[Floats] = []
    if not len(points):
        return np.zeros((0, 2)), near
    tree = cKDTree(points[:, :2])
    close = tree.query_ball_point(points[:, :2], near)
    pages = np.array([len(set(owner[members].tolist())) for members in close])
    free = np.ones(len(points), np.bool_)
    for k in np.argsort(-pages, kind="stable").tolist():
        if pages[k] < _SHARED * len(some) or len(places) == _MOST_PLACES:
            break
        members = np.array(close[k])
        if not free[members].all():
            continue
        free[members] = False
        if _of_the_scanner(points[members], scale):
            places.append(np.median(points[members, :2], axis=0))
    return np.array(places).reshape(-1, 2), near


def _of_the_scanner(points: Floats, scale: float) -> bool:
    """Whether a place stands firmer in the scan than on the form.

    A flaw of the plate or a copier's speck moves with the sheet, dirt of the scanner does not.
    """
    on_scan, on_form = points[:, :2], points[:, 2:] / 100 * scale
    axes = (0,) if points[0, 1] == LINE else (0, 1)
    spread = [
        sum(float(np.median(np.abs(p[:, k] - np.median(p[:, k])))) for k in axes)
        for p in (on_scan, on_form)
    ]
    return spread[0] < spread[1]


def _shown(scan: _Scan, places: Floats, near: float) -> NDArray[np.bool_]:
    """Which of the places a scan shows, as it is or turned upside down by a program."""
    dirt = scan.traits.dirt[:, :2].astype(np.float64)
    if not len(dirt):
        return np.zeros(len(places), np.bool_)
    height, width = scan.shape
    turned = np.array([width - 1, height - 1]) - dirt
    turned[:, 1][dirt[:, 1] == LINE] = LINE
    both = [
        np.linalg.norm(places[:, None] - way[None], axis=2).min(axis=1) <= near
        for way in (dirt, turned)
    ]
    return max(both, key=lambda found: int(found.sum()))


def _at_most(rates: Floats, seen: int) -> float:
    """Probability of at most ``seen`` of independent events with these rates."""
    chance = np.zeros(len(rates) + 1)
    chance[0] = 1.0
    for rate in rates.tolist():
        chance[1:] = chance[1:] * (1 - rate) + chance[:-1] * rate
        chance[0] *= 1 - rate
    return float(chance[: seen + 1].sum())


CHECK = _MetadataScanner()
