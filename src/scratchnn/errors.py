"""The errors of scratchnn: one small tree, each with a message that says what was expected and what came."""

from collections.abc import Sequence


class ScratchnnError(Exception):
    """Anything that scratchnn refuses. The command line prints its message and exits with 2."""


class ModelFileError(ScratchnnError):
    """A file that cannot be read as a Keras model: missing, truncated, malformed, or beyond a limit."""


class UnsupportedError(ScratchnnError):
    """A layer, an option or a value that Keras has and scratchnn does not (or will never run)."""


class ConfigError(ScratchnnError, ValueError):
    """An option that is missing, or has a value that no Keras layer accepts."""


class WeightError(ScratchnnError, ValueError):
    """A weight that is missing, left over, of the wrong shape or of the wrong type."""


class InputError(ScratchnnError, ValueError):
    """Input of the wrong rank, shape, type or range."""


class WorkerError(ScratchnnError):
    """A worker process that ended before its work did, or was ended before it was called."""


class DependencyError(ScratchnnError, ImportError):
    """An optional package that the command needs is not installed."""


class OracleError(ScratchnnError):
    """Keras itself could not load or run a model, so there is nothing to compare with."""


class DataError(ScratchnnError):
    """A data set is missing, or is not what its official source publishes."""


class UnknownNameError(ScratchnnError):
    """A variation, data set or split was asked for by a name that does not exist."""


class ModelFaults(ScratchnnError):
    """All faults of one model, in one message.

    Attributes:
        faults: the single errors, in the order of the layers.
    """

    def __init__(self, model: str, faults: Sequence[ScratchnnError]) -> None:
        self.faults = tuple(faults)
        lines = [f"{model}: {len(faults)} faults"]
        super().__init__("\n  ".join([*lines, *map(str, faults)]))


def raise_faults(model: str, faults: Sequence[ScratchnnError]) -> None:
    """Raise nothing for no fault, the fault itself for one, `ModelFaults` for several."""
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ModelFaults(model, faults)
