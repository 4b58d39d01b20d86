"""Learns the reference that ships with the program: ``make reference``.

Honest pages of every form and scanner profile that are not held out, some with honest
trouble (dirt, folds, corrections, stamps …), and some opened and saved again, from tuning
seeds. Scores are rounded upwards to three digits, which errs on the side of the honest.
Altered pages, of renderings that are not held out, teach how much each check's word is
worth.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scans.reference import PageScores, Reference
from scans.simulate.form import HELD_OUT_FORMS
from scans.simulate.profiles import HELD_OUT_PROFILES, PROFILES
from scans.simulate.tamper import HELD_OUT_VARIANTS, STRENGTHS, VARIANTS
from scans.types import ScanClass
from tests.accuracy.pages import (
    FORM_PAGES,
    TUNING,
    Job,
    honest_jobs,
    in_parallel,
    scores_of,
    tampered_jobs,
)

FIRST = 2 * TUNING
PAGES_EACH = 14
# A second series, some in trouble: what the first has too few of, and other respondents.
SECOND, SECOND_EACH, SECOND_IN_TROUBLE = TUNING, 24, 1 / 6
# Classes that few scanners give: a page that must be rarer than one in a hundred needs more
# than a hundred honest ones beside it.
MORE_EACH = {ScanClass.BITONAL: 26, ScanClass.PHOTO: 26, ScanClass.CLIPPED_COLOUR: 14}
# One page in six of those that are not merely saved again.
IN_TROUBLE_EACH = 3
# Opening and saving again leaves its own trace, and honest offices do it: it must be known.
SAVED_AGAIN_EACH = 2
ALTERED_EACH = 30
# How well light print holds hangs on the office's printer: its check speaks after calibrate only.
LEFT_OUT = frozenset({"erasure.light_print"})
TARGET = Path(__file__).resolve().parents[2] / "scans" / "builtin_reference.json"


def honest_pages(profiles: Sequence[str], pages: Sequence[tuple[str, int]]) -> list[Job]:
    """Honest pages, in turn over scanners and forms: a run that was cut short serves, too."""
    jobs = list(honest_jobs(profiles, PAGES_EACH, FIRST, pages=pages))
    for k, (scan_class, count) in enumerate(MORE_EACH.items()):
        few = [name for name in profiles if PROFILES[name].scan_class is scan_class]
        jobs += honest_jobs(few, count, FIRST + 1_501_000 + 1_000 * k, pages=pages)
    jobs += honest_jobs(profiles, IN_TROUBLE_EACH, FIRST + 1_500_000, pages=pages, trouble=1.0)
    jobs += honest_jobs(profiles, SECOND_EACH, SECOND, pages=pages, trouble=SECOND_IN_TROUBLE)
    for first in (FIRST + 1_500_500, SECOND + 2_000_000):
        again = honest_jobs(profiles, SAVED_AGAIN_EACH, first, pages=pages)
        jobs += [replace(job, control="resaved") for job in again]
    return sorted(jobs, key=lambda job: job.seed % 10_000)


def altered_pages(profiles: Sequence[str], pages: Sequence[tuple[str, int]]) -> list[Job]:
    """Frauds of every kind and strength, each on every scanner once, in turn over forms."""
    scanners = [name for name in profiles if PROFILES[name].scan_class is not ScanClass.PHOTO]
    where = [pages[1], pages[0], *pages[2:]]
    jobs: list[Job] = []
    for k, (kind, every) in enumerate(VARIANTS.items()):
        if kind == "NHAN_BAN":
            continue  # found by comparing pages
        variants = [v for v in every if (kind, v) not in HELD_OUT_VARIANTS]
        forms = [("YK-01", 1)] if kind == "CAT_4" else where
        for s, strength in enumerate(STRENGTHS):
            first = FIRST + 600_000 + 1_000 * k + 100 * s
            drawn = tampered_jobs(
                kind, strength, ALTERED_EACH, first, scanners, variants=variants, pages=forms
            )
            jobs += [job for i, job in enumerate(drawn) if i % 3 == i // 3 % 3]
    return jobs


def learnt_from(jobs: Sequence[Job], what: str) -> list[tuple[ScanClass, PageScores]]:
    """Scores of all pages that were read."""
    learnt: list[tuple[ScanClass, PageScores]] = []
    for k, page in enumerate(in_parallel(scores_of, jobs), start=1):
        if page is not None:
            scan_class, scores = page
            rounded = {
                check: math.ceil(1000 * score) / 1000
                for check, score in scores.items()
                if check not in LEFT_OUT
            }
            learnt.append((scan_class, rounded))
        if k % 50 == 0:
            sys.stderr.write(f"{k} of {len(jobs)} {what} pages, {len(learnt)} read\n")
    return learnt


def jobs_of_reference() -> tuple[list[Job], list[Job]]:
    """Honest pages and altered ones."""
    profiles = [name for name in PROFILES if name not in HELD_OUT_PROFILES]
    pages = [page for page in FORM_PAGES if page[0] not in HELD_OUT_FORMS]
    return honest_pages(profiles, pages), altered_pages(profiles, pages)


def main() -> None:
    """Write the built-in reference."""
    to_learn, to_weigh = jobs_of_reference()
    altered = learnt_from(to_weigh, "altered")
    honest = learnt_from(to_learn, "honest")
    source = {
        "made_by": "make reference",
        "pages": len(honest),
        "altered": len(altered),
        "first_seed": FIRST,
    }
    reference = Reference.learn(honest, altered=altered, source=source)
    TARGET.write_text(json.dumps(reference.to_json(), separators=(",", ":"), sort_keys=True) + "\n")
    sys.stderr.write(f"{len(honest)} pages learnt: {dict(reference.pages)}\n")
    voices = sorted(reference.fusion.voices.items(), key=lambda v: -v[1].share)
    for check, voice in voices:
        sys.stderr.write(f"  {check}: share {voice.share:.3f}, power {voice.power:.3f}\n")


if __name__ == "__main__":
    main()
