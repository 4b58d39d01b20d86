"""What stands outside the store and bears witness: checkpoints, and heads on reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from audit.trail.checkpoint import KEY_FILE, Checkpoint, checkpoints
from audit.trail.keys import read_public
from audit.trail.links import Chain
from audit.trail.transcript import Fault
from detectors.errors import AuditError, InputError

__all__ = ["Found", "Kept", "check_checkpoints", "check_report"]

_HEAD = re.compile(r'class="trail-head"[^>]*>\s*([0-9a-f]{64})\s*<')
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_MOST = 256 << 20


Found = Sequence[tuple[Path, Checkpoint | None]]
Kept = str | tuple[str, ...] | None
"""Public keys in hex that somebody kept apart: none, one, or one for each time it was changed."""


def check_checkpoints(
    chain: Chain, folder: Path, public_key: Kept, there: Found | None = None
) -> tuple[list[Fault], list[str], int]:
    """Whether a trail continues every checkpoint that was kept of it.

    Args:
        chain: The trail, already followed.
        folder: Of checkpoints.
        public_key: The key in hex that somebody kept, or all that they kept where it was
            changed; every checkpoint must be signed by one of them.
        there: What the folder held before the trail was read: a run that ends meanwhile
            adds a checkpoint of entries that this view of the trail does not have.

    Returns:
        Faults, notes, and the number of checkpoints.
    """
    faults: list[Fault] = []
    notes: list[str] = []
    count, agreed, sealed = 0, 0, set()
    for path, checkpoint in list(checkpoints(folder)) if there is None else there:
        count += 1
        if checkpoint is None:
            faults.append(Fault(str(path), "is no checkpoint, or was changed"))
        elif not checkpoint.genuine:
            faults.append(Fault(str(path), "its signature is not genuine"))
        elif checkpoint.head in chain.set_aside:
            notes.append(f"{path}: set aside by a restore that the trail records")
        elif (doubt := _key_doubt(chain, checkpoint, public_key)) is not None:
            faults.append(Fault(str(path), doubt))
        elif chain.heads.get(checkpoint.head) != checkpoint.size:
            faults.append(Fault(str(path), _disagreement(chain, checkpoint, agreed)))
        else:
            agreed = checkpoint.size
            sealed.add(checkpoint.size)
    now = {c.head for _, c in checkpoints(folder) if c is not None and c.genuine}
    heads = {seq: head for head, seq in chain.heads.items() if seq in chain.ends}
    for seq, run in sorted(chain.ends.items()):
        if seq not in sealed and heads.get(seq) not in now:
            missing = f"the checkpoint of run {run} is missing"
            faults.append(Fault(str(folder / f"{seq}.json"), missing))
    if len(chain.keys) > 1:
        changes = ", ".join(str(seq) for seq, _ in chain.keys[1:])
        notes.append(f"the signing key was changed at seq {changes}")
    if not _public_fits(chain, folder / KEY_FILE):
        faults.append(Fault(str(folder / KEY_FILE), "is not the key that the trail names"))
    return faults, notes, count


def _key_doubt(chain: Chain, checkpoint: Checkpoint, public_key: Kept) -> str | None:
    kept = (public_key,) if isinstance(public_key, str) else public_key
    if kept is not None and checkpoint.key not in kept:
        return "is not signed by the key that was given"
    known = [key for seq, key in chain.keys if seq <= checkpoint.size][-1:]
    # A trail that does not reach so far says nothing of the key; that it is short is told.
    if checkpoint.key not in known and checkpoint.size <= chain.size:
        return "is signed by a key that the trail did not know then"
    return None


def _public_fits(chain: Chain, path: Path) -> bool:
    if not path.is_file() or not chain.keys:
        return True
    try:
        return read_public(path) == chain.keys[-1][1]
    except AuditError:
        return False


def _disagreement(chain: Chain, checkpoint: Checkpoint, agreed: int) -> str:
    if checkpoint.size > chain.size:
        return (
            f"the trail ends at seq {chain.size}, before this checkpoint: entries were cut off, "
            "or an older store was put in its place"
        )
    since = f"after seq {agreed}" if agreed else "from its beginning"
    return (
        f"seq {checkpoint.size} of the trail is another than the one that was signed: the trail "
        f"was rewritten {since}"
    )


def check_report(chain: Chain, report: str) -> tuple[list[Fault], list[str]]:
    """Whether the head that is printed on a report is that of an entry.

    Args:
        chain: The trail, already followed.
        report: An HTML file, or the head itself in hex, typed from paper.

    Returns:
        Faults and notes.

    Raises:
        InputError: If the file cannot be read.
    """
    faults: list[Fault] = []
    notes: list[str] = []
    if _HASH.fullmatch(report):
        where, heads = "the head given", {report.lower()}
    else:
        where, heads = report, set(_HEAD.findall(_text(Path(report))))
    if not heads:
        faults.append(Fault(where, "no head of a trail is printed on it"))
    for head in sorted(heads):
        seq = chain.heads.get(head)
        if seq is None:
            faults.append(Fault(where, f"the head {head} is that of no entry of the trail"))
        else:
            notes.append(f"{where}: made from the trail as it was at seq {seq}")
    return faults, notes


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(
            f"the report cannot be read ({error.strerror})",
            where=str(path),
            remedy="name an HTML report, or the head that is printed on it",
        ) from error
