"""Where a round stands, in a few numbers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from audit.keeping.subject import waiting
from audit.pipeline.sources import load_forms
from audit.pipeline.verdict import not_judged
from audit.settings import Settings
from audit.store import Store
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.pages import Files, Pages
from audit.store.records import Records
from audit.store.results import Runs

__all__ = ["summarise"]


def summarise(store: Store, settings: Settings) -> dict[str, Any]:
    """Counts by name; ``not_judged`` lists one line an input that could not be judged."""
    round_id = settings.round.id
    with store.reading() as connection:
        runs = Runs(connection, round_id)
        last, number_of_runs = runs.last_done(), len(runs.all())
        files = Counter(row["kind"] for row in Files(connection, round_id).kept())
        standing = Files(connection, round_id).standing("scan", "responses")
        files["withdrawn"] = sum(row["state"] == "withdrawn" for row in standing)
        pages = Counter(row["status"] for row in Pages(connection, round_id).all())
        states: Counter[str] = Counter()
        for form in load_forms(settings):
            rows = Records(connection, round_id, form.instrument.id).all()
            states.update(row["state"] for row in rows)
        findings = Counter(row["severity"] for row in Findings(connection, round_id).open())
        cases = Counter(str(state) for state in Cases(connection, round_id).states().values())
        lines = not_judged(connection, round_id)
        asked = waiting(connection)
    return {
        "round": round_id,
        "last run": None if last is None else last["id"],
        "finished at": None if last is None else last["finished_at"],
        "runs": number_of_runs,
        **{f"files: {kind}": number for kind, number in sorted(files.items()) if number},
        **{f"pages: {state}": number for state, number in sorted(pages.items())},
        **{f"records: {state}": number for state, number in sorted(states.items())},
        **{f"findings: {severity}": number for severity, number in sorted(findings.items())},
        **{f"cases: {state}": number for state, number in sorted(cases.items())},
        **({"requests of persons": len(asked), "answer due": asked[0][1]} if asked else {}),
        "not_judged": lines,
    }
