"""The same ink or the same sheet elsewhere: checks over pages given together."""
