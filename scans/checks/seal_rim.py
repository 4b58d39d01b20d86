"""A seal or signature laid on digitally: the faint rim that optics give every ink is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.finding import Family, Message
from detectors.registry import CheckInfo, Level
from scans.checks._page_check import SHADED, NotAssessable, PageCheck, Sign, Signs
from scans.measure.fields import zone_of
from scans.measure.skirts import Rims, field_rims
from scans.view import PageView

__all__ = ["CHECK", "measure"]

_KINDS = ("seal", "signature")
_FEWEST_CORE_MM2 = 3.0
# A missing rim is looked for from this darkness to that (in hundredths), comparing so much
# on its fainter and on its darker side.
_FIRST, _LAST = 5, 12
_FAINTER, _DARKER = 3, 5
# What the logarithm of that comparison reaches by chance on honest rims.
_FLOOR = 0.1
_FEW = 12.0
# Honest rims have fewer dark than faint shades: all channels together stay below this.
_HONEST = -1.0
# Print that has so many more dark than faint shades (logarithm) was cut by the device.
_CUT_BY_DEVICE = 0.5
# Faint shades (hundredths) around print, a level, against darker ones: 1.7 to 3.6 on plain pages of
# all the simulator's scanners, 0 to 1.5 where a program made white of what is lighter than a level.
_FAINT, _DARK, _LEAST_FAINT = slice(1, 17), slice(17, 30), 1.1
# Where ink is paler in the middle, as blue ink is in blue, the shades looked at are its lines' own.
_LEAST_DEPTH = 0.45
# So much of the answer table shows how the device renders the rims of print.
_PRINT_MM = (50.0, 30.0)


def measure(view: PageView) -> Signs | NotAssessable:
    """Score of the sharpest step upwards among the shades around the ink of the field."""
    zone = zone_of(view.template.page, _KINDS)
    if zone is None:
        return NotAssessable("the page has no field for a seal or a signature")
    rims = field_rims(view.raw.image, view.registration, view.template, zone, view.ink.black)
    scale = view.registration.px_per_mm
    if rims is None or rims.core < _FEWEST_CORE_MM2 * scale**2:
        return NotAssessable("there is too little ink in the field")
    print_ = _of_print(view)
    if print_ is not None and _whitened(print_.counts.sum(axis=0)):
        return NotAssessable("a program or device cut the faint shades of all ink, print included")
    usual = np.zeros(_LAST - _FIRST) if print_ is None else _usual(print_.counts.sum(axis=0))
    dark = rims.counts[rims.depth >= _LEAST_DEPTH]
    if not len(dark):
        return NotAssessable("the ink is too pale to tell its rims from its lines")
    single, shade = max(_step(counts, usual) for counts in dark)
    together, _ = _step(dark.sum(axis=0), usual)
    # Software cuts every channel; chroma that was stored coarsely hides it in one or other.
    score = max(0.0, single) + max(0.0, together - _HONEST)
    names = "+".join(f.id for f in view.template.page.fields if f.kind in _KINDS)
    message = Message(
        f"Dấu hiệu chèn con dấu hoặc chữ ký bằng phần mềm: quanh nét mực thiếu các sắc độ nhạt "
        f"hơn {100 * shade:.0f} % mà mọi nét mực quét thật đều có.",
        f"Signs of a seal or signature laid on by software: around its ink the shades fainter "
        f"than {100 * shade:.0f} % are missing, which all scanned ink has.",
    )
    sign = Sign(
        score=score,
        message=message,
        field=names,
        box_mm=zone,
        evidence=(("faintest_shade", round(shade, 3)),),
    )
    return Signs(score, (sign,))


def _of_print(view: PageView) -> Rims | None:
    """Shades around the form's own print and the marks, as this device renders them."""
    boxes = np.array([box.box_mm for box in view.template.page.boxes])
    if not len(boxes):
        return None
    left, top = boxes[:, :2].min(axis=0) - 2.0
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + 2.0
    width, height = min(right - left, _PRINT_MM[0]), min(bottom - top, _PRINT_MM[1])
    region = (float(right - width), float(top), float(width), float(height))
    return field_rims(
        view.raw.image, view.registration, view.template, region, view.ink.black, print_too=True
    )


def _whitened(print_: NDArray[np.float64]) -> bool:
    """Whether the form's own print has lost its rims: what the field lacks says nothing then."""
    return float(print_[_FAINT].mean()) < _LEAST_FAINT * float(print_[_DARK].mean())


def _contrast(
    counts: NDArray[np.float64], edge: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithm of darker over fainter shades at each edge, and its error."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    fainter = total[edge] - total[edge - _FAINTER] + _FEW
    darker = total[edge + _DARKER] - total[edge] + _FEW
    excess = np.log(darker / fainter * (_FAINTER / _DARKER))
    return excess, np.sqrt(_FLOOR**2 + 1.0 / fainter + 1.0 / darker)


def _usual(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """What print shows at an edge or beside it: the worst within what is compared."""
    excess, _ = _contrast(counts, np.arange(_FIRST, _LAST + _DARKER))
    windows = [excess[max(0, k - _FAINTER) : k + _DARKER + 1] for k in range(_LAST - _FIRST)]
    return np.array([max(0.0, float(window.max())) for window in windows])


def _step(counts: NDArray[np.float64], usual: NDArray[np.float64]) -> tuple[float, float]:
    """Largest excess of darker over fainter shades, in errors, and at which shade.

    What the page's own print shows as well is the device's doing: a background that was
    cleaned, a sharpening.
    """
    excess, error = _contrast(counts, np.arange(_FIRST, _LAST))
    # Where print ends as well nothing can be told of the field.
    beyond = np.where(usual > _CUT_BY_DEVICE, _HONEST, (excess - usual) / error)
    edge = int(np.argmax(beyond))
    return float(beyond[edge]), (edge + _FIRST) / 100.0


CHECK = PageCheck(
    CheckInfo(
        id="seal.rim",
        level=Level.PAGE,
        family=Family.IMAGE,
        kind="cut_paste",
        title=Message(
            "Con dấu, chữ ký chèn bằng phần mềm", "Seal or signature laid on by software"
        ),
        sees=(
            "Optics blur every line of a scan: around real ink all shades down to the paper "
            "occur, fewer the darker. Ink that was cut out by its colour or multiplied onto the "
            "page ends at the shade from which on the forger called it ink. Only channels in which "
            "the ink is dark are looked at."
        ),
        null_model=(
            "The largest step upwards in the counts of shades around the ink, in errors with a "
            "floor, of honest pages of the same scan class; conformal p-value."
        ),
        source="Edge spread of a linear optical system; measured in docs/accuracy.md.",
        innocent=(
            Message(
                "Máy quét tự làm sạch nền: mọi sắc độ nhạt bị đẩy thành trắng.",
                "The scanner cleans its background and turns all faint shades to white.",
            ),
            Message(
                "Chữ ký in sẵn bằng máy hoặc con dấu in màu (được phép theo quy định).",
                "A signature printed in facsimile or a seal printed in colour, where allowed.",
            ),
        ),
        valid_for=SHADED,
        min_scale=0.5,
        version="3",
    ),
    measure,
)
