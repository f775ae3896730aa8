"""Mutants of `general` that no test can tell from the source, each with the reason."""

EQUIVALENT: dict[str, str] = {}
