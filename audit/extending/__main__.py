"""``python -m audit.extending PACKAGE.MODULE:CHECK``: examine one check, a line a promise."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from audit.cli._console import talk
from audit.extending.contract import examine, promises
from detectors.errors import ExitCode


def main(arguments: Sequence[str]) -> int:
    """Examine the named check.

    Returns:
        0 where it keeps the contract, 1 for a name that leads nowhere, 11 where it does not.
    """
    module, colon, name = arguments[0].partition(":") if len(arguments) == 1 else ("", "", "")
    if not (module and colon and name):
        talk("say which check: python -m audit.extending PACKAGE.MODULE:CHECK")
        return ExitCode.USAGE
    try:
        check = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        talk(f"{arguments[0]}: {error}; name an installed module and the object in it")
        return ExitCode.USAGE
    broken = dict(line.split(": ", 1) for line in examine(check))
    for promise in promises():
        if promise.concerns(check):
            told = broken.get(promise.name)
            talk(f"BROKEN  {promise.name}: {told}" if told else f"kept    {promise.name}")
    return ExitCode.FINDINGS if broken else ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
