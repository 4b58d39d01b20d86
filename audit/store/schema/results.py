"""What is published: scores, slices, and what follows from them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, Table, Text

from audit.store.schema._base import id_column, metadata, round_column

__all__ = ["breakdowns", "outcomes", "scores"]

scores = Table(
    "scores",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("measure", Text, nullable=False),  # overall | factor | whole_form
    Column("factor", Text, nullable=False),  # empty unless measure is factor
    Column("rule_set", Text, nullable=False),
    Column("counts", JSON, nullable=False),  # records by state
    *(
        column
        for version in ("as_received", "after_review", "bound_low", "bound_high")
        for column in (
            Column(f"satisfied_{version}", BigInteger, nullable=False),
            Column(f"answers_{version}", BigInteger, nullable=False),
            Column(f"tier_{version}", Text),
            Column(f"rank_{version}", Integer),
        )
    ),
    Column("records_counted", Integer, nullable=False),
    Column("ranked_units", Integer),
    Column("rank_best", Integer),
    Column("rank_worst", Integer),
    Column("tier_firm", Boolean),
    Column("firmness", JSON),  # intervals, chances of tiers and ranks
    Index("ix_scores_round_unit", "round_id", "unit_id"),
)

breakdowns = Table(
    "breakdowns",
    metadata,
    id_column(),
    round_column(),
    Column("instrument_id", Text, nullable=False),
    Column("scope", Text, nullable=False),  # all | group | level | parent | unit
    Column("scope_id", Text, nullable=False),
    Column("dimension", Text, nullable=False),  # empty | channel | respondent | field
    Column("category", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("factor", Text, nullable=False),
    Column("records_received", Integer, nullable=False),
    Column("records_counted", Integer, nullable=False),
    *(
        Column(f"{part}_{version}", BigInteger, nullable=False)
        for version in ("as_received", "after_review", "bound_low", "bound_high")
        for part in ("satisfied", "answers")
    ),
    Column("interval_low", Float),
    Column("interval_high", Float),
    Index("ix_breakdowns_round_scope", "round_id", "scope_id"),
)

# What follows from scores and from what people brought with them: changes, index sheets,
# published figures, awards, targets, actions, complaints. One row a statement.
outcomes = Table(
    "outcomes",
    metadata,
    id_column(),
    round_column(),
    Column("kind", Text, nullable=False),
    Column("programme", Text, nullable=False),  # satisfaction | agency | index
    Column("unit_id", Text),
    Column("about", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Index("ix_outcomes_round_kind", "round_id", "kind"),
)
