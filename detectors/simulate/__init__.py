"""Worlds with known truth: honest populations and the frauds put into them."""
