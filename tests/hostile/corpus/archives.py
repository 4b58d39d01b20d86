"""Backups: archives that want to write where they should not."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable

from tests.hostile.corpus.case import READ, Case

__all__ = ["CASES", "backup"]

FORMAT = "survey-audit backup 1"


def _info(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def backup(
    *more: tuple[tarfile.TarInfo, bytes],
    manifest: bytes | None = None,
    kind: int = tarfile.PAX_FORMAT,
) -> bytes:
    """A backup of one file and these, with a manifest that fits."""
    out = io.BytesIO()
    files = [(_info("round/audit.toml"), b"x"), *more]
    with tarfile.TarFile(fileobj=out, mode="w", format=kind) as tar:
        said = {}
        for info, data in files:
            if info.isreg():
                info.size = info.size or len(data)
                said[info.name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            tar.addfile(info, io.BytesIO(data))
        text = manifest or json.dumps({"format": FORMAT, "files": said}).encode()
        tar.addfile(_info("manifest.json", size=len(text)), io.BytesIO(text))
    return out.getvalue()


def named(name: str, **fields: object) -> Callable[[], bytes]:
    return lambda: backup((_info(name, **fields), b"" if fields.get("type") else b"evil"))


def _through_a_link() -> bytes:
    return backup(
        (_info("round/inbox", type=tarfile.SYMTYPE, linkname="/tmp"), b""),
        (_info("round/inbox/evil"), b"evil"),
    )


def _sparse() -> bytes:
    """A file that is a terabyte long and holds nothing (GNU sparse, 1.0)."""
    info = _info("round/hole")
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "round/hole",
        "GNU.sparse.realsize": str(1 << 40),
    }
    return backup((info, b"1\n0\n0\n".ljust(512, b"\0")))


def _size_of_terabytes() -> bytes:
    data = bytearray(backup())
    data[124:136] = b"77777777777\0"
    head = bytes(data[:148]) + b" " * 8 + bytes(data[156:512])
    data[148:156] = f"{sum(head):06o}\0 ".encode()
    return bytes(data)


def _pax(**headers: str) -> Callable[[], bytes]:
    def make() -> bytes:
        info = _info("round/x")
        info.pax_headers = {key.replace("_", "."): value for key, value in headers.items()}
        return backup((info, b"x"))

    return make


CASES = (
    Case("plain.tar", "backup", backup, READ, ("1 files",)),
    Case("traversal.tar", "backup", named("round/../../evil"), says=("no backup holds",)),
    Case("absolute.tar", "backup", named("/tmp/evil"), says=("no backup holds",)),
    Case("backslash.tar", "backup", named("round\\..\\evil"), says=("no backup holds",)),
    Case("dot.tar", "backup", named("round/./x"), says=("no backup holds",)),
    Case("escape_name.tar", "backup", named("round/\x1b[2J"), says=("no backup holds",)),
    Case("bidi_name.tar", "backup", named("round/\u202egnp.x")),
    Case("surrogate_name.tar", "backup", named("round/\udcff"), None),
    Case("long_name.tar", "backup", named("round/" + "x" * 5_000)),
    Case("deep_name.tar", "backup", named("round/" + "x/" * 3_000 + "y")),
    Case("file_as_folder.tar", "backup",
         lambda: backup((_info("round/a"), b"x"), (_info("round/a/b"), b"y"))),
    Case("twice.tar", "backup", lambda: backup((_info("round/audit.toml"), b"y")),
         says=("no backup holds",)),
    Case("case.tar", "backup", lambda: backup((_info("round/AUDIT.toml"), b"y")), None),
    Case("link.tar", "backup", named("round/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
         says=("no backup holds",)),
    Case("hard_link.tar", "backup", named("round/l", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
         says=("no backup holds",)),
    Case("device.tar", "backup", named("round/d", type=tarfile.CHRTYPE), says=("no backup holds",)),
    Case("pipe.tar", "backup", named("round/p", type=tarfile.FIFOTYPE), says=("no backup holds",)),
    Case("folder.tar", "backup", named("round/f", type=tarfile.DIRTYPE), says=("no backup holds",)),
    Case("through_a_link.tar", "backup", _through_a_link, says=("no backup holds",)),
    Case("sparse.tar", "backup", _sparse),
    Case("size_of_terabytes.tar", "backup", _size_of_terabytes),
    Case("pax_size.tar", "backup", _pax(size="9" * 30), None),
    Case("pax_negative.tar", "backup", _pax(size="-5"), None),
    Case("pax_no_number.tar", "backup", _pax(size="x", mtime="nan", uid="1e999"), None),
    Case("pax_path.tar", "backup", _pax(path="../evil")),
    Case("pax_zero.tar", "backup", _pax(path="round/a\0b"), None),
    Case("manifest_deep.tar", "backup", lambda: backup(manifest=b"[" * 1_000_000)),
    Case("manifest_list.tar", "backup", lambda: backup(manifest=b"[]")),
    Case("manifest_files.tar", "backup", lambda: backup(
        manifest=json.dumps({"format": FORMAT, "files": {"round/audit.toml": 5}}).encode())),
    Case("manifest_names.tar", "backup", lambda: backup(
        manifest=json.dumps({"format": FORMAT, "files": {"\x1b[2J" * 9_000: {}}}).encode())),
    Case("manifest_digits.tar", "backup", lambda: backup(
        manifest=b'{"format":' + b"9" * 5_000 + b"}")),
    Case("cut.tar", "backup", lambda: backup()[:700]),
    Case("no_tar.tar", "backup", lambda: b"\x1f\x8b" + bytes(600)),
    Case("empty.tar", "backup", lambda: b""),
    Case("zeros.tar", "backup", lambda: bytes(1 << 20)),
    Case("many_members.tar", "backup", lambda: backup(
        *((_info(f"round/{n}"), b"") for n in range(1_000))), None),
)  # fmt: skip
