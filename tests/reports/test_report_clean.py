"""Text from outside: visible, composed, and otherwise untouched."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.clean import printable


@pytest.mark.parametrize(
    "name",
    ["Công an huyện Cư M’gar", "Phường Đống Đa – Hà Nội", "naïve ☃ 😀 — “x”", "क्‍ष", "a\u200db"],
)
def test_names_stand_as_they_are(name: str) -> None:
    assert printable(name) == unicodedata.normalize("NFC", name)


def test_decomposed_vietnamese_is_composed() -> None:
    assert printable(unicodedata.normalize("NFD", "Đắk Lắk")) == "Đắk Lắk"


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200e", "\u061c", "\ufeff", "\x00", "\x9b", "\ud800", "\u2028"]
)
def test_hidden_characters_become_visible(hidden: str) -> None:
    assert printable(f"a{hidden}b") == "a\ufffdb"


def test_line_breaks_are_spaces() -> None:
    assert printable("a\r\n\tb") == "a b"


@given(st.text())
def test_the_result_can_always_be_written_and_is_stable(text: str) -> None:
    once = printable(text)
    once.encode("utf-8")
    assert printable(once) == once
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs", "Co")]
    assert not [c for c in once if unicodedata.bidirectional(c) in ("RLO", "LRO", "RLI", "LRI")]
