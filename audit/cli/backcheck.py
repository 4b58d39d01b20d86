"""``survey-audit backcheck``: asking people again, and what that proves."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.cli._console import say, table, talk
from audit.cli._round import HERE, Config, now, open_round, person
from audit.defused import json_words
from detectors.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from audit.settings import Settings
    from audit.store import Store
    from reports.views.backcheck import BackcheckReport, ShareRange

_FLAGS = {
    "better": "the flags are right more often than --precision asks",
    "worse": "the flags are right less often than --precision asks",
    "open": "not known yet whether the flags are right as often as --precision asks",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backcheck")(backcheck)


def backcheck(
    act: Annotated[str, typer.Argument(metavar="ACT", help="draw, record or result.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="For record: the list, filled in.")
    ] = None,
    config: Config = HERE,
    seed: Annotated[
        str | None, typer.Option("--seed", help="For draw: a public seed, e.g. thrown dice.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--draw", help="Number of an earlier draw; the last by default.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="For draw: this unit only, to test its tier.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="For draw: id of the form, if several.")
    ] = None,
    power: Annotated[
        float, typer.Option("--power", help="For draw: chance of seeing what is there.")
    ] = 0.9,
    rate: Annotated[
        float, typer.Option("--rate", help="For draw: share of altered records not to miss.")
    ] = 0.05,
    precision: Annotated[
        float, typer.Option("--precision", help="For draw: share of flags that should be right.")
    ] = 0.5,
    response: Annotated[
        float, typer.Option("--response", help="For draw: share of people who can be reached.")
    ] = 0.6,
    risk_limit: Annotated[
        float, typer.Option("--risk-limit", help="Chance at most that a wrong tier passes.")
    ] = 0.05,
    size: Annotated[
        int | None, typer.Option("--size", help="For draw: records an arm, whatever the power.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="For draw: the list, .csv or .xlsx.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="For draw: which record a reference is (CSV).")
    ] = None,
    sheets: Annotated[
        Path | None, typer.Option("--sheets", help="For draw: forms to print (HTML).")
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="For result: of the intervals.")
    ] = 0.95,
    fmt: Annotated[str, typer.Option("--format", help="For result: table or json.")] = "table",
) -> ExitCode:
    """Draw people to ask again, record what they say, and tell what it proves."""
    if act not in ("draw", "record", "result"):
        raise UsageError(f"there is nothing called {act}", remedy="use draw, record or result")
    if fmt not in ("table", "json"):
        raise UsageError(f"--format {fmt} is not known", remedy="use table or json")
    if not 0.5 <= confidence < 1.0:
        raise UsageError(f"--confidence {confidence} is no confidence", remedy="give e.g. 0.95")
    if act == "record" and file is None:
        raise UsageError("the file is missing", remedy="use `survey-audit backcheck record FILE`")
    if act != "record" and file is not None:
        raise UsageError(f"{act} takes no file", remedy="name the list with --output")
    settings, store = open_round(config)
    with store:
        if act == "record":
            assert file is not None
            return _record(settings, store, file)
        if act == "result":
            return _result(settings, store, number, confidence, risk_limit, fmt)
        if seed is None and number is None:
            raise UsageError(
                "--seed is missing", remedy="draw one in public once the run is done, e.g. by dice"
            )
        if seed is not None:
            from audit.backchecking.drawing import Plan

            plan = Plan(seed, unit, power, rate, precision, response, risk_limit, size)
            number = _draw(settings, store, plan, instrument)
        _hand_out(settings, store, number, output, key, sheets)
    return ExitCode.DONE


def _draw(settings: Settings, store: Store, plan: Any, instrument: str | None) -> int:
    import secrets

    from audit.backchecking.drawing import draw_sample
    from audit.pipeline.sources import one_form
    from audit.scoring.rules import rules_at

    form = one_form(settings, instrument)
    folder, day = settings.path(settings.rules), settings.round.date_to
    rules = rules_at(folder, day, form.settings.programme)
    found, new = draw_sample(
        store,
        settings.round.id,
        form.instrument,
        rules,
        plan,
        secret=secrets.token_bytes(32),
        at=now(),
        actor=person(),
    )
    talk(f"draw {found}" if new else f"draw {found} is this one, and is handed out again")
    return found


def _hand_out(
    settings: Settings,
    store: Store,
    number: int | None,
    output: Path | None,
    key: Path | None,
    sheets: Path | None,
) -> None:
    from audit.backchecking.paper import write_key, write_list, write_sheets
    from audit.backchecking.results import find_draw
    from audit.export.record import Exported, record_export
    from audit.pipeline.sources import one_form
    from audit.store.backchecks import Backchecks
    from audit.store.records import Records
    from audit.store.rounds import Rounds

    with store.reading() as connection:
        repository = Backchecks(connection, settings.round.id)
        draw = find_draw(repository, number)
        members = [dict(row) for row in repository.members(draw["id"])]
        units = Rounds(connection, settings.round.id).units()
        records = Records(connection, settings.round.id, draw["instrument_id"])
        serials = {} if key is None else {r["record_id"]: r["serial"] for r in records.all()}
    names = dict(zip(units["unit_id"], units["name"], strict=True))
    form = one_form(settings, draw["instrument_id"])
    talk(f"seed {draw['seed']}; drawn from the list with SHA-256 {draw['population_sha256']}")
    if output is None and key is None and sheets is None:
        talk("name the list with --output LIST.xlsx, the key of the contacts with --key KEY.csv")
    for path, write in ((output, write_list), (sheets, write_sheets)):
        if path is not None:
            write(members, names, form.instrument, path)
            say(str(path))
    if key is not None:
        # The way back to records is told before anybody has it.
        part = key.with_name(f".{key.name}.part")
        try:
            digest = write_key(members, serials, part)
            told = Exported("backcheck key", "csv", len(members), key.name, digest)
            record_export(store, settings, told, at=now(), actor=person())
            part.replace(key)
        finally:
            part.unlink(missing_ok=True)
        say(str(key))
        talk("the key is for those who keep the contacts, never for those who ask")


def _record(settings: Settings, store: Store, file: Path) -> ExitCode:
    from audit.backchecking.recording import record_file
    from audit.pipeline.sources import load_forms

    forms = {form.instrument.id: form.instrument for form in load_forms(settings)}
    done = record_file(store, settings.round.id, forms, file, at=now(), actor=person())
    talk(
        f"{file.name}: {done.added} recorded ({done.replaced} in place of an earlier one), "
        f"{done.again} known already, {done.blank} not filled in"
    )
    for problem in done.problems:
        talk(f"not recorded: {problem.line()}")
    return ExitCode.PARTLY_JUDGED if done.problems else ExitCode.DONE


def _result(
    settings: Settings,
    store: Store,
    number: int | None,
    confidence: float,
    risk_limit: float,
    fmt: str,
) -> ExitCode:
    from audit.backchecking.results import report_of

    with store.reading() as connection:
        found = report_of(
            connection,
            settings.round.id,
            number=number,
            confidence=confidence,
            risk_limit=risk_limit,
        )
    if fmt == "json":
        say(json_words(dataclasses.asdict(found), indent=1, default=str))
    else:
        _show(found)
    return ExitCode.DONE


def _show(found: BackcheckReport) -> None:
    header = ("arm", "records", "drawn", "stands", "altered", "unclear", "missing", "open")
    shares = ("altered share", "if missing count", "at every look")
    rows = [
        (
            *(a.arm, a.population, a.drawn, a.stands, a.altered, a.unclear, a.missing, a.open),
            *(_range(a.share), _range(a.worst), _range(a.anytime)),
        )
        for a in found.arms
    ]
    say(f"draw {found.number}, form {found.instrument_id}, seed {found.seed}")
    say(f"intervals of {found.confidence:.0%}; risk limit {found.risk_limit:.0%}")
    say("")
    say(table((*header, *shares), rows))
    say("")
    say(_FLAGS[found.flags] + f" ({found.precision:.0%})")
    if found.flags_tell:
        say("flagged records are altered more often than those drawn from all")
    if found.tiers:
        say("")
        say(_tiers(found))
    for more in found.escalate:
        say(f"ask all of {more.kind} {more.name}: {more.altered} of {more.asked} altered")
    say("")
    if found.enough:
        say("enough is known: the work may stop")
    elif found.exhausted:
        say(
            "all of the list were asked, and it does not tell: `draw` again with a new public "
            "seed (--unit for one tier), or report the intervals as they are"
        )
    else:
        say("go on asking, in list order")


def _tiers(found: BackcheckReport) -> str:
    header = ("unit", "tier", "value", "cut-off", "records", "asked", "altered")
    rows = []
    for t in found.tiers:
        more = "-" if t.more is None else str(t.more)
        value = "" if t.value is None else f"{t.value:.4f}"
        cut_off = "" if t.cut_off is None else f"{t.cut_off:.2f}"
        cells = (t.unit_id, t.tier or "", value, cut_off, t.records, t.asked, t.altered)
        rows.append((*cells, f"{t.risk:.3f}", f"{t.risk_if_typical:.3f}", more))
    return table((*header, "risk", "risk if typical", "more to ask"), rows)


def _range(share: ShareRange) -> str:
    value = "?" if share.value is None else f"{share.value:.0%}"
    return f"{value} ({share.low:.0%}-{share.high:.0%})"
