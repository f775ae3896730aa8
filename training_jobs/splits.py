"""Which rows a run fits, and which validate it."""

from __future__ import annotations

import numpy as np

from scratchnn.datasets import Split, TrainingData
from scratchnn.datasets.text import UNKNOWN_ID
from training_jobs.experiments import FOLDS, Training


def fitting_splits(data: TrainingData, training: Training, seed: int) -> tuple[Split, Split | None]:
    """Return the rows that are fitted and those that validate; None where all rows are fitted.

    The test split has no part in either.

    Args:
        data: the data set.
        training: says which rows.
        seed: of the run; each cuts the folds elsewhere.
    """
    train, validation = data.train.head(training.max_rows), data.validation.head(training.max_rows)
    both = training.fit_on == "train+validation"
    fitted = _joined(train, validation) if both else train
    if training.fold is not None:
        return _held_out(fitted, training.fold, seed)
    return fitted, None if both else validation


def _joined(first: Split, second: Split) -> Split:
    inputs = np.concatenate([first.inputs, second.inputs])
    return Split(inputs, np.concatenate([first.labels, second.labels]))


def _held_out(rows: Split, fold: int, seed: int) -> tuple[Split, Split]:
    """Return the rows without one fold, and the fold; each has the labels in the same proportions."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows.inputs, rows.labels)
    fitted, held = list(folds)[fold]
    train, validation = (Split(rows.inputs[part], rows.labels[part]) for part in (fitted, held))
    if rows.inputs.dtype == np.int32:
        # A word that no fitted row has is unknown, as it will be in new texts.
        known = np.isin(validation.inputs, train.inputs)
        validation = Split(np.where(known, validation.inputs, np.int32(UNKNOWN_ID)), validation.labels)
    return train, validation
