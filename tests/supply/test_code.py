"""What the code itself must not do, read from its syntax: every module, script and template."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.data import ROOT

PACKAGES = ("audit", "detectors", "reports", "scans")
RE_CALLS = frozenset({"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall",
                      "finditer"})  # fmt: skip
SHELLS = frozenset({"os.system", "os.popen", "os.execv", "os.execl", "os.spawnl", "os.spawnv",
                    "commands.getoutput", "subprocess.getoutput", "subprocess.getstatusoutput",
                    "asyncio.create_subprocess_shell", "pty.spawn"})  # fmt: skip
# Programs of others are started in one place only, by a list of words.
STARTS = {"scans/draft/words.py"}
# They walk through tables of patterns of their own.
OWN_PATTERNS = {
    *("audit/reporting/reasons.py", "scans/draft/wording.py", "scans/source/metadata.py"),
}
CRYPTO = ("cryptography", "argon2", "hmac", "secrets", "pyotp", "joserfc", "authlib", "ssl")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module that is installed, with its syntax."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield _dotted(node.func), node


def test_no_shell_reads_what_others_wrote() -> None:
    starts = set()
    for name, tree in modules():
        for called, node in _calls(tree):
            assert called not in SHELLS, (name, called)
            for word in node.keywords:
                assert word.arg != "shell", (name, called)
            if called.startswith("subprocess."):
                starts.add(name)
                assert isinstance(node.args[0], ast.List | ast.Name), (name, called)
    assert starts == STARTS


def test_no_pattern_is_made_of_what_others_wrote() -> None:
    """A pattern is a constant, or made of constants of the module and of escaped texts."""
    looked = 0
    for name, tree in modules():
        if name in OWN_PATTERNS:
            continue
        for called, node in _calls(tree):
            if not (called.startswith("re.") and called[3:] in RE_CALLS and node.args):
                continue
            looked += 1
            bad = [part for part in _free(node.args[0]) if not part.isupper() and part[0] != "_"]
            assert bad == [], (name, node.lineno)
    assert looked > 100


def _free(node: ast.expr) -> Iterator[str]:
    """Names that a pattern is made of, those inside ``re.escape`` left out."""
    if isinstance(node, ast.Call) and _dotted(node.func) in ("re.escape", "map"):
        return
    if isinstance(node, ast.Name):
        yield node.id
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr | ast.FormattedValue):
            yield from _free(child)


def test_pages_put_text_where_text_belongs() -> None:
    banned = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|__proto__"
        r"|createContextualFragment|postMessage|setTimeout\(['\"`]|importScripts|XMLHttpRequest"
    )
    scripts = sorted((ROOT / "audit/desk/static").glob("*.js"))
    templates = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.j2"))]
    assert len(scripts) >= 5
    assert len(templates) >= 20
    for path in (*scripts, *templates):
        text = path.read_text("utf-8")
        assert banned.search(text) is None, path
        assert not re.search(r"javascript:|<object|<embed|<applet|<iframe", text), path
        assert "autoescape false" not in text, path
    # Objects keyed by what a page says would reach prototypes; maps and data attributes do not.
    for path in scripts:
        assert not re.search(r"\bfor \(const \w+ in\b|\bwith \(", path.read_text("utf-8"))


def _crypto() -> dict[str, set[str]]:
    """Module -> what of cryptography it uses."""
    found: dict[str, set[str]] = {}
    for name, tree in modules():
        used = set()
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            used |= {n.split(".")[0] for n in names if n.split(".")[0] in CRYPTO}
        if used:
            found[name] = used
    return found


def test_every_use_of_cryptography_stands_in_the_inventory() -> None:
    page = (ROOT / "docs/security.md").read_text("utf-8")
    part = page.split("## Keys and algorithms", 1)[1].split("\n## ", 1)[0]
    told = set(re.findall(r"`((?:audit|scans|reports|detectors)/[\w/]+\.py)`", part))
    assert told == set(_crypto())


def test_only_hashes_and_chance_that_hold() -> None:
    hashes, chance = set(), set()
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and any(a.name == "random" for a in node.names):
                chance.add(name)
        for called, node in _calls(tree):
            if called.startswith("hashlib."):
                hashes.add(called[8:])
                if called == "hashlib.file_digest":
                    assert isinstance(node.args[1], ast.Constant)
                    assert node.args[1].value == "sha256"
            assert not re.search(r"\b(ECB|PKCS1v15|ARC4|TripleDES|Blowfish|MD5|SHA1)\b", called)
    assert hashes <= {"sha256", "blake2b", "file_digest"}
    # Pseudo-random draws are numpy's, from a seed that is told; nothing secret comes of them.
    assert chance == set()


def test_a_file_of_the_package_is_code_or_data_of_ours() -> None:
    """No tests, samples, repositories or keys are installed."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if "__pycache__" in path.parts or path.is_dir():
                continue
            name = path.relative_to(ROOT).as_posix()
            assert ".git" not in Path(name).parts
            assert not re.search(r"(^|/)(test_|conftest)|\.(key|pem|pkl|sqlite|db)$", name), name
