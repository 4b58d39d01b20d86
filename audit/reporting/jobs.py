"""Writing the documents of one unit, in a worker process or in this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit.reporting.crops import CropRequest, cut
from detectors.errors import AuditError, WorkerDied
from detectors.instrument import Instrument
from reports.views import UnitReport
from reports.views.papers import Explanation, Minutes
from reports.write import write_paper, write_unit

__all__ = ["UnitJob", "Written", "given_up", "write_job"]


@dataclass(frozen=True)
class UnitJob:
    """What to write about one unit; everything that a worker needs, and nothing of the store.

    Attributes:
        folder: Where to.
        unit_id: The unit.
        views: What its documents say, their extracts still to be cut.
        languages: The first has the index page.
        formats: Of :data:`reports.files.FORMATS`.
        requests: Extracts to cut, keyed by their place in the list of examples.
        instrument: The form.
    """

    folder: Path
    unit_id: str
    views: tuple[UnitReport | Minutes | Explanation, ...]
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    requests: tuple[CropRequest, ...]
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Written:
    """How it went: the files, or why there are none."""

    unit_id: str
    paths: tuple[Path, ...] = ()
    error: AuditError | None = None


def write_job(job: UnitJob) -> Iterator[Written]:
    """Cut the extracts, build the documents, write the files."""
    crops = cut(job.requests, job.instrument)
    paths: list[Path] = []
    try:
        for view in job.views:
            whole = _with_crops(view, crops)
            if isinstance(whole, UnitReport):
                paths += write_unit(job.folder, whole, job.languages, job.formats)
            else:
                paths += write_paper(
                    job.folder, whole, job.languages, job.formats, unit_id=job.unit_id
                )
    except AuditError as error:
        yield Written(job.unit_id, error=error)
    else:
        yield Written(job.unit_id, tuple(paths))


def given_up(job: UnitJob, _page: int, reason: str) -> Written:
    """What stands for a unit whose worker failed or died twice."""
    error = WorkerDied(
        f"the report cannot be written ({reason})",
        where=f"unit {job.unit_id}",
        remedy="run it again",
    )
    return Written(job.unit_id, error=error)


def _with_crops(
    view: UnitReport | Minutes | Explanation, crops: Mapping[int, bytes]
) -> UnitReport | Minutes | Explanation:
    if isinstance(view, Minutes):
        forms = tuple(
            form if form.crop_key is None else replace(form, crop=crops.get(form.crop_key))
            for form in view.forms
        )
        return replace(view, forms=forms)
    if isinstance(view, UnitReport) and view.images is not None:
        examples = tuple(
            replace(example, crop=crops.get(place))
            for place, example in enumerate(view.images.examples)
        )
        return replace(view, images=replace(view.images, examples=examples))
    return view
