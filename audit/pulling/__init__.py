"""Fetching new answers from survey platforms into the inbox."""
