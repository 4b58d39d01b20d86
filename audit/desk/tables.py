"""A view as a file: the cells that are shown, as CSV or XLSX, and nothing that computes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi.responses import Response

from audit.desk.web import Refused, Visit
from audit.export import csv_text, write_frame
from audit.trail.acts import Action

__all__ = ["KINDS", "exported"]

KINDS = ("csv", "xlsx")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def exported(
    visit: Visit,
    kind: str,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    about: str | None = None,
) -> Response:
    """The file, told in the trail.

    Args:
        visit: The request.
        kind: One of :data:`KINDS`.
        name: Of the file, without its ending.
        columns: Heading -> cells from the top, as the page shows them.
        about: What is told; ``name`` without it.

    Raises:
        Refused: For another kind.
    """
    if kind not in KINDS:
        raise Refused(404, "refused.nothing")
    frame = pd.DataFrame({heading: list(cells) for heading, cells in columns.items()})
    told = f"{about or name} ({len(frame)} rows, {kind})"
    with visit.desk.journal.doing(Action.EXPORT, told, visit.who):
        pass
    if kind == "csv":
        data, media = csv_text(frame).encode("utf-8-sig"), "text/csv; charset=utf-8"
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "view.xlsx"
            write_frame(frame, path, "xlsx")
            data, media = path.read_bytes(), _XLSX
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.{kind}"'}
    return Response(data, media_type=media, headers=headers)
