"""A whole screen against reading its table."""

from __future__ import annotations

from tests.bench.measure import Measure, fastest


def measures() -> list[Measure]:
    """A table of 100,000 records against reading the same table from CSV."""
    import io

    import pandas as pd

    from detectors.screening import screen
    from detectors.simulate.round import simulate_round

    made = simulate_round(3, 500, records_per_unit=190)
    text = made.responses.to_csv(index=False)
    floor, value = fastest(
        lambda: pd.read_csv(io.StringIO(text)),
        lambda: screen(made.responses, made.instrument, units=made.units, seed=1),
        repeats=1,
    )
    name = f"screen {len(made.responses)} records of {len(made.units)} units"
    return [Measure(name, value, "s", value / floor, "pandas.read_csv of the same table")]
