"""The desk's routes, one module a part."""

from audit.desk.routes import (
    account,
    admin,
    case,
    compare,
    decide,
    explain,
    forms,
    me,
    metrics,
    oidc,
    pictures,
    queue,
    remarks,
    results,
    reviewers,
    staff,
    unit,
)

__all__ = ["ROUTES"]

ROUTES = (
    account.routes,
    metrics.routes,
    queue.routes,
    case.routes,
    decide.routes,
    remarks.routes,
    pictures.routes,
    compare.routes,
    results.routes,
    reviewers.routes,
    unit.routes,
    explain.routes,
    admin.routes,
    forms.routes,
    me.routes,
    oidc.routes,
    staff.routes,
)
