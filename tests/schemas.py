"""What the public contract says about a page and a finding, as assertions.

The JSON schemas stand beside the public data; where these are, outputs are held to them,
too. Our own assertions always run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema
from referencing import Registry, Resource

from tests.data import DATA

__all__ = ["KINDS", "accept_finding", "accept_page"]

KINDS = {"erasure", "overwrite", "cut_paste", "reuse", "duplicate", "metadata", "quality"}
_STATES = {"empty", "marked", "cancelled", "erased", "ambiguous"}
_WORDS = re.compile(r"gian lận|fraud", re.IGNORECASE)


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator | None:
    folder = DATA.parent / "schema"
    paths = sorted(folder.glob("*.schema.json"))
    if not paths:
        return None
    schemas = {path.name: json.loads(path.read_text("utf-8")) for path in paths}
    registry: Registry[Any] = Registry().with_resources(
        (key, Resource.from_contents(schema)) for key, schema in schemas.items()
    )
    return jsonschema.Draft202012Validator(schemas[f"{name}.schema.json"], registry=registry)


def _through_json(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """``data`` as a reader gets it: plain JSON without NaN, valid against the schema."""
    read: dict[str, Any] = json.loads(json.dumps(data, allow_nan=False))
    validator = _validator(name)
    if validator is not None:
        validator.validate(read)
    return read


def accept_finding(data: Mapping[str, Any]) -> None:
    """Hold one finding to the contract."""
    read = _through_json(data, "finding")
    assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", read["detector"])
    assert read["family"] in {"image", "answers", "channel", "custody", "unit", "quality"}
    assert read["kind"]
    assert isinstance(read["score"], int | float)
    assert read["p_value"] is None or 0 < read["p_value"] <= 1
    assert read["severity"] in {"yellow", "orange", "red"}
    assert read["box_mm"] is None or len(read["box_mm"]) == 4
    vi, en = read["message"]["vi"], read["message"]["en"]
    assert "dấu hiệu" in vi.lower()
    assert re.search(r"\bsigns? ", en, re.IGNORECASE)
    for text in (vi, en):
        assert not _WORDS.search(text), text
        assert "\n" not in text
        assert not re.search(r"\bnan\b|\{|\}", text), text


def accept_page(data: Mapping[str, Any]) -> None:
    """Hold one line of ``survey-audit check`` to the contract."""
    read = _through_json(data, "page")
    assert re.fullmatch(r"[0-9a-f]{64}", read["sha256"])
    assert read["page"] >= 1
    assert read["not_assessable"] == sorted(read["not_assessable"])
    assert {state for row in read["marks"].values() for state in row.values()} <= _STATES
    if read["status"] == "read":
        assert read["reason"] is None
        assert read["form_page"] >= 1
        assert 0 <= read["suspicion"] <= 1
        assert isinstance(read["flagged"], bool)
        assert read["severity"] in {"green", "yellow", "orange", "red"}
        assert set(read["answers"]) == set(read["marks"])
        assert not read["flagged"] or read["severity"] != "green"
    else:
        assert read["status"] in {"unreadable", "wrong_form", "not_checked"}
        assert read["reason"]
        assert "\n" not in read["reason"]
        # A page that could not be judged is never shown as clean.
        assert read["suspicion"] is read["flagged"] is read["severity"] is None
        assert not read["findings"]
    for finding in read["findings"]:
        accept_finding(finding)
        assert finding["kind"] in KINDS
