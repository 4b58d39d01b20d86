"""Command line: one small file a command, a thin shell over the rest."""
