"""``survey-audit serve``: the review desk."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli._console import talk
from audit.cli._round import HERE, Config, now, open_round
from detectors.errors import AccessError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def configured(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """How the desk listens.

    What a proxy says of a visitor is believed from this machine, or from the addresses that the
    operator names in ``FORWARDED_ALLOW_IPS``.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="critical",
        server_header=False,
        proxy_headers=True,
        timeout_graceful_shutdown=5,
    )


def serve(
    config: Config = HERE,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8000,
) -> None:
    """Open the review desk, in which people decide on flagged forms."""
    import uvicorn

    from audit.desk.app import build_app, make_desk, warm_up
    from audit.desk.people import Users

    settings, store = open_round(config)
    with store:
        with store.reading() as connection:
            people = len(Users(connection).all())
        if not people:
            talk("there are no users yet: `survey-audit user add NAME --role inspector` adds one")
        desk = make_desk(settings, store, now)
        app = build_app(desk)
        warm_up(desk)
        local = host in ("127.0.0.1", "::1", "localhost")
        talk(f"review desk: http://{host}:{port}/" if local else f"review desk on {host}:{port}")
        if not local:
            talk("put TLS in front: over a plain network nobody can log in")
        server = uvicorn.Server(configured(app, host, port))
        try:
            with contextlib.closing(desk):
                server.run()
        except SystemExit as error:  # what uvicorn does about an address it cannot have
            raise AccessError(
                "cannot listen there", where=f"{host}:{port}", remedy="choose another --port"
            ) from error
