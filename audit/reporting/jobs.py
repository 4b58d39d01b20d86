"""Writing the documents of one unit, in a worker process or in this one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.reporting.crops import CropRequest, cut
from detectors.errors import AuditError, WorkerDied
from detectors.instrument import Instrument
from reports.files import unit_file
from reports.views import UnitReport
from reports.write import write_unit

__all__ = ["UnitJob", "Written", "given_up", "write_job"]


@dataclass(frozen=True)
class UnitJob:
    """What to write about one unit; everything that a worker needs, and nothing of the store.

    Attributes:
        folder: Where to.
        report: What its documents say, their extracts still to be cut.
        languages: The first has the index page.
        formats: Of :data:`reports.files.FORMATS`.
        requests: Extracts to cut, keyed by their place in the list of examples.
        instrument: The form.
    """

    folder: Path
    report: UnitReport
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    requests: tuple[CropRequest, ...]
    instrument: Instrument

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files it makes, in order."""
        unit = self.report.unit.id
        return tuple(
            self.folder / unit_file(unit, language, fmt)
            for language in self.languages
            for fmt in self.formats
        )


@dataclass(frozen=True, slots=True)
class Written:
    """How it went: the files, or why there are none."""

    unit_id: str
    paths: tuple[Path, ...] = ()
    error: AuditError | None = None


def write_job(job: UnitJob) -> Iterator[Written]:
    """Cut the extracts, build the documents, write the files."""
    report = _with_crops(job.report, cut(job.requests, job.instrument))
    try:
        paths = write_unit(job.folder, report, job.languages, job.formats)
    except AuditError as error:
        yield Written(report.unit.id, error=error)
    else:
        yield Written(report.unit.id, tuple(paths))


def given_up(job: UnitJob, _page: int, reason: str) -> Written:
    """What stands for a unit whose worker failed or died twice."""
    unit = job.report.unit.id
    error = WorkerDied(
        f"the report cannot be written ({reason})", where=f"unit {unit}", remedy="run it again"
    )
    return Written(unit, error=error)


def _with_crops(report: UnitReport, crops: Mapping[int, bytes]) -> UnitReport:
    if report.images is None:
        return report
    examples = tuple(
        dataclasses.replace(example, crop=crops.get(place))
        for place, example in enumerate(report.images.examples)
    )
    return dataclasses.replace(report, images=dataclasses.replace(report.images, examples=examples))
