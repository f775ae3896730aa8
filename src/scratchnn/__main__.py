"""`python -m scratchnn`."""

from .cli import entry_point

entry_point()
