"""Run every golden model from scratch on the real test split, beside what Keras gave there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import scratchnn
from scratchnn.datasets import load_test_split
from training_jobs.goldens import GOLDEN, METRICS
from training_jobs.training import MODEL, classification_metrics


@dataclass(frozen=True)
class GoldenComparison:
    """Keras and scratch on one golden's test split.

    Attributes:
        rows: compared.
        difference: the largest absolute difference of a probability.
        keras_report: scikit-learn's classification report of Keras's labels; scratch_report of ours.
    """

    name: str
    rows: int
    keras_macro_f1: float
    scratch_macro_f1: float
    label_agreement: float
    difference: float
    keras_report: str
    scratch_report: str


def compare_goldens(root: Path, data_dir: Path | None) -> list[GoldenComparison]:
    """Return the comparison of every golden below `root`, by name.

    Raises:
        DataError: a data set is missing.
    """
    return [_compare(path.parent, data_dir) for path in sorted(root.glob(f"*/{METRICS}"))]


def _compare(folder: Path, data_dir: Path | None) -> GoldenComparison:
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    vocabulary = folder / metrics["vocabulary"] if "vocabulary" in metrics else None
    inputs, labels = load_test_split(metrics["dataset"], data_dir, vocabulary=vocabulary, limit=metrics["limit"])
    with np.load(folder / GOLDEN) as arrays:
        keras_probabilities = arrays["test_probabilities"]
    ours = scratchnn.load_model(folder / MODEL).predict(inputs)
    return GoldenComparison(
        name=folder.name,
        rows=len(labels),
        keras_macro_f1=classification_metrics(labels, keras_probabilities)["macro_f1"],
        scratch_macro_f1=classification_metrics(labels, ours)["macro_f1"],
        label_agreement=float(np.mean(ours.argmax(-1) == keras_probabilities.argmax(-1))),
        difference=float(np.abs(ours - keras_probabilities).max()),
        keras_report=_classification_report(labels, keras_probabilities, metrics["labels"]),
        scratch_report=_classification_report(labels, ours, metrics["labels"]),
    )


def _classification_report(labels: np.ndarray, probabilities: np.ndarray, names: list[str]) -> str:
    from sklearn.metrics import classification_report

    predicted = probabilities.argmax(-1)
    report = classification_report(
        labels, predicted, labels=range(len(names)), target_names=names, digits=4, zero_division=0
    )
    return str(report)
