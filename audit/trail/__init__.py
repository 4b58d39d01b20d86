"""The audit trail: one append-only chain of hashes over everything that is written.

``chain`` writes it, in the transaction of what it records; ``verify`` reads it with nothing
but the standard library and a database cursor, and knows nothing of the code that wrote it
except the format: ``canonical`` and ``covered``.
"""
