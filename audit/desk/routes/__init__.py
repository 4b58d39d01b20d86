"""The desk's routes, one module a part."""

from audit.desk.routes import account, admin, case, decide, pictures, queue, results

__all__ = ["ROUTES"]

ROUTES = (
    account.routes,
    queue.routes,
    case.routes,
    decide.routes,
    pictures.routes,
    results.routes,
    admin.routes,
)
