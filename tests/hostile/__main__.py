"""``python -m tests.hostile``: the whole corpus, the slow files and those that are stopped too."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.hostile.corpus import CASES
from tests.hostile.test_hostile_corpus import check


def main() -> int:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = list(check(list(CASES), Path(folder)))
    for line in found:
        sys.stdout.write(line + "\n")
    took = time.monotonic() - start
    sys.stdout.write(f"{len(CASES)} files, {len(found)} not as they must, {took:.0f} s\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
