"""The tables, said once; ``migrations/`` makes them and a test holds the two together.

Keys of what is found again from its source (files, pages, records) are numbers made from
that source (:func:`key_of`), so that doing the same work twice meets the same rows and
adds nothing. Times of the audit are UTC in ISO 8601; times of the respondents are local.
What identifies a person beyond the survey's own ids (device, account, address, comment) is
not copied here: it stays in the originals and is read where a check needs it.
"""

from audit.store.schema._base import key_of, metadata
from audit.store.schema.answered import answers, forms, record_pages, records
from audit.store.schema.backchecks import backcheck_draws, backcheck_members, backcheck_results
from audit.store.schema.collected import batches, files, rounds, units
from audit.store.schema.history import runs, trail, trail_rows
from audit.store.schema.judged import (
    cases,
    corrections,
    decisions,
    explanations,
    findings,
    known_forms,
    notes,
    problems,
    unit_results,
)
from audit.store.schema.paper import codes, fingerprints, likenesses, marks, pages
from audit.store.schema.people import factors, key_choices, leases, login_attempts, sessions, users
from audit.store.schema.results import breakdowns, outcomes, scores

__all__ = [
    "answers",
    "backcheck_draws",
    "backcheck_members",
    "backcheck_results",
    "batches",
    "breakdowns",
    "cases",
    "codes",
    "corrections",
    "decisions",
    "explanations",
    "factors",
    "files",
    "findings",
    "fingerprints",
    "forms",
    "key_choices",
    "key_of",
    "known_forms",
    "leases",
    "likenesses",
    "login_attempts",
    "marks",
    "metadata",
    "notes",
    "outcomes",
    "pages",
    "problems",
    "record_pages",
    "records",
    "rounds",
    "runs",
    "scores",
    "sessions",
    "trail",
    "trail_rows",
    "unit_results",
    "units",
    "users",
]
