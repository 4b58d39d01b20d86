"""All that a page needs, loaded and compiled: the process that workers are forked from has it."""

from __future__ import annotations

from importlib import import_module

from scans.compiled import prepare

for _name in (
    "scans.page",
    "scans.measure.hard_edges",
    "scans.measure.mark_grain",
    "scans.measure.paper_grain",
    "scans.measure.twin_boxes",
):
    import_module(_name)
prepare()
