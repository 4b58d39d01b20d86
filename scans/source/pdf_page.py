"""Is a PDF page exactly one picture? Read from its content, drawing nothing.

Walks the page's operators (ISO 32000-1, 8 and 9) with a list of those that leave a sole
picture as it is; anything else means that the page has to be drawn. Text in rendering
mode 3 (the invisible layer that text recognition adds) is no obstacle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pikepdf
from numpy.typing import NDArray

from scans.source.orientation import code_of, upright
from scans.source.pdf_streams import unpacked

__all__ = ["SolePicture", "page_size", "sole_picture", "visible_annotations"]

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]

_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
# A longer content stream is line art or text, not one picture, and slow to walk.
_CONTENT_BYTES = 512 * 1024
_MOST_FORMS = 3
# How far, as a share of the page's side, a picture may miss the page edge. Scanner
# drivers round to whole points and crop a strip; a margin beyond is part of the page.
_EDGE = 0.03
# fmt: off
_HARMLESS = frozenset((
    "q", "Q", "w", "J", "j", "M", "d", "ri", "i", "n", "BMC", "EMC", "MP", "DP", "BT", "ET",
    "Tc", "Tw", "Tz", "TL", "Tf", "Ts", "Td", "TD", "Tm", "T*",
    "g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN",
))
# fmt: on
_SHOWN_TEXT = frozenset(("Tj", "TJ", "'", '"'))
_FILL_COLOURS = frozenset(("g", "rg", "k", "cs", "sc", "scn"))
_INVISIBLE = (3, 7)
_SILENT_NOTES = frozenset(("/Link", "/Popup"))


@dataclass(frozen=True, slots=True)
class SolePicture:
    """The only thing on a page.

    Attributes:
        stream: The image object.
        code: Orientation code that brings the stored pixels upright, page rotation included.
        size_pt: Width and height on the upright page, in points.
    """

    stream: Any
    code: int
    size_pt: tuple[float, float]


@dataclass(slots=True)
class _State:
    pictures: list[tuple[Any, Matrix]] = field(default_factory=list)
    clips: list[Box] = field(default_factory=list)
    painted: bool = False  # something else is visible
    coloured: bool = False  # a fill colour was set: matters to stencil masks
    forms: int = 0


def page_size(page: pikepdf.Page) -> tuple[Box, int, float]:
    """Visible box in points, clockwise rotation in degrees, and points a user unit.

    Raises:
        ValueError: If the page has no usable box.
    """
    box = _rectangle([float(v) for v in page.cropbox])
    media = _rectangle([float(v) for v in page.mediabox])
    box = (
        max(box[0], media[0]), max(box[1], media[1]),
        min(box[2], media[2]), min(box[3], media[3]),
    )  # fmt: skip
    if not (box[2] - box[0] > 1 and box[3] - box[1] > 1):
        raise ValueError("the page has no size")
    unit = float(page.obj.get("/UserUnit", 1))
    return box, _rotation(page), unit if 0 < unit < 1000 else 1.0


def visible_annotations(page: pikepdf.Page) -> int:
    """Number of notes, stamps, drawings and form fields laid over the page."""
    notes = page.obj.get("/Annots")
    if notes is None:
        return 0
    return sum(1 for note in notes if str(note.get("/Subtype", "")) not in _SILENT_NOTES)


def sole_picture(page: pikepdf.Page) -> SolePicture | None:
    """The picture that is all there is on the page and fills it, if there is one."""
    box, rotation, _ = page_size(page)
    state = _State()
    _walk(page, page.obj.get("/Resources") or _inherited(page, "/Resources"), _IDENTITY, state)
    if state.painted or len(state.pictures) != 1:
        return None
    stream, matrix = state.pictures[0]
    place = _bounds(matrix)
    if not _fills(place, box) or any(not _covers(clip, box) for clip in state.clips):
        return None
    if not _plain(stream, coloured=state.coloured):
        return None
    shown = _shown(matrix)
    if shown is None:
        return None
    turned = np.rot90(shown, -rotation // 90)
    size = (place[2] - place[0], place[3] - place[1])
    return SolePicture(
        stream, code_of(np.ascontiguousarray(turned)), size if rotation % 180 == 0 else size[::-1]
    )


def _walk(content: Any, resources: Any, matrix: Matrix, state: _State) -> None:
    if not _short(content):
        state.painted = True
        return
    stack: list[tuple[Matrix, int]] = []
    mode, rectangle, clip = 0, None, False
    for instruction in pikepdf.parse_content_stream(content):
        name, values = str(instruction.operator), instruction.operands
        if name == "q":
            stack.append((matrix, mode))
        elif name == "Q":
            if stack:
                matrix, mode = stack.pop()
        elif name == "cm":
            matrix = _times(_matrix(values), matrix)
        elif name == "Tr":
            mode = int(values[0])
        elif name in _SHOWN_TEXT:
            state.painted |= mode not in _INVISIBLE
        elif name == "re":
            state.painted |= rectangle is not None  # a path of several rectangles
            x, y, w, h = (float(v) for v in values)
            rectangle = _mapped((x, y, x + w, y + h), matrix)
        elif name in ("W", "W*"):
            clip = True
        elif name == "Do":
            _object(resources, values[0], matrix, state)
        elif name == "gs":
            state.painted |= not _opaque(resources, values[0])
        elif name == "BDC":
            state.painted |= str(values[0]) == "/OC"
        elif name not in _HARMLESS:
            state.painted = True
        if name == "n":
            if clip and rectangle is not None:
                state.clips.append(rectangle)
            state.painted |= clip and rectangle is None
            rectangle, clip = None, False
        state.coloured |= name in _FILL_COLOURS and not _black(name, values)
        if state.painted:
            return


def _object(resources: Any, name: Any, matrix: Matrix, state: _State) -> None:
    found = (resources or {}).get("/XObject", {}).get(str(name))
    kind = None if found is None else str(found.get("/Subtype", ""))
    if found is not None and kind == "/Image":
        state.pictures.append((found, matrix))
    elif found is not None and kind == "/Form" and state.forms < _MOST_FORMS:
        state.forms += 1
        state.painted |= "/Group" in found and "/SMask" in found
        inner = _matrix(found.get("/Matrix", _IDENTITY))
        if "/BBox" in found:
            bounds = _rectangle([float(v) for v in found["/BBox"]])
            state.clips.append(_mapped(bounds, _times(inner, matrix)))
        _walk(found, found.get("/Resources", resources), _times(inner, matrix), state)
    else:
        state.painted = True


def _opaque(resources: Any, name: Any) -> bool:
    """Whether a graphics state leaves a picture as it is."""
    found = (resources or {}).get("/ExtGState", {}).get(str(name))
    if found is None:
        return True
    return (
        float(found.get("/ca", 1)) == 1.0
        and str(found.get("/SMask", "/None")) == "/None"
        and str(found.get("/BM", "/Normal")) in ("/Normal", "/Compatible")
    )


def _plain(stream: Any, *, coloured: bool) -> bool:
    """Whether the image is shown by its own samples alone."""
    if "/SMask" in stream or "/Mask" in stream or "/OC" in stream or "/Alternates" in stream:
        return False
    return not (bool(stream.get("/ImageMask", False)) and coloured)


def _black(name: str, values: Any) -> bool:
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError):
        return False
    return numbers == {"g": [0.0], "rg": [0.0] * 3, "k": [0.0] * 3 + [1.0]}.get(name)


def _shown(matrix: Matrix) -> NDArray[np.uint8] | None:
    """``[[0, 1], [2, 3]]`` as the matrix shows it; ``None`` if it slants or shears."""
    a, b, c, d = matrix[:4]
    stored = np.arange(4, dtype=np.uint8).reshape(2, 2)
    small = 1e-3 * max(abs(v) for v in (a, b, c, d))
    if abs(b) <= small and abs(c) <= small and a and d:
        across, up = a, d
        shown = stored
    elif abs(a) <= small and abs(d) <= small and b and c:
        # Rows run across from the last to the first, columns run up.
        across, up = -c, -b
        shown = upright(stored, 5)
    else:
        return None
    if across < 0:
        shown = shown[:, ::-1]
    return shown[::-1] if up < 0 else shown


def _fills(place: Box, page: Box) -> bool:
    for low, high in ((0, 2), (1, 3)):
        slack = _EDGE * (page[high] - page[low])
        if abs(place[low] - page[low]) > slack or abs(place[high] - page[high]) > slack:
            return False
    return True


def _covers(clip: Box, page: Box) -> bool:
    for low, high in ((0, 2), (1, 3)):
        slack = _EDGE * (page[high] - page[low])
        if clip[low] > page[low] + slack or clip[high] < page[high] - slack:
            return False
    return True


def _bounds(matrix: Matrix) -> Box:
    return _mapped((0.0, 0.0, 1.0, 1.0), matrix)


def _mapped(box: Box, matrix: Matrix) -> Box:
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in box[::2] for y in box[1::2]]
    across, up = zip(*corners, strict=True)
    return (min(across), min(up), max(across), max(up))


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _matrix(values: Any) -> Matrix:
    a, b, c, d, e, f = (float(v) for v in values)
    return (a, b, c, d, e, f)


def _rectangle(values: list[float]) -> Box:
    x0, y0, x1, y1 = values
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _short(content: Any) -> bool:
    """Whether the operators of a page or form are few enough to be walked."""
    parts: Any = [content]
    if isinstance(content, pikepdf.Page):
        found = content.obj.get("/Contents")
        parts = [] if found is None else [found] if isinstance(found, pikepdf.Stream) else found
    left = _CONTENT_BYTES
    for part in parts:
        data = unpacked(part, left)
        if data is None:
            return False
        left -= len(data) + 1
    return left >= 0


def _inherited(page: pikepdf.Page, key: str) -> Any:
    """A page attribute from the tree above it."""
    node: Any = page.obj
    for _ in range(50):  # a damaged tree may run in a circle
        if node is None or key in node:
            break
        node = node.get("/Parent")
    return None if node is None else node.get(key)


def _rotation(page: pikepdf.Page) -> int:
    turn = _inherited(page, "/Rotate")
    return 0 if turn is None else round(float(turn) / 90) * 90 % 360
