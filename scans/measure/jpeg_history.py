"""Where a page lacks the trace of the JPEG compression that the rest of it went through.

A scanner stores JPEG: every block of 8 x 8 pixels is left with DCT coefficients that are
multiples of its quantisation steps. Whoever opens the scan, changes a place and saves it
again leaves those multiples in the untouched blocks, under the rounding of the second
save. Ink drawn, boxes copied by anything but whole blocks and parts of another picture do
not have them. Both distributions are measured on the page itself: the untouched one on
its blocks, the other on the same pixels cut 4 pixels aside, where no block ever was.

A page that was compressed once, as honest scans are, shows no earlier lattice and is not
judged. A page that was merely saved again shows it everywhere.

After Lukas & Fridrich (2003) and Lin et al. (2009); blocks clipped to white are restored
by projecting them onto the lattice with their clipped pixels left free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.instrument import Page
from scans.types import Origin, RawPage, Registration, ScanClass

__all__ = ["JpegHistory", "Place", "has_blocks", "jpeg_history", "standard_table"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_BLOCK = 8
# Low frequencies carry content on paper; position in a table row by row, without DC.
_COEFFICIENTS = np.array([1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4])
# ITU-T T.81, table K.1: nearly every device scales this one by a quality.
_LUMINANCE = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
     14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
     18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip
_QUALITIES = range(30, 99)
# An earlier step must exceed the later one by this much to be seen through it.
_COARSER = 1.3
# Blocks whose grey levels span less hold paper only and vote for anything.
_LEAST_SPAN = 12
# Blocks looked at for an earlier compression; all of them only where there was one.
_SAMPLE = 2500
# Evidence in nats that the page had an earlier compression. Pages compressed once reach 40.
_LEAST_GAIN = 100.0
_MOST_STEPS = 100
_MOST_STEP = 64
_ROWS = np.arange(14)
# Nats that the best of 64 steps has by chance, and by which another one is preferred.
_BY_CHANCE, _CLEARLY = 6.0, 10.0
_WIDTHS = (1.0, 1.5, 2.5, 4.0, 7.0, 12.0)
_CLIPPED = 255
# Difference of channels from which a block holds colour; JPEG makes up to 16 of grey.
_COLOURED = 50
_ROUNDS = 2
_MARGIN_MM = 1.8
# Windows in blocks: a stroke, and a whole box at 300 dpi.
_WINDOWS = (3, 7)
# Blocks differ by content beyond chance: shares below this are nothing.
_SHARE_FLOOR = 0.10
_MOST_ERROR = 0.3
_FEWEST_KINDS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A window of the page that lacks the earlier compression.

    Attributes:
        score: Share of what an altered place would show, in spreads.
        share: 0 like the rest of the page, 1 as if never compressed with it.
        box_px: Left, top, width, height in the scan.
    """

    score: float
    share: float
    box_px: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class JpegHistory:
    """What the blocks around answer boxes and fields tell.

    Attributes:
        quality: Of the earlier compression, on the scale of the standard tables.
        gain: Evidence for it in nats.
        places: The windows that lack it most, worst first, not overlapping.
    """

    quality: int
    gain: float
    places: tuple[Place, ...]


def standard_table(quality: int) -> NDArray[np.float64]:
    """Luminance table of libjpeg at ``quality`` 1 to 100: float64 ``(64,)``, row by row."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((_LUMINANCE * scale + 50) / 100), 1, 255).astype(np.float64)


def has_blocks(raw: RawPage) -> bool:
    """Whether it is known where the blocks of the scanner's own pixels lie."""
    return _grid_of(raw.origin, raw.image) is not None


def jpeg_history(raw: RawPage, registration: Registration, page: Page) -> JpegHistory | None:
    """Places without the page's earlier compression; ``None`` if none is seen on it."""
    if raw.scan_class in (ScanClass.BITONAL, ScanClass.RENDERED):
        return None
    grid = _grid_of(raw.origin, raw.image)
    if grid is None:
        return None
    offset, steps = grid
    rows, columns = _blocks_of_interest(raw.image, registration, page, offset)
    if len(rows) < 50:
        return None
    every = max(1, len(rows) // (2 * _SAMPLE))
    sample = _Blocks.cut(raw.image, rows[::every], columns[::every], offset)
    quality, first, gain = _earlier_steps(sample, steps)
    if gain < _LEAST_GAIN:
        return None
    inside = (rows < (raw.image.shape[0] - offset[0] - 4) // _BLOCK) & (
        columns < (raw.image.shape[1] - offset[1] - 4) // _BLOCK
    )
    rows, columns = rows[inside], columns[inside]
    own = _Blocks.cut(raw.image, rows, columns, offset)
    aside = _Blocks.cut(raw.image, rows, columns, (offset[0] + 4, offset[1] + 4))
    places = _places(own, aside, first, steps, offset)
    # Steps that no coefficient is found on are no compression: the content misled.
    return None if places is None else JpegHistory(quality, gain, places)


def _grid_of(
    origin: Origin, image: NDArray[np.uint8]
) -> tuple[tuple[int, int], NDArray[np.float64]] | None:
    """Where blocks begin (row, column) and the steps of the file's own compression."""
    if "resampled_from" in origin.metadata:
        return None
    height, width = image.shape[:2]
    if origin.encoding == "lossless":
        return (0, 0), np.ones(64)
    if origin.encoding != "jpeg" or not origin.quantisation:
        return None
    table = np.array(origin.quantisation[0], dtype=np.float64)
    turned = table.reshape(_BLOCK, _BLOCK).T.ravel()
    # Blocks that were cut at the right and bottom edge stand first after a turn.
    down, right = height % _BLOCK, width % _BLOCK
    grids = {
        1: ((0, 0), table),
        3: ((down, right), table),
        6: ((0, right), turned),
        8: ((down, 0), turned),
    }
    return grids.get(int(origin.metadata.get("orientation", 1)))


def _blocks_of_interest(
    image: NDArray[np.uint8], registration: Registration, page: Page, offset: tuple[int, int]
) -> tuple[Ints, Ints]:
    """Rows and columns of blocks inside answer boxes, with a rim, and fields."""
    height = (image.shape[0] - offset[0]) // _BLOCK
    width = (image.shape[1] - offset[1]) // _BLOCK
    wanted = np.zeros((height, width), np.bool_)
    areas = [(*box.box_mm, _MARGIN_MM) for box in page.boxes]
    areas += [(*field.box_mm, 0.0) for field in page.fields]
    if not areas:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    x, y, w, h, rim = np.array(areas).T
    corners = [(x - rim, y - rim), (x + w + rim, y - rim),
               (x - rim, y + h + rim), (x + w + rim, y + h + rim)]  # fmt: skip
    px = np.stack([registration.to_px(np.column_stack(c)) for c in corners])
    shift = np.array([offset[1], offset[0]])
    low = np.maximum(np.round((px.min(axis=0) - shift) / _BLOCK).astype(int), 0)
    high = np.round((px.max(axis=0) - shift) / _BLOCK).astype(int)
    for (left, top), (right, bottom) in zip(low.tolist(), high.tolist(), strict=True):
        wanted[top:bottom, left:right] = True
    rows, columns = np.nonzero(wanted)
    return rows, columns


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Blocks with content.

    Attributes:
        pixels: float32 ``(n, 64)``: grey minus 128.
        clipped: int8 ``(n, 64)``: 1 where a channel is burnt out to white, -1 where it is
            drowned in black, 0 elsewhere.
        coloured: bool ``(n,)``: holds coloured ink.
        rows, columns: Of each block in the grid.
    """

    pixels: Floats
    clipped: NDArray[np.int8]
    coloured: NDArray[np.bool_]
    rows: Ints
    columns: Ints

    @staticmethod
    def cut(
        image: NDArray[np.uint8], rows: Ints, columns: Ints, offset: tuple[int, int]
    ) -> _Blocks:
        """Take them out of the picture; those without content are left away."""
        height = (image.shape[0] - offset[0]) // _BLOCK
        width = (image.shape[1] - offset[1]) // _BLOCK
        part = image[
            offset[0] : offset[0] + height * _BLOCK, offset[1] : offset[1] + width * _BLOCK
        ]
        tiles = part.reshape(height, _BLOCK, width, _BLOCK, *part.shape[2:])
        cut = tiles[rows, :, columns]
        # Every second pixel of one channel tells whether there is content.
        some = (cut if cut.ndim == 3 else cut[..., 1]).reshape(len(cut), -1)[:, ::2]
        held = some.max(axis=1) - some.min(axis=1) > _LEAST_SPAN
        cut = cut[held]
        grey, top, bottom = cut, cut, cut
        if cut.ndim == 4:
            flat = np.ascontiguousarray(cut.reshape(-1, _BLOCK, 3))
            grey = np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY), np.uint8)
            blue, green, red = cv2.split(flat)
            top = np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
            bottom = np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)
        size = (len(cut), _BLOCK * _BLOCK)
        clipped = (top.reshape(size) == _CLIPPED).astype(np.int8)
        clipped[bottom.reshape(size) == 0] = -1
        pixels = np.asarray(grey.reshape(size), np.float32) - 128
        coloured = (top - bottom).reshape(size).max(axis=1, initial=0) > _COLOURED
        return _Blocks(pixels, clipped, coloured, rows[held], columns[held])


def _transform() -> Floats:
    """The two-dimensional DCT of a block of 64 numbers as a matrix ``(64, 64)``."""
    k, x = np.mgrid[:_BLOCK, :_BLOCK]
    one = np.sqrt(2 / _BLOCK) * np.cos(np.pi * (2 * x + 1) * k / (2 * _BLOCK))
    one[0] /= np.sqrt(2)
    return np.kron(one, one).astype(np.float32)


_DCT = _transform()


def _levels(pixels: Floats, steps: NDArray[np.float64]) -> NDArray[np.int32]:
    """Sizes of the low coefficients in steps of the last compression: ``(n, 14)``."""
    coefficients = pixels @ _DCT[_COEFFICIENTS].T
    sizes = np.abs(coefficients) / steps[_COEFFICIENTS].astype(np.float32)
    return np.asarray(np.rint(sizes), np.int32)


def _earlier_steps(
    blocks: _Blocks, steps: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64], float]:
    """Quality, table and evidence in nats of the compression before the last one.

    The standard table that fits the page's coefficients best, corrected where a coefficient
    clearly prefers another step: some devices have tables of their own.
    """
    few = np.count_nonzero(blocks.clipped, axis=1) <= 8
    pixels = blocks.pixels[few] if few.sum() > 400 else blocks.pixels
    levels = np.minimum(_levels(pixels[:_SAMPLE], steps), _MOST_STEPS + 1)
    last = steps[_COEFFICIENTS]
    gains = np.zeros((14, _MOST_STEP + 1))
    for c in range(14):
        counts = np.bincount(levels[:, c], minlength=_MOST_STEPS + 2)[1:-1]
        gains[c] = _gains(counts.astype(np.float64), float(last[c]))
    every = np.arange(_MOST_STEP + 1)[None, :]
    gains[(every <= _COARSER * last[:, None]) | (every >= 40 * last[:, None])] = 0.0
    best, most = 50, 0.0
    for quality in _QUALITIES:
        gain = float(gains[_ROWS, _low_steps(quality)].sum())
        if gain > most:
            best, most = quality, gain
    low = _low_steps(best)
    own = gains.argmax(axis=1)
    low = np.where(gains[_ROWS, own] > gains[_ROWS, low] + _CLEARLY, own, low)
    first = standard_table(best)
    first[_COEFFICIENTS] = low
    evidence = np.maximum(gains[_ROWS, low] - _BY_CHANCE, 0.0)
    return best, np.maximum(first, 1.0), float(evidence.sum())


@lru_cache(maxsize=128)
def _low_steps(quality: int) -> NDArray[np.int64]:
    """Steps of the standard table for the low coefficients, at most 64."""
    low = standard_table(quality)[_COEFFICIENTS].astype(np.int64)
    return np.asarray(np.minimum(low, _MOST_STEP), np.int64)


def _gains(counts: NDArray[np.float64], last: float) -> NDArray[np.float64]:
    """Evidence in nats for each earlier step 0 to 64 of one coefficient, signed.

    What is expected on its multiples without an earlier compression is read off the
    counts themselves, smoothed over their period.
    """
    gains = np.zeros(_MOST_STEP + 1)
    total = float(counts.sum())
    if total < 60:
        return gains
    logs = np.log(counts[None].astype(np.float32) + 0.5)
    smooth = np.vstack(
        [np.exp(cv2.GaussianBlur(logs, (0, 0), w, borderType=cv2.BORDER_REFLECT)) for w in _WIDTHS]
    )
    on, width = _multiples(last)
    expected = (on @ (smooth / smooth.sum(axis=1, keepdims=True)).T)[np.arange(len(on)), width]
    expected = np.clip(expected, 1e-6, 1 - 1e-6)
    seen = (on @ counts + 0.5) / (total + 1)
    nats = seen * np.log(seen / expected)
    nats += (1 - seen) * np.log(np.maximum(1 - seen, 1e-9) / (1 - expected))
    return np.where(expected > 0.85, 0.0, total * nats * np.sign(seen - expected))


@lru_cache(maxsize=256)
def _multiples(last: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sizes 1 to 100 that multiples of each earlier step fall on, and the width to smooth by."""
    first = np.maximum(np.arange(_MOST_STEP + 1), 1)[:, None]
    size = np.arange(1, _MOST_STEPS + 1)[None, :] * last
    # Lossless files carry the rounding of pixels, a fraction of one level a coefficient.
    slack = last / 2 if last > 1 else 1.0
    on = np.abs(size - first * np.rint(size / first)) <= slack
    width = np.argmin(np.abs(0.6 * first / last - np.array(_WIDTHS)[None, :]), axis=1)
    return on.astype(np.float64), width.astype(np.int64)


def _restored(blocks: _Blocks, first: NDArray[np.float64]) -> Floats:
    """Pixels with what was clipped to white put back as the first compression had it.

    Of all values that a clipped pixel may have had, those are sought that put the block's
    coefficients on multiples of ``first``; the other pixels stay as they are.
    """
    touched = blocks.clipped.any(axis=1)
    pixels = blocks.pixels.copy()
    fixed, side = pixels[touched], blocks.clipped[touched]
    if not len(fixed):
        return pixels
    steps = first.astype(np.float32)
    moved = fixed
    for _ in range(_ROUNDS):
        beyond = (np.rint(moved @ _DCT.T / steps) * steps) @ _DCT - fixed
        # A pixel burnt out was at least as bright as it is now, a drowned one as dark.
        moved = fixed + side * np.maximum(side * beyond, 0)
    pixels[touched] = moved
    return pixels


def _votes(
    blocks: _Blocks, first: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Kind of each coefficient, whether it is near a multiple, and whether it counts.

    The kind tells the coefficient, the multiple it lies nearest to (0, 1, 2, more), how much
    of its block is clipped and whether it is coloured, as a pen's ink is clipped in other
    channels than print: only equals are compared, so content decides nothing.
    """
    levels = _levels(_restored(blocks, first), steps)
    one, last = first[_COEFFICIENTS], steps[_COEFFICIENTS]
    size = levels * last
    nearest = np.rint(size / one)
    slack = np.where(last > 1, last / 2, 1.0)
    on = np.abs(size - one * nearest) <= slack
    burnt = np.digitize(np.count_nonzero(blocks.clipped, axis=1), [1, 24])
    kind = (np.arange(14)[None, :] * 4 + np.minimum(nearest, 3).astype(np.int64)) * 3
    kind = (kind + burnt[:, None]) * 2 + blocks.coloured[:, None]
    counts = (one > _COARSER * last)[None, :] & (levels < _MOST_STEPS)
    return kind, np.asarray(on), np.asarray(counts)


def _rates(
    kind: NDArray[np.int64], on: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of coefficients on multiples by kind, and how many there are."""
    size = 14 * 4 * 3 * 2
    number = np.bincount(kind[counts], minlength=size).astype(np.float64)
    hits = np.bincount(kind[counts & on], minlength=size)
    return (hits + 0.5) / (number + 1), number


def _places(
    own: _Blocks,
    aside: _Blocks,
    first: NDArray[np.float64],
    steps: NDArray[np.float64],
    offset: tuple[int, int],
) -> tuple[Place, ...] | None:
    """The worst windows; ``None`` where hardly any kind of coefficient tells the two apart."""
    kind, on, counts = _votes(own, first, steps)
    untouched, number = _rates(kind, on, counts)
    altered, others = _rates(*_votes(aside, first, steps))
    telling = (untouched > altered + 0.04) & (number >= 40) & (others >= 40)
    if telling.sum() < _FEWEST_KINDS:
        return None
    weight = np.where(
        telling,
        np.log(untouched / (1 - untouched)) - np.log(altered / (1 - altered)),
        0.0,
    )
    weight = np.clip(weight, 0.0, 4.0)
    chance = weight**2 * untouched * (1 - untouched)
    lack = np.where(counts, weight[kind] * (untouched[kind] - on), 0.0).sum(axis=1)
    full = np.where(counts, (weight * (untouched - altered))[kind], 0.0).sum(axis=1)
    spread = np.where(counts, chance[kind], 0.0).sum(axis=1)
    shape = (int(own.rows.max()) + 1, int(own.columns.max()) + 1) if len(own.rows) else (1, 1)
    maps = np.zeros((3, *shape), np.float32)
    for layer, values in zip(maps, (lack, full, spread), strict=True):
        layer[own.rows, own.columns] = values
    found: list[Place] = []
    for window in _WINDOWS:
        found += _worst(maps, window, offset)
    found.sort(key=lambda place: -place.score)
    kept: list[Place] = []
    for place in found:
        if len(kept) < 6 and not any(_overlap(place.box_px, k.box_px) for k in kept):
            kept.append(place)
    return tuple(kept)


def _worst(maps: Floats, window: int, offset: tuple[int, int]) -> list[Place]:
    """The most lacking windows of one size."""
    size = (window, window)
    lack, full, spread = (
        cv2.boxFilter(layer, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for layer in maps
    )
    # A single block may err for reasons of its own (a clipped hue, a speck): the place must
    # hold without its worst one.
    worst = cv2.dilate(maps[0], np.ones(size, np.uint8))
    lack = lack - np.maximum(worst, 0)
    enough = full > 1e-3
    share = np.zeros_like(full)
    error = np.full_like(full, np.inf)
    share[enough] = lack[enough] / full[enough]
    error[enough] = np.sqrt(spread[enough]) / full[enough]
    sound = error < _MOST_ERROR
    if sound.sum() < 20:
        return []
    middle = float(np.median(share[sound]))
    z = (share[sound] - middle) / np.maximum(error[sound], 1e-3)
    # Coefficients of a block are not independent, and some content suits a lattice less.
    excess = max(1.0, 1.4826 * float(np.median(np.abs(z - np.median(z)))))
    score = np.zeros_like(full)
    score[sound] = (share[sound] - middle) / np.hypot(_SHARE_FLOOR, excess * error[sound])
    places = []
    for _ in range(6):
        row, column = (int(v) for v in np.unravel_index(int(np.argmax(score)), score.shape))
        if score[row, column] <= 0:
            break
        half = window // 2
        places.append(
            Place(
                float(score[row, column]),
                float(share[row, column]),
                (
                    float((column - half) * _BLOCK + offset[1]),
                    float((row - half) * _BLOCK + offset[0]),
                    float(window * _BLOCK),
                    float(window * _BLOCK),
                ),
            )
        )
        top, left = max(0, row - window), max(0, column - window)
        score[top : row + window + 1, left : column + window + 1] = 0.0
    return places


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return (
        abs(one[0] + one[2] / 2 - other[0] - other[2] / 2) < (one[2] + other[2]) / 2
        and abs(one[1] + one[3] / 2 - other[1] - other[3] / 2) < (one[3] + other[3]) / 2
    )
