"""What a report is made from: frozen, plain values, already masked.

The caller asks the store and builds these objects; a renderer only shows them and
never asks anything. Shares are fractions in [0, 1]; dates are dates; texts that
people read are :class:`~detectors.finding.Message`, in both languages.

Two promises are kept here, before any renderer, so that no format can break them:

* A result over fewer than :data:`MINIMUM_CELL` forms is suppressed: its ``n`` stays,
  its value, interval, tier and rank become ``None``. Small cells would tell who gave a
  low score (what was asked of the NHS Friends and Family Test after its review).
* ``None`` means "not judged" or "no data" and is never the same as zero or clean. A
  section that was not examined is ``None``; an examined one without signs is there,
  with the number of forms it rests on.
"""

from reports.views.fairness import FairnessRow, FairnessTable, withheld
from reports.views.identity import (
    InstrumentIdentity,
    Provenance,
    RoundIdentity,
    Sample,
    UnitIdentity,
)
from reports.views.measures import (
    BAND_EDGES,
    LOW_N,
    MINIMUM_CELL,
    band_of,
    minimal_sample,
    suppress,
    wilson,
)
from reports.views.plots import BatchPoint, Cutoffs, HourProfile, PeriodPoint, Plots
from reports.views.results import FactorResult, PeerGroup, PeerPoint, Previous, Result, Standing
from reports.views.signs import (
    ChannelCount,
    CustodyRow,
    DigitalSection,
    Direction,
    FlaggedForm,
    ImageExample,
    ImageSection,
    NotJudged,
    Sign,
    SignCount,
    StatisticsSection,
)
from reports.views.whole import (
    Appendix,
    DetectorYield,
    GroupSummary,
    RoundReport,
    UnitReport,
    UnitRow,
)

__all__ = [
    "BAND_EDGES",
    "LOW_N",
    "MINIMUM_CELL",
    "Appendix",
    "BatchPoint",
    "ChannelCount",
    "CustodyRow",
    "Cutoffs",
    "DetectorYield",
    "DigitalSection",
    "Direction",
    "FactorResult",
    "FairnessRow",
    "FairnessTable",
    "FlaggedForm",
    "GroupSummary",
    "HourProfile",
    "ImageExample",
    "ImageSection",
    "InstrumentIdentity",
    "NotJudged",
    "PeerGroup",
    "PeerPoint",
    "PeriodPoint",
    "Plots",
    "Previous",
    "Provenance",
    "Result",
    "RoundIdentity",
    "RoundReport",
    "Sample",
    "Sign",
    "SignCount",
    "Standing",
    "StatisticsSection",
    "UnitIdentity",
    "UnitReport",
    "UnitRow",
    "band_of",
    "minimal_sample",
    "suppress",
    "wilson",
    "withheld",
]
