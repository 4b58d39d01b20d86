"""Having the next scan ready before somebody asks for it."""

from __future__ import annotations

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
    """One thread that lays the first page of cases that will be looked at next.

    The picture has its written fields covered, and goes nowhere but into the memory that
    everybody's pictures are taken from: who may see it is asked when it is asked for.
    """

    def __init__(
        self, store: Store, pictures: Pictures, instruments: Mapping[str, Instrument]
    ) -> None:
        """Prepare pictures of the cases in ``store``."""
        self._store = store
        self._pictures = pictures
        self._instruments = instruments
        self._thread = ThreadPoolExecutor(1, "desk-ahead")
        self._waiting: set[int] = set()
        self._lock = threading.Lock()

    def prepare(self, case_id: int | None) -> None:
        """Have the first page of a case laid, some time soon; nothing where much waits."""
        if case_id is None:
            return
        with self._lock:
            if case_id in self._waiting or len(self._waiting) >= _WAITING:
                return
            self._waiting.add(case_id)
        self._thread.submit(self._make, case_id)

    def close(self) -> None:
        """Let go of what waits, and wait for what is under way."""
        self._thread.shutdown(cancel_futures=True)

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
                self._pictures.whole(
                    *(page["sha256"], page["page"], row["instrument_id"], "scan"),
                    covered=True,
                    full=False,
                )
        except AuditError:
            return  # whoever asks for it will be told
        finally:
            with self._lock:
                self._waiting.discard(case_id)
