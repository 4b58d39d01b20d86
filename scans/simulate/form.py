"""The forms that the simulator prints, by id."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import cv2

from detectors.errors import AccessError, UsageError
from scans.simulate.form_hl01 import hl01
from scans.simulate.form_hl02 import hl02
from scans.simulate.form_yk01 import yk01
from scans.simulate.layout import Form, blank_name, to_toml

__all__ = ["FORMS", "HELD_OUT_FORMS", "get_form", "write_instrument"]

_DRAW: dict[str, Callable[[], Form]] = {"HL-01": hl01, "HL-02": hl02, "YK-01": yk01}
FORMS: tuple[str, ...] = tuple(_DRAW)
HELD_OUT_FORMS: frozenset[str] = frozenset({"HL-02"})


@lru_cache(maxsize=len(_DRAW))
def get_form(form_id: str) -> Form:
    """A form, drawn once in a process (about a second) and kept.

    Raises:
        UsageError: For an unknown id.
    """
    if form_id not in _DRAW:
        raise UsageError(f"there is no form {form_id!r}", remedy=f"known are {', '.join(FORMS)}")
    return _DRAW[form_id]()


def write_instrument(form_id: str, folder: str | Path) -> Path:
    """Write ``instrument.toml`` and the blank pages (PNG, 300 dpi) of a form.

    Returns:
        The path of the TOML file.

    Raises:
        AccessError: If the folder cannot be written.
    """
    form = get_form(form_id)
    folder = Path(folder)
    target = folder / "instrument.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page in form.pages:
            _, data = cv2.imencode(".png", page.print)
            (folder / blank_name(form, page)).write_bytes(data.tobytes())
        target.write_text(to_toml(form), encoding="utf-8")
    except OSError as error:
        raise AccessError(
            f"the instrument cannot be written ({error.strerror})", where=str(folder)
        ) from error
    return target
