"""How often a run looks for memory to free."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["few_collections"]

# New containers between two looks; Python's own number is 700. Rows of a store are millions of
# small tuples, none of which ever hangs on itself: looking through them takes half of reading.
_BETWEEN = 100_000


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for circles of objects a hundred times as rarely meanwhile."""
    usual = gc.get_threshold()
    gc.set_threshold(_BETWEEN, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
