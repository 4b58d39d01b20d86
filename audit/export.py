"""Tables of a round for other programs, safe to open in a spreadsheet.

A text that begins like a formula would run when the file is opened: in CSV it gets an
apostrophe before it, in XLSX it is stored as text. Numbers are never touched.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.intake.registers import units_at
from audit.judge.decision import CaseState
from audit.pipeline.signs import TITLES
from audit.pipeline.sources import load_forms
from audit.scoring.scores import VERSIONS
from audit.scoring.withholding import by_unit, withhold
from audit.settings import Settings
from audit.sharing import shared
from audit.store import Store
from audit.store.backchecks import Backchecks
from audit.store.cases import Cases
from audit.store.evidence import Findings
from audit.store.outcomes import Outcomes
from audit.store.records import Records
from audit.store.results import Breakdowns, Runs, Scores
from audit.store.rounds import Rounds
from detectors.errors import AccessError
from detectors.finding import Message
from detectors.registry import Level, discover

__all__ = ["csv_text", "frame_of", "json_text", "shared_frame", "write_frame"]

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
_XLSX_ROWS = 1_048_575


def frame_of(store: Store, settings: Settings, what: str) -> pd.DataFrame:
    """One table of the round.

    Args:
        store: Of the round.
        settings: Of the round.
        what: ``records``, ``findings``, ``units``, ``scores``, ``decisions``, ``held``,
            ``custody``, ``runs`` or ``backchecks``.
    """
    with store.reading() as connection:
        return _TABLES[what](connection, settings)


def shared_frame(store: Store, settings: Settings, what: str) -> pd.DataFrame:
    """One table of the round as it may leave the program: :mod:`audit.sharing`."""
    frame = frame_of(store, settings, what)
    units, scores = frame_of(store, settings, "units"), frame_of(store, settings, "scores")
    sizes = pd.DataFrame(columns=["instrument_id", "unit_id", "received"])
    if len(scores):
        sizes = scores.loc[scores["measure"] == "overall", list(sizes.columns)]
    known = units[["unit_id", "group", "level", "parent_id"]].drop_duplicates("unit_id")
    return shared(
        what,
        frame,
        items={item.id for form in load_forms(settings) for item in form.instrument.items},
        titles=_titles(),
        sizes=sizes.merge(known, on="unit_id", how="left"),
    )


def _titles() -> dict[str, Message]:
    """What each check is called."""
    found = {i.id: i.title for level in Level for i in (c.info for c in discover(level).values())}
    return {**found, **TITLES}


def _records(connection: Any, settings: Settings) -> pd.DataFrame:
    frames = []
    for form in load_forms(settings):
        repository = Records(connection, settings.round.id, form.instrument.id)
        rows = [_spread(dict(row), "detectors") for row in repository.all()]
        index = {row["id"]: row for row in rows}
        for item in form.instrument.items:
            for row in rows:
                row[item.id] = None
        for key, item_id, state, value in repository.answers():
            index[key][item_id] = value if state in ("answered", "not_applicable") else None
        frames.append(
            pd.DataFrame([_without(row, "id", "round_id", "content", "file_id") for row in rows])
        )
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    for form in load_forms(settings):
        for item in form.instrument.items:
            if item.id in frame and all(isinstance(v, int | float) for v in item.scale):
                frame[item.id] = pd.to_numeric(frame[item.id])
    return frame


def _findings(connection: Any, settings: Settings) -> pd.DataFrame:
    rows = [dict(row) for row in Findings(connection, settings.round.id).open()]
    return pd.DataFrame([_without(r, "id", "round_id", "page_id", "withdrawn_run") for r in rows])


def _units(connection: Any, settings: Settings) -> pd.DataFrame:
    units = Rounds(connection, settings.round.id).units()
    results = [
        _spread(_without(dict(row), "id", "round_id"), "detectors")
        for row in Findings(connection, settings.round.id).unit_results()
    ]
    if not results:
        return units
    return units.merge(pd.DataFrame(results), on="unit_id", how="left")


def _scores(connection: Any, settings: Settings) -> pd.DataFrame:
    names = {"as_received": "value_as_received", "after_review": "value_after_review"}
    programmes = {form.instrument.id: form.settings.programme for form in load_forms(settings)}
    rows = []
    for stored in Scores(connection, settings.round.id).all():
        row: dict[str, Any] = {
            name: stored[name]
            for name in ("instrument_id", "unit_id", "measure", "factor", "rule_set")
        }
        row["programme"] = programmes.get(stored["instrument_id"])
        row |= {"period": settings.round.id, "period_to": settings.round.date_to.isoformat()}
        row["n"] = stored["records_counted"]
        row["received"] = sum(stored["counts"].values())
        row |= {name: stored["counts"].get(name, 0) for name in ("scored", "held", "excluded")}
        for version in VERSIONS:
            answers = stored[f"answers_{version}"]
            value = stored[f"satisfied_{version}"] / answers if answers else None
            row[names.get(version, version)] = value
            row[f"answers_{version}"] = answers
        for part in ("tier", "rank"):
            row |= {f"{part}_{version}": stored[f"{part}_{version}"] for version in VERSIONS}
        last = ("ranked_units", "rank_best", "rank_worst", "tier_firm")
        rows.append(row | {name: stored[name] for name in last} | _firm(stored["firmness"] or {}))
    frame = pd.DataFrame(rows)
    # A unit without a value has no rank; the ranks of the others stay whole numbers.
    whole = [n for n in frame.columns if n.startswith("rank") and n != "rank_chance"]
    return frame.astype(dict.fromkeys([*whole, *(["sample_needed"] if rows else [])], "Int64"))


def _firm(firm: Mapping[str, Any]) -> dict[str, Any]:
    """What sampling and the bounds leave open, as columns."""
    low, high = firm.get("interval") or (None, None)
    row: dict[str, Any] = {"interval_low": low, "interval_high": high}
    row["effective_n"] = firm.get("effective")
    row |= {"sample_needed": firm.get("sample_needed"), "margin_reached": firm.get("margin")}
    row |= {name: firm.get(name) for name in ("tier_chance", "tier_chance_least")}
    for name, key in (("", "rank_interval"), ("_bounds", "rank_interval_bounds")):
        best, worst = firm.get(key) or (None, None)
        row |= {f"rank_low{name}": best, f"rank_high{name}": worst}
    return row | {"rank_chance": firm.get("rank_chance")}


def _statements(*kinds: str) -> Callable[[Any, Settings], pd.DataFrame]:
    """A table of outcomes of some kinds, the facts of each as columns."""

    def read(connection: Any, settings: Settings) -> pd.DataFrame:
        names = ("kind", "programme", "unit_id", "about", "verdict")
        rows = [
            {name: row[name] for name in names} | dict(row["body"])
            for kind in kinds
            for row in Outcomes(connection, settings.round.id).all(kind)
        ]
        told = dict.fromkeys([*names, *(key for row in rows for key in row)])
        frame = pd.DataFrame(rows, columns=list(told))
        for name in told:
            values = [row[name] for row in rows if row.get(name) is not None]
            if values and all(type(value) is int for value in values):
                frame[name] = frame[name].astype("Int64")  # a rank stays a whole number
        return frame

    return read


def _breakdowns(connection: Any, settings: Settings) -> pd.DataFrame:
    """Results by slice; what few forms gave, or what would tell of them, is withheld."""
    stored: dict[str, list[Mapping[str, Any]]] = {}
    for row in Breakdowns(connection, settings.round.id).all():
        stored.setdefault(row["instrument_id"], []).append(dict(row))
    units = {
        row["unit_id"]: {str(k): v for k, v in row.items()}
        for row in units_at(
            Rounds(connection, settings.round.id).units(), settings.round.date_to
        ).to_dict("records")
    }
    scored = Scores(connection, settings.round.id)
    masked: list[dict[str, Any]] = []
    for name, slices in stored.items():
        masked += withhold(slices, by_unit(scored.all(name)), units)
    rows = []
    for one in masked:
        shown: dict[str, Any] = {
            name: one[name]
            for name in (
                *("instrument_id", "scope", "scope_id", "dimension", "category", "measure"),
                *("factor", "records_received", "records_counted", "suppressed"),
            )
        }
        for version in VERSIONS:
            name = f"value_{version}" if version.startswith("a") else version
            answers = one[f"answers_{version}"]
            shown[name] = one[f"satisfied_{version}"] / answers if answers else None
        shown |= {name: one[name] for name in ("interval_low", "interval_high")}
        rows.append(shown)
    return pd.DataFrame(rows)


def _decisions(connection: Any, settings: Settings) -> pd.DataFrame:
    rows = Cases(connection, settings.round.id).decisions()
    names = ("seq", "at", "actor", "verdict", "reason", "note", "case_id", "instrument_id")
    columns = [*names, "subject", "subject_id", "unit_id", "evidence"]
    # A number of 63 bits would lose its last digits in a spreadsheet.
    found = [{c: row[c] for c in columns} | {"case_id": str(row["case_id"])} for row in rows]
    return pd.DataFrame(found, columns=columns)


def _held(connection: Any, settings: Settings) -> pd.DataFrame:
    """Records that stay out of the score, and why; also those of no known unit."""
    cases = Cases(connection, settings.round.id)
    states = cases.states()
    by_record = {
        (c["instrument_id"], c["subject_id"]): c for c in cases.open() if c["subject"] == "record"
    }
    signs: dict[tuple[str, str], list[str]] = {}
    for finding in Findings(connection, settings.round.id).open():
        if finding["record_id"] is not None:
            about = (finding["instrument_id"], finding["record_id"])
            signs.setdefault(about, []).append(finding["detector"])
    rows = []
    for form in load_forms(settings):
        for record in Records(connection, settings.round.id, form.instrument.id).all():
            if record["state"] == "scored":
                continue
            about = (form.instrument.id, record["record_id"])
            case = by_record.get(about)
            rows.append(
                {
                    "instrument_id": form.instrument.id,
                    "record_id": record["record_id"],
                    "unit_id": record["unit_id"],
                    "channel": record["channel"],
                    "serial": record["serial"],
                    "batch": record["batch"],
                    "state": record["state"],
                    "severity": None if case is None else case["severity"],
                    "reasons": record["reasons"],
                    "detectors": sorted(set(signs.get(about, []))),
                    "case_id": None if case is None else str(case["id"]),
                    "case_state": None
                    if case is None
                    else str(states.get(case["id"], CaseState.OPEN)),
                }
            )
    columns = ["instrument_id", "record_id", "unit_id", "channel", "serial", "batch", "state"]
    columns += ["severity", "reasons", "detectors", "case_id", "case_state"]
    return pd.DataFrame(rows, columns=columns)


def _custody(connection: Any, settings: Settings) -> pd.DataFrame:
    return Rounds(connection, settings.round.id).batches()


def _runs(connection: Any, settings: Settings) -> pd.DataFrame:
    rows = [dict(row) for row in Runs(connection, settings.round.id).all()]
    return pd.DataFrame([_without(row, "round_id") for row in rows])


def _backchecks(connection: Any, settings: Settings) -> pd.DataFrame:
    """Who was drawn and what came of it: no arm while anybody is still to be asked."""
    repository = Backchecks(connection, settings.round.id)
    rows: list[dict[str, Any]] = []
    for draw in repository.draws():
        latest = repository.latest(draw["id"])
        members = [dict(row) for row in repository.members(draw["id"])]
        verdicts = [
            "open" if m["id"] not in latest else latest[m["id"]]["verdict"] for m in members
        ]
        done = "open" not in verdicts
        for member, verdict in zip(members, verdicts, strict=True):
            said = latest.get(member["id"])
            rows.append(
                {
                    "draw": draw["number"],
                    "instrument_id": draw["instrument_id"],
                    "reference": member["reference"],
                    "unit_id": member["unit_id"],
                    "arms": member["arms"] if done else None,
                    "verdict": verdict,
                    "attempts": None if said is None else said["attempts"],
                    "checked_on": None if said is None else said["checked_on"],
                    "checker": None if said is None else said["checker"],
                }
            )
    columns = ["draw", "instrument_id", "reference", "unit_id", "arms", "verdict"]
    return pd.DataFrame(rows, columns=[*columns, "attempts", "checked_on", "checker"])


_TABLES: Mapping[str, Callable[[Any, Settings], pd.DataFrame]] = {
    "records": _records,
    "findings": _findings,
    "units": _units,
    "scores": _scores,
    "decisions": _decisions,
    "held": _held,
    "custody": _custody,
    "runs": _runs,
    "breakdowns": _breakdowns,
    "changes": _statements("change"),
    "groups": _statements("group", "bunching"),
    "index": _statements("index", "index_line", "index_lines", "index_weights"),
    "published": _statements("published", "snapshot"),
    "awards": _statements("award"),
    "targets": _statements("target"),
    "actions": _statements("action"),
    "complaints": _statements("complaints"),
    "backchecks": _backchecks,
}


def _spread(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row with one column for each key of a nested table."""
    inner = row.pop(name) or {}
    return row | inner


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in names}


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Nested cells as JSON text, numbers and times as they are."""
    flat = frame.copy()
    for column in flat.columns:
        if flat[column].dtype == object:
            flat[column] = [_flat_cell(cell) for cell in flat[column]]
    return flat


def _flat_cell(cell: Any) -> Any:
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    return None if cell is None or cell is pd.NA or cell != cell else cell


def csv_text(frame: pd.DataFrame) -> str:
    """CSV in UTF-8, ``true`` and ``false`` for truth values, texts made harmless."""
    flat = _flat(frame)
    for position, column in enumerate(flat.columns):
        cells = [_safe(cell) for cell in flat[column].astype(object)]
        flat.isetitem(position, np.array([*cells, None], dtype=object)[:-1])
    flat.columns = pd.Index([_safe(str(name)) for name in flat.columns])
    return flat.to_csv(index=False, lineterminator="\n")


def _safe(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        # A bare carriage return is not quoted, and what follows it would begin a row.
        plain = cell.replace("\r\n", "\n").replace("\r", "\n")
        return "'" + plain if cell.startswith(_DANGEROUS) else plain
    return cell


def json_text(frame: pd.DataFrame) -> str:
    """A JSON list of objects; nested cells stay nested."""
    rows = [
        {str(name): _json_cell(cell) for name, cell in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _json_cell(cell: Any) -> Any:
    if isinstance(cell, list | dict | str | bool | int):
        return cell
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return None
    return cell.item() if hasattr(cell, "item") else cell if isinstance(cell, float) else str(cell)


def write_frame(frame: pd.DataFrame, path: Path, kind: str) -> None:
    """Write a table in one step.

    Args:
        frame: The table.
        path: The file.
        kind: ``csv``, ``xlsx``, ``parquet`` or ``json``.

    Raises:
        AccessError: If the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        part = Path(name)
        try:
            _write(frame, part, kind)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise AccessError(
            f"the file cannot be written ({error.strerror})",
            where=str(path),
            remedy="choose a place that you may write to",
        ) from error


def _write(frame: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        path.write_text(csv_text(frame), "utf-8-sig", newline="")
    elif kind == "json":
        path.write_text(json_text(frame) + "\n", "utf-8")
    elif kind == "parquet":
        _flat(frame).convert_dtypes().to_parquet(path, index=False)
    else:
        _write_xlsx(_flat(frame), path)


def _write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    import xlsxwriter

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for number, start in enumerate(range(0, max(1, len(frame)), _XLSX_ROWS), start=1):
            sheet = book.add_worksheet(f"data {number}" if number > 1 else "data")
            for column, name in enumerate(frame.columns):
                sheet.write_string(0, column, str(name))
            part = frame.iloc[start : start + _XLSX_ROWS].astype(object)
            for row, cells in enumerate(part.itertuples(index=False), start=1):
                _write_row(sheet, row, cells, day)


def _write_row(sheet: Any, row: int, cells: Sequence[Any], day: Any) -> None:
    for column, cell in enumerate(cells):
        if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
            continue
        if isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, str):
            sheet.write_string(row, column, cell)
        elif hasattr(cell, "isoformat"):
            sheet.write_datetime(row, column, pd.Timestamp(cell).to_pydatetime(), day)
        else:
            sheet.write_number(row, column, float(cell))
