"""Checks of single records: one file a check, found by the registry."""
