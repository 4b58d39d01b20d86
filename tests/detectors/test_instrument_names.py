"""Names of factors and answers: optional, checked, written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.errors import InputError
from detectors.instrument import load_instrument
from detectors.instrument_toml import instrument_toml

_FORM = """\
id = "T"
{factors}
[[item]]
id = "A1"
factor = "A"
scale = [1, 2]
[[item]]
id = "D1"
scale = [1, 2]
kind = "category"
{labels}
"""


def _load(tmp_path: Path, factors: str = "", labels: str = ""):
    path = tmp_path / "t.toml"
    path.write_text(_FORM.format(factors=factors, labels=labels), encoding="utf-8")
    return load_instrument(path)


def test_a_form_without_names_still_loads(tmp_path: Path) -> None:
    form = _load(tmp_path)
    assert form.factor_names == {}
    assert form.by_id["D1"].label(1) is None


def test_names_are_read_and_written(tmp_path: Path) -> None:
    form = _load(
        tmp_path,
        '[factors]\nA = { vi = "Tiếp cận", en = "Access" }',
        'labels = ["Cá nhân", { vi = "Tổ chức", en = "Organisation" }]',
    )
    assert form.factor_names["A"]["en"] == "Access"
    assert form.by_id["D1"].label("2") == {"vi": "Tổ chức", "en": "Organisation"}
    assert form.by_id["D1"].label(1) == {"vi": "Cá nhân", "en": "Cá nhân"}
    again = tmp_path / "again.toml"
    again.write_text(instrument_toml(form), encoding="utf-8")
    read = load_instrument(again)
    assert (read.factor_names, read.items) == (form.factor_names, form.items)


@pytest.mark.parametrize(
    ("factors", "labels", "says"),
    [
        ('[factors]\nB = "x"', "", "no item belongs to factor 'B'"),
        ("factors = 3", "", "expected a table"),
        ("", 'labels = ["one"]', "a name for each value"),
        ("", "labels = [1, 2]", "labels must be a text"),
    ],
)
def test_slips_are_told(tmp_path: Path, factors: str, labels: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _load(tmp_path, factors, labels)
