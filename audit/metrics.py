"""What `status` knows as metrics in the Prometheus text format, for a textfile collector.

Counts and times only: no unit, person or serial is a label, so that a monitoring server
never learns what a report would have to mask.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

__all__ = ["prometheus_text"]

_PREFIX = "survey_audit_"
_COUNTED = {
    "files": "Files taken in and kept, by kind.",
    "pages": "Pages by status; only read ones were judged.",
    "records": "Records by state of the gate.",
    "findings": "Open signs by severity.",
    "cases": "Cases by state.",
}


def prometheus_text(status: Mapping[str, Any]) -> str:
    """The text of :func:`audit.summary.summarise`'s numbers.

    Args:
        status: What it gives: ``files: scan`` and the like, ``not_judged``, ``finished at``.
    """
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    of_round = str(status["round"])

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, text, ("round", *labels), registry=registry)

    for group, text in _COUNTED.items():
        counted = gauge(group, text, "kind")
        for name, number in status.items():
            head, found, kind = name.partition(": ")
            if found and head == group:
                counted.labels(of_round, kind).set(number)
    gauge("runs", "Runs so far.").labels(of_round).set(status["runs"])
    not_judged = gauge("not_judged", "Inputs that could not be judged and wait for somebody.")
    not_judged.labels(of_round).set(len(status["not_judged"]))
    finished = status["finished at"]
    if finished is not None:
        last = gauge("last_run_finished_seconds", "When the last whole run ended, Unix time.")
        last.labels(of_round).set(dt.datetime.fromisoformat(str(finished)).timestamp())
    return str(generate_latest(registry).decode("utf-8"))
