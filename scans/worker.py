"""Settings of a worker process: one core each, and memory that is reused."""

from __future__ import annotations

import ctypes
import math
import os

__all__ = ["limit_cpu", "limit_memory", "limit_worker"]

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def limit_worker() -> None:
    """Prepare this process for page after page.

    Threads of OpenCV and BLAS inside several workers only fight for the cores. A page is a
    26 MB buffer that the default allocator maps and unmaps each time: 5,600 page faults,
    24 to 40 ms a page; kept on the heap it costs none.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import cv2

    cv2.setNumThreads(1)
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 1 << 30)
    except (OSError, AttributeError):
        # Another C library (musl, Windows): slower, and right all the same.
        return


def limit_memory(most_bytes: int) -> None:
    """Refuse this process more address space; what asks for more gets a ``MemoryError``.

    0 is no limit. Systems without resource limits (Windows) keep none.
    """
    if most_bytes <= 0:
        return
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def limit_cpu(seconds: float) -> None:
    """From now on this process may compute for so long; then the system kills it.

    Called anew for each page, as the system counts from the start of the process; 0 lifts
    the limit again.
    """
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if seconds <= 0:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    wanted = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 1
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
