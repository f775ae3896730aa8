"""The golden files are whole, as generated, and hold what golden/README.md says."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from scratchnn.datasets.text import read_vocabulary, vocabulary_size
from training_jobs.goldens import probe_inputs
from training_jobs.manifest import golden_digests, manifest_faults
from training_jobs.training import classification_metrics

ROOT = Path(__file__).parents[2] / "golden"
GOLDENS = sorted(path.parent for path in ROOT.glob("*/metrics.json"))
MAX_BYTES = 60_000_000
# What a repository can be asked to carry, and room for every variation of the report.

golden = pytest.mark.parametrize("folder", GOLDENS, ids=lambda folder: folder.name)


def load(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    with np.load(folder / "golden.npz", allow_pickle=False) as arrays:
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8")), dict(arrays)


def test_there_are_goldens_of_each_family():
    assert {folder.name.split("_")[0] for folder in GOLDENS} == {"cnn", "rnn", "lstm"}


def test_no_golden_was_edited_by_hand():
    assert manifest_faults(ROOT) == []


def test_together_they_stay_small():
    assert sum((ROOT / path).stat().st_size for path in golden_digests(ROOT)) < MAX_BYTES


@golden
def test_arrays_are_as_promised(folder):
    metrics, arrays = load(folder)
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


@golden
def test_probes_are_synthetic(folder):
    """They come from a fixed seed, so they cannot be rows of a data set."""
    metrics, arrays = load(folder)
    size = vocabulary_size(read_vocabulary(folder / "vocabulary.txt")) if metrics["dataset"] == "nusax" else 0
    expected = probe_inputs(metrics["dataset"], size)
    assert arrays["probe_inputs"].dtype == expected.dtype
    np.testing.assert_array_equal(arrays["probe_inputs"], expected)


@golden
def test_scores_are_those_of_the_predictions(folder):
    metrics, arrays = load(folder)
    np.testing.assert_array_equal(arrays["test_predictions"], arrays["test_probabilities"].argmax(-1))
    scores = classification_metrics(arrays["test_labels"], arrays["test_probabilities"])
    assert scores == {name: metrics[name] for name in scores}


@golden
def test_history_has_a_line_for_each_epoch(folder):
    metrics, _ = load(folder)
    with (folder / "history.csv").open(newline="") as stream:
        epochs = [int(row["epoch"]) for row in csv.DictReader(stream)]
    assert epochs == list(range(1, metrics["training"]["settings"]["training"]["epochs"] + 1))


@golden
def test_the_record_names_the_run(folder):
    record = load(folder)[0]["training"]
    assert record["name"] == folder.name
    assert record["seed"] == 0
    assert set(record["versions"]) == {"keras", "numpy", "python", "tensorflow"}
