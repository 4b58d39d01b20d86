"""From the store to view objects to pages: what ``report`` and the end of ``run`` write."""

from audit.reporting.write import write_round_reports

__all__ = ["write_round_reports"]
