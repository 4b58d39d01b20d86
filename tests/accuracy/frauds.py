"""What is done in the lab, by name, and how much of it."""

from __future__ import annotations

from collections.abc import Callable

from detectors.simulate.event_frauds import EVENT_FRAUDS
from detectors.simulate.frauds import Fraud, FraudPlan

__all__ = ["COMMON", "DIGITAL", "KINDS", "SHARES"]

SHARES = (0.05, 0.10, 0.15, 0.20, 0.40)

KINDS: dict[str, Callable[[float], FraudPlan]] = {
    "copy": lambda share: FraudPlan(Fraud.COPY, share),
    "copy, 0 edits": lambda share: FraudPlan(Fraud.COPY, share, edits=0),
    "copy, 1 edit": lambda share: FraudPlan(Fraud.COPY, share, edits=1, fewest=1),
    "copy, 2 edits": lambda share: FraudPlan(Fraud.COPY, share, edits=2, fewest=2),
    "copy, 4 edits": lambda share: FraudPlan(Fraud.COPY, share, edits=4, fewest=4),
    "copy between units": lambda share: FraudPlan(Fraud.COPY_BETWEEN, share, edits=1),
    "reuse of the last period": lambda share: FraudPlan(Fraud.REUSE, share, edits=1),
    "invented": lambda share: FraudPlan(Fraud.INVENTED, share),
    "invented by one hand": lambda share: FraudPlan(Fraud.ONE_HAND, share),
    "edited up": lambda share: FraudPlan(Fraud.EDIT_UP, share),
    "stuffed": lambda share: FraudPlan(Fraud.STUFFING, share),
    "plausible": lambda share: FraudPlan(Fraud.PLAUSIBLE, share),
}
# those of the targets
COMMON = ("copy", "invented", "edited up", "stuffed")
# shares of the unit's digital records; what is done to their events, and what they answer
DIGITAL = tuple(EVENT_FRAUDS)
