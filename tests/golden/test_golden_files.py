"""The golden files are whole, as generated, and hold what golden/README.md says."""

import csv
from pathlib import Path

import numpy as np

from scratchnn.datasets.text import read_vocabulary, vocabulary_size
from training_jobs.goldens import probe_inputs
from training_jobs.manifest import golden_digests, manifest_faults
from training_jobs.training import classification_metrics

ROOT = Path(__file__).parents[2] / "golden"
# What a repository can be asked to carry, with room for every variation of the report.
MAX_BYTES = 60_000_000


def test_there_are_goldens_of_each_family():
    assert {path.parent.name.split("_")[0] for path in ROOT.glob("*/metrics.json")} == {"cnn", "rnn", "lstm"}


def test_no_golden_was_edited_by_hand():
    assert manifest_faults(ROOT) == []


def test_together_they_stay_small():
    assert sum((ROOT / path).stat().st_size for path in golden_digests(ROOT)) < MAX_BYTES


def test_arrays_are_as_promised(golden):
    metrics, arrays = golden.metrics, golden.arrays
    classes, rows = len(metrics["labels"]), metrics["rows"]
    assert rows == {"cifar10": 1000, "nusax": 400}[metrics["dataset"]]
    shapes = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    assert shapes.pop("probe_inputs")[0][0] == 16
    assert shapes == {
        "probe_outputs": ((16, classes), "float32"),
        "test_labels": ((rows,), "int64"),
        "test_probabilities": ((rows, classes), "float32"),
        "test_predictions": ((rows,), "int64"),
    }
    for name in ("probe_outputs", "test_probabilities"):
        # Each row is a softmax: off by rounding of the classes' sum at most.
        np.testing.assert_allclose(arrays[name].sum(axis=-1), 1, atol=classes * 2.0**-23)


def test_probes_are_synthetic(golden):
    """They come from a fixed seed, so they cannot be rows of a data set."""
    metrics, arrays = golden.metrics, golden.arrays
    size = (
        vocabulary_size(read_vocabulary(golden.folder / "vocabulary.txt")) if metrics["dataset"] == "nusax" else 0
    )
    expected = probe_inputs(metrics["dataset"], size)
    assert arrays["probe_inputs"].dtype == expected.dtype
    np.testing.assert_array_equal(arrays["probe_inputs"], expected)


def test_scores_are_those_of_the_predictions(golden):
    metrics, arrays = golden.metrics, golden.arrays
    np.testing.assert_array_equal(arrays["test_predictions"], arrays["test_probabilities"].argmax(-1))
    scores = classification_metrics(arrays["test_labels"], arrays["test_probabilities"])
    assert scores == {name: metrics[name] for name in scores}


def test_history_has_a_line_for_each_epoch(golden):
    metrics = golden.metrics
    with (golden.folder / "history.csv").open(newline="") as stream:
        epochs = [int(row["epoch"]) for row in csv.DictReader(stream)]
    training = metrics["training"]["settings"]["training"]
    assert epochs == list(range(1, len(epochs) + 1))
    stopped_early = training.get("patience") is not None
    assert len(epochs) <= training["epochs"] if stopped_early else len(epochs) == training["epochs"]


def test_the_record_names_the_run(golden):
    record = golden.metrics["training"]
    assert record["name"] == golden.folder.name
    assert record["seed"] == 0
    assert set(record["versions"]) == {"keras", "numpy", "python", "tensorflow"}
