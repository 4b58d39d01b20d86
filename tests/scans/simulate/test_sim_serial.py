"""Serials, their check digit and what codes carry."""

from __future__ import annotations

import pytest
import zxingcpp

from detectors.errors import UsageError
from scans.simulate.serial import (
    check_digit,
    code_at,
    is_serial,
    make_serial,
    payload,
    serial_of,
)


def test_the_contract_s_example() -> None:
    assert make_serial(4217) == "PB-23-004217-6"
    assert is_serial("PB-23-004217-6")


def test_most_misread_digits_are_told() -> None:
    """Nine in ten would be the best that one digit can do."""
    told = total = 0
    for number in range(0, 900_000, 9_001):
        digits = f"{number:06d}"
        for place in range(6):
            for other in set("0123456789") - {digits[place]}:
                wrong = int(digits[:place] + other + digits[place + 1 :])
                total += 1
                told += check_digit(wrong) != check_digit(number)
    assert told / total > 0.8


def test_serial_of_short_and_long_content() -> None:
    long = payload("PB-23-004217-6", unit="CA01", batch="L7")
    assert long == "HL01|2023|CA01|L7|PB-23-004217-6|6"
    assert serial_of(long) == serial_of("PB-23-004217-6") == "PB-23-004217-6"


@pytest.mark.parametrize("kind", ["qr", "datamatrix"])
def test_codes_decode(kind: str) -> None:
    image = code_at(kind, "PB-23-000123-6", (260, 260))
    quiet = 255 * (image[:1, :1] * 0 + 1)
    framed = quiet.repeat(340, 0).repeat(340, 1).astype("uint8")
    framed[40:300, 40:300] = image
    assert [b.text for b in zxingcpp.read_barcodes(framed)] == ["PB-23-000123-6"]


def test_too_large_a_number_is_refused() -> None:
    with pytest.raises(UsageError, match="six digits"):
        make_serial(1_000_000)
