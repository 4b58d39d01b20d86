"""The desk's routes, one module a part."""

from audit.desk.routes import (
    account,
    admin,
    case,
    decide,
    forms,
    metrics,
    pictures,
    queue,
    remarks,
    results,
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
    results.routes,
    admin.routes,
    forms.routes,
)
