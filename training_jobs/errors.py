"""The errors of the training jobs: each message says what was expected, what came, and where."""

from scratchnn.errors import ScratchnnError


class RunError(ScratchnnError):
    """A run or its stored result cannot be used."""


class GoldenError(ScratchnnError):
    """A golden model or its manifest is missing, incomplete or edited by hand."""
