"""Signs that show only when all that came in is put together. Pure.

They are rules that are broken or not, so they carry no p-value; each has honest causes,
and none of them says more than that a person should look.
"""

from __future__ import annotations

from collections.abc import Sequence

from detectors.finding import Family, Finding, Message, Severity

__all__ = ["TITLES", "VERSIONS", "not_issued", "record_differs", "serial_reused", "unit_differs"]

VERSIONS = {
    "custody.serial_reused": "1",
    "custody.not_issued": "1",
    "custody.unit_differs": "1",
    "custody.record_differs": "1",
}

TITLES = {
    "custody.serial_reused": Message("Số sê-ri dùng lại", "Serial used again"),
    "custody.not_issued": Message("Phiếu ngoài sổ giao nhận", "Form outside the custody list"),
    "custody.unit_differs": Message("Phiếu lẫn đơn vị", "Form of another unit"),
    "custody.record_differs": Message(
        "Số liệu nhập khác phiếu giấy", "Typed record differs from the paper"
    ),
}


def serial_reused(record_id: str, serial: str, others: Sequence[str]) -> Finding:
    """One serial on different sheets. Honest: a sheet was scanned twice, or a misprint."""
    there = ", ".join(others[:3])
    return Finding(
        detector="custody.serial_reused",
        family=Family.CUSTODY,
        kind="serial_reused",
        score=float(len(others)),
        p_value=None,
        severity=Severity.ORANGE,
        message=Message(
            f"Có dấu hiệu dùng lại số sê-ri {serial}: cũng thấy ở {there}.",
            f"Signs that serial {serial} was used again: it is also on {there}.",
        ),
        record_id=record_id,
        matches=tuple(others),
        evidence={"serial": serial},
    )


def not_issued(record_id: str, serial: str) -> Finding:
    """A serial that stands in no batch. Honest: the custody table is not complete."""
    return Finding(
        detector="custody.not_issued",
        family=Family.CUSTODY,
        kind="not_issued",
        score=1.0,
        p_value=None,
        severity=Severity.YELLOW,
        message=Message(
            f"Có dấu hiệu phiếu ngoài sổ giao nhận: số sê-ri {serial} không thuộc lô nào.",
            f"Signs of a form outside the custody list: serial {serial} is in no batch.",
        ),
        record_id=record_id,
        evidence={"serial": serial},
    )


def unit_differs(record_id: str, serial: str, issued_to: str, found_at: str) -> Finding:
    """Issued to one unit, handed in by another. Honest: filed in the wrong folder."""
    return Finding(
        detector="custody.unit_differs",
        family=Family.CUSTODY,
        kind="unit_differs",
        score=1.0,
        p_value=None,
        severity=Severity.ORANGE,
        message=Message(
            f"Có dấu hiệu lẫn lô: phiếu {serial} phát cho {issued_to} nhưng nộp ở {found_at}.",
            f"Signs of mixed batches: form {serial} was issued to {issued_to} "
            f"and handed in at {found_at}.",
        ),
        record_id=record_id,
        evidence={"serial": serial, "issued_to": issued_to, "found_at": found_at},
    )


def record_differs(
    record_id: str, serial: str, differing: Sequence[tuple[str, str, str]]
) -> Finding:
    """What was typed is not what stands on the paper. Honest: a slip, or a misread mark.

    Args:
        record_id: The record.
        serial: Of the sheet.
        differing: ``(item, on the paper, in the table)``.
    """
    some = ", ".join(f"{item}: {paper} → {typed}" for item, paper, typed in differing[:4])
    return Finding(
        detector="custody.record_differs",
        family=Family.CUSTODY,
        kind="record_differs",
        score=float(len(differing)),
        p_value=None,
        severity=Severity.ORANGE,
        message=Message(
            f"Có dấu hiệu số liệu nhập khác phiếu giấy {serial} ở {len(differing)} câu ({some}).",
            f"Signs that the typed record differs from paper form {serial} "
            f"in {len(differing)} items ({some}).",
        ),
        item=differing[0][0],
        record_id=record_id,
        evidence={"serial": serial, "differing": [list(d) for d in differing]},
    )
