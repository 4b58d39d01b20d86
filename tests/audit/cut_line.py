"""A line to a server that breaks in the middle of what is sent over it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["CutLine", "cut_line"]


class CutLine:
    """Passes bytes on in both directions until so many were sent, then nobody gets through.

    Attributes:
        port: Where it listens on this machine.
        left: Bytes that may still be sent; ``None`` for any number.
        cuts: Connections that were broken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.left: int | None = None
        self.cuts = 0
        self._turn = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.left is not None and self.left <= 0:
                    self._break(client)
                    continue
                server = socket.create_connection(self._to)
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if outward and not self._may(len(data)):
                    # Half of what was sent last still arrives.
                    target.sendall(data[: len(data) // 2])
                    break
                target.sendall(data)
        for end in (source, target):
            self._break(end)

    def _may(self, size: int) -> bool:
        with self._turn:
            if self.left is None:
                return True
            self.left -= size
            self.cuts += self.left <= 0
            return self.left > 0

    def _break(self, end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def cut_line(address: str) -> Iterator[CutLine]:
    """A line to ``http://host:port``."""
    host, _, port = address.removeprefix("http://").partition(":")
    line = CutLine(host, int(port))
    try:
        yield line
    finally:
        line.close()
