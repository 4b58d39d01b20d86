"""Checks of units: one file a check, found by the registry."""
