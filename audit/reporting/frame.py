"""What every document of a round says about itself: the round, the form, the provenance."""

from __future__ import annotations

from collections.abc import Sequence

from audit.reporting.data import RoundData, Row
from audit.reporting.names import message_of
from reports.views import InstrumentIdentity, Provenance, RoundIdentity

__all__ = ["instrument_of", "provenance_of", "round_of"]


def round_of(data: RoundData, records: Sequence[Row]) -> RoundIdentity:
    """The round, with the channels of some records."""
    settings = data.settings.round
    channels = sorted({row["channel"] for row in records if row["channel"]})
    title, method = settings.title, settings.method_break
    return RoundIdentity(
        id=settings.id,
        title=message_of(title, settings.id),
        period_from=settings.date_from,
        period_to=settings.date_to,
        channels=tuple(channels),
        interim=settings.interim,
        method_break=None if method is None else message_of(method, ""),
    )


def instrument_of(data: RoundData) -> InstrumentIdentity:
    """The form."""
    form = data.instrument
    return InstrumentIdentity(form.id, form.version, message_of(form.title, form.id))


def provenance_of(data: RoundData) -> Provenance:
    """Run, versions, parameters and hashes."""
    run, settings = data.run, data.settings
    return Provenance(
        run_id=run["id"],
        generated_from=settings.store.split("://", 1)[0],
        as_of=data.finished,
        rule_set=data.rules.id,
        trail_head=run["trail_head"],
        versions=(
            ("survey-audit", run["software"]),
            *((info.id, info.version) for info in data.checks.values()),
        ),
        parameters=(
            ("false_flag_rate", f"{settings.false_flag_rate:g}"),
            ("seed", str(settings.seed)),
        ),
        hashes=(
            ("configuration", run["config_sha256"]),
            ("inputs", run["input_key"] or ""),
            ("instrument", data.instrument.sha256),
            ("rules", data.rules.sha256),
            ("manifest", run["manifest_sha256"] or ""),
        ),
    )
