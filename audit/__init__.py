"""The roof: runs the audit, remembers it, decides what may be scored."""
