"""Keys out of TOML tables, with the place of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.errors import InputError
from detectors.instrument.types import BoxMm

__all__ = ["Reader", "is_value"]

_REMEDY = "correct it as docs/instrument.md says"


def is_value(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


class Reader:
    """Takes keys out of TOML tables and knows where it stands when one is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, place: str, what: str, remedy: str | None = None) -> InputError:
        return InputError(what, where=f"{self.path}, {place}", remedy=remedy or _REMEDY)

    def table(self, data: Any, place: str, known: Sequence[str]) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self.fail(place, "expected a table")
        for key in data:
            if key not in known:
                raise self.fail(place, f"unknown key {key!r}", f"known are {', '.join(known)}")
        return data

    def tables(self, data: Mapping[str, Any], key: str, place: str) -> list[Any]:
        found = data.get(key, [])
        if not isinstance(found, list):
            raise self.fail(place, f"{key} must be written as [[page.{key}]]")
        return found

    def values(self, data: Mapping[str, Any], key: str, place: str) -> list[Any]:
        found = data.get(key, [])
        if not isinstance(found, list) or not all(is_value(value) for value in found):
            raise self.fail(place, f"{key} must be a list of texts or numbers")
        return found

    def text(self, data: Mapping[str, Any], key: str, place: str) -> str:
        value = data.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(place, f"{key} must be a text that is not empty")
        return value

    def choice(
        self, data: Mapping[str, Any], key: str, place: str, allowed: Sequence[str], default: str
    ) -> str:
        value = data.get(key, default)
        if value not in allowed:
            raise self.fail(place, f"{key} is {value!r}", f"allowed are {', '.join(allowed)}")
        return str(value)

    def texts(self, data: Mapping[str, Any], key: str, place: str) -> Mapping[str, str] | None:
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return {"vi": value, "en": value}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self.fail(place, f'{key} must be a text or a table such as {{ vi = "…" }}')
        return dict(value)

    def numbers(self, value: Any, count: int, place: str, what: str) -> tuple[float, ...]:
        if (
            not isinstance(value, list)
            or len(value) != count
            or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        ):
            raise self.fail(place, f"{what} must be a list of {count} numbers")
        return tuple(float(v) for v in value)

    def box(self, value: Any, place: str, what: str, size: tuple[float, float]) -> BoxMm:
        x, y, width, height = self.numbers(value, 4, place, what)
        if width <= 0 or height <= 0:
            raise self.fail(place, f"{what} has no area", "it is [x, y, width, height] in mm")
        if x < -1 or y < -1 or x + width > size[0] + 1 or y + height > size[1] + 1:
            raise self.fail(
                place,
                f"{what} [{x:g}, {y:g}, {width:g}, {height:g}] lies off the page",
                f"the page is {size[0]:g} x {size[1]:g} mm",
            )
        return (x, y, width, height)
