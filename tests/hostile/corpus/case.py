"""One file of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["READ", "REFUSED", "STOPPED", "Case"]

READ, REFUSED, STOPPED = "read", "refused", "stopped"


@dataclass(frozen=True)
class Case:
    """A file made to do harm.

    Attributes:
        name: What it tries, and its ending.
        target: Who reads it, of :data:`tests.hostile.targets.TARGETS`.
        make: Its content.
        ends: ``read`` or ``refused``; ``None`` where both are right; ``stopped`` where only the
            limits of a worker end it, be it time or memory: it is read by workers as a run reads.
        says: Words that what is read or said must hold.
        code: Exit code of a refusal.
    """

    name: str
    target: str
    make: Callable[[], bytes]
    ends: str | None = REFUSED
    says: tuple[str, ...] = ()
    code: int = 2

    def write(self, folder: Path) -> Path:
        """Make the file below ``folder``."""
        path = folder / self.name
        path.write_bytes(self.make())
        return path
