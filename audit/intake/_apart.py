"""Reading a table in a process of its own, which may die without harm.

Workbooks and Parquet files are compressed and read by compiled code: what a hostile one
costs is known only when it is read. The process may use so much memory and no more, and
as much time as a file of that size needs; then the file is refused and the rest goes on.
One process reads one table after the other and is replaced when it is lost.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock

from audit.intake._raw import RawTable
from detectors.errors import AuditError, InputError
from scans.worker import limit_cpu, limit_memory

__all__ = ["APART", "ApartLimits", "read_apart"]

Read = Callable[[Path, Path], RawTable]


@dataclass(frozen=True, slots=True)
class ApartLimits:
    """What reading one table may take.

    Attributes:
        memory_bytes: Address space; libraries alone map about a gigabyte.
        seconds: Processor time for any file, and doubled, time on the clock.
        seconds_a_megabyte: More of it for a larger file: ten times what a full workbook takes.
    """

    memory_bytes: int = 6 << 30
    seconds: float = 60.0
    seconds_a_megabyte: float = 10.0


APART = ApartLimits()


def read_apart(
    read: Read, path: Path, name: Path, size: int, limits: ApartLimits = APART
) -> RawTable:
    """What ``read(path, name)`` gives, read in another process.

    Args:
        read: A function of a module.
        path: The file.
        name: What it is called.
        size: In bytes.
        limits: Of that process.

    Raises:
        InputError: If it is refused, takes too much memory or time, or kills its reader.
    """
    seconds = limits.seconds + limits.seconds_a_megabyte * size / (1 << 20)
    with _LOCK:
        reader = _reader(limits)
        whole = False
        try:
            reader.pipe.send((read, path, name, seconds))
            if not reader.pipe.poll(2.0 * seconds):
                raise _refused(name, f"reading it takes longer than {seconds:.0f} s")
            found = reader.pipe.recv()
            whole = True
        except (EOFError, ConnectionResetError, BrokenPipeError) as error:
            reader.process.join(5.0)
            if reader.process.exitcode == -getattr(signal, "SIGXCPU", 24):
                raise _refused(name, f"reading it takes longer than {seconds:.0f} s") from error
            what = "reading it killed the reader (memory, or a broken file)"
            raise _refused(name, what) from error
        finally:
            if not whole:
                _bury(reader)
    if isinstance(found, AuditError):
        raise found
    if isinstance(found, str):
        raise _refused(name, found)
    table: RawTable = found
    return table


@dataclass(eq=False)
class _Reader:
    process: BaseProcess
    pipe: Connection
    limits: ApartLimits
    owner: int


_LOCK = Lock()
_READERS: list[_Reader] = []


def _reader(limits: ApartLimits) -> _Reader:
    """The process that is there, or a new one."""
    for reader in list(_READERS):
        ours = reader.owner == os.getpid()
        if ours and reader.limits == limits and reader.process.is_alive():
            return reader
        _READERS.remove(reader)
        if ours:
            _bury(reader)
    context = get_context("forkserver")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, limits.memory_bytes), daemon=True)
    process.start()
    theirs.close()
    _READERS.append(_Reader(process, pipe, limits, os.getpid()))
    return _READERS[-1]


def _bury(reader: _Reader) -> None:
    with contextlib.suppress(ValueError):
        _READERS.remove(reader)
    reader.process.kill()
    reader.process.join(5.0)
    reader.pipe.close()


def _refused(name: Path, what: str) -> InputError:
    return InputError(what, where=str(name), remedy="export it again as CSV, or split it by batch")


def _work(pipe: Connection, memory_bytes: int) -> None:
    """The life of a reader: a table at a time until the pipe is closed."""
    # An interrupt is the parent's to handle: it kills its readers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(memory_bytes)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            read, path, name, seconds = pipe.recv()
            limit_cpu(seconds)
            found = _read(read, path, name)
            try:
                pipe.send(found)
            except MemoryError:
                pipe.send(_TOO_MUCH)
            del found


_TOO_MUCH = "reading it takes more memory than a table may have"


def _read(read: Read, path: Path, name: Path) -> RawTable | AuditError | str:
    try:
        return read(path, name)
    except AuditError as error:
        return error
    except MemoryError:
        return _TOO_MUCH
    except Exception as error:
        # Whatever goes wrong with one file must not end the run.
        return f"the program failed on it ({type(error).__name__}: {error})"
