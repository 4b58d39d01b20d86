"""What a request may do, said once a route; a route that says nothing stops the start."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from starlette.routing import BaseRoute

from audit.judge.authority import Role

__all__ = ["Permission", "allowed", "check_routes", "declared", "declares"]


class Permission(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"  # no login: health, login page, style
    HALF = "half"  # logged in, be the second factor open
    ACCOUNT = "account"  # anybody who is logged in
    CASES = "cases"  # queue, cases, masked scans
    DECIDE = "decide"  # decisions and leases
    UNMASK = "unmask"  # written fields
    EXPORT = "export"  # tables of a view
    RESULTS = "results"  # units and the round
    PEOPLE = "people"  # users and sessions of others
    FORMS = "forms"  # where the boxes of a form stand
    REVIEWERS = "reviewers"  # how well people judge known forms
    ACCESSES = "accesses"  # who logged in and looked at what


_EVERYBODY = frozenset({Permission.PUBLIC, Permission.HALF, Permission.ACCOUNT})
_OF = MappingProxyType(
    {
        Role.INSPECTOR: {
            *(Permission.CASES, Permission.DECIDE, Permission.EXPORT, Permission.RESULTS)
        },
        Role.APPROVER: {
            *(Permission.CASES, Permission.DECIDE, Permission.EXPORT, Permission.RESULTS),
            *(Permission.UNMASK, Permission.REVIEWERS),
        },
        Role.READER: {Permission.RESULTS},
        Role.ADMIN: {
            *(Permission.PEOPLE, Permission.ACCESSES, Permission.FORMS, Permission.REVIEWERS)
        },
        Role.AUDITOR: {
            *(Permission.CASES, Permission.EXPORT, Permission.RESULTS),
            Permission.ACCESSES,
        },
    }
)
_MARK = "survey_audit_permission"


def allowed(role: Role, permission: Permission) -> bool:
    """Whether a role may do what a route asks for."""
    return permission in _EVERYBODY or permission in _OF[role]


def declares(endpoint: Any, permission: Permission) -> Any:
    """Note on an endpoint what it asks for."""
    setattr(endpoint, _MARK, permission)
    return endpoint


def declared(route: BaseRoute) -> Permission | None:
    """What a route asks for; ``None`` where nobody has said."""
    found = getattr(getattr(route, "endpoint", None), _MARK, None)
    return found if isinstance(found, Permission) else None


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Refuse an application with a route that does not say who may use it.

    Raises:
        RuntimeError: Naming every such route.
    """
    silent = [getattr(route, "path", repr(route)) for route in routes if declared(route) is None]
    if silent:
        raise RuntimeError(f"routes without a permission: {', '.join(silent)}")
