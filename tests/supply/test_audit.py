"""Known holes are found in a file of advisories, and a file that is none is no clean answer."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.supply import audit
from tests.supply.advisories import holes, read_advisories
from tests.supply.lock import Locked, read_lock


def _advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
    affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    base = {"id": f"PYSEC-{name}", "modified": "2026-09-01T00:00:00Z", "summary": "A hole."}
    return base | {"affected": [affected]} | more


def _file(folder: Path, *advisories: Any) -> Path:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, advisory in enumerate(advisories):
            archive.writestr(f"{number}.json", json.dumps(advisory))
    return path


_TWICE = [{"fixed": "4.1"}, {"introduced": "4.0"}, {"introduced": "0"}, {"fixed": "3.5"}]


# As the OSV schema's own rules of evaluation have it.
@pytest.mark.parametrize(
    ("events", "version", "hit"),
    [
        ([{"introduced": "0"}, {"fixed": "2.0"}], "1.9", True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0", False),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0rc1", True),
        ([{"introduced": "1.0"}, {"fixed": "2.0"}], "0.9", False),
        ([{"introduced": "0"}, {"last_affected": "2.0"}], "2.0", True),
        ([{"introduced": "0"}, {"last_affected": "2.0"}], "2.0.1", False),
        (_TWICE, "4.0", True),
        (_TWICE, "3.9", False),
        ([{"introduced": "0"}], "99!1", True),
    ],
)  # fmt: skip
def test_a_version_lies_in_a_span_or_not(
    tmp_path: Path, events: list[dict[str, str]], version: str, hit: bool
) -> None:
    known = read_advisories(_file(tmp_path, _advisory("Some.Package", *events)))
    found = holes([Locked("some_package", version, ())], known)
    assert bool(found) == hit


def test_a_listed_version_counts_and_what_was_taken_back_does_not(tmp_path: Path) -> None:
    listed = _advisory("a")
    listed["affected"][0] |= {"versions": ["1.0"], "ranges": []}
    back = _advisory("b", {"introduced": "0"}, withdrawn="2026-09-02T00:00:00Z")
    known = read_advisories(_file(tmp_path, listed, back))
    packages = [Locked(n, v, ()) for n, v in (("a", "1.0"), ("a", "1.1"), ("b", "1.0"))]
    assert [hole.package for hole in holes(packages, known)] == ["a 1.0"]


def test_the_locked_packages_are_held_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numpy = next(p for p in read_lock(audit.LOCKS[0]) if p.name == "numpy")
    hole = _advisory("NumPy", {"introduced": "0"}, {"fixed": "999"}, aliases=["CVE-1"])
    assert audit.main(["--advisories", str(_file(tmp_path, hole))]) == 1
    said = capsys.readouterr().out
    mended = "PYSEC-NumPy CVE-1: A hole. — mended in 999"
    assert f"numpy {numpy.version} (the program): {mended}" in said
    assert re.search(
        r"\d{2,} locked packages against 1 advisories, the newest of 2026-09-01: 1", said
    )
    old = _advisory("numpy", {"introduced": "0"}, {"fixed": "1.0"})
    assert audit.main(["--advisories", str(_file(tmp_path, old))]) == 0


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"id": "X", "affected": []}', b"[1]"])
def test_what_is_no_file_of_advisories_is_no_clean_answer(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.json"
    if content is not None:
        path.write_bytes(content)
    assert audit.main(["--advisories", str(path)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("make audit: nothing was checked:") and not said.out


def test_without_network_or_file_nothing_is_said_to_be_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit.shutil, "which", lambda _: None)
    assert audit.main([]) == 3
    assert "ADVISORIES=all.zip" in capsys.readouterr().err
