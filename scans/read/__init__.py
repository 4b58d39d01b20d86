"""What stands on the form: codes and marks."""

VERSION = "10"
"""Raised when boxes or pages are read otherwise than before; a run then reads its pages anew."""
