"""The frauds: their kinds, their renderings, and who makes the new mark.

Labels are those of the domain notes: TAY_* erasures, GHI_DE overwriting, DIGITAL_TAY
erasure in the file, CAT_* cut and paste, NHAN_BAN a copied form under another serial.
Every kind has several renderings that share as little code as the physics allows, and
one of them is held out: it measures checks and never tunes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from detectors.errors import UsageError
from scans.simulate.ink import some_pen
from scans.simulate.spec import PageSpec, TamperSpec
from scans.simulate.writer import Writer

__all__ = [
    "DIGITAL",
    "HELD_OUT_VARIANTS",
    "ON_PAPER",
    "STRENGTHS",
    "VARIANTS",
    "checked",
    "tamperer",
    "victim_pen",
]

STRENGTHS: tuple[str, ...] = ("gross", "moderate", "subtle")

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "TAY_1": ("rubber", "abrasive", "gum", "bleach", "heat"),
    "TAY_2": ("brush", "tape", "dab", "fluid_pen"),
    "TAY_3": ("blade", "needle"),
    "GHI_DE": ("scribble", "double", "feigned"),
    "DIGITAL_TAY": ("paint", "clone", "inpaint", "texture"),
    "CAT_1": ("strip", "box", "copied_strip"),
    "CAT_2": ("rows", "cells", "shifted_rows"),
    "CAT_3": ("box", "ink"),
    "CAT_4": ("opaque", "multiplied", "keyed"),
    "NHAN_BAN": ("plain", "signed"),
}

HELD_OUT_VARIANTS: frozenset[tuple[str, str]] = frozenset(
    {
        ("TAY_1", "bleach"),
        ("TAY_1", "heat"),
        ("TAY_2", "fluid_pen"),
        ("TAY_3", "needle"),
        ("GHI_DE", "feigned"),
        ("DIGITAL_TAY", "texture"),
        ("CAT_1", "copied_strip"),
        ("CAT_2", "shifted_rows"),
        ("CAT_3", "ink"),
        ("CAT_4", "keyed"),
        ("NHAN_BAN", "signed"),
    }
)

ON_PAPER: frozenset[str] = frozenset({"TAY_1", "TAY_2", "TAY_3", "GHI_DE", "CAT_1", "NHAN_BAN"})
DIGITAL: frozenset[str] = frozenset(VARIANTS) - ON_PAPER

_VICTIM_PENS = {
    "rubber": "pencil",
    "abrasive": "ball_blue",
    "gum": "pencil",
    "bleach": "gel_blue",
    "heat": "gel_blue",
}


def checked(tamper: TamperSpec) -> TamperSpec:
    """The same, after a look at its words.

    Raises:
        UsageError: For a kind, variant or strength that does not exist.
    """
    known = VARIANTS.get(tamper.kind)
    if known is None:
        raise UsageError(f"no fraud {tamper.kind!r}", remedy=f"known are {', '.join(VARIANTS)}")
    if tamper.variant not in known:
        raise UsageError(
            f"{tamper.kind} has no rendering {tamper.variant!r}",
            remedy=f"known are {', '.join(known)}",
        )
    if tamper.strength not in STRENGTHS:
        raise UsageError(
            f"no strength {tamper.strength!r}", remedy=f"known are {', '.join(STRENGTHS)}"
        )
    return tamper


def victim_pen(tamper: TamperSpec) -> str | None:
    """The pen that the respondent must have used for this rendering to be possible."""
    return _VICTIM_PENS.get(tamper.variant) if tamper.kind == "TAY_1" else None


def tamperer(spec: PageSpec, tamper: TamperSpec, rng: np.random.Generator) -> Writer:
    """The hand that makes the new mark.

    A gross tamperer takes whatever pen lies there, a careful one the same kind of pen, and
    makes the respondent's kind of mark.
    """
    victim = spec.writer
    kind = victim.pen.kind
    if tamper.pen is not None:
        kind = tamper.pen
    elif tamper.strength == "gross":
        blue = kind in ("ball_blue", "gel_blue", "ball_violet")
        kind = str(rng.choice(["ball_black", "gel_black"] if blue else ["ball_blue", "gel_blue"]))
    elif tamper.strength == "moderate":
        near = {"ball_blue": "gel_blue", "gel_blue": "ball_blue", "ball_black": "gel_black",
                "gel_black": "ball_black", "pencil": "pencil", "hard_pencil": "pencil"}  # fmt: skip
        kind = near.get(kind, kind)
    return replace(
        victim,
        seed=int(rng.integers(2**31)),
        pen=some_pen(rng, kind),
        slant=float(rng.normal(0.1, 0.1)),
        overshoot=float(np.clip(rng.normal(1.0, 0.2), 0.7, 1.4)),
        pressure=float(np.clip(rng.normal(1.05, 0.1), 0.7, 1.3)),
    )
