"""A second maker of forms, hands, frauds and scanners, sharing nothing with scans.simulate.

Cruder than the first, and other in every part: forms are drawn with Pillow, hands are noisy
polylines, paper is filtered noise, the scanner is an affine warp with a tone curve. What
checks find here they did not learn from their own simulator's habits. Nothing is tuned on
it; it measures.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["DEVICES", "FORMS", "FRAUDS", "Sheet", "make", "write_form"]

Floats = NDArray[np.float32]
Place = tuple[float, float, float, float]

_DPI = 300
_MM = _DPI / 25.4
_SIZE = (210.0, 297.0)
_WORDS = [
    "the",
    "staff",
    "office",
    "answer",
    "waiting",
    "time",
    "clear",
    "polite",
    "form",
    "fee",
    "result",
    "desk",
    "room",
]
_INKS = {"blue": (0.62, 0.32, 0.16), "black": (0.18, 0.17, 0.16), "pencil": (0.48, 0.47, 0.46)}


@dataclass(frozen=True)
class Form:
    """A grid of boxes, ``items`` by ``values``, with a place to sign."""

    name: str
    items: int
    values: int
    first: tuple[float, float]
    pitch: tuple[float, float]
    box: tuple[float, float]
    shape: str
    style: str
    field: Place = (120.0, 240.0, 70.0, 25.0)

    def place(self, item: int, value: int) -> Place:
        """Box of an item and a value, both from 0, in mm."""
        x = self.first[0] + value * self.pitch[0]
        return (x, self.first[1] + item * self.pitch[1], *self.box)


FORMS = {
    "squares": Form("squares", 14, 5, (128, 62), (13.5, 11), (4.6, 4.6), "box", "cross"),
    "ovals": Form("ovals", 18, 4, (120, 50), (17, 9.4), (6.0, 3.6), "ellipse", "fill"),
}


@dataclass(frozen=True)
class Device:
    """dpi, colour, tone curve (white point), blur px, noise, JPEG quality, largest skew."""

    dpi: int
    colour: bool
    white: float
    blur: float
    noise: float
    quality: int
    skew: float
    bitonal: bool = False


DEVICES = {
    "desk": Device(300, True, 1.03, 0.6, 1.5, 90, 0.6),
    "desk200": Device(200, True, 1.02, 0.8, 1.8, 82, 0.8),
    "grey": Device(300, False, 1.04, 0.7, 2.0, 88, 0.6),
    "feeder": Device(300, True, 0.86, 0.7, 2.0, 80, 1.0),
    "feeder_grey": Device(240, False, 0.84, 0.8, 2.2, 75, 1.0),
    "two_level": Device(300, False, 0.9, 0.7, 3.0, 0, 0.8, bitonal=True),
}

FRAUDS = ("erase", "fluid", "scrape", "overwrite", "paste", "fill", "clone", "copy", "splice")
DIGITAL = frozenset({"fill", "clone", "copy", "splice"})


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file and what was done to it.

    Attributes:
        data: Bytes of the file.
        suffix: Of its name.
        touched: Altered places in mm; empty on an honest sheet.
    """

    data: bytes
    suffix: str
    touched: tuple[Place, ...]


def _font(size_mm: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    name = "DejaVuSerif-Bold.ttf" if bold else "DejaVuSerif.ttf"
    return ImageFont.truetype(str(folder / name), round(size_mm * _MM))


@cache
def _blank(name: str) -> Floats:
    """Printed form at 300 dpi, 0 black to 1 white."""
    form, chance = FORMS[name], np.random.default_rng(sum(name.encode()))
    size = (round(_SIZE[0] * _MM), round(_SIZE[1] * _MM))
    picture = Image.new("L", size, 255)
    draw = ImageDraw.Draw(picture)
    draw.text((20 * _MM, 16 * _MM), f"Survey of services: {name}", font=_font(6, bold=True), fill=0)
    for k in range(3):
        line = " ".join(chance.choice(_WORDS, 12))
        draw.text((20 * _MM, (27 + 5 * k) * _MM), line, font=_font(3.2), fill=0)
    for item in range(form.items):
        y = form.first[1] + item * form.pitch[1]
        words = " ".join(chance.choice(_WORDS, 7))
        draw.text((18 * _MM, (y + 0.2) * _MM), f"{item + 1}. {words}", font=_font(3.4), fill=0)
        rule = (y + form.pitch[1] - 2.0) * _MM
        draw.line([(16 * _MM, rule), (196 * _MM, rule)], fill=90, width=2)
        for value in range(form.values):
            x, top, w, h = (v * _MM for v in form.place(item, value))
            edge = (x, top, x + w, top + h)
            if form.shape == "ellipse":
                draw.ellipse(edge, outline=0, width=3)
            else:
                draw.rectangle(edge, outline=0, width=3)
    for value in range(form.values):
        x = form.place(0, value)[0]
        draw.text(
            ((x + 1) * _MM, (form.first[1] - 7) * _MM), str(value + 1), font=_font(3.6), fill=0
        )
    x, y, w, h = form.field
    draw.text((x * _MM, (y - 5) * _MM), "Signature", font=_font(3.2), fill=0)
    draw.line([(x * _MM, (y + h) * _MM), ((x + w) * _MM, (y + h) * _MM)], fill=0, width=2)
    return np.asarray(picture, np.float32) / 255.0


def write_form(name: str, folder: Path) -> Path:
    """Instrument file and blank page."""
    form = FORMS[name]
    blank = (_blank(name) * 255).astype(np.uint8)
    cv2.imwrite(str(folder / f"{name}.png"), blank)
    values = list(range(1, form.values + 1))
    items = [f"Q{k + 1}" for k in range(form.items)]
    lines = [f'id = "{name}"', 'version = "1"', 'title = { en = "Second form" }']
    for item in items:
        lines += ["[[item]]", f'id = "{item}"', f"scale = {values}"]
    lines += [
        "[marks]",
        f'shape = "{form.shape}"',
        f'style = "{form.style}"',
        'correction = "none"',
    ]
    lines += ["[[page]]", "number = 1", f"size_mm = {list(_SIZE)}", f'blank = "{name}.png"']
    lines += ["[[page.grid]]", f"items = {items}".replace("'", '"'), f"values = {values}"]
    lines += [f"first_box_mm = {[*form.first, *form.box]}", f"pitch_mm = {list(form.pitch)}"]
    lines += ["[[page.field]]", 'id = "signature"', 'kind = "signature"']
    lines += [f"box_mm = {list(form.field)}"]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass(eq=False)
class _Hand:
    """A person: a pen, a way of marking."""

    ink: Floats
    width: float
    shake: float
    pressure: float

    @staticmethod
    def of(chance: np.random.Generator, ink: str | None = None) -> _Hand:
        name = ink or str(chance.choice(["blue", "blue", "black", "black", "pencil"]))
        base = np.array(_INKS[name], np.float32)
        tone = np.clip(base * chance.uniform(0.85, 1.15), 0.05, 0.8)
        return _Hand(
            tone, chance.uniform(0.4, 0.75), chance.uniform(0.03, 0.12), chance.uniform(0.75, 1.0)
        )


def _line(
    points: NDArray[np.float64], hand: _Hand, chance: np.random.Generator
) -> NDArray[np.float64]:
    """A shaken path through points in mm."""
    steps = []
    for a, b in itertools.pairwise(points):
        t = np.linspace(0, 1, 8)[:, None]
        bow = np.array([b[1] - a[1], a[0] - b[0]]) * chance.normal(0, 0.05)
        steps.append(a + (b - a) * t + bow * (4 * t * (1 - t)))
    path = np.concatenate(steps)
    return path + chance.normal(0, hand.shake, path.shape)


def _mark_paths(
    place: Place, style: str, hand: _Hand, chance: np.random.Generator
) -> list[NDArray[np.float64]]:
    x, y, w, h = place
    corner = np.array([x, y])
    size = np.array([w, h])

    def at(*points: tuple[float, float]) -> NDArray[np.float64]:
        spread = chance.normal(0, 0.06, (len(points), 2))
        return _line(corner + (np.array(points) + spread) * size, hand, chance)

    if style == "fill":
        rows = np.linspace(0.15, 0.85, 5)
        zigzag = [(0.2 + 0.6 * (k % 2), float(v)) for k, v in enumerate(np.repeat(rows, 2))]
        return [at(*zigzag)]
    if chance.random() < 0.25:
        return [at((0.0, 0.5), (0.4, 1.0), (1.1, -0.2))]
    return [at((0.05, 0.05), (0.95, 0.95)), at((0.95, 0.05), (0.05, 0.95))]


@dataclass(frozen=True, eq=False)
class _Ink:
    """Coverage of ink, 0 to 1, in a window of the sheet."""

    rows: slice
    columns: slice
    cover: Floats

    def on(self, sheet: Floats, ink: Floats) -> None:
        sheet[self.rows, self.columns] *= 1 - self.cover[..., None] * (1 - ink)


def _drawn(paths: list[NDArray[np.float64]], hand: _Hand) -> _Ink:
    every = np.concatenate(paths) * _MM
    left, top = (np.floor(every.min(axis=0)) - 12).astype(int)
    right, bottom = (np.ceil(every.max(axis=0)) + 12).astype(int)
    layer = np.zeros((bottom - top, right - left), np.uint8)
    for path in paths:
        points = np.rint((path * _MM - (left, top)) * 8).astype(np.int32)
        width = max(1, round(hand.width * _MM))
        cv2.polylines(layer, [points], False, 255, width, cv2.LINE_AA, shift=3)
    soft = cv2.GaussianBlur(layer, (0, 0), 0.8)
    cover = np.asarray(soft, np.float32) / 255.0 * hand.pressure
    return _Ink(slice(top, bottom), slice(left, right), cover)


def _normal(chance: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return chance.standard_normal(shape, dtype=np.float32)


class _Page:
    """A sheet of paper under work: reflectance ``(h, w, 3)`` BGR."""

    def __init__(self, name: str, seed: int) -> None:
        self.form = FORMS[name]
        self.chance = np.random.default_rng([seed, 41])
        chance = self.chance
        print_ = _blank(name)
        height, width = print_.shape
        tint = np.array([chance.uniform(0.90, 0.95), chance.uniform(0.92, 0.96), 0.95], np.float32)
        fibre = cv2.GaussianBlur(_normal(chance, (height, width)), (0, 0), 1.6)
        cloud = cv2.resize(_normal(chance, (12, 9)), (width, height))
        self.paper = tint * (1 + 0.012 * fibre + 0.006 * cloud)[..., None]
        toner = chance.uniform(0.08, 0.16)
        ink = cv2.GaussianBlur(print_, (0, 0), chance.uniform(0.4, 0.7))
        self.printed = (toner + (1 - toner) * ink)[..., None].astype(np.float32)
        self.sheet = self.paper * self.printed
        self.hand = _Hand.of(chance)
        self.layers: dict[tuple[int, int], _Ink] = {}
        weights = np.array([0.03, 0.03, 0.06, 0.18, 0.70])[-self.form.values :]
        weights = weights / weights.sum()
        self.answers = [
            int(chance.choice(self.form.values, p=weights)) for _ in range(self.form.items)
        ]
        # Whoever alters a sheet needs a low mark to alter.
        for item in chance.choice(self.form.items, 3, replace=False):
            self.answers[int(item)] = int(chance.integers(0, self.form.values - 2))
        for item, value in enumerate(self.answers):
            self.ink(item, value, self.hand)
        self.sign(self.hand)

    def ink(self, item: int, value: int, hand: _Hand) -> None:
        paths = _mark_paths(self.form.place(item, value), self.form.style, hand, self.chance)
        self.layers[(item, value)] = _drawn(paths, hand)
        self.layers[(item, value)].on(self.sheet, hand.ink)

    def sign(self, hand: _Hand) -> None:
        x, y, w, h = self.form.field
        n = 14
        points = np.column_stack(
            [np.linspace(x + 0.1 * w, x + 0.85 * w, n), y + h * self.chance.uniform(0.15, 0.9, n)]
        )
        _drawn([_line(points, hand, self.chance)], hand).on(self.sheet, hand.ink)

    def low(self) -> tuple[int, int]:
        """An item with a low mark, and its value."""
        items = [k for k, v in enumerate(self.answers) if v < self.form.values - 1]
        item = int(self.chance.choice(items))
        return item, self.answers[item]

    def px(self, place: Place, grow: float = 0.0) -> tuple[slice, slice]:
        x, y, w, h = place
        rows = slice(round((y - grow) * _MM), round((y + h + grow) * _MM))
        return rows, slice(round((x - grow) * _MM), round((x + w + grow) * _MM))


def _lifted(page: _Page, key: tuple[int, int], left: float) -> None:
    """Take a mark's ink away but for a share of it."""
    ink = page.layers[key]
    at, layer = (ink.rows, ink.columns), ink.cover[..., None]
    bare = page.paper[at] * page.printed[at]
    page.sheet[at] = np.where(
        layer > 0.02, bare * (1 - left * layer * (1 - page.hand.ink)), page.sheet[at]
    )


def _on_paper(page: _Page, fraud: str, strength: float) -> list[Place]:
    """Do a fraud to the sheet; ``strength`` 0 careful to 1 rough."""
    chance, form = page.chance, page.form
    item, value = page.low()
    place = form.place(item, value)
    other = int(chance.integers(value + 1, form.values))
    rows, columns = page.px(place, 2.0)
    patch = page.sheet[rows, columns]
    new = _Hand.of(chance, str(chance.choice(["blue", "black"])))
    touched = [place]
    if fraud in ("erase", "scrape"):
        _lifted(page, (item, value), (0.06 + 0.16 * strength) * (1.0 if fraud == "erase" else 0.8))
        patch = page.sheet[rows, columns]
        shape = patch.shape[:2]
        zone = np.zeros(shape, np.float32)
        middle = (shape[1] // 2, shape[0] // 2)
        axes = (round(shape[1] * 0.42), round(shape[0] * 0.36))
        cv2.ellipse(zone, middle, axes, chance.uniform(0, 90), 0, 360, 1.0, cv2.FILLED)
        zone = cv2.GaussianBlur(zone, (0, 0), 0.35 * _MM)
        grain = cv2.GaussianBlur(_normal(chance, shape), (0, 0), 1.1)
        smear = np.asarray(cv2.blur(patch, (round(2.2 * _MM), 1)), np.float32)
        amount = (0.10 + 0.25 * strength) if fraud == "erase" else 0.05
        mixed = patch + amount * zone[..., None] * np.minimum(smear - patch, 0)
        rough = (0.010 + 0.022 * strength) * (1.6 if fraud == "scrape" else 1.0)
        lift = 0.012 * strength if fraud == "scrape" else -0.008 * strength
        patch[:] = mixed * (1 + zone * (rough * 2 * grain + lift))[..., None]
        # A rubber takes some of the toner along, too.
        patch[:] = patch + 0.10 * strength * zone[..., None] * np.maximum(0, 0.35 - patch)
    elif fraud == "fluid":
        shape = patch.shape[:2]
        angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        radius = (0.40 + 0.10 * strength) * chance.uniform(0.85, 1.15, 14)
        blob = np.column_stack(
            [np.cos(angles) * radius * shape[1], np.sin(angles) * radius * shape[0]]
        )
        blob = np.rint(blob + np.array(shape[::-1]) / 2).astype(np.int32)
        mask = np.zeros(shape, np.float32)
        cv2.fillPoly(mask, [blob], 1.0)
        mask = cv2.GaussianBlur(mask, (0, 0), 1.2) * chance.uniform(0.9 + 0.08 * strength, 1.0)
        white = np.array([0.965, 0.975, 0.98], np.float32) + 0.01 * strength
        lumps = cv2.GaussianBlur(_normal(chance, shape), (0, 0), 4.0)
        cover = white * (1 + 0.02 * lumps[..., None])
        rim = np.maximum(0, np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.5), np.float32) - mask)
        patch[:] = (patch * (1 - mask[..., None]) + cover * mask[..., None]) * (
            1 - (0.05 + 0.10 * strength) * rim[..., None]
        )
    elif fraud == "overwrite":
        for _ in range(1 + round(2 * strength)):
            page.ink(item, value, new)
    elif fraud == "paste":
        return _glued(page, item, strength)
    page.ink(item, other, new)
    page.answers[item] = other
    touched.append(form.place(item, other))
    return touched


def _glued(page: _Page, item: int, strength: float) -> list[Place]:
    """A row of another sheet glued over this one's."""
    chance, form = page.chance, page.form
    donor = _Page(form.name, int(chance.integers(2**31)))
    left, top = form.place(item, 0)[:2]
    right = form.place(item, form.values - 1)[0] + form.box[0]
    place = (left - 4.0, top - 1.6, right - left + 8.0, form.box[1] + 3.2)
    rows, columns = page.px(place)
    move = (0.25 + 0.75 * strength) * _MM * chance.uniform(0.7, 1.2) * chance.choice([-1, 1])
    turn = (0.3 + 1.2 * strength) * chance.choice([-1, 1])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    matrix = cv2.getRotationMatrix2D(
        (columns.start + width / 2, rows.start + height / 2), turn, 1.0
    )
    matrix[:, 2] += (move * chance.uniform(0.3, 1.0), move)
    moved = np.asarray(
        cv2.warpAffine(
            donor.sheet, matrix, page.sheet.shape[1::-1], borderValue=(0.93, 0.94, 0.95)
        ),
        np.float32,
    )
    mask = np.zeros(page.sheet.shape[:2], np.float32)
    mask[rows, columns] = 1.0
    mask = np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1]), np.float32)
    shade = cv2.GaussianBlur(mask, (0, 0), 2.0)
    shadow = np.maximum(0, np.roll(shade, (3, 2), (0, 1)) - mask) * (0.10 + 0.20 * strength)
    page.sheet[:] = (
        page.sheet * (1 - shadow[..., None]) * (1 - mask[..., None]) + moved * mask[..., None]
    )
    return [place]


def _scanned(page: _Page, device: Device, seed: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng([seed, 43])
    scale = device.dpi / _DPI
    height, width = (round(n * scale) for n in page.sheet.shape[:2])
    stretch = 1 + chance.normal(0, 0.0012, 2)
    angle = np.deg2rad(chance.uniform(-device.skew, device.skew))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.zeros((2, 3))
    matrix[:, :2] = turn @ np.diag(stretch * scale)
    matrix[:, 2] = chance.normal(0, 8, 2) * scale
    matrix[:, 2] += np.array([width, height]) / 2 * (1 - 1) - (
        turn @ np.array([width, height]) / 2 - np.array([width, height]) / 2
    )
    soft = cv2.GaussianBlur(page.sheet, (5, 5), max(device.blur / scale, 0.3))
    flat = np.asarray(
        cv2.warpAffine(
            soft,
            matrix,
            (width, height),
            flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
            borderValue=(0.97, 0.97, 0.97),
        ),
        np.float32,
    )
    if not device.colour:
        flat = np.repeat(np.asarray(cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY))[..., None], 3, axis=2)
    levels = flat * np.float32(255 / device.white)
    noise = _normal(chance, levels.shape if device.colour else (*levels.shape[:2], 1))
    levels += noise * np.float32(device.noise)
    shot = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    if device.bitonal:
        return np.where(shot[..., 0] > 150, 255, 0).astype(np.uint8)
    return shot if device.colour else np.ascontiguousarray(shot[..., 0])


def _in_file(
    shot: NDArray[np.uint8], page: _Page, other: NDArray[np.uint8], fraud: str, strength: float
) -> list[Place]:
    """Edit a scan; places are found by the nominal scale, a millimetre is good enough."""
    chance, form = page.chance, page.form
    item, value = page.low()
    scale = shot.shape[1] / _SIZE[0]

    def window(place: Place, grow: float) -> tuple[slice, slice]:
        x, y, w, h = place
        rows = slice(round((y - grow) * scale), round((y + h + grow) * scale))
        return rows, slice(round((x - grow) * scale), round((x + w + grow) * scale))

    place = form.place(item, value)
    target = form.place(item, int(chance.integers(value + 1, form.values)))
    grow = 1.6
    if fraud == "fill":
        area = shot[window(place, grow)]
        colour = np.percentile(area.reshape(-1, *shot.shape[2:]), 75, axis=0)
        area[:] = np.clip(
            colour + (chance.normal(0, 1.2, area.shape) if strength < 0.5 else 0), 0, 255
        )
        return [place]
    if fraud == "clone":
        empty = form.place(item, int(chance.choice([v for v in range(form.values) if v != value])))
        _put(shot, shot.copy(), window(empty, grow), window(place, grow))
        return [place]
    source = shot.copy() if fraud == "copy" else other
    _put(shot, source, window(place, grow), window(target, grow))
    if fraud == "copy":
        second = form.place((item + 3) % form.items, value)
        _put(shot, source, window(place, grow), window(second, grow))
        return [place, target, second]
    return [target]


def _put(
    shot: NDArray[np.uint8], source: NDArray[np.uint8], at: tuple[slice, slice],
    to: tuple[slice, slice],
) -> None:  # fmt: skip
    part = source[at]
    height = min(part.shape[0], to[0].stop - to[0].start)
    width = min(part.shape[1], to[1].stop - to[1].start)
    shot[to[0].start : to[0].start + height, to[1].start : to[1].start + width] = part[
        :height, :width
    ]


def make(
    name: str, device: str, seed: int, fraud: str | None = None, strength: str = "gross"
) -> Sheet:
    """One sheet, honest or with a fraud of a strength."""
    much = {"gross": 1.0, "moderate": 0.55, "subtle": 0.2}[strength]
    page, how = _Page(name, seed), DEVICES[device]
    touched: list[Place] = []
    if fraud is not None and fraud not in DIGITAL:
        touched = _on_paper(page, fraud, much)
    shot = _scanned(page, how, seed)
    quality = how.quality
    if fraud in DIGITAL:
        assert fraud is not None
        donor = _Page(name, seed + 500_000_009)
        # What an editor opens was compressed once already.
        shot = _reopened(shot, how)
        other = _reopened(_scanned(donor, how, seed + 500_000_009), how)
        touched = _in_file(shot, page, other, fraud, much)
        quality = {"gross": 95, "moderate": 88, "subtle": 82}[strength]
    if how.bitonal:
        return Sheet(bytes(cv2.imencode(".png", shot)[1]), ".png", tuple(touched))
    data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return Sheet(bytes(data), ".jpg", tuple(touched))


def _reopened(shot: NDArray[np.uint8], how: Device) -> NDArray[np.uint8]:
    if how.bitonal:
        return shot
    data = cv2.imencode(".jpg", shot, [cv2.IMWRITE_JPEG_QUALITY, how.quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
