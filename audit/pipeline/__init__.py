"""The plan of a run (pure) and the run (effects)."""
