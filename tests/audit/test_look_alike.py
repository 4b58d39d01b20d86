"""Names that an eye takes for each other are told; names that only resemble are not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from audit.intake.look_alike import skeleton
from audit.intake.registers import read_units

NAME = "Công an xã Hòa Bình"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NAME, NAME.replace("a", "\u0430")),  # Cyrillic
        (NAME, NAME.replace("C", "\u0421")),
        (NAME, NAME.replace("x", "\u0445")),
        ("Cong an", "C\u03bfng an"),  # Greek
        # Under a mark, too.
        (NAME, unicodedata.normalize("NFD", NAME).replace("o\u0302", "\u043e\u0302")),
        ("u1", "u\uff11"),  # wide
        ("Xã Tân Phú", "Xã Tân \u0420hú"),
    ],
)
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert one != other
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize("other", ["Công an xã Hoa Bình", "Công an xã Hòa Binh", "Đ", "國", "Ω"])
def test_what_an_eye_tells_apart_stays_apart(other: str) -> None:
    assert skeleton(NAME) != skeleton(other)
    assert skeleton(other) == unicodedata.normalize("NFD", other)


def _codes(path: Path, *lines: str) -> list[tuple[str, str]]:
    path.write_text("unit_id,name,group\n" + "\n".join(lines) + "\n", "utf-8")
    return [(problem.code, problem.line()) for problem in read_units(path).problems]


def test_two_units_that_look_alike_are_told(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    cyrillic = NAME.replace("a", "\u0430")
    ((code, line),) = _codes(path, f"u1,{NAME},G", f"u2,{cyrillic},G")
    assert code == "look_alike"
    assert "line 3, column name" in line
    assert "unit u2 looks like that of unit u1" in line
    ((code, line),) = _codes(path, "ua,Một,G", "u\u0430,Hai,G")
    assert "column unit_id" in line


def test_twins_of_one_name_are_no_look_alikes(tmp_path: Path) -> None:
    """Communes share names; composed and decomposed letters are the same name."""
    path = tmp_path / "units.csv"
    assert _codes(path, f"u1,{NAME},G", f"u2,{NAME},G") == []
    assert _codes(path, f"u1,{NAME},G", f"u2,{unicodedata.normalize('NFD', NAME)},G") == []
    assert _codes(path, f"u1,{NAME},G", f"u2,{NAME[:5]}\u200b{NAME[5:]},G") == []
