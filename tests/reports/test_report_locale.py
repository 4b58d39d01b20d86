"""Catalogues and number formats of the two languages."""

import re
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

import reports
from detectors.errors import UsageError
from reports.locale import LANGUAGES, catalogue, in_both, load_text

VI, EN = load_text("vi"), load_text("en")
SOURCES = Path(reports.__file__).parent


def entries(language: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for entry in catalogue(language):
        if entry.id:
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
            found[key] = forms
    return found


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_both_languages_have_the_same_texts() -> None:
    assert entries("vi").keys() == entries("en").keys()
    assert len(entries("vi")) > 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_fuzzy(language: str) -> None:
    assert not [key for key, forms in entries(language).items() if not all(forms)]
    assert not [entry.id for entry in catalogue(language) if entry.id and entry.fuzzy]


def test_places_are_the_same_in_both_languages_and_all_plural_forms() -> None:
    vi, en = entries("vi"), entries("en")
    for key in vi:
        wanted = places(vi[key][0])
        assert all(places(form) == wanted for form in (*vi[key], *en[key])), key


def test_plurals_have_as_many_forms_as_the_language() -> None:
    vi, en = entries("vi"), entries("en")
    assert len(vi["count.form"]) == 1
    assert all(len(en[k]) == 2 for k in en if k.startswith("count."))


def used_keys() -> Iterator[str]:
    call = re.compile(
        r"""(?:\bt|\btext|\bwords|\bin_both|\bself)(?:\.count)?\(\s*"([a-z_]+(?:\.[a-zA-Z_.]+)?)"[,)]"""
    )
    for path in (*SOURCES.rglob("*.py"), *SOURCES.rglob("*.j2")):
        yield from call.findall(path.read_text(encoding="utf-8"))


def test_every_text_that_is_asked_for_exists() -> None:
    used = set(used_keys())
    assert len(used) > 100
    assert used <= entries("vi").keys()


def test_every_text_that_exists_is_asked_for() -> None:
    source = "\n".join(
        p.read_text(encoding="utf-8").replace("'", '"')
        for p in SOURCES.rglob("*")
        if p.suffix in (".py", ".j2")
    )
    # f"match.{row.match}" asks for every text that it could become
    built = [
        re.compile(re.sub(r"\\{[^}]*\\}", r"[A-Za-z0-9_.]+", re.escape(text)))
        for text in set(re.findall(r'f"((?:[a-z_]+\.)+\{[^}]+\}[a-z_.]*)"', source))
    ]
    for key in entries("vi"):
        prefix = key.rpartition(".")[0]
        asked = (f'"{key}"', f'"{prefix}."', f'or_raw("{prefix}"')
        assert any(text in source for text in asked) or any(b.fullmatch(key) for b in built), key


def test_no_text_accuses() -> None:
    vi = " ".join(" ".join(forms) for forms in entries("vi").values()).lower()
    en = " ".join(" ".join(forms) for forms in entries("en").values()).lower()
    assert "gian lận" not in vi
    assert not re.search(r"fraud|cheat|guilt|falsif", en)
    without = vi.replace("không phải kết luận vi phạm", "").replace("không có nghĩa là vi phạm", "")
    assert "vi phạm" not in without
    assert "tạm giữ" not in vi  # in police language that is the custody of a person


@pytest.mark.parametrize(
    ("share", "vi", "en"),
    [
        (0.9771, "97,71%", "97.71%"),
        (1.0, "100,00%", "100.00%"),
        (0.0, "0,00%", "0.00%"),
        (6650 / 7528, "88,34%", "88.34%"),
        (0.96125, "96,13%", "96.13%"),
    ],
)
def test_shares(share: float, vi: str, en: str) -> None:
    assert VI.percent(share) == vi
    assert EN.percent(share) == en


def test_shares_from_numpy() -> None:
    assert VI.percent(np.float64(0.9771)) == "97,71%"


def test_numbers_counts_and_ranks() -> None:
    assert (VI.number(22250), EN.number(22250)) == ("22.250", "22,250")
    assert [VI.tally(n) for n in (0, 1, 9, 10, 1200)] == ["0", "01", "09", "10", "1.200"]
    assert EN.tally(6) == "6"
    assert (VI.rank(3, 63), EN.rank(3, 63)) == ("thứ 3/63", "no. 3 of 63")
    assert VI.rank(3, None) == "thứ 3"
    assert VI.count("count.form", 6) == "06 phiếu"
    assert [EN.count("count.form", n) for n in (0, 1, 2)] == ["0 forms", "1 form", "2 forms"]


def test_differences_are_percentage_points() -> None:
    assert VI.points(0.9771 - 0.9864) == "0,93 điểm phần trăm"
    assert EN.points(0.0093) == "0.93 percentage points"
    assert [VI.signed(d) for d in (0.009, -0.006, 0.00001)] == ["+0,90", "−0,60", "0,00"]


def test_dates() -> None:
    assert VI.day(date(2023, 11, 6)) == "06/11/2023"
    assert EN.day(date(2023, 11, 6)) == "6 Nov 2023"
    assert VI.moment(datetime(2026, 10, 1, 1, 30, tzinfo=UTC)) == "01:30, 01/10/2026"
    assert VI.period(date(2023, 3, 7), date(2023, 5, 15)) == "07/03/2023 – 15/05/2023"
    assert VI.period(date(2025, 7, 1), None) == "từ 01/07/2025"
    assert EN.period(None, date(2025, 2, 28)) == "until 28 Feb 2025"
    assert VI.period(None, None) is None


def test_probabilities_never_read_as_zero() -> None:
    assert [VI.probability(p) for p in (2.1e-7, 0.0021, 0.0124, 0.38, 1.0)] == [
        "< 0,0001",
        "0,0021",
        "0,012",
        "0,38",
        "1,00",
    ]


def test_a_missing_text_is_an_error_not_half_a_page() -> None:
    with pytest.raises(KeyError, match=r"heading\.nothing"):
        VI("heading.nothing")
    with pytest.raises(KeyError):
        VI("points")
    with pytest.raises(UsageError, match="known are vi, en"):
        load_text("fr")


def test_known_codes_are_named_and_others_stand_as_they_are() -> None:
    assert VI.or_raw("channel", "paper") == "phiếu giấy"
    assert VI.or_raw("channel", "Zalo") == "Zalo"
    assert VI.or_raw("channel", None) is None
    assert in_both("kind.erasure").to_json() == {"vi": "Tẩy xóa", "en": "Erasure"}
