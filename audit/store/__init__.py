"""The store: tables, migrations and one repository an aggregate."""

from audit.store.engine import Store, open_store

__all__ = ["Store", "open_store"]
