"""Make golden models from finished runs; see golden/README.md for what each file promises."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.datasets import (
    LABELS,
    SEQUENCE_LENGTH,
    DatasetName,
    Split,
    TrainingData,
    fingerprint,
    model_inputs,
)
from scratchnn.datasets.text import vocabulary_size, write_vocabulary
from training_jobs.keras_models import IMAGE_SHAPE
from training_jobs.run_store import FinishedRun, write_folder, write_json
from training_jobs.training import HISTORY, MODEL, classification_metrics

if TYPE_CHECKING:
    import keras

GOLDEN = "golden.npz"
METRICS = "metrics.json"
VOCABULARY = "vocabulary.txt"
GOLDEN_SEED = 0
PROBES = 16
_PROBE_SEED = 20_250_601
# On CIFAR-10 only the first 1,000 test images are promised: there every copy of the data set has
# the same pixels, also those that went through a lossy format elsewhere.
TEST_LIMIT: dict[DatasetName, int | None] = {"cifar10": 1_000, "nusax": None}


def probe_inputs(dataset: DatasetName, vocabulary: int) -> np.ndarray:
    """Return seeded synthetic inputs, no row of any data set.

    Args:
        dataset: whose kind of input is meant.
        vocabulary: number of token ids (for "nusax").

    Returns:
        (16, 32, 32, 3) float32 in [0, 1), or (16, 100) int32: from 1 to 100 ids, then padding.
    """
    generator = np.random.default_rng(_PROBE_SEED)
    if dataset == "cifar10":
        return generator.random((PROBES, *IMAGE_SHAPE), dtype=np.float32)
    ids = generator.integers(1, vocabulary, (PROBES, SEQUENCE_LENGTH), dtype=np.int32)
    # The shortest and the longest text are always among the probes.
    lengths = np.linspace(1, SEQUENCE_LENGTH, PROBES).astype(int)
    return np.where(np.arange(SEQUENCE_LENGTH) < lengths[:, None], ids, np.int32(0))


def write_golden(run: FinishedRun, data: TrainingData, target: Path) -> None:
    """Make a golden folder from a finished run; the folder appears, or is replaced, by a rename."""
    write_folder(target, lambda folder: _write(folder, run, data))


def _write(folder: Path, run: FinishedRun, data: TrainingData) -> None:
    import keras

    shutil.copy2(run.folder / MODEL, folder / MODEL)
    shutil.copy2(run.folder / HISTORY, folder / HISTORY)
    if data.vocabulary:
        write_vocabulary(folder / VOCABULARY, data.vocabulary)
    test = data.test.head(TEST_LIMIT[data.name])
    arrays = _golden_arrays(keras.models.load_model(folder / MODEL), test, data)
    np.savez_compressed(folder / GOLDEN, **arrays)
    write_json(folder / METRICS, _metrics(run.record(), test, data, arrays))


def _golden_arrays(model: keras.Model, test: Split, data: TrainingData) -> dict[str, Any]:
    probes = probe_inputs(data.name, vocabulary_size(data.vocabulary))
    probabilities = model.predict(model_inputs(test.inputs), verbose=0)
    return {
        "probe_inputs": probes,
        "probe_outputs": model.predict(probes, verbose=0),
        "test_labels": test.labels,
        "test_probabilities": probabilities,
        "test_predictions": probabilities.argmax(axis=-1),
    }


def _metrics(record: dict[str, Any], test: Split, data: TrainingData, arrays: dict[str, Any]) -> dict[str, Any]:
    preprocessing = (
        {"sequence_length": SEQUENCE_LENGTH, "vocabulary": VOCABULARY} if data.vocabulary else {"scale": 255}
    )
    return {
        "dataset": data.name,
        "split": "test",
        "limit": TEST_LIMIT[data.name],
        "rows": len(test.labels),
        "labels": list(LABELS[data.name]),
        **preprocessing,
        **classification_metrics(test.labels, arrays["test_probabilities"]),
        "test_fingerprint": fingerprint(test.inputs, test.labels),
        "training": record,
    }
