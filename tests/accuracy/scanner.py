"""Pages of another scanner in honest batches, and honest batches of all kinds.

One hundred sheets each go through every scanner of the lab, which has one setting, as an
office's has. The files say the same of themselves whatever device made the picture: what
``metadata.batch`` looks at does not differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import load_instrument
from scans.fingerprint import Fingerprint
from scans.likeness.cells import CELL, MarkCells
from scans.measure.scanner import scanner_traits
from scans.page import view_of
from scans.reuse.metadata_scanner import CHECK
from scans.simulate.encode import encode_scan
from scans.simulate.page import make_sheet
from scans.simulate.profiles import PROFILES, ScannerProfile
from scans.simulate.respondents import random_spec
from scans.simulate.scanner import scan
from scans.simulate.sheet import Sheet, noise_field
from scans.simulate.spec import PageSpec
from scans.source import PageError, read_pages
from scans.types import Origin
from scans.view import PageView
from tests.accuracy.images import Row, row
from tests.accuracy.pages import MEASURING, in_parallel, instrument
from tests.data import DATA

__all__ = ["measure"]

_FORM, _PAGE = "HL-01", 2
# Rows of the seeds before these chose how far off the second trait has to be.
_FIRST = MEASURING + 13_000_000
_SHEETS = 100
# Scanners of the batches, and the other model that one page comes through.
_OTHER = {"flatbed": "flatbed_sharp", "grey": "office_200", "adf": "flatbed_bright",
          "adf_fast": "adf"}  # fmt: skip
_TROUBLES = ("other paper", "askew", "upside down", "glass cleaned", "copied blank")
_Way = Callable[[ScannerProfile], NDArray[np.uint8]]
_Shot = Callable[[ScannerProfile, Sheet], NDArray[np.uint8]]
_NOTHING = MarkCells(
    np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros((0, CELL, CELL), np.int8)
)


@dataclass(frozen=True)
class _Made:
    """One scan as the check knows it: which batch it is for, how it was made, its sheet."""

    scanner: str
    kind: str
    sheet: int
    page: Fingerprint


def measure(scale: float = 1.0, workers: int = 2) -> list[Row]:
    """All rows; ``scale`` below 1 makes fewer sheets, and no batch larger than they allow."""
    sheets = max(40, round(scale * _SHEETS))
    made = [m for some in in_parallel(_scans, list(range(sheets)), workers) for m in some]
    rows: list[Row] = []
    for size in (30, 100):
        if size <= sheets:
            rows += _told(made, size, rounds=max(2, round(scale * 20)))
            rows += _found(made, size)
    return [*rows, *_mixed(made, rounds=max(2, round(scale * 20))), *_real()]


def _told(made: Sequence[_Made], size: int, rounds: int) -> Iterator[Row]:
    """Honest batches, as they are and with one page in trouble."""
    names = ("usual", *_TROUBLES)
    counts = {name: [0, 0, 0] for name in names}
    for scanner in _OTHER:
        own = _of(made, scanner, "own")
        chance = np.random.default_rng(crc32(scanner.encode()))
        batches = rounds if size < len(own) else 1
        for _ in range(batches):
            _count(counts["usual"], _drawn(own, size, chance), lambda pages, i: True)
        for name in _TROUBLES:
            for odd in _of(made, scanner, name):
                _count(counts[name], _with(own, odd, size, chance), _last)
    for name, (told, judged, out) in counts.items():
        yield row(f"honest, {name}: told, batch of {size}", told, judged, "<= .02")
        yield row(f"honest, {name}: not assessable, batch of {size}", out, judged + out)


def _found(made: Sequence[_Made], size: int) -> Iterator[Row]:
    """One page through another scanner among honest ones."""
    for kind, name in (("model", "another model"), ("unit", "another device of the model")):
        for scanner in _OTHER:
            own = _of(made, scanner, "own")
            chance = np.random.default_rng(crc32(f"{scanner} {kind}".encode()))
            count = [0, 0, 0]
            for odd in _of(made, scanner, kind):
                _count(count, _with(own, odd, size, chance), _last)
            held_out = ", scanner held out" if PROFILES[scanner].held_out else ""
            text = f"found: {name}, {scanner}, batch of {size}{held_out}"
            yield row(text, count[0], count[1])
            if count[2]:
                yield row(f"{text}: not assessable", count[2], sum(count[1:]))


def _mixed(made: Sequence[_Made], rounds: int) -> Iterator[Row]:
    """Two scanners in one folder, and a few sheets scanned again on another."""
    for kind, what in (("model", "models"), ("second", "devices of one model")):
        for own_count, other_count in ((25, 25), (45, 5), (27, 3), (28, 2)):
            count = [0, 0, 0]
            for scanner in _OTHER:
                own, other = _of(made, scanner, "own"), _of(made, scanner, kind)
                if len(own) < own_count or len(other) < other_count:
                    continue
                chance = np.random.default_rng(crc32(f"{scanner} {own_count}".encode()))
                for _ in range(rounds):
                    pages = _drawn(own, own_count, chance) + _drawn(other, other_count, chance)
                    _count(count, pages, lambda pages, i: True)
            text = f"honest, two {what} in one folder, {own_count} and {other_count}: told"
            # Where half the scans show other dirt, none is judged and none is told.
            yield row(text, count[0], count[1] + count[2], "<= .02")


def _real() -> Iterator[Row]:
    """Real sheets of one scanner: two pages of them share at least four marks of dirt."""
    folder = DATA / "scans" / "formscanner"
    if not folder.is_dir():
        return
    form = load_instrument(folder / "instrument.toml")
    dirt = []
    for path in sorted((folder / "scans").iterdir()):
        for raw in read_pages(path):
            view = None if isinstance(raw, PageError) else view_of(raw, form, reference=None)
            traits = scanner_traits(view) if isinstance(view, PageView) else None
            if traits is not None:
                dirt.append(traits.dirt[:, :2].astype(float))
    shared = [
        int((np.abs(one[:, None] - two[None]).max(axis=2) <= 2).sum())
        for one, two in combinations(dirt, 2)
    ]
    text = "real scans (formscanner): pairs of pages that share four marks of dirt to two pixels"
    yield row(text, sum(n >= 4 for n in shared), len(shared))


def _of(made: Sequence[_Made], scanner: str, kind: str) -> list[_Made]:
    return [m for m in made if m.scanner == scanner and m.kind == kind]


def _drawn(made: Sequence[_Made], size: int, chance: np.random.Generator) -> list[_Made]:
    return [made[k] for k in chance.choice(len(made), min(size, len(made)), replace=False)]


def _with(own: Sequence[_Made], odd: _Made, size: int, chance: np.random.Generator) -> list[_Made]:
    """A batch in which ``odd`` stands for its own sheet, as the last."""
    return [*_drawn([m for m in own if m.sheet != odd.sheet], size - 1, chance), odd]


def _last(pages: Sequence[_Made], i: int) -> bool:
    return i == len(pages) - 1


def _count(
    count: list[int], pages: Sequence[_Made], which: Callable[[Sequence[_Made], int], bool]
) -> None:
    """Add how many of the pages are told, were judged, and could not be."""
    prints = [
        replace(m.page, origin=Origin(f"lot/{i:03}.jpg", f"{i:064x}", 1, "image/jpeg"))
        for i, m in enumerate(pages)
    ]
    answer = CHECK.assess(prints)
    told = {finding.evidence["subject"] for finding in answer.findings}
    for i in range(len(pages)):
        if which(pages, i):
            count[0] += i in told
            count[1] += i not in answer.not_assessable
            count[2] += i in answer.not_assessable


def _scans(k: int) -> list[_Made]:
    """All scans of one sheet."""
    seed = _FIRST + k
    spec = random_spec(_FORM, _PAGE, seed, profile="flatbed")
    sheet = make_sheet(spec, seed)[0]
    trouble = _TROUBLES[k % len(_TROUBLES)]
    ways: dict[str, _Way] = {}

    def shot(device: ScannerProfile, of: Sheet) -> NDArray[np.uint8]:
        return scan(of, device, np.random.default_rng([seed, crc32(device.name.encode())])).image

    ways["own"] = lambda own: shot(own, sheet)
    if k % 4 in (0, 1):
        ways["model"] = lambda own: shot(
            replace(PROFILES[_OTHER[own.name]], dpi=own.dpi, colour=own.colour), sheet
        )
    elif k % 4 == 2:
        ways["unit"] = lambda own: shot(_unit(own, 10 + k), sheet)
    else:
        ways["second"] = lambda own: shot(_unit(own, 2), sheet)
    if k % 2 == 0:
        ways[trouble] = _in_trouble(trouble, spec, sheet, seed, shot)
    made = []
    for scanner in _OTHER:
        own = _set_once(PROFILES[scanner])
        for kind, way in ways.items():
            page = _fingerprint(way(own), own, seed)
            if page is not None:
                made.append(_Made(scanner, kind, k, page))
    return made


def _in_trouble(trouble: str, spec: PageSpec, sheet: Sheet, seed: int, shot: _Shot) -> _Way:
    """How an honest page of the batch comes to look unlike the others."""
    if trouble == "other paper":
        paper = _other_paper(sheet, seed)
        return lambda own: shot(own, paper)
    if trouble == "askew":
        return lambda own: shot(replace(own, skew_deg=2.0, offset_mm=2.0), sheet)
    if trouble == "upside down":
        return lambda own: np.ascontiguousarray(shot(own, sheet)[::-1, ::-1])
    if trouble == "glass cleaned":
        return lambda own: shot(replace(own, specks=0, streaks=0), sheet)
    copied = make_sheet(replace(spec, controls=("copied_blank",)), seed)[0]
    return lambda own: shot(own, copied)


def _set_once(profile: ScannerProfile) -> ScannerProfile:
    middle = sum(profile.quality) // 2
    return replace(profile, quality=(middle, middle))


def _unit(profile: ScannerProfile, number: int) -> ScannerProfile:
    """Another device of a model: dirt of its own, and a little unlike in all else.

    How much devices of one model differ is a guess: 8 % in blur, 12 % in noise, a level or so
    in black, white and tint.
    """
    own = np.random.default_rng([crc32(profile.name.encode()), number])
    blur, noise = np.exp(own.normal(0.0, (0.08, 0.12))).tolist()
    black, white = own.normal(0.0, (1.5, 1.0)).tolist()
    blue, green, red = profile.cast
    tint = own.normal(0.0, 0.006, 2).tolist()
    return replace(
        profile,
        name=f"{profile.name} {number}",
        blur_px=profile.blur_px * blur,
        noise=profile.noise * noise,
        black=profile.black + black,
        white=profile.white + white,
        cast=(min(1.0, blue + tint[0]), min(1.0, green + tint[1]), red),
    )


def _other_paper(sheet: Sheet, seed: int) -> Sheet:
    """The sheet on recycled paper: darker, yellower, coarser."""
    tinted = sheet.image.astype(np.float32) * np.array([0.93, 0.965, 0.975], np.float32)
    height, width = sheet.image.shape[:2]
    fibres = noise_field(np.random.default_rng([seed, 5]), (height, width), 4.0)
    soft = cv2.GaussianBlur(fibres.astype(np.float32), (5, 5), 1.0)
    return Sheet(np.clip(tinted + soft[:, :, None], 0, 255).astype(np.uint8), sheet.size_mm)


def _fingerprint(image: NDArray[np.uint8], writer: ScannerProfile, seed: int) -> Fingerprint | None:
    """What the check is given of a scan; ``None`` where the page was not read."""
    encoded = encode_scan(image, writer, np.random.default_rng(seed))
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"page{encoded.suffix}"
        path.write_bytes(encoded.data)
        (raw,) = list(read_pages(path))
    if isinstance(raw, PageError):
        return None
    view = view_of(raw, instrument(_FORM), reference=None)
    if not isinstance(view, PageView):
        return None
    shape = (int(raw.image.shape[0]), int(raw.image.shape[1]))
    empty = (_PAGE, _NOTHING, (), np.zeros((16, 16), np.uint8), shape)
    return Fingerprint(raw.origin, *empty, scanner=scanner_traits(view))
