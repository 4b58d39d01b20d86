"""Having a scan ready before the browser asks for it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from audit.desk.casefile import read_case
from audit.desk.pictures import Pictures
from audit.store import Store, schema
from detectors.errors import AuditError
from detectors.instrument import Instrument

__all__ = ["Ahead"]

_WAITING = 100


class Ahead:
    """Lays pages that will be asked for: of the case just opened, and of those that come next.

    A picture has its written fields covered, and goes nowhere but into the memory that
    everybody's pictures are taken from: who may see it is asked when it is asked for.
    """

    def __init__(
        self, store: Store, pictures: Pictures, instruments: Mapping[str, Instrument]
    ) -> None:
        """Prepare pictures of the cases in ``store``."""
        self._store = store
        self._pictures = pictures
        self._instruments = instruments
        self._now = ThreadPoolExecutor(1, "desk-now")
        self._later = ThreadPoolExecutor(1, "desk-ahead", _step_back)
        self._waiting: set[int] = set()
        self._lock = threading.Lock()

    def begin(self, page: sa.RowMapping, instrument_id: str) -> None:
        """Begin with a page that the browser will ask for as soon as it has the case."""
        about = (page["sha256"], page["page"], instrument_id)
        if not self._pictures.ready(*about):
            self._now.submit(self._lay, *about)

    def prepare(self, *cases: int | None) -> None:
        """Have the first page of cases laid, some time soon; nothing where much waits."""
        for case_id in cases:
            if case_id is None:
                continue
            with self._lock:
                if case_id in self._waiting or len(self._waiting) >= _WAITING:
                    continue
                self._waiting.add(case_id)
            self._later.submit(self._make, case_id)

    def close(self) -> None:
        """Let go of what waits, and wait for what is under way."""
        for lane in (self._now, self._later):
            lane.shutdown(cancel_futures=True)

    def _make(self, case_id: int) -> None:
        try:
            with self._store.reading() as connection:
                query = sa.select(schema.cases).where(schema.cases.c.id == case_id)
                row = connection.execute(query).mappings().first()
                if row is None:
                    return
                file = read_case(connection, row, self._instruments[row["instrument_id"]])
            page = file.first_sheet()
            if page is not None:
                self._lay(page["sha256"], page["page"], row["instrument_id"])
        except AuditError:
            return  # whoever asks for it will be told
        finally:
            with self._lock:
                self._waiting.discard(case_id)

    def _lay(self, sha256: str, page: int, instrument_id: str) -> None:
        with contextlib.suppress(AuditError):  # whoever asks for it will be told
            self._pictures.whole(sha256, page, instrument_id, "scan", covered=True, full=False)


def _step_back() -> None:
    """Let whoever waits go first: on Linux a thread has a niceness of its own."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
