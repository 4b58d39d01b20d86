"""Telling people how a night went: mail and webhook, with counts and no names."""
