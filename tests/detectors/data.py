"""Where the public data for development stand, and small tables made of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detectors.instrument import Instrument, Item, Marks

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SURVEY_AUDIT_DATA", ROOT.parent / "shared" / "data"))


def table(name: str) -> pd.DataFrame:
    """A table of ``tables/``; the test is skipped where the data are not there."""
    path = DATA / "tables" / name
    if not path.is_file():
        pytest.skip(f"public data not here: {path.name} (set SURVEY_AUDIT_DATA)")
    return pd.read_csv(path)


def instrument(scales: dict[str, tuple[int, ...]], **marks: object) -> Instrument:
    """An instrument of rating items."""
    items = tuple(Item(id=name, scale=scale) for name, scale in scales.items())
    return Instrument("T", "1", {"vi": "t", "en": "t"}, items, Marks(), (), "t", Path("t.toml"))


def pool(name: str) -> tuple[pd.DataFrame, Instrument]:
    """Real rows of a questionnaire as item columns, and an instrument for them."""
    raw = table(name)
    whole = [
        c
        for c in raw.columns
        if pd.api.types.is_numeric_dtype(raw[c])
        and (raw[c].dropna() % 1 == 0).all()
        and raw[c].nunique() > 1
        and raw[c].max() < 10
        and c != "failed_checks"
    ]
    answers = raw[whole].astype("Int64")
    scales = {
        c: tuple(range(int(answers[c].min()), int(answers[c].max()) + 1)) for c in answers.columns
    }
    return answers, instrument(scales)


def in_random_units(answers: pd.DataFrame, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows shuffled into paper units of ``size``; a remainder is left out."""
    count = len(answers) // size * size
    order = rng.permutation(len(answers))[:count]
    frame = answers.iloc[order].reset_index(drop=True)
    frame.insert(0, "record_id", [f"r{i:05d}" for i in range(count)])
    frame.insert(1, "unit_id", [f"u{i // size:03d}" for i in range(count)])
    frame.insert(2, "channel", "paper")
    return frame
