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

from audit.extending.wording import KINDS, finding_faults
from tests.data import DATA

__all__ = ["KINDS", "accept_finding", "accept_page"]

_STATES = {"empty", "marked", "cancelled", "erased", "ambiguous"}


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
    _through_json(data, "finding")
    assert finding_faults(data) == ()


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
