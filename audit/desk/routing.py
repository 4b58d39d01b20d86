"""Handlers with their permissions, on their way into the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from audit.desk.permissions import Permission, declares

__all__ = ["Routes"]


class Routes:
    """Handlers of one part of the desk, each with its permission."""

    def __init__(self) -> None:
        """Begin without any."""
        self._found: list[tuple[str, str, Any]] = []
        self._says: dict[tuple[str, str], type[BaseModel]] = {}

    def get(
        self, path: str, permission: Permission, says: type[BaseModel] | None = None
    ) -> Callable[[Any], Any]:
        """Add a page, or what answers in JSON and says in which form."""
        return self._add("GET", path, permission, says)

    def post(
        self, path: str, permission: Permission, says: type[BaseModel] | None = None
    ) -> Callable[[Any], Any]:
        """Add an act."""
        return self._add("POST", path, permission, says)

    def _add(
        self, method: str, path: str, permission: Permission, says: type[BaseModel] | None
    ) -> Callable[[Any], Any]:
        def add(endpoint: Any) -> Any:
            self._found.append((method, path, declares(endpoint, permission)))
            if says is not None:
                self._says[method, path] = says
            return endpoint

        return add

    def join(self, app: FastAPI) -> None:
        """Add all of them to an application."""
        for method, path, endpoint in self._found:
            says = self._says.get((method, path))
            app.add_api_route(
                path,
                endpoint,
                methods=[method],
                include_in_schema=says is not None,
                # What is sent is made by hand; the form is for those who read the document.
                response_model=None,
                responses=None if says is None else {200: {"model": says}, **_PAGES},
            )


_PAGES: dict[int | str, dict[str, Any]] = {
    status: {"description": why, "content": {"text/html": {"schema": {"type": "string"}}}}
    for status, why in (
        (303, "to the login"),
        (400, "malformed"),
        (401, "nobody is logged in"),
        (403, "not for this role, or from another site"),
        (404, "not there, or not in sight"),
    )
}
