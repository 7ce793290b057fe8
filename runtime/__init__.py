"""Plumbing every process shares: the clock and randomness, logs, framed streams."""
