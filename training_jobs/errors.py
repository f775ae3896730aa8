"""The errors of the training jobs: each message says what was expected, what came, and where."""


class TrainingJobsError(Exception):
    """Anything a user of the training jobs can put right; shown without a traceback."""


class DataError(TrainingJobsError):
    """A data set is missing, or is not what its official source publishes."""


class UnknownNameError(TrainingJobsError):
    """A variation, data set or split was asked for by a name that does not exist."""


class RunError(TrainingJobsError):
    """A run or its stored result cannot be used."""


class GoldenError(TrainingJobsError):
    """A golden model or its manifest is missing, incomplete or edited by hand."""
