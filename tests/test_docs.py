"""Documentation that says what the program does, and nothing that it does not."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import typer

from audit.cli.main import build_app
from audit.intake.collection import Collection
from audit.intake.columns import META_COLUMNS
from audit.intake.custody_book import CUSTODY_COLUMNS, CUSTODY_MORE, INVALID_REASONS
from audit.intake.mapping import TableMapping
from audit.intake.presets import PRESETS
from audit.intake.registers import UNIT_COLUMNS
from audit.notice.settings import Mail, Notify
from audit.pipeline import signs
from audit.pulling.source import Source
from audit.settings import (
    Engine,
    InstrumentSettings,
    Metrics,
    Results,
    Retention,
    RoundSettings,
    Settings,
)
from audit.store.schema import metadata
from detectors.errors import ExitCode
from detectors.registry import Level
from tests.data import ROOT
from tests.methods_page import PAGE, infos, methods_page

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
ROOT_COMMANDS = typer.main.get_command(build_app()).commands
# A group's commands go by both words, as in `template draft`.
COMMANDS = {
    f"{name} {inner}" if inner else name: command
    for name, outer in ROOT_COMMANDS.items()
    for inner, command in (getattr(outer, "commands", None) or {"": outer}).items()
}
EVERYWHERE = {"--help", "-h"}


@cache
def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(command: str) -> str:
    """What ``operating.md`` says about one command."""
    found = re.search(
        rf"^### `survey-audit {command}\b.*?(?=^##|\Z)", text("operating.md"), re.M | re.S
    )
    assert found, f"operating.md has no section on {command}"
    return found[0]


def rows(page: str) -> dict[str, str]:
    """Rows of the tables on a page by the code in their first cell."""
    found = {}
    for line in page.splitlines():
        if line.startswith("| "):
            for name in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
                found[name] = line
    return found


def options(command: str) -> dict[str, typer.core.TyperOption]:
    named = {}
    for option in COMMANDS[command].params:
        if isinstance(option, typer.core.TyperOption):
            for name in (*option.opts, *option.secondary_opts):
                named[name] = option
    return named


# --- commands


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_a_help_text(command):
    assert len(COMMANDS[command].help or "") > 20
    for param in COMMANDS[command].params:
        assert getattr(param, "help", None), f"{command}: {param.name}"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_operating_knows_every_option_and_no_other(command):
    listed = {name: row for name, row in rows(section(command)).items() if name[0] == "-"}
    there = options(command)
    assert set(listed) == set(there) - EVERYWHERE
    for name, row in listed.items():
        default = there[name].default
        assert not there[name].required or "needed" in row
        if isinstance(default, str | int | float | Path) and not isinstance(default, bool):
            assert str(getattr(default, "value", default)) in row, name


def test_options_of_the_program_are_told():
    for option in ("--help", "-h", "--version", "--debug"):
        assert option in rows(text("operating.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_exists(page):
    shown = re.findall(r"(?:`|^)survey-audit ([a-z]+(?:-[a-z]+)*)", page.read_text("utf-8"), re.M)
    assert set(shown) <= set(ROOT_COMMANDS)


def test_make_targets_that_are_told_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for page in PAGES:
        told = re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(encoding="utf-8"), re.M)
        assert set(told) <= set(targets), page.name


def test_everything_that_can_be_exported_is_told():
    (what,) = (p for p in COMMANDS["export"].params if p.name == "what")
    told = set(re.findall(r"`(\w+)`", section("export")))
    assert set(what.help.split(", ")) <= told


# --- settings, codes, tables


@pytest.mark.parametrize(
    ("model", "heading"),
    [
        (Settings, "key"),
        (RoundSettings, "`[round]`"),
        (InstrumentSettings, "`[[instrument]]`"),
        (Engine, "`[engine]`"),
        (Collection, "`[collection]`"),
        (Results, "`[results]`"),
        (Retention, "`[retention]`"),
        (Notify, "`[notify]`"),
        (Mail, "`[notify.mail]`"),
        (Metrics, "`[metrics]`"),
        (Source, "`[[source]]`"),
        (TableMapping, "`[instrument.mapping]`"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_operating_knows_every_key_with_its_default(model, heading):
    table = re.search(
        rf"^\| {re.escape(heading)} \| default.*?(?=\n\n|\Z)", text("operating.md"), re.M | re.S
    )
    assert table
    listed = rows(table[0].split("\n", 2)[2])
    fields = {f.alias or name: f for name, f in model.model_fields.items() if name != "base"}
    assert set(listed) == set(fields)
    for name, field in fields.items():
        if field.is_required():
            assert "needed" in listed[name], name
        elif isinstance(field.default, bool):
            assert f"`{str(field.default).lower()}`" in listed[name]
        elif isinstance(field.default, str | int | float | Path):
            assert f"| `{field.default}` |" in listed[name], name


def test_every_exit_code_is_told():
    listed = re.findall(r"^\| (\d+) \| (.+) \|$", text("operating.md"), re.M)
    assert [int(code) for code, _ in listed] == [int(code) for code in ExitCode]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split("## Exit codes")[1]
    for code in ExitCode:
        assert re.search(rf"\b{int(code)} [a-z]", readme.split("\n## ")[0])


def test_columns_and_presets_are_told():
    listed = rows(text("operating.md"))
    for column in {*META_COLUMNS, *UNIT_COLUMNS, *CUSTODY_COLUMNS, *CUSTODY_MORE}:
        assert f"`{column}`" in text("operating.md")
    assert all(f"`{reason}`" in text("adopting.md") for reason in INVALID_REASONS)
    for preset, platform in PRESETS.items():
        for names in platform.columns.values():
            assert all(f"`{name}`" in listed[preset] for name in names), preset


def known_keys() -> set[str]:
    """Every key that the reader of instruments accepts, taken from its own source."""
    sources = sorted((ROOT / "detectors" / "instrument").glob("*.py"))
    trees = [ast.parse(source.read_text(encoding="utf-8")) for source in sources]
    lists: list[ast.expr] = []
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "known":
            lists.append(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "table":
            lists.extend(node.args[2:])
    return {
        part.value
        for node in lists
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def test_every_key_of_an_instrument_is_told():
    keys = known_keys()
    assert {"scale", "fiducials_mm", "pitch_mm", "correction", "role"} <= keys
    told = set(re.findall(r"\w+", text("instrument.md")))
    assert keys <= told


# --- methods and architecture


def test_the_page_of_methods_is_what_the_checks_say():
    assert PAGE.read_text(encoding="utf-8") == methods_page(), "run: make docs"


def test_every_check_has_its_section():
    ids = [info.id for level in Level for info in infos(level)] + list(signs.VERSIONS)
    headings = re.findall(r"^### (.+)$", methods_page(), re.M)
    assert sorted(headings) == sorted(ids)


def test_every_table_of_the_store_is_told():
    listed = rows(text("architecture.md"))
    assert set(metadata.tables) <= set(listed)


def test_every_path_that_architecture_names_is_there():
    named = re.findall(
        r"`((?:audit|detectors|scans|reports|tests)/[\w/.]+)`", text("architecture.md")
    )
    assert len(named) > 20
    for name in named:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), target
            assert not anchor or anchor in slugs(there), target


def slugs(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_machine(page):
    assert not re.search(r"/(home|root|tmp)/", page.read_text(encoding="utf-8"))
