"""Changing good files a little: bytes, words, numbers, and the structure of their kind."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["mutated"]

Draw = np.random.Generator
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000)
_NUMBERS += (0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_WORDS = (
    *(b"", b"0", b"-1", b"1e999", b"nan", b"inf", b"-0", b"9" * 40, b"9" * 5_000, b"0x7f", b"null"),
    *(b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1b[2J", b"\xe2\x80\xae", b"=1+1"),
    *(b"'", b'"', b",", b";", b"\t", b"\r", b"\n", b"\\", b"\\ud800", b"\\u0000", b"[", b"{" * 50),
    *(b"[" * 2_000, b"]", b"}", b"<!DOCTYPE a>", b"&a;", b"<", b">", b"]]>", b"../", b"%s", b"{}"),
    *(b"2026-02-30", b"0001-01-01", b"9999-12-31T23:59:60Z", b"a.b.c.d", b" "),
    *(b"\xc2\xa0", b"e\xcc\x81"),
    *(b"/Length", b"R", b"obj", b"endobj", b"stream", b"1 0 R", b"2 0 R", b"/Filter", b"<<", b">>"),
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def mutated(good: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """A few random changes of ``good``, some with pieces of other files."""
    data = good
    for _ in range(int(draw.geometric(0.6))):
        change = _CHANGES[int(draw.integers(len(_CHANGES)))]
        data = change(data, others, draw)[: 1 << 20]
    return data


def _at(data: bytes, draw: Draw, size: int = 1) -> int:
    # half of the time near the beginning, where the headers are
    end = max(1, len(data) - size + 1)
    return int(draw.integers(min(end, 300) if draw.random() < 0.5 else end))


def _flip(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    changed = bytearray(data)
    for _ in range(int(draw.integers(1, 9))):
        if changed:
            changed[_at(data, draw)] ^= 1 << int(draw.integers(8))
    return bytes(changed)


def _overwrite(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    size = int(draw.integers(1, 64))
    at = _at(data, draw)
    return data[:at] + draw.bytes(size) + data[at + size :]


def _number(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    value = _NUMBERS[int(draw.integers(len(_NUMBERS)))]
    size = int(draw.choice([1, 2, 4, 8]))
    order = "<" if draw.random() < 0.5 else ">"
    packed = struct.pack(order + "Q", value)
    packed = packed[:size] if order == "<" else packed[-size:]
    at = _at(data, draw, size)
    return data[:at] + packed + data[at + size :]


def _cut(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    return data[: _at(data, draw)] if draw.random() < 0.5 else data[: -int(draw.integers(1, 40))]


def _drop(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    at = _at(data, draw)
    return data[:at] + data[at + int(draw.integers(1, 200)) :]


def _double(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    at, size = _at(data, draw), int(draw.integers(1, 400))
    times = int(draw.choice([1, 1, 2, 50]))
    return data[: at + size] + data[at : at + size] * times + data[at + size :]


def _swap(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    one, two = sorted((_at(data, draw), _at(data, draw)))
    size = min(int(draw.integers(1, 64)), max(1, two - one))
    a, b = data[one : one + size], data[two : two + size]
    return data[:one] + b + data[one + size : two] + a + data[two + size :]


def _word(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    at = _at(data, draw)
    word = _WORDS[int(draw.integers(len(_WORDS)))]
    return data[:at] + word + data[at + int(draw.integers(0, 4)) :]


def _text_number(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    found = list(_NUMBER.finditer(data[: 1 << 16]))
    if not found:
        return data
    spot = found[int(draw.integers(len(found)))]
    value = (b"0", b"-1", b"1e999", b"9" * 25, b"2147483648", b"0.00001", b"99999", b"nan")
    return data[: spot.start()] + value[int(draw.integers(len(value)))] + data[spot.end() :]


def _splice(data: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    other = others[int(draw.integers(len(others)))]
    at, from_ = _at(data, draw), _at(other, draw)
    size = int(draw.integers(1, 1_000))
    return data[:at] + other[from_ : from_ + size] + data[at + size :]


def _lines(data: bytes, _: Sequence[bytes], draw: Draw) -> bytes:
    lines = data.split(b"\n")
    if len(lines) < 3:
        return data
    one, two = draw.integers(len(lines), size=2)
    if draw.random() < 0.5:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines.insert(int(one), lines[two])
    return b"\n".join(lines)


_CHANGES: Sequence[Callable[[bytes, Sequence[bytes], Draw], bytes]] = (
    *(_flip, _flip, _overwrite, _number, _number, _cut, _drop, _double, _swap),
    *(_word, _word, _text_number, _text_number, _splice, _lines),
)
