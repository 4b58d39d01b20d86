"""The command line: one small module a command, one place where errors end.

A command module in this folder has ``register(app)`` and imports nothing heavy at its
top, so that ``survey-audit --help`` answers at once; what a command needs is imported
inside it. A command returns an :class:`~detectors.errors.ExitCode` (or nothing) and
raises :class:`~detectors.errors.AuditError`; standard output is data, standard error
is talk.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import audit.cli
from audit.cli._console import talk
from audit.version import software_version
from detectors.errors import AuditError, ExitCode, UsageError

__all__ = ["build_app", "main", "run"]

_NAME = "survey-audit"
_NOT_COMMANDS = frozenset({"main"})


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the shape Typer calls back with
    if wanted:
        typer.echo(f"{_NAME} {software_version()}")
        raise typer.Exit


def _root(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback where something goes wrong.")
    ] = False,
) -> None:
    """Finds signs of tampering in satisfaction surveys, before they are scored.

    Tìm dấu hiệu can thiệp trong khảo sát mức độ hài lòng, trước khi tính điểm.
    """


def build_app() -> typer.Typer:
    """The application with every command module of this folder registered, in name order."""
    app = typer.Typer(
        name=_NAME,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in pkgutil.iter_modules(audit.cli.__path__):
        if not module.name.startswith("_") and module.name not in _NOT_COMMANDS:
            importlib.import_module(f"{audit.cli.__name__}.{module.name}").register(app)
    return app


def run(arguments: Sequence[str]) -> ExitCode | int:
    """Run one command line and say how it ended; nothing is raised.

    Args:
        arguments: Without the program's name. ``--debug`` is understood anywhere.
    """
    before, mark, after = _split(arguments)
    debug = "--debug" in before
    words = [word for word in before if word != "--debug"] + mark + after
    try:
        return _call(words)
    except AuditError as error:
        return _told(str(error), error.exit_code, debug=debug)
    except KeyboardInterrupt:
        return _told("interrupted", ExitCode.INTERRUPTED, debug=debug)
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough: nobody is left to be told.
        # Stays open to the end.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return ExitCode.DONE
    except MemoryError:
        return _told("out of memory — give fewer --jobs", ExitCode.WORKER, debug=debug)
    except OSError as error:
        return _told(_disk(error), ExitCode.ACCESS, debug=debug)
    except Exception as error:
        return _unexpected(error, debug=debug)


def main() -> None:
    """Entry point of the installed command."""
    for stream in (sys.stdout, sys.stderr):
        # Vietnamese has to leave a machine whose locale is C, too.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code))


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    words = list(arguments)
    if "--" not in words:
        return words, [], []
    at = words.index("--")
    return words[:at], ["--"], words[at + 1 :]


def _call(words: Sequence[str]) -> ExitCode | int:
    from typer._click.exceptions import ClickException, NoArgsIsHelpError
    from typer._click.exceptions import UsageError as WrongWords

    command = typer.main.get_command(build_app())
    try:
        result = command.main(list(words), prog_name=_NAME, standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except WrongWords as error:
        path = error.ctx.command_path if error.ctx is not None else _NAME
        raise UsageError(error.format_message(), remedy=f"see `{path} --help`") from error
    except ClickException as error:
        raise UsageError(error.format_message()) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return result if isinstance(result, int) and not isinstance(result, bool) else ExitCode.DONE


def _told(text: str, code: ExitCode, *, debug: bool) -> ExitCode:
    if debug:
        talk(traceback.format_exc().rstrip())
    talk(f"{_NAME}: {' '.join(text.split())}")
    return code


def _disk(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error} — check that it is there and may be read and written"


def _unexpected(error: Exception, *, debug: bool) -> ExitCode:
    # By name: importing the process pools only to ask would cost every start.
    if type(error).__name__ == "BrokenProcessPool":
        text = "a worker died, most often for lack of memory — give fewer --jobs and run again"
        return _told(text, ExitCode.WORKER, debug=debug)
    hint = "" if debug else " — run again with --debug for the place in the program"
    text = f"unexpected {type(error).__name__}: {error}{hint}"
    return _told(text, ExitCode.WORKER, debug=debug)
