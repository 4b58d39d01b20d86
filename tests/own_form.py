"""``python -m tests.own_form``: pictures of ``docs/own_form.md``, by the commands it shows."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.cli.main import run
from scans.press.drawing import rendered
from tests.accuracy.draft_forms import write_pdf
from tests.accuracy.press import press, simulated
from tests.data import ROOT

__all__ = ["make"]

_WIDE = 620  # px


def make(folder: Path) -> None:
    """Make every picture into ``folder``.

    Raises:
        RuntimeError: If a command fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        blank, _ = write_pdf("typst table", work)
        found = work / "found.png"
        _do("template", "draft", blank, "-o", work / "form.toml", "--overlay", found)
        _keep(cv2.imread(str(found)), folder / "own-form-found.png")
        _do("template", "print", "yk-b", "-o", work / "forms.pdf", "--serials",
            "PB-26-000001..000070", "--unit", "u1=50", "--unit", "u2", "--custody",
            work / "custody.csv", "--handover", work / "record.pdf")  # fmt: skip
        _keep(rendered((work / "forms.pdf").read_bytes(), 0, 100), folder / "own-form-sheet.png")
        _keep(rendered((work / "record.pdf").read_bytes(), 0, 100), folder / "own-form-record.png")
        instrument, form = press(work, pattern="guilloche")
        page = simulated(form, 72_003, ("TAY_1", "abrasive"))
        (work / f"scan{page.suffix}").write_bytes(page.data)
        _do("check", work / f"scan{page.suffix}", "-i", instrument.path, "-o", work / "out.jsonl",
            "--overlay", work / "look")  # fmt: skip
        (look,) = sorted((work / "look").iterdir())
        _keep(cv2.imread(str(look)), folder / "own-form-check.png")


def _do(*words: object) -> None:
    if run([str(word) for word in words]) != 0:
        raise RuntimeError(f"failed: {' '.join(map(str, words))}")


def _keep(picture: NDArray[np.uint8] | None, path: Path) -> None:
    assert picture is not None
    height = round(picture.shape[0] * _WIDE / picture.shape[1])
    small = cv2.resize(picture, (_WIDE, height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    make(ROOT / "docs" / "pictures")
    sys.stdout.write("docs/pictures\n")
