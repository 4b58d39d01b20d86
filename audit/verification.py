"""Whether what is kept of a round still is what was taken in, decided and found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from audit.settings import Settings
from audit.trail.verify import Place, Verification, verify_store
from audit.trail.witnesses import Kept

__all__ = ["place_of", "verify_round"]


def place_of(settings: Settings, *, public_key: Kept = None) -> Place:
    """Where the things of a round are, for the verifier."""
    return Place(
        url=settings.store_url,
        round_id=settings.round.id,
        originals=settings.originals_place,
        runs=settings.path(settings.runs),
        checkpoints=settings.path(settings.checkpoints),
        public_key=public_key,
    )


def verify_round(
    settings: Settings,
    *,
    public_key: Kept = None,
    reports: Sequence[str] = (),
    progress: Callable[..., Iterator[Any]] | None = None,
) -> Verification:
    """Check trail, store, checkpoints, originals and manifests of a round.

    Args:
        settings: Of the round.
        public_key: A key in hex that somebody kept apart, or several.
        reports: HTML files, or heads in hex, that must fit.
        progress: Passes items on: ``(items, label, total=…)``.

    Raises:
        AccessError: If the store cannot be reached.
        InputError: If a report cannot be read.
    """
    place = place_of(settings, public_key=public_key)
    return verify_store(place, reports=reports, progress=progress)
