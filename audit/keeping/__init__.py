"""Keeping a round: backups, restoring them, and deleting originals when their time is over."""
