"""The scans of a round: which are to be judged, brought to the workers in turns, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from audit.intake.originals import Originals, hash_file
from audit.intake.originals_at import originals_at
from audit.pipeline.plan import FileWork, page_key, pages_to_judge
from audit.pipeline.scan import PaperForm, compare, judge
from audit.pipeline.sources import RoundForm
from audit.pipeline.tools import Tools
from audit.settings import Settings
from audit.store import Store
from audit.store.pages import Files, Pages

__all__ = ["compare_pages", "judge_pages", "outdated_references", "references"]

# Files that are fetched from a bucket at a time: enough to keep workers busy for a minute, few
# enough for a temporary folder.
_FETCHED = 256


def references(settings: Settings, forms: Sequence[RoundForm]) -> dict[str, str]:
    """Hash of each reference, by instrument."""
    return {
        form.instrument.id: hash_file(settings.path(form.settings.reference))
        for form in forms
        if form.settings.reference is not None
    }


def outdated_references(settings: Settings, forms: Sequence[RoundForm]) -> list[str]:
    """One line for each reference of a paper form that was learned with other checks than today's.

    Raises:
        InputError: If a file is no reference.
    """
    from scans.reference import load_reference

    named = dict.fromkeys(form.reference for form in _paper(settings, forms) if form.reference)
    lines = [load_reference(path).outdated_line(path) for path in named]
    return [line for line in lines if line is not None]


def judge_pages(store: Store, settings: Settings, forms: Sequence[RoundForm], tools: Tools) -> int:
    """Judge every scan whose pages are not stored as they should be.

    Returns:
        The number of pages judged.
    """
    paper = _paper(settings, forms)
    work = _work(store, settings, forms, paper, tools)
    if not paper or not work:
        return 0
    originals = originals_at(settings.originals_place)
    total = 0
    for turn in _turns(work, None if originals.shared_paths else _FETCHED):
        with _where(settings, originals, turn) as (where, fetch):
            total += judge(store, settings, paper, turn, where, tools, fetch=fetch)
    return total


def compare_pages(
    store: Store, settings: Settings, forms: Sequence[RoundForm], tools: Tools
) -> None:
    """Compare new pages with all earlier ones, form by form."""
    for form in _paper(settings, forms):
        compare(store, settings.round.id, form.instrument, settings.false_flag_rate, tools)


def _paper(settings: Settings, forms: Sequence[RoundForm]) -> list[PaperForm]:
    return [
        PaperForm(
            form.instrument,
            None if form.settings.reference is None else settings.path(form.settings.reference),
        )
        for form in forms
        if form.instrument.pages
    ]


def _work(
    store: Store,
    settings: Settings,
    forms: Sequence[RoundForm],
    paper: Sequence[PaperForm],
    tools: Tools,
) -> Sequence[FileWork]:
    with store.reading() as connection:
        scans = [dict(row) for row in Files(connection, settings.round.id).kept("scan")]
        done = Pages(connection, settings.round.id).work_keys()
    hashes = {form.instrument.id: form.instrument.sha256 for form in paper}
    honest = references(settings, forms)
    keys = {
        row["sha256"]: page_key(
            row["sha256"], hashes, honest, tools.checks, settings.false_flag_rate
        )
        for row in scans
    }
    return pages_to_judge(scans, done, keys)


def _turns(work: Sequence[FileWork], most: int | None) -> Iterator[list[FileWork]]:
    """Parts of the work, in order; equal contents share one original, so go in other turns."""
    waiting = list(work)
    while waiting:
        turn: list[FileWork] = []
        later: list[FileWork] = []
        seen: set[str] = set()
        for item in waiting:
            full = most is not None and len(turn) >= most
            (later if full or item.sha256 in seen else turn).append(item)
            seen.add(item.sha256)
        yield turn
        waiting = later


@contextmanager
def _where(
    settings: Settings, originals: Originals, turn: Sequence[FileWork]
) -> Iterator[tuple[Mapping[int, Path], str | None]]:
    """Where the files of a turn are; workers on other machines fetch theirs from a bucket."""
    hashes = [item.sha256 for item in turn]
    if settings.engine.kind == "dask" and not originals.shared_paths:
        yield {item.file_id: Path(item.sha256) for item in turn}, originals.where
        return
    with originals.at_hand(hashes) as there:
        yield {item.file_id: there[item.sha256] for item in turn}, None
