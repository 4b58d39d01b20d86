"""Learns the reference that ships with the program: ``make reference``.

Honest pages of every form and scanner profile that are not held out, one in six of
them with honest trouble (dirt, folds, corrections, stamps …), from tuning seeds. Scores
are rounded upwards to three digits, which errs on the side of the honest.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from scans.reference import PageScores, Reference
from scans.simulate.form import HELD_OUT_FORMS
from scans.simulate.profiles import HELD_OUT_PROFILES, PROFILES
from scans.types import ScanClass, Status
from tests.accuracy.pages import FORM_PAGES, TUNING, Job, honest_jobs, in_parallel, outcome_of

PAGES_EACH = 16
TROUBLE = 1 / 6
TARGET = Path(__file__).resolve().parents[2] / "scans" / "builtin_reference.json"


def scores_of(job: Job) -> tuple[ScanClass, PageScores] | None:
    """Raw scores of one honest page; ``None`` when it was not read."""
    _, outcome = outcome_of(job, None)
    result = outcome.result
    if result.status is not Status.READ or outcome.scores is None or result.scan_class is None:
        return None
    rounded = {check: math.ceil(1000 * score) / 1000 for check, score in outcome.scores.items()}
    return result.scan_class, rounded


def main() -> None:
    """Write the built-in reference."""
    profiles = [name for name in PROFILES if name not in HELD_OUT_PROFILES]
    pages = [page for page in FORM_PAGES if page[0] not in HELD_OUT_FORMS]
    jobs = list(honest_jobs(profiles, PAGES_EACH, TUNING, pages=pages, trouble=TROUBLE))
    learnt = []
    for k, scores in enumerate(in_parallel(scores_of, jobs), start=1):
        if scores is not None:
            learnt.append(scores)
        if k % 50 == 0:
            sys.stderr.write(f"{k} of {len(jobs)} pages, {len(learnt)} read\n")
    source = {"made_by": "make reference", "pages": len(learnt), "first_seed": TUNING}
    reference = Reference.learn(learnt, source=source)
    TARGET.write_text(json.dumps(reference.to_json(), separators=(",", ":"), sort_keys=True) + "\n")
    sys.stderr.write(f"{len(learnt)} of {len(jobs)} pages learnt: {dict(reference.pages)}\n")


if __name__ == "__main__":
    main()
