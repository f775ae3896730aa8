"""A golden folder: a trained model, what Keras computed with it, and which test split it was scored on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .datasets import load_test_split
from .errors import DataError
from .layers.base import Array

MODEL, ARRAYS, METRICS = "model.keras", "golden.npz", "metrics.json"
KEYS = ("probe_inputs", "probe_outputs", "test_labels", "test_probabilities", "test_predictions")


@dataclass(frozen=True)
class Golden:
    """What a golden folder holds beside its model file.

    Attributes:
        path: the folder.
        probe_inputs, probe_outputs: seeded inputs (n, ...) and Keras's float32 output for them (n, classes).
        test_labels: true labels (rows,) of the test split.
        test_probabilities: Keras's float32 output (rows, classes) for the test split.
        test_predictions: the labels (rows,) that it predicts.
        metrics: which data set, how it is prepared, and the scores.
    """

    path: Path
    probe_inputs: Array
    probe_outputs: Array
    test_labels: Array
    test_probabilities: Array
    test_predictions: Array
    metrics: dict[str, Any]

    @property
    def model_path(self) -> Path:
        """The model file."""
        return self.path / MODEL

    @property
    def class_names(self) -> list[str]:
        """Names of the classes, by label."""
        return list(self.metrics["labels"])

    def test_split(self, data_dir: Path | None = None) -> tuple[Array, Array]:
        """The real test split: inputs as the model takes them, and labels.

        Args:
            data_dir: the data folder; None means the one that SCRATCHNN_DATA names.

        Raises:
            DataError: the data set is not there, or is another one than the golden was made with.
        """
        metrics = self.metrics
        vocabulary = metrics.get("vocabulary")
        inputs, labels = load_test_split(
            metrics["dataset"],
            data_dir,
            vocabulary=None if vocabulary is None else self.path / vocabulary,
            limit=metrics["limit"],
            **({"sequence_length": metrics["sequence_length"]} if "sequence_length" in metrics else {}),
        )
        if not np.array_equal(labels, self.test_labels):
            raise DataError(f"{self.path}: the test labels of {metrics['dataset']} are not those of the golden")
        return inputs, labels


def is_golden(path: Path) -> bool:
    """Whether the folder holds a golden."""
    return (path / MODEL).is_file() and (path / ARRAYS).is_file()


def load_golden(path: Path) -> Golden:
    """Read a golden folder.

    Raises:
        DataError: a file is missing or does not hold what it should.
    """
    try:
        metrics = json.loads((path / METRICS).read_text(encoding="utf-8"))
        with np.load(path / ARRAYS, allow_pickle=False) as arrays:
            return Golden(path, **{key: arrays[key] for key in KEYS}, metrics=metrics)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: not a golden model: {error}") from error
