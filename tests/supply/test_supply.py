"""Locked hashes, a bill of materials, no pickles, the same wheel twice."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest

from tests.data import ROOT
from tests.supply.lock import read_lock
from tests.supply.sbom import bill

LOCKS = ("requirements.lock", "tests/requirements.lock")
PACKAGES = ("audit", "detectors", "reports", "scans")
# Modules that make objects, and so code, out of bytes.
LOADERS = frozenset({
    "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "torch",
    "jsonpickle",
})  # fmt: skip
CALLS = frozenset({"read_pickle", "to_pickle", "eval", "exec", "compile", "__import__"})
# Results of this very process, in a file that no other can open.
OWN = {("scans/batch.py", "pickle")}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(name: str) -> None:
    packages = read_lock(ROOT / name)
    assert len(packages) > 50
    assert len({p.purl for p in packages}) == len(packages)
    text = (ROOT / name).read_text("utf-8")
    for odd in (
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--trusted-host",
        "git+",
        "://",
    ):
        assert odd not in text, odd


def test_the_tests_run_on_what_the_program_runs_on() -> None:
    run = {p.name: (p.version, p.hashes) for p in read_lock(ROOT / LOCKS[0])}
    tests = {p.name: (p.version, p.hashes) for p in read_lock(ROOT / LOCKS[1])}
    assert {name: tests.get(name) for name in run} == run


def test_installations_demand_the_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    installs = re.findall(r"pip install [^\n]*-r [^\n]*", makefile)
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_a_line_without_a_hash_is_refused(tmp_path: Path) -> None:
    for line in ("numpy==2.4.0", "numpy>=2 --hash=sha256:" + "0" * 64, "-e ."):
        path = tmp_path / "a.lock"
        path.write_text(line + "\n", "utf-8")
        with pytest.raises(ValueError, match="hashes"):
            read_lock(path)


# What CycloneDX 1.6 asks of the parts that are used here (its whole schema is 5,000 lines).
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["bomFormat", "specVersion", "metadata", "components", "dependencies"],
    "properties": {
        "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"},
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {"pattern": "^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        "version": {"type": "integer", "minimum": 1},
        "metadata": {
            "type": "object",
            "properties": {"component": {"$ref": "#/$defs/component"}},
        },
        "components": {
            "type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/component"},
        },
        "dependencies": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["ref"],
                "properties": {"dependsOn": {"type": "array", "uniqueItems": True}},
            },
        },
    },
    "$defs": {
        "component": {
            "type": "object",
            "required": ["type", "name"],
            "properties": {
                "type": {"enum": ["application", "library"]},
                "name": {"type": "string", "minLength": 1},
                "purl": {"pattern": r"^pkg:pypi/[a-z0-9-]+@[^\s]+$"},
                "externalReferences": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["url", "type"],
                        "properties": {
                            "type": {"const": "distribution"},
                            "hashes": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "required": ["alg", "content"],
                                    "properties": {
                                        "alg": {"const": "SHA-256"},
                                        "content": {"pattern": "^[0-9a-f]{64}$"},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}  # fmt: skip


def test_the_bill_of_materials_is_valid_whole_and_the_same_each_time() -> None:
    made = bill(ROOT / LOCKS[0])
    jsonschema.validate(made, SCHEMA)
    assert json.dumps(made) == json.dumps(bill(ROOT / LOCKS[0]))
    packages = read_lock(ROOT / LOCKS[0])
    assert {c["purl"] for c in made["components"]} == {p.purl for p in packages}
    refs = [made["metadata"]["component"]["bom-ref"], *(c["bom-ref"] for c in made["components"])]
    assert [d["ref"] for d in made["dependencies"]] == refs


def _modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_nothing_that_is_loaded_can_be_code() -> None:
    found: set[tuple[str, str]] = set()
    for path in _modules():
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {(name, a.name.split(".")[0]) for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((name, (node.module or "").split(".")[0]))
            elif isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name) and called.id in CALLS:
                    found.add((name, called.id))
                elif isinstance(called, ast.Attribute) and called.attr in CALLS - {"compile"}:
                    found.add((name, called.attr))
                found |= {
                    (name, "allow_pickle")
                    for k in node.keywords
                    if k.arg == "allow_pickle"
                    and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                }
    assert {f for f in found if f[1] in LOADERS | CALLS | {"allow_pickle"}} == OWN


@pytest.mark.slow
def test_two_builds_give_the_same_wheel(tmp_path: Path) -> None:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install -r requirements.lock")
    wheels = []
    for number in (1, 2):
        # elsewhere, later, with other permissions: only the content may count
        tree = tmp_path / f"tree{number}"
        tree.mkdir()
        for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
            source = ROOT / name
            ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=ignore)
            else:
                shutil.copy(source, tree / name)
        if number == 2:
            for path in tree.rglob("*.py"):
                os.utime(path, (1_000_000_000, 1_000_000_000))
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        (built,) = (tree / "dist").glob("*.whl")
        wheels.append((built.name, built.read_bytes()))
    assert wheels[0] == wheels[1]
